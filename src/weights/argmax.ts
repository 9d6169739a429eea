// Whether two tensors have their greatest element in the same place of each row: what counts for a classifier.
import type { Shape } from '../graph/tensor.js';

export interface Agreement {
  readonly rows: number;
  readonly equal: number;
}

/** Rows along the last axis, across the borders of pieces. Of equal elements the first counts; NaN is never the greatest. */
export class ArgmaxRows {
  readonly #length: number;
  #position = 0;
  #rows = 0;
  #equal = 0;
  #actual = -Infinity;
  #actualAt = -1;
  #expected = -Infinity;
  #expectedAt = -1;

  constructor(length: number) {
    this.#length = length;
  }

  /** undefined where a row has less than two elements. */
  static of(shape: Shape): ArgmaxRows | undefined {
    const length = shape.at(-1) ?? 0;
    return length < 2 ? undefined : new ArgmaxRows(length);
  }

  add(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
    for (let i = 0; i < actual.length; i++) {
      const a = actual[i] as number;
      const e = expected[i] as number;
      if (a > this.#actual || (this.#actualAt < 0 && a === -Infinity)) {
        this.#actual = a;
        this.#actualAt = this.#position;
      }
      if (e > this.#expected || (this.#expectedAt < 0 && e === -Infinity)) {
        this.#expected = e;
        this.#expectedAt = this.#position;
      }
      if (++this.#position === this.#length) this.#endRow();
    }
  }

  #endRow(): void {
    this.#rows++;
    if (this.#actualAt === this.#expectedAt) this.#equal++;
    this.#position = 0;
    this.#actual = -Infinity;
    this.#expected = -Infinity;
    this.#actualAt = -1;
    this.#expectedAt = -1;
  }

  agreement(): Agreement {
    return { rows: this.#rows, equal: this.#equal };
  }
}
