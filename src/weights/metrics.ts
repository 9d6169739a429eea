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

export interface MetricsOptions extends Partial<Tolerance> {
  /** Without units in the last place and argmax, which take half of the time. */
  readonly isBrief?: boolean;
}

/**
 * @param actual, expected  of one shape; the dtypes may differ, and values are compared
 * @throws TENSOR_MISMATCH for different shapes, DTYPE_UNSUPPORTED for a dtype without elements
 */
export function compareTensors(actual: Tensor, expected: Tensor, options: MetricsOptions = {}): Metrics {
  if (!sameShape(actual.shape, expected.shape)) {
    throw new AscendBundleError('TENSOR_MISMATCH', {
      message: `Tensors of the shapes ${describeShape(actual.shape)} and ${describeShape(expected.shape)} cannot be compared.`,
      fix: 'Compare tensors of one shape.',
    });
  }
  const sums = new Sums(actual, expected, options);
  const others = elementChunks(expected);
  // Both walk in pieces of as many elements.
  for (const { start, array } of elementChunks(actual)) sums.add(start, array, others.next().value?.array as ElementArray);
  return sums.metrics();
}

/** Elements that are summed in one go: few enough to do again where one of them is not finite. */
const BLOCK = 8192;

/** What is less than the greatest quotient so far, whatever rounding adds: saves a division per element. */
const SURELY_LESS = 1 - 2 ** -50;

class Sums {
  readonly #actual: DType;
  readonly #expected: DType;
  readonly #tolerance: Tolerance;
  /** Nothing is tolerated: what differs is beyond. */
  readonly #isExact: boolean;
  readonly #ulp: UlpDistances | undefined;
  readonly #rows: ArgmaxRows | undefined;
  /** 64-bit integers, whose differences are not exact as numbers. */
  readonly #isWide: boolean;
  readonly #actualMemory = new Float32Array(BLOCK);
  readonly #expectedMemory = new Float32Array(BLOCK);
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

  constructor({ dtype, shape }: Tensor, { dtype: expected }: Tensor, { isBrief = false, atol = 0, rtol = 0 }: MetricsOptions) {
    this.#actual = dtype;
    this.#expected = expected;
    this.#tolerance = { atol, rtol };
    this.#isExact = atol === 0 && rtol === 0;
    this.#ulp = isBrief ? undefined : ulpDistances(dtype.name);
    this.#rows = isBrief ? undefined : ArgmaxRows.of(shape);
    this.#isWide = [dtype, expected].every((one) => isInteger(one) && one.bits === 64);
  }

  /** A piece, block by block: what is converted stays in the cache. */
  add(start: number, actualRaw: ElementArray, expectedRaw: ElementArray): void {
    for (let from = 0; from < actualRaw.length; from += BLOCK) {
      const [actual, expected] = [actualRaw.subarray(from, from + BLOCK), expectedRaw.subarray(from, from + BLOCK)];
      this.#addBlock({
        start: start + from,
        actual: toNumbers(this.#actual, actual, this.#actualMemory),
        expected: toNumbers(this.#expected, expected, this.#expectedMemory),
        actualRaw: actual,
        expectedRaw: expected,
      });
    }
  }

  #addBlock(block: Block): void {
    const before = this.#different;
    const isDone = !this.#isWide && this.#addFinite(block);
    if (!isDone) this.#addAny(block);
    if (this.#different > before) this.#addUlp(block);
    this.#rows?.add(block.actual, block.expected);
    this.#elements += block.actual.length;
  }

  /**
   * One whose elements are all finite. The loop has no call and next to no branch: it is where all the time goes.
   *
   * @returns false, with nothing done, where one is not
   */
  #addFinite(block: Block): boolean {
    const { actual, expected } = block;
    let [dot, actualSquares, expectedSquares, sumAbs, different, worstAt] = [0, 0, 0, 0, 0, -1];
    let [maxAbs, maxRel] = [this.#maxAbs, this.#maxRel];
    let leastRel = maxRel * SURELY_LESS;
    for (let i = 0; i < actual.length; i++) {
      const a = actual[i] as number;
      const e = expected[i] as number;
      const abs = Math.abs(a - e);
      const size = Math.abs(e);
      dot += a * e;
      actualSquares += a * a;
      expectedSquares += e * e;
      sumAbs += abs;
      if (abs !== 0) different++;
      if (abs > maxAbs) {
        maxAbs = abs;
        worstAt = i;
      }
      if (abs > leastRel * size && size > 0) {
        maxRel = Math.max(maxRel, abs / size);
        leastRel = maxRel * SURELY_LESS;
      }
    }
    if (!Number.isFinite(dot + actualSquares + expectedSquares + sumAbs)) return false;
    this.#dot += dot;
    this.#actualSquares += actualSquares;
    this.#expectedSquares += expectedSquares;
    this.#sumAbs += sumAbs;
    this.#maxAbs = maxAbs;
    this.#maxRel = maxRel;
    if (worstAt >= 0) this.#worst = differenceAt(block, worstAt);
    this.#different += different;
    if (different > 0 && !this.#isExact) this.#addBeyond(block);
    return true;
  }

  #addBeyond(block: Block): void {
    const { actual, expected } = block;
    const { atol, rtol } = this.#tolerance;
    let [beyond, worstAt, maxExcess] = [0, -1, this.#maxExcess];
    for (let i = 0; i < actual.length; i++) {
      const e = expected[i] as number;
      const excess = Math.abs((actual[i] as number) - e) - (atol + rtol * Math.abs(e));
      if (excess > 0) beyond++;
      if (excess > 0 && excess > maxExcess) {
        maxExcess = excess;
        worstAt = i;
      }
    }
    this.#beyond += beyond;
    this.#maxExcess = maxExcess;
    if (worstAt >= 0) this.#worstBeyond = differenceAt(block, worstAt);
  }

  /** The same of any elements, one after the other. */
  #addAny(block: Block): void {
    const { actual, expected, actualRaw, expectedRaw } = block;
    for (let i = 0; i < actual.length; i++) {
      const a = actual[i] as number;
      const e = expected[i] as number;
      const isSame = this.#isWide ? actualRaw[i] === expectedRaw[i] : isSameNumber(a, e);
      // Of two equal infinities or NaNs there is no product.
      if (!isSame || Number.isFinite(a)) {
        this.#dot += a * e;
        this.#actualSquares += a * a;
        this.#expectedSquares += e * e;
      }
      if (isSame) continue;
      this.#different++;
      const abs = this.#isWide ? wideDistance(actualRaw[i] as bigint, expectedRaw[i] as bigint) : distance(a, e);
      this.#sumAbs += abs;
      this.#note(abs, block, i);
    }
  }

  #note(abs: number, block: Block, i: number): void {
    if (abs > this.#maxAbs) {
      this.#maxAbs = abs;
      this.#worst = differenceAt(block, i);
    }
    const size = Math.abs(block.expected[i] as number);
    if (size !== 0) this.#maxRel = Math.max(this.#maxRel, Number.isFinite(abs) ? abs / size : Infinity);
    if (this.#isExact) return;
    const { atol, rtol } = this.#tolerance;
    const allowed = atol + (Number.isFinite(size) ? rtol * size : 0);
    if (abs <= allowed) return;
    this.#beyond++;
    if (abs - allowed > this.#maxExcess) {
      this.#maxExcess = abs - allowed;
      this.#worstBeyond = differenceAt(block, i);
    }
  }

  #addUlp({ actual, expected, actualRaw }: Block): void {
    const ulp = this.#ulp?.(actualRaw, expected);
    if (ulp === undefined) return;
    for (let i = 0; i < actual.length; i++) {
      const a = actual[i] as number;
      const e = expected[i] as number;
      if (!isSameNumber(a, e)) this.#maxUlp = Math.max(this.#maxUlp, Number.isNaN(a) || Number.isNaN(e) ? Infinity : ulp(i));
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
      beyond: this.#isExact ? this.#different : this.#beyond,
      worstBeyond: this.#isExact ? this.#worst : this.#worstBeyond,
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
function toNumbers(dtype: DType, array: ElementArray, memory: Float32Array): ArrayLike<number> {
  if (isFloat(dtype)) return floatValues(array, dtype, memory);
  if (array instanceof BigInt64Array || array instanceof BigUint64Array) return Float64Array.from(array, Number);
  return isInteger(dtype) ? array : Uint8Array.from(array as Uint8Array, (value) => (value === 0 ? 0 : 1));
}

/** As many elements of both, as they lie in the tensors and as numbers. */
interface Block {
  /** Of the first element, in the tensor. */
  readonly start: number;
  readonly actual: ArrayLike<number>;
  readonly expected: ArrayLike<number>;
  readonly actualRaw: ElementArray;
  readonly expectedRaw: ElementArray;
}

function differenceAt({ start, actual, expected }: Block, i: number): Difference {
  return { place: start + i, actual: actual[i] as number, expected: expected[i] as number };
}

function isSameNumber(a: number, e: number): boolean {
  return a === e || (Number.isNaN(a) && Number.isNaN(e));
}

function distance(a: number, e: number): number {
  const abs = Math.abs(a - e);
  return Number.isNaN(abs) ? Infinity : abs;
}

function wideDistance(a: bigint, e: bigint): number {
  return Number(a > e ? a - e : e - a);
}
