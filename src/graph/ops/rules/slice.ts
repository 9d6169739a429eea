// Operators that take a part of a tensor: what they give. The arithmetic is in strided-slice.ts.
import { hasUnknownRank, type Shape, type TensorSpec, UNKNOWN_DIM, UNKNOWN_RANK } from '../../tensor.js';
import type { OpContext, OutputRules } from '../context.js';
import { normalAxes, resizedAs, shapedAs, unknownDims } from '../shape-tools.js';
import { axisIndex } from '../shapes.js';
import { axesSlice, constantBounds, FAR, maskedSlice, type SlicePlan, sizedSlice, slicedShape } from '../strided-slice.js';

export const sliceRules: OutputRules = {
  StridedSlice: resizedAs('x', stridedShape),
  StridedSliceD: resizedAs('x', stridedShape),
  StridedSliceV2: strided,
  StridedSliceV3: strided,
  Slice: resizedAs('x', (op, dims) => sizedShape(op, dims, constantBounds(op, 'offsets'), constantBounds(op, 'size'), allAxes(dims))),
  SliceD: resizedAs('x', (op, dims) => sizedShape(op, dims, op.ints('offsets'), op.ints('size'), allAxes(dims))),
  SliceDV2: resizedAs('x', (op, dims) => sizedShape(op, dims, constantBounds(op, 'offsets'), op.ints('size'), allAxes(dims))),
  SliceWithAxes: resizedAs('x', (op, dims) =>
    sizedShape(op, dims, constantBounds(op, 'offsets'), constantBounds(op, 'size'), normalAxes(op, op.ints('axes'), dims.length)),
  ),
  SliceLastDim: resizedAs('x', (op, dims) => slicedShape(dims, lastDimSlice(op, dims.length))),
  Crop: resizedAs('x', (op, dims) => {
    const { shape } = op.input('size');
    if (hasUnknownRank(shape)) return UNKNOWN_RANK;
    const axis = axisIndex(op, op.int('axis'), dims.length);
    if (shape.length !== dims.length) op.fail(`crops ${dims.length} dimensions to ${shape.length}.`);
    return dims.map((dim, i) => (i < axis ? dim : (shape[i] as number)));
  }),
};

/** Where no axis goes and none comes, the layout stays. */
function strided(op: OpContext): readonly TensorSpec[] {
  const { shape } = op.input('x');
  const plan = hasUnknownRank(shape) ? undefined : stridedPlan(op, shape.length);
  const isWhole = plan?.axes.length === shape.length && plan.axes.every((axis, i) => axis === i);
  return (isWhole ? resizedAs : shapedAs)('x', stridedShape)(op);
}

function stridedShape(op: OpContext, dims: Shape): Shape {
  const plan = stridedPlan(op, dims.length);
  if (plan !== undefined) {
    const beyond = plan.slices.find(({ axis, start }) => isOutside(dims[axis] as number, start) && !plan.axes.includes(axis));
    if (beyond !== undefined) op.fail(`takes index ${beyond.start} of axis ${beyond.axis} of [${dims.join(', ')}].`);
    return slicedShape(dims, plan);
  }
  // What is cut out is not known; that no axis comes or goes is, where the masks say so.
  const keepsRank = op.node.type === 'StridedSliceV3' || (op.int('new_axis_mask') === 0 && op.int('shrink_axis_mask') === 0);
  return keepsRank ? unknownDims(dims.length) : UNKNOWN_RANK;
}

function isOutside(dim: number, index: number): boolean {
  return dim >= 0 && (index >= dim || index < -dim);
}

/** The slices of a StridedSlice of any version; undefined where a bound is not constant. */
export function stridedPlan(op: OpContext, rank: number): SlicePlan | undefined {
  const isD = op.node.type === 'StridedSliceD';
  const bounds = (name: string): readonly number[] | undefined => (isD ? op.ints(name) : constantBounds(op, name));
  const begin = bounds('begin');
  const end = bounds('end');
  if (begin === undefined || end === undefined) return undefined;
  const hasStrides = isD || op.has('strides');
  const strides = hasStrides ? bounds('strides') : begin.map(() => 1);
  const axes = op.has('axes') ? op.constantInts('axes') : undefined;
  if (strides === undefined || (op.has('axes') && axes === undefined)) return undefined;
  if (axes !== undefined) return axesSlice(op, { begin, end, strides }, axes, rank);
  if (op.node.type !== 'StridedSliceV3') return maskedSlice(op, { begin, end, strides }, rank);
  return axesSlice(op, { begin, end, strides }, allAxes(begin), rank);
}

function sizedShape(
  op: OpContext,
  dims: Shape,
  offsets: readonly number[] | undefined,
  sizes: readonly number[] | undefined,
  axes: readonly number[],
): Shape {
  if (sizes === undefined) return dims.map((dim, axis) => (axes.includes(axis) ? UNKNOWN_DIM : dim));
  if (offsets !== undefined) {
    const plan = sizedSlice(op, offsets, sizes, axes, dims.length);
    const wide = plan.slices.find(({ axis, end }) => end !== FAR && (dims[axis] as number) >= 0 && end > (dims[axis] as number));
    if (wide !== undefined) op.fail(`slices axis ${wide.axis} of [${dims.join(', ')}] up to ${wide.end}.`, 'Lessen its offset or size.');
    return slicedShape(dims, plan);
  }
  return dims.map((dim, axis) => (axes.includes(axis) ? Math.max(sizes[axes.indexOf(axis)] as number, UNKNOWN_DIM) : dim));
}

export function lastDimSlice(op: OpContext, rank: number): SlicePlan {
  const bounds = { begin: [op.int('start')], end: [op.int('end')], strides: [op.int('stride')] };
  return axesSlice(op, bounds, [-1], rank);
}

function allAxes(list: readonly unknown[]): readonly number[] {
  return list.map((_, axis) => axis);
}
