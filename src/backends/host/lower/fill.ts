// Operators that repeat, pad or fill: how ONNX says them.
import { paddings } from '../../../graph/ops/rules/fill.js';
import { axisIndex, bounded, knownRank } from '../../../graph/ops/shapes.js';
import type { LowerContext, Lowering, Lowerings } from './context.js';
import { int64Input } from './shape-values.js';

export const fillLowerings: Lowerings = {
  BroadcastTo: (op) => expand(op, broadcastShape(op, op.constantInts('shape'))),
  BroadcastToD: (op) => expand(op, broadcastShape(op, op.ints('shape'))),
  Expand: (op) => expand(op, int64Input(op, 'shape')),
  ExpandD: (op) => expand(op, op.int64s(op.ints('shape'))),
  Tile: (op) => {
    const multiples = op.constantInts('multiples');
    if (multiples !== undefined) tile(op, multiples);
    else op.emit('Tile', [op.value('x'), int64Input(op, 'multiples')], {}, [op.output()]);
  },
  TileD: (op) => tile(op, op.ints('multiples')),
  TileWithAxis: (op) => {
    const rank = knownRank(op, 'x').length;
    const axis = axisIndex(op, op.int('axis'), rank);
    tile(op, new Array<number>(rank).fill(1).with(axis, op.int('tiles')));
  },
  Fill: (op) => {
    op.emit('Expand', [scalarOf(op, 'value'), int64Input(op, 'dims')], {}, [op.output()]);
  },
  FillD: (op) => {
    op.emit('Expand', [scalarOf(op, 'value'), op.int64s(op.ints('dims'))], {}, [op.output()]);
  },
  FillV2: (op) => {
    op.emit('Expand', [op.scalar(op.float('value'), op.outputSpec()), int64Input(op, 'dims')], {}, [op.output()]);
  },
  FillV2D: (op) => {
    op.emit('Expand', [op.scalar(op.float('value'), op.outputSpec()), op.int64s(op.ints('dims'))], {}, [op.output()]);
  },
  Fills: (op) => fillLike(op, op.float('value')),
  ZerosLike: (op) => fillLike(op, 0),
  OnesLike: (op) => fillLike(op, 1),
  Pad: pad('constant'),
  PadD: pad('constant'),
  PadV2: pad('constant'),
  PadV2D: pad('constant'),
  PadV3: (op) => pad(op.string('mode'))(op),
  PadV3D: (op) => pad(op.string('mode'))(op),
  MirrorPad: (op) => pad(op.string('mode').toLowerCase())(op),
};

function expand(op: LowerContext, shape: string): void {
  op.emit('Expand', [op.value('x'), shape], {}, [op.output()]);
}

/** −1 keeps the input's dimension, which is what a 1 does in ONNX. */
function broadcastShape(op: LowerContext, shape: readonly number[] | undefined): string {
  if (shape === undefined) return int64Input(op, 'shape');
  return op.int64s(shape.map((size) => (size === -1 ? 1 : size)));
}

/** More multiples than dimensions: ONNX wants the dimensions to be there. */
function tile(op: LowerContext, multiples: readonly number[]): void {
  const added = multiples.length - knownRank(op, 'x').length;
  const axes = Array.from({ length: added }, (_, axis) => axis);
  const x = added > 0 ? op.emit('Unsqueeze', [op.value('x'), op.int64s(axes)]) : op.value('x');
  op.emit('Tile', [x, op.int64s(multiples)], {}, [op.output()]);
}

/** The value of an input of one element, as a scalar whatever its rank. */
export function scalarOf(op: LowerContext, input: string): string {
  return op.input(input).shape.length === 0 ? op.value(input) : op.emit('Reshape', [op.value(input), op.int64s([])]);
}

function fillLike(op: LowerContext, value: number): void {
  const x = op.input('x');
  const isWhole = !x.dtype.name.includes('float');
  // A value given as a float becomes an element as by a Cast.
  const element = x.dtype.name === 'bool' ? Number(value !== 0) : isWhole ? Math.trunc(value) : value;
  op.emit('Expand', [op.scalar(element, x), op.emit('Shape', [op.value('x')])], {}, [op.output()]);
}

function pad(mode: string): Lowering {
  return (op) => {
    const rank = knownRank(op, 'x').length;
    const known = paddings(op, rank);
    if (mode === 'symmetric') return padSymmetric(op);
    const onnxMode = ONNX_MODES[mode] ?? op.fail(`pads by the mode "${mode}".`, `Use ${Object.keys(ONNX_MODES).join(', ')} or symmetric.`);
    const pads = known === undefined ? runtimePads(op) : op.int64s([...known.before, ...known.after]);
    const value = mode === 'constant' ? [padValue(op)] : [];
    op.emit('Pad', [op.value('x'), pads, ...value], { mode: onnxMode }, [op.output()]);
  };
}

const ONNX_MODES: Readonly<Record<string, string>> = { constant: 'constant', reflect: 'reflect', edge: 'edge', circular: 'wrap' };

function padValue(op: LowerContext): string {
  if (op.node.type === 'PadV3D') return op.scalar(op.int('constant_values'), op.input('x'));
  return op.has('constant_values') ? scalarOf(op, 'constant_values') : op.scalar(0, op.input('x'));
}

/** Pairs [rank, 2] as ONNX's list of all befores, then all afters. */
function runtimePads(op: LowerContext): string {
  if (op.node.type === 'PadV3') op.fail('has paddings that are computed when it runs, which the host cannot do.', 'Make them a const.');
  const pairs = op.emit('Reshape', [int64Input(op, 'paddings'), op.int64s([-1, 2])]);
  return op.emit('Reshape', [op.emit('Transpose', [pairs], { perm: [1, 0] }), op.int64s([-1])]);
}

/** Mirrors that repeat the border element, which ONNX's Pad cannot: one Gather per padded axis. */
function padSymmetric(op: LowerContext): void {
  const dims = knownRank(op, 'x');
  const pads = paddings(op, dims.length) ?? op.fail('has paddings that are computed when it runs.', 'Make them a const.');
  const padded = dims.flatMap((_, axis) => ((pads.before[axis] as number) + (pads.after[axis] as number) === 0 ? [] : [axis]));
  if (padded.length === 0) op.emit('Identity', [op.value('x')], {}, [op.output()]);
  padded.reduce((value, axis, i) => {
    const dim = dims[axis] as number;
    const [before, after] = [pads.before[axis] as number, pads.after[axis] as number];
    if (dim < 0) op.fail(`mirrors axis ${axis}, whose size is not known.`, 'Give the shape of its input.');
    if (before > dim || after > dim) op.fail(`mirrors ${Math.max(before, after)} elements of an axis of ${dim}.`);
    const mirrored = (position: number): number => (position < 0 ? -1 - position : position < dim ? position : 2 * dim - 1 - position);
    const indices = Array.from({ length: bounded(op, before + dim + after, 'elements along an axis', 1 << 24) }, (_, j) =>
      mirrored(j - before),
    );
    return op.emit('Gather', [value, op.int64s(indices)], { axis }, i === padded.length - 1 ? [op.output()] : undefined);
  }, op.value('x'));
}
