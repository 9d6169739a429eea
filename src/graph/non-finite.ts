// NaN and infinity in float tensors of any size.
import { PAUSE, type Paused } from '../base/pauses.js';
import { type ElementArray, elementAt, elementChunks, isFloat } from './elements.js';
import type { Tensor } from './tensor.js';

export interface NonFiniteElements {
  readonly count: number;
  /** Of the first one, row-major. */
  readonly place: number;
  /** `NaN`, `-Infinity` */
  readonly value: string;
}

/** All ones in the exponent are NaN or infinity, in every IEEE format. */
const EXPONENT: Readonly<Record<string, number>> = { float32: 0x7f800000, float16: 0x7c00, bfloat16: 0x7f80 };

/** Undefined when all values are finite, as those of integers are. Reads the tensor in pieces. */
export function* nonFiniteElements(tensor: Tensor): Paused<NonFiniteElements | undefined> {
  const { dtype } = tensor;
  if (!isFloat(dtype)) return undefined;
  let first: Omit<NonFiniteElements, 'count'> | undefined;
  let count = 0;
  for (const { start, array } of elementChunks(tensor)) {
    const found = scan(dtype.name, array);
    count += found.count;
    if (found.count > 0) first ??= { place: start + found.first, value: String(elementAt(dtype, array, found.first)) };
    yield PAUSE;
  }
  return first === undefined ? undefined : { ...first, count };
}

function scan(dtype: string, array: ElementArray): { readonly count: number; readonly first: number } {
  const mask = EXPONENT[dtype];
  let count = 0;
  let first = -1;
  if (mask === undefined) {
    for (let i = 0; i < array.length; i++) {
      if (Number.isFinite(array[i] as number)) continue;
      if (count++ === 0) first = i;
    }
    return { count, first };
  }
  const bits = dtype === 'float32' ? new Uint32Array(array.buffer, array.byteOffset, array.length) : (array as Uint16Array);
  for (let i = 0; i < bits.length; i++) {
    i = skipFinite(bits, i, mask);
    if (i >= bits.length) break;
    if (((bits[i] as number) & mask) !== mask) continue;
    if (count++ === 0) first = i;
  }
  return { count, first };
}

/** Eight at a time: three times as fast where, as nearly always, all are finite. */
function skipFinite(bits: Uint32Array | Uint16Array, start: number, mask: number): number {
  const isPlain = (i: number): boolean => ((bits[i] as number) & mask) !== mask;
  const end = bits.length - 7;
  let i = start;
  while (
    i < end &&
    isPlain(i) &&
    isPlain(i + 1) &&
    isPlain(i + 2) &&
    isPlain(i + 3) &&
    isPlain(i + 4) &&
    isPlain(i + 5) &&
    isPlain(i + 6) &&
    isPlain(i + 7)
  ) {
    i += 8;
  }
  return i;
}
