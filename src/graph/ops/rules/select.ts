// Operators that choose between elements by a condition: what they give.
import { dtype } from '../../dtype.js';
import { hasUnknownRank, type Shape, UNKNOWN_DIM, UNKNOWN_RANK } from '../../tensor.js';
import type { OpContext, OutputRules } from '../context.js';
import { broadcast } from '../shape-tools.js';
import { axisIndex } from '../shapes.js';

export const selectRules: OutputRules = {
  Select: (op) => [{ dtype: sameDType(op, 'x1', 'x2'), shape: selected(op) }],
  SelectV2: (op) => {
    const branches = broadcast(op, op.input('then').shape, op.input('else').shape);
    return [{ dtype: sameDType(op, 'then', 'else'), shape: broadcast(op, branches, op.input('condition').shape) }];
  },
  MaskedFill: (op) => [{ dtype: op.input('x').dtype, shape: broadcast(op, op.input('x').shape, op.input('mask').shape) }],
  MaskedSelect: (op) => [{ dtype: op.input('x').dtype, shape: [UNKNOWN_DIM] }],
  Where: (op) => [{ dtype: dtype('int64'), shape: positions(op.input('x').shape, false) }],
  NonZero: (op) => [{ dtype: op.dtype('dtype'), shape: positions(op.input('x').shape, op.bool('transpose')) }],
  OneHot: (op) => [{ dtype: sameDType(op, 'on_value', 'off_value'), shape: oneHot(op, op.constantInts('depth')?.[0]) }],
  OneHotD: (op) => [{ dtype: sameDType(op, 'on_value', 'off_value'), shape: oneHot(op, op.int('depth')) }],
};

function sameDType(op: OpContext, a: string, b: string): ReturnType<OpContext['dtype']> {
  const [first, second] = [op.input(a).dtype, op.input(b).dtype];
  return first === second ? first : op.fail(`has ${first.name} as "${a}" and ${second.name} as "${b}".`, 'Cast them to one dtype.');
}

/** Select does not broadcast: its condition is of the same shape, a scalar, or a list that chooses whole rows. */
function selected(op: OpContext): Shape {
  const [condition, x1, x2] = [op.input('condition').shape, op.input('x1').shape, op.input('x2').shape];
  const shape = hasUnknownRank(x1) ? x2 : x1;
  if (hasUnknownRank(shape) || hasUnknownRank(condition)) return shape;
  const isRows = condition.length === 1 && shape.length > 0;
  const fits = condition.length === 0 || isRows || condition.length === shape.length;
  if (!fits) op.fail(`selects from [${shape.join(', ')}] by a condition of [${condition.join(', ')}].`, 'Use SelectV2, which broadcasts.');
  return shape;
}

/** Index tuples as rows, or as columns. */
function positions(dims: Shape, isTransposed: boolean): Shape {
  if (hasUnknownRank(dims)) return [UNKNOWN_DIM, UNKNOWN_DIM];
  return isTransposed ? [dims.length, UNKNOWN_DIM] : [UNKNOWN_DIM, dims.length];
}

function oneHot(op: OpContext, depth: number | undefined): Shape {
  const { shape } = op.input('x');
  if (hasUnknownRank(shape)) return UNKNOWN_RANK;
  return shape.toSpliced(oneHotAxis(op, shape.length), 0, depth ?? UNKNOWN_DIM);
}

/** Where the new axis goes; −1 is the last, and no other negative axis is taken. */
export function oneHotAxis(op: OpContext, rank: number): number {
  const axis = op.int('axis');
  if (axis < -1) op.fail(`has the axis ${axis}.`, `Use -1 to ${rank}.`);
  return axisIndex(op, axis, rank + 1);
}
