// Two tensors of one shape compared element by element, in pieces, so that size does not matter.
import { AscendBundleError } from '../base/errors.js';
import type { PairedReader } from '../base/paired-reader.js';
import type { DType } from '../graph/dtype.js';
import { type ElementArray, elementChunks, elementPairs, type FloatArray, isInteger } from '../graph/elements.js';
import { describeShape, sameShape, type Tensor } from '../graph/tensor.js';
import { type Agreement, ArgmaxRows } from './argmax.js';
import { BLOCK } from './block-loops.js';
import { BlockPair } from './block-pair.js';
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
  const sums = sumsOf(actual, expected, options);
  const others = elementChunks(expected);
  // Both walk in pieces of as many elements.
  for (const { start, array } of elementChunks(actual)) sums.add(start, array, others.next().value?.array as ElementArray);
  return sums.metrics();
}

/** The same of large tensors in files, which are read ahead. */
export async function compareTensorsAhead(
  actual: Tensor,
  expected: Tensor,
  options: MetricsOptions,
  reader: PairedReader,
): Promise<Metrics> {
  const sums = sumsOf(actual, expected, options);
  for await (const { start, arrays } of elementPairs(actual, expected, reader)) sums.add(start, ...arrays);
  return sums.metrics();
}

function sumsOf(actual: Tensor, expected: Tensor, options: MetricsOptions): Sums {
  if (sameShape(actual.shape, expected.shape)) return new Sums(actual, expected, options);
  throw new AscendBundleError('TENSOR_MISMATCH', {
    message: `Tensors of the shapes ${describeShape(actual.shape)} and ${describeShape(expected.shape)} cannot be compared.`,
    fix: 'Compare tensors of one shape.',
  });
}

/** What is less than the greatest quotient so far, whatever rounding adds: saves a division per element. */
const SURELY_LESS = 1 - 2 ** -50;

class Sums {
  readonly #actual: DType;
  readonly #expected: DType;
  readonly #tolerance: Tolerance;
  readonly #ulp: UlpDistances | undefined;
  readonly #rows: ArgmaxRows | undefined;
  /** 64-bit integers, whose differences are not exact as numbers. */
  readonly #isWide: boolean;
  readonly #pair: BlockPair;
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
  #maxExcess = 0;
  #worstBeyond: Difference | undefined;

  constructor({ dtype, shape }: Tensor, { dtype: expected }: Tensor, { isBrief = false, atol = 0, rtol = 0 }: MetricsOptions) {
    this.#actual = dtype;
    this.#expected = expected;
    this.#pair = new BlockPair(dtype, expected);
    this.#tolerance = { atol, rtol };
    this.#ulp = isBrief ? undefined : ulpDistances(dtype.name);
    this.#rows = isBrief ? undefined : ArgmaxRows.of(shape);
    this.#isWide = [dtype, expected].every((one) => isInteger(one) && one.bits === 64);
  }

  /** A piece, block by block. */
  add(start: number, actualRaw: ElementArray, expectedRaw: ElementArray): void {
    for (let from = 0; from < actualRaw.length; from += BLOCK) {
      const [actual, expected] = [actualRaw.subarray(from, from + BLOCK), expectedRaw.subarray(from, from + BLOCK)];
      this.#addBlock({
        start: start + from,
        actual: this.#pair.fill(0, this.#actual, actual),
        expected: this.#pair.fill(1, this.#expected, expected),
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
   * One whose elements are all finite, which takes all the time: what is found in few blocks only is looked for in those.
   *
   * @returns false, with nothing done, where one is not
   */
  #addFinite(block: Block): boolean {
    const { atol, rtol } = this.#tolerance;
    const sums = this.#pair.sums(block.actual.length, { leastRel: this.#maxRel * SURELY_LESS, tolerance: this.#tolerance });
    if (!Number.isFinite(sums.dot + sums.actualSquares + sums.expectedSquares + sums.sumAbs)) return false;
    this.#dot += sums.dot;
    this.#actualSquares += sums.actualSquares;
    this.#expectedSquares += sums.expectedSquares;
    this.#sumAbs += sums.sumAbs;
    this.#different += sums.different;
    if (sums.maxAbs > this.#maxAbs) {
      this.#maxAbs = sums.maxAbs;
      this.#worst = differenceAt(
        block,
        placeOf(block, (abs) => abs === sums.maxAbs),
      );
    }
    if (sums.exceedsRel) this.#maxRel = Math.max(this.#maxRel, maxRelOf(block));
    this.#beyond += sums.beyond;
    if (sums.maxExcess > this.#maxExcess) {
      this.#maxExcess = sums.maxExcess;
      this.#worstBeyond = differenceAt(
        block,
        placeOf(block, (abs, e) => abs - (atol + rtol * Math.abs(e)) === sums.maxExcess),
      );
    }
    return true;
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

/** As many elements of both, as they lie in the tensors and as numbers. */
interface Block {
  /** Of the first element, in the tensor. */
  readonly start: number;
  readonly actual: FloatArray;
  readonly expected: FloatArray;
  readonly actualRaw: ElementArray;
  readonly expectedRaw: ElementArray;
}

function differenceAt({ start, actual, expected }: Block, i: number): Difference {
  return { place: start + i, actual: actual[i] as number, expected: expected[i] as number };
}

/** The first element of which it is true. */
function placeOf({ actual, expected }: Block, isIt: (abs: number, expected: number) => boolean): number {
  return actual.findIndex((a, i) => isIt(Math.abs(a - (expected[i] as number)), expected[i] as number));
}

function maxRelOf({ actual, expected }: Block): number {
  let maxRel = 0;
  for (let i = 0; i < actual.length; i++) {
    const e = expected[i] as number;
    if (e !== 0) maxRel = Math.max(maxRel, Math.abs((actual[i] as number) - e) / Math.abs(e));
  }
  return maxRel;
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
