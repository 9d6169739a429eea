// Packed varints (a raw field) as integers of a fixed width, decoded piece by piece when they are read:
// a tensor of a gigabyte in this form stays in its file like any other.
import { type Bytes, chunks, computedBytes } from '../bytes.js';
import { Cursor } from './cursor.js';

const STEP = 1 << 16;

export interface Varints {
  /** How many numbers there are. */
  readonly count: number;
  /** The low `bytesPerElement` bytes of each, little-endian, one after the other. */
  readonly bytes: Bytes;
}

/**
 * @param what  names the source in errors
 * @throws FILE_MALFORMED when the bytes are not whole varints
 */
export function varints(source: Bytes, bytesPerElement: 1 | 2 | 4 | 8, what: string): Varints {
  const { count, starts } = countVarints(source, what);
  const bytes = computedBytes(count * bytesPerElement, (start, end) => {
    const first = Math.floor(start / bytesPerElement);
    const last = Math.ceil(end / bytesPerElement);
    const cursor = new Cursor(source, what);
    cursor.pos = starts[Math.floor(first / STEP)] ?? 0;
    for (let i = first - (first % STEP); i < first; i++) cursor.varint(source.length);
    const out = Buffer.alloc((last - first) * bytesPerElement);
    for (let at = 0; at < out.length; at += bytesPerElement) writeLow(out, at, bytesPerElement, cursor.varint(source.length));
    return out.subarray(start - first * bytesPerElement, end - first * bytesPerElement);
  });
  return { count, bytes };
}

/** Also gives where element 0, STEP, 2·STEP, … start. */
function countVarints(source: Bytes, what: string): { readonly count: number; readonly starts: readonly number[] } {
  const starts: number[] = [];
  let count = 0;
  let size = 0;
  let before = 0;
  for (const chunk of chunks(source)) {
    // An index, not an iterator: a gigabyte of varints is counted in seconds this way.
    for (let i = 0; i < chunk.length; i++) {
      if (size === 0 && count % STEP === 0) starts.push(before + i);
      size++;
      if ((chunk[i] as number) < 0x80) {
        count++;
        size = 0;
      } else if (size === 10) new Cursor(source, what).fail('a varint has more than ten bytes', before + i - 9);
    }
    before += chunk.length;
  }
  if (size > 0) new Cursor(source, what).fail('packed varints end within one', before - size);
  return { count, starts };
}

function writeLow(out: Buffer, at: number, size: 1 | 2 | 4 | 8, [low, high]: [number, number]): void {
  if (size === 1) out[at] = low & 0xff;
  else if (size === 2) out.writeUInt16LE(low & 0xffff, at);
  else out.writeUInt32LE(low, at);
  if (size === 8) out.writeUInt32LE(high, at + 4);
}
