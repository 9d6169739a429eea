// Operators that repeat, pad or fill: what they give.
import { dtype } from '../../dtype.js';
import { type Shape, UNKNOWN_DIM } from '../../tensor.js';
import type { OpContext, OutputRule, OutputRules } from '../context.js';
import { broadcast, intLists, resizedAs, unknownDims, valueCount } from '../shape-tools.js';
import { axisIndex } from '../shapes.js';

const sameAsX: OutputRule = (op) => [op.input('x')];

export const fillRules: OutputRules = {
  BroadcastTo: resizedAs('x', (op, dims) => broadcastTo(op, dims, op.constantInts('shape'))),
  BroadcastToD: resizedAs('x', (op, dims) => broadcastTo(op, dims, op.ints('shape'))),
  Expand: resizedAs('x', (op, dims) => expand(op, dims, op.constantInts('shape'))),
  ExpandD: resizedAs('x', (op, dims) => expand(op, dims, op.ints('shape'))),
  Tile: resizedAs('x', (op, dims) => {
    const multiples = op.constantInts('multiples');
    if (multiples !== undefined) return tiled(op, dims, multiples);
    const count = valueCount(op.input('multiples'));
    return unknownDims(count === undefined ? undefined : Math.max(count, dims.length));
  }),
  TileD: resizedAs('x', (op, dims) => tiled(op, dims, op.ints('multiples'))),
  TileWithAxis: resizedAs('x', (op, dims) => {
    const axis = axisIndex(op, op.int('axis'), dims.length);
    return dims.with(axis, times(dims[axis] as number, op.int('tiles')));
  }),
  Fill: (op) => [{ dtype: op.input('value').dtype, shape: filledShape(op) }],
  FillD: (op) => [{ dtype: op.input('value').dtype, shape: op.ints('dims') }],
  FillV2: (op) => [{ dtype: dtype('float32'), shape: filledShape(op) }],
  FillV2D: (op) => [{ dtype: dtype('float32'), shape: op.ints('dims') }],
  Fills: sameAsX,
  ZerosLike: sameAsX,
  OnesLike: sameAsX,
  Pad: resizedAs('x', paddedShape),
  PadD: resizedAs('x', paddedShape),
  PadV2: resizedAs('x', paddedShape),
  PadV2D: resizedAs('x', paddedShape),
  PadV3: resizedAs('x', paddedShape),
  PadV3D: resizedAs('x', paddedShape),
  MirrorPad: resizedAs('x', paddedShape),
};

/** BroadcastTo names the shape of the output; a −1 keeps the input's dimension. */
function broadcastTo(op: OpContext, dims: Shape, shape: readonly number[] | undefined): Shape {
  if (shape === undefined) return unknownDims(valueCount(op.input('shape')));
  const before = shape.length - dims.length;
  if (before < 0) op.fail(`cannot broadcast [${dims.join(', ')}] to [${shape.join(', ')}].`);
  return shape.map((size, i) => {
    const dim = dims[i - before] ?? 1;
    if (size === -1) return dim;
    if (dim === size || dim === 1 || dim < 0) return size;
    return op.fail(`cannot broadcast [${dims.join(', ')}] to [${shape.join(', ')}].`);
  });
}

/** Expand broadcasts both ways, as ONNX does: a 1 in `shape` keeps the input's dimension. */
function expand(op: OpContext, dims: Shape, shape: readonly number[] | undefined): Shape {
  if (shape !== undefined) return broadcast(op, dims, shape);
  const count = valueCount(op.input('shape'));
  return unknownDims(count === undefined ? undefined : Math.max(count, dims.length));
}

function tiled(op: OpContext, dims: Shape, multiples: readonly number[]): Shape {
  const before = multiples.length - dims.length;
  if (before < 0) op.fail(`tiles ${dims.length} dimensions by ${multiples.length} multiples.`, 'Give one multiple per dimension.');
  return multiples.map((count, i) => times(dims[i - before] ?? 1, count));
}

function times(dim: number, count: number): number {
  return dim < 0 ? UNKNOWN_DIM : dim * count;
}

function filledShape(op: OpContext): Shape {
  return op.constantInts('dims') ?? unknownDims(valueCount(op.input('dims')));
}

function paddedShape(op: OpContext, dims: Shape): Shape {
  const pads = paddings(op, dims.length);
  if (pads === undefined) return unknownDims(dims.length);
  return dims.map((dim, axis) => (dim < 0 ? UNKNOWN_DIM : dim + (pads.before[axis] as number) + (pads.after[axis] as number)));
}

/** How far each axis grows. */
export interface Paddings {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/**
 * The paddings of a Pad of any version, from its attribute or input; undefined where they are not constant.
 * PadV3 takes fewer pairs than there are axes as PyTorch gives them, for the last axis first (op_proto/pad_ops.cc).
 */
export function paddings(op: OpContext, rank: number): Paddings | undefined {
  const isD = op.node.type.endsWith('D');
  const flat = isD ? intLists(op, 'paddings').flat() : op.constantInts('paddings');
  if (flat === undefined) return undefined;
  const isV3 = op.node.type.startsWith('PadV3');
  const isShort = isV3 && flat.length < 2 * rank;
  if (flat.length !== 2 * rank && !(isShort && flat.length % 2 === 0)) {
    op.fail(`has ${flat.length} paddings for ${rank} dimensions.`, 'Give two for each dimension: before, after.');
  }
  const pairs = Array.from({ length: rank }, (_, i) => [flat[2 * i] ?? 0, flat[2 * i + 1] ?? 0] as const);
  const ordered = (isShort ? pairs.reverse() : pairs).flat();
  const isContiguous = !isV3 || op.bool('paddings_contiguous');
  const pick = (axis: number, side: 0 | 1): number => ordered[isContiguous ? 2 * axis + side : axis + side * rank] as number;
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return { before: axes.map((axis) => pick(axis, 0)), after: axes.map((axis) => pick(axis, 1)) };
}
