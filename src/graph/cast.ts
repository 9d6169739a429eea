// Tensors in another dtype, on demand only and never without counting what is lost.
import { computedBytes } from '../base/bytes.js';
import type { DType } from './dtype.js';
import { type ElementArray, elementChunks, type FloatArray, floatValues, integerRange, isFloat, isInteger, typedView } from './elements.js';
import { float32ToBfloat16, float32ToFloat16, roundToOdd } from './float16.js';
import { elementCount, type Tensor, tensorBytes } from './tensor.js';

/** Floats to floats, rounding once to the nearest, and integers to integers that hold the same values. */
export function canCast(from: DType, to: DType): boolean {
  return (isFloat(from) && isFloat(to)) || (isInteger(from) && isInteger(to));
}

/** The same tensor in another dtype, converted as it is read. `canCast` must hold; integers out of range wrap: see `castLosses`. */
export function castTensor(tensor: Tensor, to: DType): Tensor {
  if (tensor.dtype === to) return tensor;
  const [fromBytes, toBytes] = [tensor.dtype.bits / 8, to.bits / 8];
  const data = computedBytes(tensorBytes(to, tensor.shape), (start, end) => {
    const first = Math.floor(start / toBytes);
    const source = typedView(tensor.dtype, tensor.data.read(first * fromBytes, Math.ceil(end / toBytes) * fromBytes));
    const cast = castElements(source, tensor.dtype, to);
    return new Uint8Array(cast.buffer, cast.byteOffset, cast.byteLength).subarray(start - first * toBytes, end - first * toBytes);
  });
  return { ...tensor, dtype: to, data };
}

export interface CastLosses {
  readonly elements: number;
  /** Finite values that became infinite, or integers that the dtype does not hold. */
  readonly overflowed: number;
  /** Values other than 0 that became 0. */
  readonly underflowed: number;
  /** Other values that are no longer the same. */
  readonly rounded: number;
  /** Place of the first that overflowed, in row-major order; −1 where none did. */
  readonly firstOverflow: number;
}

/** What a cast loses. Reads the tensor in pieces; nothing is read where nothing can be lost. */
export function castLosses(tensor: Tensor, to: DType): CastLosses {
  const losses = { elements: elementCount(tensor.shape), overflowed: 0, underflowed: 0, rounded: 0, firstOverflow: -1 };
  if (isLossless(tensor.dtype, to)) return losses;
  for (const { start, array } of elementChunks(tensor)) {
    if (isInteger(to)) countOutOfRange(array, to, start, losses);
    else countFloatLosses(floatValues(array, tensor.dtype), floatValues(castElements(array, tensor.dtype, to), to), start, losses);
  }
  return losses;
}

type Counts = { -readonly [K in keyof CastLosses]: CastLosses[K] };

function countFloatLosses(before: FloatArray, after: FloatArray, start: number, losses: Counts): void {
  let changed = 0;
  for (let i = 0; i < before.length; i++) {
    const was = before[i] as number;
    const is = after[i] as number;
    if (was === is) continue;
    changed++;
    // Few are of these kinds, and most are rounded: so the loop counts all, and takes these out.
    if (is - is !== 0) {
      changed--;
      if (!Number.isNaN(was) && losses.overflowed++ === 0) losses.firstOverflow = start + i;
    } else if (is === 0) {
      changed--;
      losses.underflowed++;
    }
  }
  losses.rounded += changed;
}

function countOutOfRange(array: ElementArray, to: DType, start: number, losses: Counts): void {
  const [min, max] = integerRange(to);
  for (let i = 0; i < array.length; i++) {
    const value = array[i] as number | bigint;
    if (value >= min && value <= max) continue;
    if (losses.overflowed++ === 0) losses.firstOverflow = start + i;
  }
}

function isLossless(from: DType, to: DType): boolean {
  if (isFloat(from)) return to.name === 'float64' || (to.name === 'float32' && from.name !== 'float64') || from === to;
  const [min, max] = integerRange(from);
  const [least, most] = integerRange(to);
  return min >= least && max <= most;
}

function castElements(array: ElementArray, from: DType, to: DType): ElementArray {
  return isInteger(to) ? castIntegers(array, to) : castFloats(floatValues(array, from), to);
}

/** Numbers as elements of a float dtype, each rounded once to the nearest. */
export function castFloats(values: FloatArray, { name }: DType): ElementArray {
  if (name === 'float32') return values instanceof Float32Array ? values : new Float32Array(values);
  if (name === 'float64') return new Float64Array(values);
  const singles = values instanceof Float32Array ? values : roundToOdd(values);
  return name === 'float16' ? float32ToFloat16(singles) : float32ToBfloat16(singles);
}

function castIntegers(array: ElementArray, to: DType): ElementArray {
  const out = typedView(to, new Uint8Array((array.length * to.bits) / 8));
  const isWide = out instanceof BigInt64Array || out instanceof BigUint64Array;
  for (let i = 0; i < array.length; i++) {
    const value = array[i] as number | bigint;
    out[i] = (isWide ? BigInt(value) : Number(value)) as never;
  }
  return out;
}
