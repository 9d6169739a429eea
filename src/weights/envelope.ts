// How far rounding moves an output: what of it can be expected of a device that rounds in another order.
import { AscendBundleError } from '../base/errors.js';
import type { DType } from '../graph/dtype.js';
import { type ElementArray, elementChunks, isFloat } from '../graph/elements.js';
import { bfloat16ToFloat32, float16ToFloat32 } from '../graph/float16.js';
import { describeSpec, sameShape, type Tensor } from '../graph/tensor.js';
import { ulpAt } from './ulp.js';

export interface Deviation {
  /** The greatest |rounded − exact| over the elements where both are finite. */
  readonly maxAbs: number;
  /** The greatest finite |exact|. */
  readonly largest: number;
  /** Elements that are finite, and are not any more when they are rounded. */
  readonly overflowed: number;
  /** Elements that are another value at all. */
  readonly different: number;
  readonly elements: number;
}

export interface EnvelopeOptions {
  /** What values were rounded to. */
  readonly precision: 'float16' | 'bfloat16';
  readonly margin: number;
}

/**
 * How far an element of an output may be from the exact one: the margin times what rounding did here, and at least one unit in the last
 * place of the greatest element. Rounding may leave every value as it is by chance (halves, small whole numbers, zeros), where that of a
 * device, in another order, does not; and a value that is rounded once is off by half a unit.
 *
 * @param dtype  of the output; integers are not rounded, and float64 keeps its own units
 */
export function envelopeOf({ maxAbs, largest }: Deviation, dtype: DType, { precision, margin }: EnvelopeOptions): number {
  const unit = isFloat(dtype) ? ulpAt(dtype.name === 'float64' ? 'float64' : precision, largest) : 0;
  return Math.max(margin * maxAbs, unit);
}

/**
 * @param name  of the output, for messages
 * @param rounded, exact  of one dtype; they are read in pieces
 * @throws TENSOR_MISMATCH when they have different shapes: those of an output whose size follows from values
 */
export function deviationOf(name: string, rounded: Tensor, exact: Tensor): Deviation {
  if (!sameShape(rounded.shape, exact.shape)) {
    throw new AscendBundleError('TENSOR_MISMATCH', {
      message: `Output "${name}" is ${describeSpec(exact)}, and ${describeSpec(rounded)} when every value is rounded: it cannot be predicted.`,
      fix: 'Its size follows from values that are nearly equal; give other inputs.',
    });
  }
  const counts = { maxAbs: 0, largest: 0, overflowed: 0, different: 0, elements: 0 };
  const others = elementChunks(exact);
  for (const { array } of elementChunks(rounded)) {
    const [a, e] = [toNumbers(rounded, array), toNumbers(exact, others.next().value?.array as ElementArray)];
    for (let i = 0; i < a.length; i++) {
      const [was, is] = [Number(e[i]), Number(a[i])];
      counts.elements++;
      if (Number.isFinite(was)) counts.largest = Math.max(counts.largest, Math.abs(was));
      if (was === is || (Number.isNaN(was) && Number.isNaN(is))) continue;
      counts.different++;
      if (!Number.isFinite(was)) continue;
      if (Number.isFinite(is)) counts.maxAbs = Math.max(counts.maxAbs, Math.abs(is - was));
      else counts.overflowed++;
    }
  }
  return counts;
}

function toNumbers({ dtype }: Tensor, array: ElementArray): ArrayLike<number | bigint> {
  if (!isFloat(dtype) || !(array instanceof Uint16Array)) return array;
  return dtype.name === 'float16' ? float16ToFloat32(array) : bfloat16ToFloat32(array);
}
