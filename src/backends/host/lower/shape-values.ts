// Shapes as values of the lowered graph: numbers where they are known, taken from a tensor at run time where they are not.

import type { DType } from '../../../graph/dtype.js';
import { dtype } from '../../../graph/dtype.js';
import { knownRank } from '../../../graph/ops/shapes.js';
import type { LowerContext } from './context.js';

/** One dimension: its size, or where to read it. */
export type Extent = number | { readonly of: string; readonly axis: number };

/** The dimensions of an input; those that the graph does not know are read from the value when it runs. */
export function extents(op: LowerContext, input: string, value = op.value(input)): readonly Extent[] {
  return knownRank(op, input).map((dim, axis) => (dim < 0 ? { of: value, axis } : dim));
}

/** A 1-D int64 value of these dimensions. */
export function shapeValue(op: LowerContext, dims: readonly Extent[]): string {
  if (dims.every((dim) => typeof dim === 'number')) return op.int64s(dims);
  const parts = dims.map((dim) => (typeof dim === 'number' ? op.int64s([dim]) : dimValue(op, dim.of, dim.axis)));
  return parts.length === 1 ? (parts[0] as string) : op.emit('Concat', parts, { axis: 0 });
}

/** One dimension of a value, as a 1-D int64 value of one element. */
export function dimValue(op: LowerContext, of: string, axis: number): string {
  return op.emit('Shape', [of], { start: axis, end: axis + 1 });
}

/** The product of dimensions: a number if all are known, else −1 as far as `Reshape` may find it out (at most one such per shape). */
export function product(dims: readonly Extent[]): number {
  return dims.reduce<number>((total, dim) => (typeof dim === 'number' && total >= 0 ? total * dim : -1), 1);
}

/** Emits `Reshape` to dimensions of which at most one is −1; a 0 is a dimension of size 0. */
export function reshape(op: LowerContext, value: string, dims: readonly Extent[], outputs?: readonly string[]): string {
  return op.emit('Reshape', [value, shapeValue(op, dims)], { allowzero: dims.includes(0) && !dims.includes(-1) ? 1 : 0 }, outputs);
}

/** Emits a `Cast` where the dtypes differ. */
export function cast(op: LowerContext, value: string, from: DType, to: DType, outputs?: readonly string[]): string {
  if (from === to) return outputs === undefined ? value : op.emit('Identity', [value], {}, outputs);
  return op.emit('Cast', [value], { to: onnxNumber(op, to) }, outputs);
}

/** An integer input as a 1-D int64 value: the known numbers, or a cast of the input. */
export function int64Input(op: LowerContext, input: string): string {
  const known = op.constantInts(input);
  if (known !== undefined) return op.int64s(known);
  const spec = op.input(input);
  const wide = cast(op, op.value(input), spec.dtype, dtype('int64'));
  return spec.shape.length === 0 ? op.emit('Reshape', [wide, op.int64s([-1])]) : wide;
}

/** ONNX's number of a dtype; one that ONNX has no number for fails the node. */
export function onnxNumber(op: LowerContext, to: DType): number {
  return to.onnx ?? op.fail(`makes ${to.name}, which the host backend does not have.`, 'Use float32 or float16.');
}
