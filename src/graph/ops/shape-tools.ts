// What output rules and lowerings share about shapes: axes, products of dimensions, rules that follow one input.
import { hasUnknownRank, type Shape, type TensorSpec, UNKNOWN_DIM, UNKNOWN_RANK } from '../tensor.js';
import type { OpContext, OutputRule } from './context.js';

/** `axis` of a tensor of `rank` dimensions as a number from 0; one out of range fails the node. */
export function normalAxis(op: OpContext, axis: number, rank: number, what = 'axis'): number {
  if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  return op.fail(`has the ${what} ${axis} where there are ${rank} dimensions.`, `Use ${-rank} to ${rank - 1}.`);
}

/** Several axes, from 0, in the order given; one that comes twice fails the node. */
export function normalAxes(op: OpContext, axes: readonly number[], rank: number, what = 'axis'): readonly number[] {
  const normal = axes.map((axis) => normalAxis(op, axis, rank, what));
  const twice = normal.find((axis, i) => normal.indexOf(axis) !== i);
  return twice === undefined ? normal : op.fail(`names the ${what} ${twice} twice.`);
}

/** The product of dimensions: unknown where one of them is, except that a 0 decides alone. */
export function dimProduct(dims: Shape): number {
  if (dims.includes(0)) return 0;
  return dims.some((dim) => dim < 0) ? UNKNOWN_DIM : dims.reduce((product, dim) => product * dim, 1);
}

/** The sum of dimensions, unknown where one of them is. */
export function dimSum(dims: Shape): number {
  return dims.some((dim) => dim < 0) ? UNKNOWN_DIM : dims.reduce((sum, dim) => sum + dim, 0);
}

/** The shape of a connected input; a node whose input has an unknown rank fails. Lowerings use it: they need the rank. */
export function knownShape(op: OpContext, input: string): Shape {
  const { shape } = op.input(input);
  if (!hasUnknownRank(shape)) return shape;
  return op.fail(`needs the rank of its input "${input}", which is not known.`, 'Give the shape in "outputs" of the node that makes it.');
}

/**
 * A rule for an operator with one output of the dtype of the input `slot`, whose shape follows from that input's.
 * Where that input's rank is unknown, so is the output's.
 */
export function shapedAs(slot: string, shape: (op: OpContext, dims: Shape, spec: TensorSpec) => Shape): OutputRule {
  return (op) => {
    const spec = op.input(slot);
    return [{ dtype: spec.dtype, shape: hasUnknownRank(spec.shape) ? UNKNOWN_RANK : shape(op, spec.shape, spec) }];
  };
}

/** A shape of which only the number of dimensions is known, or not even that. */
export function unknownDims(rank: number | undefined): Shape {
  return rank === undefined || rank < 0 ? UNKNOWN_RANK : Array.from({ length: rank }, () => UNKNOWN_DIM);
}

/** How many values a 1-D (or scalar) input holds: the rank that a shape input describes. undefined where that is unknown. */
export function valueCount(spec: TensorSpec): number | undefined {
  if (hasUnknownRank(spec.shape)) return undefined;
  const count = dimProduct(spec.shape);
  return count < 0 ? undefined : count;
}

/** An attribute that is a list of lists of integers, such as `paddings` of PadD. */
export function intLists(op: OpContext, name: string): readonly (readonly number[])[] {
  const value = op.node.attrs.get(name);
  if (value?.kind === 'intLists') return value.value.map((row) => row.map(Number));
  return op.fail(`needs the attribute "${name}", a list of lists of integers.`);
}

/** Dimensions of two shapes made equal as numpy does; where they cannot be, the node fails. */
export function broadcast(op: OpContext, a: Shape, b: Shape): Shape {
  if (hasUnknownRank(a) || hasUnknownRank(b)) return UNKNOWN_RANK;
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [x, y] = [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1];
    if (x === y || y === 1) return x;
    if (x === 1 || x < 0) return y;
    if (y < 0) return x;
    return op.fail(`cannot broadcast [${a.join(', ')}] and [${b.join(', ')}].`);
  });
}
