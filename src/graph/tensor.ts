// Tensors: dense, row-major, little-endian; the data is a range that is read on demand.
import type { Bytes } from '../base/bytes.js';
import type { DType } from './dtype.js';

/** A dimension of −1 is unknown; the shape [−2] means that even the rank is. */
export type Shape = readonly number[];

export const UNKNOWN_DIM = -1;
export const UNKNOWN_RANK: Shape = [-2];

export interface TensorSpec {
  readonly dtype: DType;
  readonly shape: Shape;
  /** GE's text name of the memory format, `ND` or `NCHW`; absent where nothing was said. */
  readonly format?: string;
}

export interface NamedSpec extends TensorSpec {
  readonly name: string;
}

export interface Tensor extends TensorSpec {
  /** `tensorBytes(dtype, shape)` bytes. */
  readonly data: Bytes;
}

export interface NamedTensor extends Tensor {
  readonly name: string;
}

export function hasUnknownRank(shape: Shape): boolean {
  return shape.length === 1 && shape[0] === -2;
}

export function isStatic(shape: Shape): boolean {
  return shape.every((dim) => dim >= 0);
}

/** The number of elements; 1 for a scalar (rank 0). The shape must be static. */
export function elementCount(shape: Shape): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

export function tensorBytes(dtype: DType, shape: Shape): number {
  return Math.ceil((elementCount(shape) * dtype.bits) / 8);
}

/** A dimension of 0. As a new value of a weight it says "keep": the convention of GE's update graph. */
export function isEmpty({ shape }: TensorSpec): boolean {
  return shape.includes(0);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** Whether a static shape is one that `expected` allows: −1 takes any size, the unknown rank any shape. Nothing is reshaped or broadcast. */
export function fitsShape(actual: Shape, expected: Shape): boolean {
  if (hasUnknownRank(expected)) return true;
  return actual.length === expected.length && expected.every((dim, i) => dim === UNKNOWN_DIM || dim === actual[i]);
}

/** `float32 [3, 4]`, the form used in every message. */
export function describeSpec(spec: TensorSpec): string {
  return `${spec.dtype.name} ${describeShape(spec.shape)}`;
}

export function describeShape(shape: Shape): string {
  return hasUnknownRank(shape) ? '[unknown rank]' : `[${shape.map((dim) => (dim < 0 ? '?' : dim)).join(', ')}]`;
}
