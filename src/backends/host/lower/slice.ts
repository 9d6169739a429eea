// Operators that take a part of a tensor: how ONNX says them.
import { dtype } from '../../../graph/dtype.js';
import { lastDimSlice, stridedPlan } from '../../../graph/ops/rules/slice.js';
import { normalAxes } from '../../../graph/ops/shape-tools.js';
import { axisIndex, knownRank } from '../../../graph/ops/shapes.js';
import { constantBounds, FAR, type SlicePlan, sizedSlice } from '../../../graph/ops/strided-slice.js';
import type { TensorSpec } from '../../../graph/tensor.js';
import type { LowerContext, Lowerings } from './context.js';
import { dimValue, int64Input } from './shape-values.js';

const INT64: TensorSpec = { dtype: dtype('int64'), shape: [] };

export const sliceLowerings: Lowerings = {
  StridedSlice: stridedSlice,
  StridedSliceD: stridedSlice,
  StridedSliceV2: stridedSlice,
  StridedSliceV3: stridedSlice,
  Slice: (op) => slice(op, constantBounds(op, 'offsets'), constantBounds(op, 'size'), allAxes(op)),
  SliceD: (op) => slice(op, op.ints('offsets'), op.ints('size'), allAxes(op)),
  SliceDV2: (op) => slice(op, constantBounds(op, 'offsets'), op.ints('size'), allAxes(op)),
  SliceWithAxes: (op) => {
    const axes = normalAxes(op, op.ints('axes'), knownRank(op, 'x').length);
    slice(op, constantBounds(op, 'offsets'), constantBounds(op, 'size'), axes);
  },
  SliceLastDim: (op) => emitPlan(op, lastDimSlice(op, knownRank(op, 'x').length)),
  Crop: lowerCrop,
};

/** Emits the slices of a plan, then drops and adds axes. */
function emitPlan(op: LowerContext, { slices, axes }: SlicePlan): void {
  const rank = knownRank(op, 'x').length;
  const dropped = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !axes.includes(axis));
  const added = axes.flatMap((axis, i) => (axis === 'new' ? [i] : []));
  const steps: (readonly [string, readonly string[]])[] = [];
  if (slices.length > 0) {
    const list = (of: (slice: SlicePlan['slices'][number]) => number): string => op.int64s(slices.map(of));
    steps.push(['Slice', [list((one) => one.start), list((one) => one.end), list((one) => one.axis), list((one) => one.step)]]);
  }
  if (dropped.length > 0) steps.push(['Squeeze', [op.int64s(dropped)]]);
  if (added.length > 0) steps.push(['Unsqueeze', [op.int64s(added)]]);
  if (steps.length === 0) steps.push(['Identity', []]);
  steps.reduce(
    (value, [type, inputs], i) => op.emit(type, [value, ...inputs], {}, i === steps.length - 1 ? [op.output()] : undefined),
    op.value('x'),
  );
}

function stridedSlice(op: LowerContext): void {
  const plan = stridedPlan(op, knownRank(op, 'x').length);
  if (plan !== undefined) {
    emitPlan(op, plan);
    return;
  }
  const masks = ['begin_mask', 'end_mask', 'ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask'];
  const isMasked = op.node.type !== 'StridedSliceV3' && masks.some((mask) => op.int(mask) !== 0);
  if (isMasked) {
    op.fail('has bounds that are computed when it runs, together with masks, which the host cannot do.', 'Make its bounds consts.');
  }
  const optional = (input: string): string => (op.has(input) ? int64Input(op, input) : '');
  const bounds = ['begin', 'end'].map((input) => int64Input(op, input));
  const strides = optional('strides');
  // ONNX cannot leave out the axes and still give steps.
  const axes =
    optional('axes') ||
    (strides === '' ? '' : op.emit('Range', [op.scalar(0, INT64), countOf(op, bounds[0] as string), op.scalar(1, INT64)]));
  op.emit('Slice', [op.value('x'), ...bounds, ...(axes === '' ? [] : [axes]), ...(strides === '' ? [] : [strides])], {}, [op.output()]);
}

function countOf(op: LowerContext, list: string): string {
  return op.emit('Squeeze', [dimValue(op, list, 0)]);
}

function slice(
  op: LowerContext,
  offsets: readonly number[] | undefined,
  sizes: readonly number[] | undefined,
  axes: readonly number[],
): void {
  if (offsets !== undefined && sizes !== undefined) {
    emitPlan(op, sizedSlice(op, offsets, sizes, axes, knownRank(op, 'x').length));
    return;
  }
  const start = int64Input(op, 'offsets');
  const far = op.int64s([FAR]);
  let end: string;
  if (sizes !== undefined) {
    // An offset plus FAR stays below the largest int64.
    end = op.emit('Add', [start, op.int64s(sizes.map((size) => (size === -1 ? FAR : size)))]);
  } else {
    const size = int64Input(op, 'size');
    end = op.emit('Where', [op.emit('Equal', [size, op.int64s([-1])]), far, op.emit('Add', [start, size])]);
  }
  op.emit('Slice', [op.value('x'), start, end, op.int64s(axes)], {}, [op.output()]);
}

/** Caffe's Crop: from `axis` on, the size of the second input, at the offsets; one offset counts for all axes. */
function lowerCrop(op: LowerContext): void {
  const dims = knownRank(op, 'x');
  const axis = axisIndex(op, op.int('axis'), dims.length);
  const axes = dims.flatMap((_, i) => (i < axis ? [] : [i]));
  const given = op.ints('offsets');
  const offsets = given.length === 1 ? axes.map(() => given[0] as number) : given.length === 0 ? axes.map(() => 0) : given;
  if (offsets.length !== axes.length)
    op.fail(`crops ${axes.length} axes by ${offsets.length} offsets.`, 'Give one offset per axis, or one for all.');
  const size = op.emit('Shape', [op.value('size')], { start: axis });
  const start = op.int64s(offsets);
  op.emit('Slice', [op.value('x'), start, op.emit('Add', [start, size]), op.int64s(axes)], {}, [op.output()]);
}

function allAxes(op: LowerContext): readonly number[] {
  return knownRank(op, 'x').map((_, axis) => axis);
}
