// Two tensors of one shape compared element by element, in pieces, so that size does not matter.
import { AscendBundleError } from '../base/errors.js';
import type { DType } from '../graph/dtype.js';
import { type ElementArray, elementChunks, floatValues, isFloat, isInteger } from '../graph/elements.js';
import { describeShape, sameShape, type Tensor } from '../graph/tensor.js';
import { type Agreement, ArgmaxRows } from './argmax.js';
import { type UlpDistances, ulpDistances } from './ulp.js';

/** An element may differ by `atol + rtol · |expected|`. */
export interface Tolerance {
  readonly atol: number;
  readonly rtol: number;
}

export interface Difference {
  /** Of the element, row-major. */
  readonly place: number;
  readonly actual: number;
  readonly expected: number;
}

export interface Metrics {
  readonly elements: number;
  /** Elements that are not equal. NaN equals NaN, 0 equals -0. */
  readonly different: number;
  /** The greatest |actual - expected|; infinite where one of the two is not finite and the other is something else. */
  readonly maxAbs: number;
  readonly meanAbs: number;
  /** The greatest |actual - expected| / |expected|, over the elements whose expected value is not 0. */
  readonly maxRel: number;
  /** The greatest distance in units in the last place of the actual dtype; undefined for integers and bools. */
  readonly maxUlp: number | undefined;
  /** Of the two as vectors; 1 when they are equal. Undefined when there is none: one is 0, or not finite where the other differs. */
  readonly cosine: number | undefined;
  /** Rows of the last axis; undefined where it has less than two elements. */
  readonly argmax: Agreement | undefined;
  /** The element of the greatest absolute difference; undefined when all are equal. */
  readonly worst: Difference | undefined;
  /** Elements beyond the tolerance. */
  readonly beyond: number;
  /** Of those, the one that is farthest beyond. */
  readonly worstBeyond: Difference | undefined;
}

const EXACT: Tolerance = { atol: 0, rtol: 0 };

/**
 * @param actual, expected  of one shape; the dtypes may differ, and values are compared
 * @throws TENSOR_MISMATCH for different shapes, DTYPE_UNSUPPORTED for a dtype without elements
 */
export function compareTensors(actual: Tensor, expected: Tensor, tolerance: Tolerance = EXACT): Metrics {
  if (!sameShape(actual.shape, expected.shape)) {
    throw new AscendBundleError('TENSOR_MISMATCH', {
      message: `Tensors of the shapes ${describeShape(actual.shape)} and ${describeShape(expected.shape)} cannot be compared.`,
      fix: 'Compare tensors of one shape.',
    });
  }
  const sums = new Sums(actual, expected, tolerance);
  const others = elementChunks(expected);
  // Both walk in pieces of as many elements.
  for (const { start, array } of elementChunks(actual)) sums.add(start, array, others.next().value?.array as ElementArray);
  return sums.metrics();
}

class Sums {
  readonly #actual: DType;
  readonly #expected: DType;
  readonly #tolerance: Tolerance;
  readonly #ulp: UlpDistances | undefined;
  readonly #rows: ArgmaxRows | undefined;
  /** 64-bit integers, whose differences are not exact as numbers. */
  readonly #isWide: boolean;
  #elements = 0;
  #different = 0;
  #sumAbs = 0;
  #maxAbs = 0;
  #maxRel = 0;
  #maxUlp = 0;
  #dot = 0;
  #actualSquares = 0;
  #expectedSquares = 0;
  #worst: Difference | undefined;
  #beyond = 0;
  #maxExcess = -Infinity;
  #worstBeyond: Difference | undefined;

  constructor({ dtype, shape }: Tensor, { dtype: expected }: Tensor, tolerance: Tolerance) {
    this.#actual = dtype;
    this.#expected = expected;
    this.#tolerance = tolerance;
    this.#ulp = ulpDistances(dtype.name);
    this.#rows = ArgmaxRows.of(shape);
    this.#isWide = [dtype, expected].every((one) => isInteger(one) && one.bits === 64);
  }

  add(start: number, actualRaw: ElementArray, expectedRaw: ElementArray): void {
    const actual = toNumbers(this.#actual, actualRaw);
    const expected = toNumbers(this.#expected, expectedRaw);
    const ulp = this.#ulp?.(actualRaw, expected);
    let [dot, actualSquares, expectedSquares, sumAbs] = [0, 0, 0, 0];
    for (let i = 0; i < actual.length; i++) {
      const a = actual[i] as number;
      const e = expected[i] as number;
      const isSame = this.#isWide ? actualRaw[i] === expectedRaw[i] : a === e || (Number.isNaN(a) && Number.isNaN(e));
      // Of two equal infinities or NaNs there is no product.
      if (!isSame || Number.isFinite(a)) {
        dot += a * e;
        actualSquares += a * a;
        expectedSquares += e * e;
      }
      if (isSame) continue;
      this.#different++;
      const abs = this.#isWide ? wideDistance(actualRaw[i] as bigint, expectedRaw[i] as bigint) : distance(a, e);
      sumAbs += abs;
      this.#note(abs, start + i, a, e);
      if (ulp !== undefined) this.#maxUlp = Math.max(this.#maxUlp, Number.isNaN(a) || Number.isNaN(e) ? Infinity : ulp(i));
    }
    this.#rows?.add(actual, expected);
    this.#elements += actual.length;
    this.#dot += dot;
    this.#actualSquares += actualSquares;
    this.#expectedSquares += expectedSquares;
    this.#sumAbs += sumAbs;
  }

  #note(abs: number, place: number, actual: number, expected: number): void {
    if (abs > this.#maxAbs) {
      this.#maxAbs = abs;
      this.#worst = { place, actual, expected };
    }
    const size = Math.abs(expected);
    if (size !== 0) this.#maxRel = Math.max(this.#maxRel, Number.isFinite(abs) ? abs / size : Infinity);
    const { atol, rtol } = this.#tolerance;
    const allowed = atol + (Number.isFinite(size) ? rtol * size : 0);
    if (abs <= allowed) return;
    this.#beyond++;
    if (abs - allowed > this.#maxExcess) {
      this.#maxExcess = abs - allowed;
      this.#worstBeyond = { place, actual, expected };
    }
  }

  metrics(): Metrics {
    return {
      elements: this.#elements,
      different: this.#different,
      maxAbs: this.#maxAbs,
      meanAbs: this.#elements === 0 ? 0 : this.#sumAbs / this.#elements,
      maxRel: this.#maxRel,
      maxUlp: this.#ulp === undefined ? undefined : this.#maxUlp,
      cosine: this.#cosine(),
      argmax: this.#rows?.agreement(),
      worst: this.#worst,
      beyond: this.#beyond,
      worstBeyond: this.#worstBeyond,
    };
  }

  #cosine(): number | undefined {
    // Not left to rounding: equal vectors have exactly 1, those of zeros too.
    if (this.#different === 0) return 1;
    const cosine = this.#dot / (Math.sqrt(this.#actualSquares) * Math.sqrt(this.#expectedSquares));
    return Number.isFinite(cosine) ? Math.min(1, Math.max(-1, cosine)) : undefined;
  }
}

/** int64 and uint64 lose what a double does not hold; bools are 0 and 1. */
function toNumbers(dtype: DType, array: ElementArray): ArrayLike<number> {
  if (isFloat(dtype)) return floatValues(array, dtype);
  if (array instanceof BigInt64Array || array instanceof BigUint64Array) return Float64Array.from(array, Number);
  return isInteger(dtype) ? array : Uint8Array.from(array as Uint8Array, (value) => (value === 0 ? 0 : 1));
}

function distance(a: number, e: number): number {
  const abs = Math.abs(a - e);
  return Number.isNaN(abs) ? Infinity : abs;
}

function wideDistance(a: bigint, e: bigint): number {
  return Number(a > e ? a - e : e - a);
}
