// A tensor in one line: its first values, and what a look at all of them tells.
import type { DType } from '../graph/dtype.js';
import { type Element, type ElementArray, elementAt, elementChunks, hasElements, isFloat } from '../graph/elements.js';
import { bfloat16ToFloat32, float16ToFloat32 } from '../graph/float16.js';
import type { Tensor } from '../graph/tensor.js';
import { formatElement } from './elements-text.js';

export interface TensorSummary {
  /** The first elements, row-major, as text; floats to six digits. */
  readonly first: readonly string[];
  readonly isCut: boolean;
  /** Over the finite elements; undefined where there are none. Of bools, the share of true is the mean. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly mean: number | undefined;
  readonly nonFinite: number;
}

/** Reads the whole tensor, in pieces. A dtype without elements (float8, complex) has no values and no statistics. */
export function summarizeTensor(tensor: Tensor, count = 4): TensorSummary {
  const { dtype } = tensor;
  if (!hasElements(dtype)) return { first: [], isCut: true, min: undefined, max: undefined, mean: undefined, nonFinite: 0 };
  const first: string[] = [];
  let [min, max, sum, finite, total] = [Infinity, -Infinity, 0, 0, 0];
  for (const { array } of elementChunks(tensor)) {
    for (let i = 0; i < array.length && first.length < count; i++) first.push(shown(dtype, elementAt(dtype, array, i)));
    for (const element of asNumbers(dtype.name, array)) {
      const value = Number(element);
      total++;
      if (!Number.isFinite(value)) continue;
      finite++;
      sum += value;
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  const has = finite > 0;
  return {
    first,
    isCut: total > first.length,
    min: has ? min : undefined,
    max: has ? max : undefined,
    mean: has ? sum / finite : undefined,
    nonFinite: total - finite,
  };
}

/** A float to six digits at most: what differs below is the rounding of one processor or another. */
function shown(dtype: DType, value: Element): string {
  const exact = formatElement(dtype, value);
  if (!isFloat(dtype) || !Number.isFinite(value)) return exact;
  const short = String(Number((value as number).toPrecision(6)));
  return short.length < exact.length ? short : exact;
}

function asNumbers(dtype: string, array: ElementArray): Iterable<number | bigint> {
  if (dtype === 'float16') return float16ToFloat32(array as Uint16Array);
  return dtype === 'bfloat16' ? bfloat16ToFloat32(array as Uint16Array) : array;
}

/** `0.5, 1, -2, …   min -2  max 1  mean -0.1667`, with the count of NaN and infinity where there are any. */
export function previewTensor(tensor: Tensor, count = 4): string {
  const { first, isCut, min, max, mean, nonFinite } = summarizeTensor(tensor, count);
  const values = [...first, ...(isCut ? ['…'] : [])].join(', ') || '(empty)';
  const statistics = min === undefined || !isCut ? '' : `   min ${short(min)}  max ${short(max)}  mean ${short(mean)}`;
  return `${values}${statistics}${nonFinite > 0 ? `   ${nonFinite} NaN or infinite` : ''}`;
}

function short(value: number | undefined): string {
  return String(Number((value ?? Number.NaN).toPrecision(4)));
}
