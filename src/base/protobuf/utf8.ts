// Text both ways without loss: bytes that are not UTF-8 become lone surrogates U+DC80..U+DCFF and come back as they were
// (Python's "surrogateescape"). Real files hold names in other encodings, and read → write must lose nothing.
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

export function decodeUtf8(raw: Uint8Array): string {
  if (raw.length < 32) {
    const ascii = decodeAscii(raw);
    if (ascii !== undefined) return ascii;
  }
  try {
    return strict.decode(raw);
  } catch {
    return decodeEscaped(raw);
  }
}

function decodeAscii(raw: Uint8Array): string | undefined {
  let text = '';
  for (const byte of raw) {
    if (byte >= 0x80) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** UTF-16 first, text then: no sequence of bytes has more code units than bytes, and one allocation is enough. */
function decodeEscaped(raw: Uint8Array): string {
  const units = Buffer.alloc(2 * raw.length);
  let used = 0;
  const put = (unit: number): void => {
    used = units.writeUInt16LE(unit, used);
  };
  for (let pos = 0; pos < raw.length; ) {
    const size = sequenceLength(raw, pos);
    const first = raw[pos] as number;
    if (size === 0) put(0xdc00 + first);
    else if (size === 1) put(first);
    else if (size === 2) put(((first & 0x1f) << 6) | low(raw, pos + 1));
    else if (size === 3) put(((first & 0x0f) << 12) | (low(raw, pos + 1) << 6) | low(raw, pos + 2));
    else {
      const code = ((first & 0x07) << 18) | (low(raw, pos + 1) << 12) | (low(raw, pos + 2) << 6) | low(raw, pos + 3);
      put(0xd800 + ((code - 0x10000) >> 10));
      put(0xdc00 + (code & 0x3ff));
    }
    pos += Math.max(1, size);
  }
  return units.subarray(0, used).toString('utf16le');
}

function low(raw: Uint8Array, at: number): number {
  return (raw[at] as number) & 0x3f;
}

/** The length of the well-formed sequence at `pos`, 0 when there is none (Unicode 15, table 3-7). */
function sequenceLength(raw: Uint8Array, pos: number): number {
  const first = raw[pos] as number;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  // The second byte is what keeps out overlong forms, surrogates and numbers above U+10FFFF.
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  const second = raw[pos + 1] ?? 0;
  if (second < least || second > most) return 0;
  for (let i = 2; i < size; i++) if (((raw[pos + i] ?? 0) & 0xc0) !== 0x80) return 0;
  return size;
}

const ESCAPED = /(?<![\ud800-\udbff])[\udc80-\udcff]/;

export function encodeUtf8(text: string): Uint8Array {
  if (!ESCAPED.test(text)) return encoder.encode(text);
  // Three bytes are the most for one code unit.
  const out = Buffer.alloc(3 * text.length);
  let used = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xdc80 || unit > 0xdcff || isHighSurrogate(text.charCodeAt(i - 1))) continue;
    used += encoder.encodeInto(text.slice(start, i), out.subarray(used)).written;
    out[used++] = unit - 0xdc00;
    start = i + 1;
  }
  used += encoder.encodeInto(text.slice(start), out.subarray(used)).written;
  return out.subarray(0, used);
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
