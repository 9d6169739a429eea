// Operators that choose between elements by a condition: how ONNX says them.
import { type DType, dtype } from '../../../graph/dtype.js';
import { oneHotAxis } from '../../../graph/ops/rules/select.js';
import { knownRank } from '../../../graph/ops/shapes.js';
import { hasUnknownRank } from '../../../graph/tensor.js';
import type { LowerContext, Lowerings } from './context.js';
import { scalarOf } from './fill.js';
import { cast, int64Input } from './shape-values.js';

const [BOOL, INT64] = [dtype('bool'), dtype('int64')];

export const selectLowerings: Lowerings = {
  Select: (op) => where(op, rowCondition(op), op.value('x1'), op.value('x2')),
  SelectV2: (op) => where(op, op.value('condition'), op.value('then'), op.value('else')),
  MaskedFill: (op) => where(op, op.value('mask'), scalarOf(op, 'value'), op.value('x')),
  MaskedSelect: (op) => {
    const [x, mask] = [op.value('x'), op.value('mask')];
    // Both as large as they are together: what they broadcast to.
    const flags = op.emit('Expand', [mask, op.emit('Shape', [x])]);
    const values = op.emit('Expand', [x, op.emit('Shape', [mask])]);
    const positions = op.emit('Transpose', [op.emit('NonZero', [flags])], { perm: [1, 0] });
    op.emit('GatherND', [values, positions], {}, [op.output()]);
  },
  Where: (op) => nonZero(op, false, INT64),
  NonZero: (op) => nonZero(op, op.bool('transpose'), op.outputSpec().dtype),
  OneHot: (op) => {
    const depth = op.emit('Squeeze', [int64Input(op, 'depth')]);
    oneHot(op, depth);
  },
  OneHotD: (op) => oneHot(op, op.scalar(op.int('depth'), { dtype: INT64, shape: [] })),
};

function where(op: LowerContext, condition: string, yes: string, no: string): void {
  op.emit('Where', [condition, yes, no], {}, [op.output()]);
}

/** A list of conditions chooses rows: it stands along the first axis, not along the last as in broadcasting. */
function rowCondition(op: LowerContext): string {
  const condition = op.value('condition');
  const { shape } = op.input('x1');
  if (knownRank(op, 'condition').length !== 1 || hasUnknownRank(shape) || shape.length < 2) return condition;
  return op.emit('Unsqueeze', [condition, op.int64s(shape.slice(1).map((_, i) => i + 1))]);
}

function nonZero(op: LowerContext, isTransposed: boolean, to: DType): void {
  const x = cast(op, op.value('x'), op.input('x').dtype, BOOL);
  const columns = op.emit('NonZero', [x]);
  const rows = isTransposed ? columns : op.emit('Transpose', [columns], { perm: [1, 0] });
  cast(op, rows, INT64, to, [op.output()]);
}

/** ONNX's OneHot counts negative indices from the end; GE gives them no place. So: where the index equals the position. */
function oneHot(op: LowerContext, depth: string): void {
  const rank = knownRank(op, 'x').length;
  const axis = oneHotAxis(op, rank);
  const like = { dtype: INT64, shape: [] };
  const positions = op.emit('Range', [op.scalar(0, like), depth, op.scalar(1, like)]);
  const along = new Array<number>(rank + 1).fill(1).with(axis, -1);
  const indices = op.emit('Unsqueeze', [cast(op, op.value('x'), op.input('x').dtype, INT64), op.int64s([axis])]);
  const isHot = op.emit('Equal', [indices, op.emit('Reshape', [positions, op.int64s(along)])]);
  where(op, isHot, scalarOf(op, 'on_value'), scalarOf(op, 'off_value'));
}
