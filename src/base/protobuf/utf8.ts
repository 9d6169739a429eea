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

function decodeEscaped(raw: Uint8Array): string {
  let text = '';
  for (let pos = 0; pos < raw.length; ) {
    const size = sequenceLength(raw[pos] as number);
    try {
      text += strict.decode(raw.subarray(pos, pos + size));
      pos += size;
    } catch {
      text += String.fromCharCode(0xdc00 + (raw[pos] as number));
      pos++;
    }
  }
  return text;
}

function sequenceLength(lead: number): number {
  if (lead < 0xc0) return 1;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

const ESCAPED = /(?<![\ud800-\udbff])[\udc80-\udcff]/;

export function encodeUtf8(text: string): Uint8Array {
  if (!ESCAPED.test(text)) return encoder.encode(text);
  const parts: Uint8Array[] = [];
  for (const character of text) {
    const code = character.charCodeAt(0);
    parts.push(character.length === 1 && code >= 0xdc80 && code <= 0xdcff ? Uint8Array.of(code - 0xdc00) : encoder.encode(character));
  }
  return Buffer.concat(parts);
}
