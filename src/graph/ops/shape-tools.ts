// What the rules of operators that move values share: axes, products of dimensions, rules that follow one input.
import { describeShape, hasUnknownRank, type Shape, type TensorSpec, UNKNOWN_DIM, UNKNOWN_RANK } from '../tensor.js';
import type { OpContext, OutputRule } from './context.js';
import { axisIndex, broadcastShapes } from './shapes.js';

/** Several axes, from 0, in the order given; one that comes twice fails the node. */
export function normalAxes(op: OpContext, axes: readonly number[], rank: number, what = 'axis'): readonly number[] {
  const normal = axes.map((axis) => axisIndex(op, axis, rank, what));
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

/** The same, for an operator after which every axis means what it meant before: the output keeps the format too. */
export function resizedAs(slot: string, shape: (op: OpContext, dims: Shape, spec: TensorSpec) => Shape): OutputRule {
  const rule = shapedAs(slot, shape);
  return (op) => {
    const { format, shape: dims } = op.input(slot);
    return rule(op).map((spec) => (format !== undefined && spec.shape.length === dims.length ? { ...spec, format } : spec));
  };
}

/** A shape of which only the number of dimensions is known, or not even that. */
export function unknownDims(rank: number | undefined): Shape {
  // More dimensions than any tensor has come from a shape input that a file declares and nobody has seen.
  return rank === undefined || rank < 0 || rank > 64 ? UNKNOWN_RANK : Array.from({ length: rank }, () => UNKNOWN_DIM);
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

/** The shape that two shapes broadcast to by numpy's rule; where they do not, the node fails. */
export function broadcast(op: OpContext, a: Shape, b: Shape): Shape {
  return broadcastShapes(a, b) ?? op.fail(`cannot broadcast ${describeShape(a)} and ${describeShape(b)} together.`);
}
