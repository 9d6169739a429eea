// The slices that GE's slicing operators take, resolved to one form: per axis of the input a start, an end and a step.
// Masks follow TensorFlow's StridedSlice, which GE's inference repeats (op_proto/strided_slice_infer_shape.h).
import { elementCount, type Shape, UNKNOWN_DIM } from '../tensor.js';
import type { OpContext } from './context.js';
import { normalAxes } from './shape-tools.js';

/** Stands for "as far as the axis goes"; larger than any axis, and exact as a number. */
export const FAR = Number.MAX_SAFE_INTEGER;

/** One sliced axis. `end` is exclusive; negative positions count from the end of the axis, as in Python. */
export interface AxisSlice {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

export interface SlicePlan {
  readonly slices: readonly AxisSlice[];
  /** What the output consists of, in order: an axis of the input, or a new one of size 1. Axes not named are dropped. */
  readonly axes: readonly (number | 'new')[];
}

/** Bounds that are known; masks are bit sets over their positions. */
export interface SliceBounds {
  readonly begin: readonly number[];
  readonly end: readonly number[];
  readonly strides: readonly number[];
}

/** Resolves StridedSlice with its five masks for an input of `rank` dimensions. */
export function maskedSlice(op: OpContext, { begin, end, strides }: SliceBounds, rank: number): SlicePlan {
  const count = begin.length;
  if (end.length !== count || strides.length !== count) {
    op.fail(`has ${count} begins, ${end.length} ends and ${strides.length} strides.`, 'Give as many of each.');
  }
  const bit = (mask: string, i: number): boolean => Math.floor(op.int(mask) / 2 ** i) % 2 === 1;
  const positions = Array.from({ length: count }, (_, i) => i);
  const ellipses = positions.filter((i) => bit('ellipsis_mask', i));
  if (ellipses.length > 1) op.fail('has more than one ellipsis.', 'Set one bit of "ellipsis_mask" at most.');
  const ellipsis = ellipses[0] ?? count;
  const isNew = (i: number): boolean => i !== ellipsis && bit('new_axis_mask', i);
  const real = positions.filter((i) => i !== ellipsis && !isNew(i)).length;
  if (real > rank) op.fail(`slices ${real} axes, but its input has ${rank} dimensions.`);

  const slices: AxisSlice[] = [];
  const axes: (number | 'new')[] = [];
  let axis = 0;
  const keepOthers = (): void => {
    for (const last = axis + rank - real; axis < last; axis++) axes.push(axis);
  };
  for (const i of positions) {
    if (i === ellipsis) keepOthers();
    else if (isNew(i)) axes.push('new');
    else {
      const step = strides[i] as number;
      const isShrunk = bit('shrink_axis_mask', i);
      const start = begin[i] as number;
      if (step === 0 || (isShrunk && step < 0))
        op.fail(`has a stride of ${step}.`, isShrunk ? 'Use 1 for an axis that is taken out.' : undefined);
      if (isShrunk) slices.push({ axis, start, end: start === -1 ? FAR : start + 1, step: 1 });
      else {
        slices.push({
          axis,
          start: !bit('begin_mask', i) ? start : step > 0 ? 0 : FAR,
          end: !bit('end_mask', i) ? (end[i] as number) : step > 0 ? FAR : -FAR,
          step,
        });
        axes.push(axis);
      }
      axis += 1;
    }
  }
  // Axes that the specification does not reach stay whole, as if it ended in an ellipsis.
  if (ellipsis === count) keepOthers();
  return { slices, axes };
}

/** Slices of chosen axes, in ONNX's manner; nothing is added or dropped. */
export function axesSlice(op: OpContext, { begin, end, strides }: SliceBounds, given: readonly number[], rank: number): SlicePlan {
  const axes = normalAxes(op, given, rank);
  if (begin.length !== axes.length || end.length !== axes.length || strides.length !== axes.length) {
    op.fail(`slices ${axes.length} axes by ${begin.length} begins, ${end.length} ends and ${strides.length} strides.`);
  }
  if (strides.includes(0)) op.fail('has a stride of 0.');
  const slices = axes.map((axis, i) => ({
    axis,
    start: begin[i] as number,
    end: end[i] as number,
    step: strides[i] as number,
  }));
  return { slices, axes: Array.from({ length: rank }, (_, axis) => axis) };
}

/** Slices by offset and size; a size of −1 goes to the end. */
export function sizedSlice(
  op: OpContext,
  offsets: readonly number[],
  sizes: readonly number[],
  axes: readonly number[],
  rank: number,
): SlicePlan {
  const end = sizes.map((size, i) => (size === -1 ? FAR : (offsets[i] as number) + size));
  if (sizes.some((size) => size < -1) || offsets.some((offset) => offset < 0)) op.fail('slices by a negative offset or size.');
  return axesSlice(op, { begin: offsets, end, strides: sizes.map(() => 1) }, axes, rank);
}

/** The shape after the slices. */
export function slicedShape(dims: Shape, { slices, axes }: SlicePlan): Shape {
  const sizes = dims.map((dim, axis) => {
    const slice = slices.find((one) => one.axis === axis);
    return slice === undefined ? dim : sliceSize(dim, slice);
  });
  return axes.map((axis) => (axis === 'new' ? 1 : (sizes[axis] as number)));
}

/** How many elements a slice takes of an axis of `dim`, as Python counts. */
export function sliceSize(dim: number, { start, end, step }: AxisSlice): number {
  if (dim < 0) return start === 0 && end === FAR && step === 1 ? dim : UNKNOWN_DIM;
  const [low, high] = step > 0 ? [0, dim] : [-1, dim - 1];
  const clamp = (position: number): number => Math.min(Math.max(position < 0 ? position + dim : position, low), high);
  return Math.max(0, Math.ceil((clamp(end) - clamp(start)) / step));
}

/**
 * A constant input of bounds. Exporters write the largest int64 for "to the end", which no number holds: such values come as ±FAR.
 */
export function constantBounds(op: OpContext, input: string): readonly number[] | undefined {
  const tensor = op.constant(input);
  if (tensor?.dtype.name !== 'int64' || elementCount(tensor.shape) > 64) return op.constantInts(input);
  const bytes = tensor.data.read();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: elementCount(tensor.shape) }, (_, i) => Math.min(Math.max(Number(view.getBigInt64(8 * i, true)), -FAR), FAR));
}
