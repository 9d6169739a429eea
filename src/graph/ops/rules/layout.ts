// Operators that reorder or regroup dimensions and move no value out of its order of reading, or all of them: what they give.
// Semantics from GE's own inference (op_proto: array_ops.cc, transformation_ops.cc).
import { hasUnknownRank, type Shape, UNKNOWN_DIM, UNKNOWN_RANK } from '../../tensor.js';
import type { OpContext, OutputRule, OutputRules } from '../context.js';
import { dimProduct, normalAxes, shapedAs, unknownDims, valueCount } from '../shape-tools.js';
import { axisIndex } from '../shapes.js';

export const layoutRules: OutputRules = {
  Reshape: shapedAs('x', (op, dims) => {
    const shape = op.constantInts('shape');
    return shape === undefined ? unknownDims(valueCount(op.input('shape'))) : reshaped(op, dims, shape);
  }),
  Transpose: permutation((op) => op.constantInts('perm')),
  TransposeD: permutation((op) => op.ints('perm')),
  Permute: permutation((op, rank) => permuteOrder(op.ints('order'), rank)),
  Flatten: shapedAs('x', (op, dims) => {
    const axis = flattenAxis(op, dims.length);
    return [dimProduct(dims.slice(0, axis)), dimProduct(dims.slice(axis))];
  }),
  FlattenV2: shapedAs('x', (op, dims) => {
    const [first, last] = flattenRange(op, dims.length);
    return [...dims.slice(0, first), dimProduct(dims.slice(first, last + 1)), ...dims.slice(last + 1)];
  }),
  Squeeze: shapedAs('x', (op, dims) => without(dims, squeezedAxes(op, dims, op.ints('axis')))),
  SqueezeV2: shapedAs('x', (op, dims) => without(dims, squeezedAxes(op, dims, op.ints('axis')))),
  SqueezeV3: shapedAs('x', (op, dims) => {
    const axes = op.has('axes') ? op.constantInts('axes') : [];
    if (axes !== undefined) return without(dims, squeezedAxes(op, dims, axes));
    const count = valueCount(op.input('axes'));
    return unknownDims(count === undefined ? undefined : dims.length - count);
  }),
  Unsqueeze: shapedAs('x', (op, dims) => unsqueezed(op, dims, op.ints('axes'))),
  UnsqueezeV2: shapedAs('x', (op, dims) => unsqueezed(op, dims, op.ints('axis'))),
  UnsqueezeV3: shapedAs('x', (op, dims) => {
    const axes = op.constantInts('axes');
    if (axes !== undefined) return unsqueezed(op, dims, axes);
    const count = valueCount(op.input('axes'));
    return unknownDims(count === undefined ? undefined : dims.length + count);
  }),
  ExpandDims: shapedAs('x', (op, dims) => {
    const axis = op.constantInts('axis');
    return axis === undefined ? unknownDims(dims.length + 1) : unsqueezed(op, dims, axis);
  }),
  ConfusionTransposeD: shapedAs('x', (op, dims) => confused(op, dims, op.ints('shape'))),
  ConfusionTranspose: shapedAs('x', (op, dims) => {
    const shape = op.constantInts('shape');
    return shape === undefined ? unknownDims(valueCount(op.input('shape'))) : confused(op, dims, shape);
  }),
  TransData: (op) => {
    const { dtype, shape } = op.input('src');
    // The shape of a fractal layout is the device's matter; the host refuses it when it lowers the node.
    if (!isPlain(op.string('src_format')) || !isPlain(op.string('dst_format'))) {
      return [{ dtype, shape: UNKNOWN_RANK, format: op.string('dst_format') }];
    }
    const perm = transDataOrder(op);
    if (perm === undefined) return [{ dtype, shape, format: op.string('dst_format') }];
    return [{ dtype, shape: hasUnknownRank(shape) ? shape : permuted(op, shape, perm), format: op.string('dst_format') }];
  },
};

/** The letters of a format move with the axes: NCHW becomes NHWC. */
function permutation(permOf: (op: OpContext, rank: number) => readonly number[] | undefined): OutputRule {
  return (op) => {
    const { dtype, shape, format } = op.input('x');
    if (hasUnknownRank(shape)) return [{ dtype, shape }];
    const perm = permOf(op, shape.length);
    if (perm === undefined) return [{ dtype, shape: unknownDims(shape.length) }];
    const moved = format?.length === shape.length ? perm.map((axis) => format.at(axis)).join('') : undefined;
    return [{ dtype, shape: permuted(op, shape, perm), ...(moved === undefined ? {} : { format: moved }) }];
  };
}

/**
 * The shape that `Reshape` gives: −1 is the rest. 0 is a dimension of size 0, unless the node says `allowzero` 0 (GE's
 * ONNX parser does) or replaces only the axes from `axis` on (Caffe's form): then it keeps the input's dimension.
 */
export function reshaped(op: OpContext, dims: Shape, shape: readonly number[]): Shape {
  const { first, end, copiesZero } = reshapeRange(op, dims);
  const wanted = [
    ...dims.slice(0, first),
    ...shape.map((dim, i) => (dim === 0 && copiesZero ? copied(op, dims, first + i) : dim)),
    ...dims.slice(end),
  ];
  const rest = first + shape.indexOf(-1);
  if (shape.filter((dim) => dim === -1).length > 1 || shape.some((dim) => dim < -1)) {
    return op.fail(`cannot reshape to [${shape.join(', ')}].`, 'Use sizes from 0, and −1 at most once.');
  }
  const total = dimProduct(dims);
  if (!shape.includes(-1)) {
    const given = dimProduct(wanted);
    if (total >= 0 && given >= 0 && given !== total) return misfit(op, dims, wanted);
    return wanted;
  }
  const others = dimProduct(wanted.filter((_, i) => i !== rest));
  if (total < 0 || others < 0) return wanted.map((dim, i) => (i === rest ? UNKNOWN_DIM : dim));
  if (others === 0 || total % others !== 0) return misfit(op, dims, wanted);
  return wanted.map((dim, i) => (i === rest ? total / others : dim));
}

function misfit(op: OpContext, from: Shape, to: Shape): never {
  return op.fail(`cannot reshape [${from.join(', ')}] to [${to.join(', ')}]: the number of elements differs.`);
}

function copied(op: OpContext, dims: Shape, axis: number): number {
  return dims[axis] ?? op.fail(`keeps dimension ${axis} by a 0 in "shape", but its input has ${dims.length} dimensions.`);
}

/** Which axes of the input `Reshape` replaces: `first` to `end` (exclusive), and whether a 0 copies. */
export function reshapeRange(op: OpContext, dims: Shape): { readonly first: number; readonly end: number; readonly copiesZero: boolean } {
  // Only Reshape has these; ConfusionTranspose(D) shares the arithmetic and replaces all axes.
  const isReshape = op.node.type === 'Reshape';
  const axis = isReshape ? op.int('axis') : 0;
  const count = isReshape ? op.int('num_axes') : -1;
  const first = axis < 0 ? axis + dims.length + 1 : axis;
  const end = count === -1 ? dims.length : first + count;
  if (first < 0 || end < first || end > dims.length) {
    op.fail(`replaces ${count} axes from axis ${axis} on, but its input has ${dims.length} dimensions.`);
  }
  const zeroIsOne = op.given('allowzero') && op.int('allowzero') === 0;
  return { first, end, copiesZero: axis !== 0 || count !== -1 || zeroIsOne };
}

/** The input's dimensions in the order `perm`. */
export function permuted(op: OpContext, dims: Shape, perm: readonly number[]): Shape {
  if (perm.length !== dims.length) op.fail(`permutes ${perm.length} axes, but its input has ${dims.length} dimensions.`);
  return normalAxes(op, perm, dims.length, 'permuted axis').map((axis) => dims[axis] as number);
}

/** Caffe's Permute: axes that `order` leaves out follow in their own order. */
export function permuteOrder(order: readonly number[], rank: number): readonly number[] {
  return [...order, ...Array.from({ length: rank }, (_, i) => i).filter((axis) => !order.includes(axis))];
}

/** `axis` of Flatten, from 0 to the rank itself. */
export function flattenAxis(op: OpContext, rank: number): number {
  const axis = op.int('axis');
  return axis === rank ? rank : axisIndex(op, axis, Math.max(rank, 1));
}

/** First and last axis that FlattenV2 merges. */
export function flattenRange(op: OpContext, rank: number): readonly [number, number] {
  const first = axisIndex(op, op.int('axis'), rank);
  const last = axisIndex(op, op.int('end_axis'), rank, 'end_axis');
  return first <= last ? [first, last] : op.fail(`flattens from axis ${first} to axis ${last}.`, 'Let "axis" come first.');
}

/** The axes that a Squeeze removes: the given ones, or, where none is given, all that are known to be 1. */
export function squeezedAxes(op: OpContext, dims: Shape, given: readonly number[]): readonly number[] {
  if (given.length === 0) return dims.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
  const axes = normalAxes(op, given, dims.length);
  const wide = axes.find((axis) => (dims[axis] as number) > 1);
  return wide === undefined ? axes : op.fail(`cannot remove axis ${wide} of [${dims.join(', ')}]: its size is not 1.`);
}

function without(dims: Shape, axes: readonly number[]): Shape {
  return dims.filter((_, axis) => !axes.includes(axis));
}

function unsqueezed(op: OpContext, dims: Shape, given: readonly number[]): Shape {
  const axes = normalAxes(op, given, dims.length + given.length);
  const rest = dims.values();
  return Array.from({ length: dims.length + axes.length }, (_, i) => (axes.includes(i) ? 1 : (rest.next().value as number)));
}

function confused(op: OpContext, dims: Shape, shape: readonly number[]): Shape {
  const perm = op.ints('perm');
  return op.bool('transpose_first') ? reshaped(op, permuted(op, dims, perm), shape) : permuted(op, reshaped(op, dims, shape), perm);
}

/**
 * The permutation of a TransData between two plain layouts, undefined where it changes nothing but the name (ND to
 * NCHW). A fractal layout fails: the host keeps every tensor in its plain layout.
 */
export function transDataOrder(op: OpContext): readonly number[] | undefined {
  const [from, to] = [op.string('src_format'), op.string('dst_format')];
  if (from === to || from === 'ND' || to === 'ND') return isPlain(from) && isPlain(to) ? undefined : fractal(op, from, to);
  if (!isPlain(from) || !isPlain(to) || [...from].sort().join() !== [...to].sort().join()) return fractal(op, from, to);
  return [...to].map((letter) => from.indexOf(letter));
}

function isPlain(format: string): boolean {
  return /^(ND|[NCDHW]{3,5})$/.test(format);
}

function fractal(op: OpContext, from: string, to: string): never {
  return op.fail(`turns ${from} into ${to}, which only the device does.`, 'Leave it out: Graph Engine adds it where it needs it.');
}
