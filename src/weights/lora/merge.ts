// W + Σ scale · L · R, computed as it is read: of the weight never more than a window is in memory, of the adapters their factors.
import { computedBytes } from '../../base/bytes.js';
import { castFloats } from '../../graph/cast.js';
import type { DType } from '../../graph/dtype.js';
import { elementsOf, type FloatArray, floatValues, typedView } from '../../graph/elements.js';
import { elementCount, type Tensor, tensorBytes } from '../../graph/tensor.js';

/** A product of two factors in the order of the weight's own rows and columns. */
export interface LowRankTerm {
  /** [rows, rank] of a weight that stands as the factors do; [rank, rows] of one that is stored transposed. */
  readonly left: Tensor;
  readonly right: Tensor;
  readonly rank: number;
  readonly scale: number;
  /** The weight is stored transposed: left is the down factor, right the up factor, both by their columns. */
  readonly isTransposed: boolean;
}

/**
 * The merged weight in `dtype`. Everything is added up in doubles and rounded once.
 *
 * @param base  a float tensor; its first dimension are the rows, all others the columns
 */
export function mergeTerms(base: Tensor, terms: readonly LowRankTerm[], dtype: DType): Tensor {
  const rows = base.shape[0] ?? 1;
  const columns = elementCount(base.shape) / Math.max(1, rows);
  const [fromBytes, toBytes] = [base.dtype.bits / 8, dtype.bits / 8];
  const size = tensorBytes(dtype, base.shape);
  let factors: readonly Factors[] | undefined;
  const data = computedBytes(size, (start, end) => {
    factors ??= terms.map((term) => loadFactors(term, rows, columns));
    const [first, last] = [Math.floor(start / toBytes), Math.ceil(end / toBytes)];
    const sum = new Float64Array(floatValues(typedView(base.dtype, base.data.read(first * fromBytes, last * fromBytes)), base.dtype));
    for (let at = first; at < last; ) {
      const [row, column] = [Math.floor(at / columns), at % columns];
      const count = Math.min(last - at, columns - column);
      for (const one of factors) addProduct(sum.subarray(at - first, at - first + count), one, row, column);
      at += count;
    }
    // Who has read to the end has read all of it, and many weights may be waiting at once.
    if (end === size) factors = undefined;
    const out = castFloats(sum, dtype);
    return new Uint8Array(out.buffer, out.byteOffset, out.byteLength).subarray(start - first * toBytes, end - first * toBytes);
  });
  return { dtype, shape: base.shape, data };
}

interface Factors {
  readonly rank: number;
  /** [rows, rank], the scale in it. */
  readonly left: Float64Array;
  /** [rank, columns] */
  readonly right: Float64Array;
}

function loadFactors({ left, right, rank, scale, isTransposed }: LowRankTerm, rows: number, columns: number): Factors {
  const [l, r] = [left, right].map((tensor) => floatValues(elementsOf(tensor), tensor.dtype)) as [FloatArray, FloatArray];
  const byRow = isTransposed ? turned(l, rank, rows) : new Float64Array(l);
  for (let i = 0; i < byRow.length; i++) byRow[i] = (byRow[i] as number) * scale;
  return { rank, left: byRow, right: isTransposed ? turned(r, columns, rank) : new Float64Array(r) };
}

/** [m, n] as [n, m]. */
function turned(values: FloatArray, m: number, n: number): Float64Array {
  const out = new Float64Array(values.length);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) out[j * m + i] = values[i * n + j] as number;
  return out;
}

/** Four ranks in one walk over the sum: a third of the time of one after the other. */
function addProduct(sum: Float64Array, { rank, left, right }: Factors, row: number, column: number): void {
  const columns = right.length / rank;
  const first = row * rank;
  let k = 0;
  for (; k + 3 < rank; k += 4) {
    const [a, b, c, d] = [left[first + k], left[first + k + 1], left[first + k + 2], left[first + k + 3]] as [
      number,
      number,
      number,
      number,
    ];
    const at = k * columns + column;
    addFour(sum, right, at, columns, a, b, c, d);
  }
  for (; k < rank; k++) {
    const factor = left[first + k] as number;
    const at = k * columns + column;
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + factor * (right[at + i] as number);
  }
}

/** A function of its own, so small that it is compiled as soon as it is hot. */
function addFour(sum: Float64Array, right: Float64Array, at: number, step: number, a: number, b: number, c: number, d: number): void {
  const [second, third, fourth] = [at + step, at + 2 * step, at + 3 * step];
  for (let i = 0; i < sum.length; i++) {
    sum[i] =
      (sum[i] as number) +
      a * (right[at + i] as number) +
      b * (right[second + i] as number) +
      c * (right[third + i] as number) +
      d * (right[fourth + i] as number);
  }
}
