// One `.safetensors` file: 8 bytes of header length, a JSON header, the data. Follows the format section of huggingface/safetensors.
import { type Bytes, concatBytes, memoryBytes } from '../../base/bytes.js';
import { AscendBundleError, type Problem } from '../../base/errors.js';
import { dtypeOfSafetensors } from '../../graph/dtype.js';
import { elementCount, type NamedTensor, tensorBytes } from '../../graph/tensor.js';

/** The limit of the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000;
const METADATA = '__metadata__';

export interface Safetensors {
  /** In the order of the header, names that are whole numbers first. */
  readonly tensors: readonly NamedTensor[];
  /** `__metadata__`. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Ranges of the data that no tensor has. All tensors can be read; the reference implementation refuses such a file. */
  readonly findings: readonly Problem[];
}

/**
 * By its first bytes: a possible header length, then the brace of the header and what JSON allows after it. A truncated file is
 * recognised too, so that the error can say so.
 */
export function isSafetensors(bytes: Bytes): boolean {
  if (bytes.length < 10) return false;
  const start = bytes.read(0, 10);
  return headerLength(start) <= MAX_HEADER_BYTES && /^\{["}\s]$/.test(String.fromCharCode(start[8] as number, start[9] as number));
}

function headerLength(start: Uint8Array): number {
  return Number(new DataView(start.buffer, start.byteOffset).getBigUint64(0, true));
}

/**
 * Reads nothing but the header; every tensor is a range of `bytes`.
 *
 * @param what  names the file in errors
 * @throws FILE_TRUNCATED, FILE_MALFORMED, DTYPE_UNSUPPORTED
 */
export function readSafetensors(bytes: Bytes, what: string): Safetensors {
  if (bytes.length < 8) truncated(what, 8, bytes.length);
  const length = headerLength(bytes.read(0, 8));
  if (length > MAX_HEADER_BYTES) malformed(what, `claims a header of ${length} bytes; ${MAX_HEADER_BYTES} are the most`, 'byte 0');
  if (8 + length > bytes.length) truncated(what, 8 + length, bytes.length);
  const header = parseHeader(Buffer.from(bytes.read(8, 8 + length)), what);
  const data = bytes.slice(8 + length);
  const tensors: NamedTensor[] = [];
  const spans: Span[] = [];
  let metadata: ReadonlyMap<string, string> = new Map();
  // By key: pairs cost as much as all the rest while nothing is compiled yet.
  for (const name of Object.keys(header)) {
    if (name === METADATA) {
      metadata = readMetadata(header[name], what);
      continue;
    }
    const { dtype, shape, begin, end } = readEntry(name, header[name], data.length, what);
    tensors.push({ name, dtype, shape, data: data.slice(begin, end) });
    spans.push({ name, begin, end });
  }
  return { tensors, metadata, findings: findGaps(spans, data.length, what) };
}

function parseHeader(raw: Buffer, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw));
  } catch (cause) {
    throw new AscendBundleError('FILE_MALFORMED', {
      message: `${what} has a header that is not JSON: ${(cause as Error).message}.`,
      at: 'byte 8',
      fix: 'Write it again with the safetensors library.',
      cause,
    });
  }
  return isRecord(value) ? value : malformed(what, 'has a header that is not a JSON object', 'byte 8');
}

function readMetadata(value: unknown, what: string): ReadonlyMap<string, string> {
  if (!isRecord(value)) return malformed(what, `has a ${METADATA} that is not an object`, `/${METADATA}`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') malformed(what, `has a ${METADATA} whose "${key}" is not a string`, `/${METADATA}`);
  }
  return new Map(Object.entries(value as Record<string, string>));
}

/** A JSON pointer into the header. */
function pointerTo(name: string): string {
  return `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

interface Span {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

function readEntry(name: string, value: unknown, available: number, what: string) {
  const fail = (why: string): never => malformed(what, `has a tensor "${name}" ${why}`, pointerTo(name));
  if (!isRecord(value)) return fail('that is not an object');
  const { dtype: code, shape, data_offsets: offsets } = value;
  const dtype = typeof code === 'string' ? dtypeOfSafetensors(code) : undefined;
  if (dtype === undefined) {
    throw new AscendBundleError('DTYPE_UNSUPPORTED', {
      message: `${what} has a tensor "${name}" of dtype ${JSON.stringify(code)}, which is not known here.`,
      at: pointerTo(name),
      fix: 'Save it as F32, F16, BF16, F64, I8 … I64, U8 … U64 or BOOL.',
    });
  }
  if (!isCounts(shape) || !Number.isSafeInteger(elementCount(shape.map((dim) => Math.max(dim, 1))) * dtype.bits)) {
    return fail(`with the shape ${JSON.stringify(shape)}`);
  }
  if (!isCounts(offsets) || offsets.length !== 2) return fail('without two data_offsets');
  const [begin, end] = offsets as [number, number];
  if (begin > end) fail(`with the data_offsets ${begin} and ${end}`);
  if (end > available) {
    throw new AscendBundleError('FILE_TRUNCATED', {
      message: `${what} has a tensor "${name}" at bytes ${begin} to ${end} of its data, which has ${available} bytes.`,
      at: pointerTo(name),
      fix: 'Copy or download the file again.',
    });
  }
  if (end - begin !== tensorBytes(dtype, shape)) {
    fail(`of ${end - begin} bytes; ${code} [${shape.join(', ')}] needs ${tensorBytes(dtype, shape)}`);
  }
  return { dtype, shape, begin, end };
}

/** @throws FILE_MALFORMED for two tensors in the same bytes */
function findGaps(spans: readonly Span[], length: number, what: string): readonly Problem[] {
  const sorted = spans.filter(({ begin, end }) => end > begin).sort((a, b) => a.begin - b.begin);
  const gaps: Problem[] = [];
  let before: Span = { name: '', begin: 0, end: 0 };
  for (const span of [...sorted, { name: '', begin: length, end: length }]) {
    if (span.begin < before.end) malformed(what, `has the tensors "${before.name}" and "${span.name}" in the same bytes`, `/${span.name}`);
    if (span.begin > before.end) gaps.push(gap(before.end, span.begin, what));
    before = span;
  }
  return gaps;
}

function gap(begin: number, end: number, what: string): Problem {
  return {
    code: 'FILE_GAP',
    message: `${what} has ${end - begin} bytes that no tensor has: ${begin} to ${end} of its data.`,
    at: `byte ${begin} of the data`,
    fix: 'A name that stands twice in the header loses its first tensor so. The safetensors library refuses such a file: write it again.',
  };
}

/**
 * Wide elements first, then by name: with the header padded to 8 bytes every tensor is aligned to its element, as in files of the
 * reference implementation.
 *
 * @throws DTYPE_UNSUPPORTED for what the format has no name for
 */
export function writeSafetensors(tensors: readonly NamedTensor[], metadata: Readonly<Record<string, string>> = {}): Bytes {
  const sorted = [...tensors].sort((a, b) => b.dtype.bits - a.dtype.bits || (a.name < b.name ? -1 : 1));
  // Entries one by one, not an object: JavaScript would move names such as "0" to the front.
  const entries: string[] = Object.keys(metadata).length > 0 ? [`${JSON.stringify(METADATA)}:${JSON.stringify(metadata)}`] : [];
  let offset = 0;
  for (const { name, dtype, shape, data } of sorted) {
    if (dtype.safetensors === undefined) {
      throw new AscendBundleError('DTYPE_UNSUPPORTED', {
        message: `safetensors has no dtype ${dtype.name}, which "${name}" has.`,
        fix: 'Write it as bin.',
      });
    }
    const end = offset + data.length;
    entries.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype: dtype.safetensors, shape, data_offsets: [offset, end] })}`);
    offset = end;
  }
  const json = Buffer.from(`{${entries.join(',')}}`, 'utf8');
  const header = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, 0x20);
  header.writeBigUInt64LE(BigInt(header.length - 8), 0);
  header.set(json, 8);
  return concatBytes([memoryBytes(header), ...sorted.map((tensor) => tensor.data)]);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
}

function malformed(what: string, why: string, at: string): never {
  throw new AscendBundleError('FILE_MALFORMED', { message: `${what} ${why}.`, at, fix: 'Write it again with the safetensors library.' });
}

function truncated(what: string, need: number, have: number): never {
  throw new AscendBundleError('FILE_TRUNCATED', {
    message: `${what} ends at byte ${have}; its header needs ${need} bytes.`,
    at: `byte ${have}`,
    fix: 'Copy or download the file again.',
  });
}
