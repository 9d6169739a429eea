// A block of each of two tensors as numbers, in memory that is used again for the next.
import type { DType } from '../graph/dtype.js';
import { type ElementArray, type FloatArray, floatValues, isFloat, isInteger } from '../graph/elements.js';
import { BLOCK, type BlockLoops, type BlockSums, HALVES, NUMBERS, plainLoops, type SumsOptions } from './block-loops.js';
import { vectorLoops } from './vector-loops.js';

/** Code and room for one block, for all comparisons: what lies in it is used before anything else is compared. */
let shared: BlockLoops | undefined;

/** The fastest that are to be had here; all give the same. */
export function bestLoops(): BlockLoops {
  try {
    return vectorLoops();
  } catch {
    // Of no consequence but for time.
    return plainLoops();
  }
}

export class BlockPair {
  readonly #loops: BlockLoops;
  readonly #isDouble: boolean;
  /** Of each side, whole blocks. */
  readonly #numbers: readonly [FloatArray, FloatArray];
  readonly #halves: Uint16Array;

  constructor(actual: DType, expected: DType) {
    shared ??= bestLoops();
    this.#loops = shared;
    const { memory } = shared;
    this.#isDouble = !isSingle(actual) || !isSingle(expected);
    const Numbers = this.#isDouble ? Float64Array : Float32Array;
    this.#numbers = [new Numbers(memory, NUMBERS[0], BLOCK), new Numbers(memory, NUMBERS[1], BLOCK)];
    this.#halves = new Uint16Array(memory, HALVES, BLOCK);
  }

  /**
   * Fills a side with at most `BLOCK` elements, and with zeros up to a multiple of 4.
   *
   * @returns them as numbers: int64 and uint64 lose what a double does not hold, bools are 0 and 1
   */
  fill(side: 0 | 1, dtype: DType, elements: ElementArray): FloatArray {
    const numbers = this.#numbers[side];
    if (!this.#isDouble && isSmall(dtype)) {
      this.#halves.set(elements as Uint16Array);
      this.#loops.widen(dtype.name, elements.length, NUMBERS[side]);
    } else {
      numbers.set(toNumbers(dtype, elements));
    }
    if (elements.length === BLOCK) return numbers;
    numbers.fill(0, elements.length, padded(elements.length));
    return numbers.subarray(0, elements.length);
  }

  /** Of both sides, filled with as many elements. */
  sums(count: number, options: Pick<SumsOptions, 'leastRel' | 'tolerance'>): BlockSums {
    return this.#loops.sums({ ...options, isDouble: this.#isDouble, count: padded(count) });
  }
}

function padded(count: number): number {
  return Math.ceil(count / 4) * 4;
}

/** Whether float32 holds its values. */
function isSingle(dtype: DType): boolean {
  return dtype.name === 'float32' || isSmall(dtype);
}

function isSmall(dtype: DType): dtype is DType & { readonly name: 'float16' | 'bfloat16' } {
  return dtype.name === 'float16' || dtype.name === 'bfloat16';
}

function toNumbers(dtype: DType, array: ElementArray): ArrayLike<number> {
  if (isFloat(dtype)) return floatValues(array, dtype);
  if (array instanceof BigInt64Array || array instanceof BigUint64Array) return Float64Array.from(array, Number);
  return isInteger(dtype) ? array : Uint8Array.from(array as Uint8Array, (value) => (value === 0 ? 0 : 1));
}
