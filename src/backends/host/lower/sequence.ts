// Operators that make sequences and matrices, and those that tell a shape: how ONNX says them.
import { type DType, dtype } from '../../../graph/dtype.js';
import { eyeColumns } from '../../../graph/ops/rules/sequence.js';
import { knownRank } from '../../../graph/ops/shapes.js';
import type { LowerContext, Lowerings } from './context.js';
import { scalarOf } from './fill.js';
import { constantAxis } from './join.js';
import { cast, int64Input, onnxNumber } from './shape-values.js';

const [INT64, FLOAT64] = [dtype('int64'), dtype('float64')];

export const sequenceLowerings: Lowerings = {
  Range: (op) => {
    const given = op.input('start').dtype;
    const bounds = ['start', 'limit', 'delta'].map((input) => scalarOf(op, input));
    if (op.bool('is_closed')) closedRange(op, given, bounds as [string, string, string]);
    else op.emit('Range', bounds, {}, [op.output()]);
  },
  LinSpace: lowerLinSpace,
  Shape: (op) => cast(op, op.emit('Shape', [op.value('x')]), INT64, op.outputSpec().dtype, [op.output()]),
  ShapeN: (op) => {
    op.values('x').forEach((value, i) => {
      cast(op, op.emit('Shape', [value]), INT64, op.outputSpec(i).dtype, [op.output(i)]);
    });
  },
  Size: (op) => cast(op, op.emit('Size', [op.value('x')]), INT64, op.outputSpec().dtype, [op.output()]),
  Rank: (op) => {
    op.emit('Identity', [op.scalar(knownRank(op, 'x').length, op.outputSpec())], {}, [op.output()]);
  },
  Eye: (op) => {
    const size = op.int64s([op.int('num_rows'), eyeColumns(op)]);
    const { dtype: to } = op.outputSpec();
    const zeros = op.emit('Expand', [op.scalar(0, { dtype: dtype('float32'), shape: [] }), size]);
    const batch = op.ints('batch_shape');
    const one = cast(op, op.emit('EyeLike', [zeros], { dtype: onnxNumber(op, dtype('float32')) }), dtype('float32'), to);
    op.emit('Expand', [one, op.int64s([...batch, 1, 1])], {}, [op.output()]);
  },
  Tril: (op) => triangle(op, 0, op.int('diagonal')),
  Triu: (op) => triangle(op, 1, op.int('diagonal')),
  MatrixBandPart: (op) => {
    const [lower, upper] = [constantAxis(op, 'num_lower'), constantAxis(op, 'num_upper')];
    const x = op.value('x');
    const below = lower < 0 ? x : op.emit('Trilu', [x, scalarInt64(op, -lower)], { upper: 1 });
    if (upper < 0) op.emit('Identity', [below], {}, [op.output()]);
    else op.emit('Trilu', [below, scalarInt64(op, upper)], { upper: 0 }, [op.output()]);
  },
};

function scalarInt64(op: LowerContext, value: number): string {
  return op.scalar(value, { dtype: INT64, shape: [] });
}

/** The end belongs to the sequence, if it is met: ⌊(limit − start) / delta⌋ + 1 elements. */
function closedRange(op: LowerContext, given: DType, [start, limit, delta]: readonly [string, string, string]): void {
  const [a, b, d] = [start, limit, delta].map((value) => cast(op, value, given, FLOAT64)) as [string, string, string];
  const steps = op.emit('Floor', [op.emit('Div', [op.emit('Sub', [b, a]), d])]);
  const count = op.emit('Add', [cast(op, steps, FLOAT64, INT64), scalarInt64(op, 1)]);
  const positions = cast(op, op.emit('Range', [scalarInt64(op, 0), count, scalarInt64(op, 1)]), INT64, FLOAT64);
  cast(op, op.emit('Add', [op.emit('Mul', [positions, d]), a]), FLOAT64, given, [op.output()]);
}

function lowerLinSpace(op: LowerContext): void {
  const given = op.input('start').dtype;
  const [start, stop] = ['start', 'stop'].map((input) => cast(op, scalarOf(op, input), given, FLOAT64)) as [string, string];
  const count = op.emit('Squeeze', [int64Input(op, 'num')]);
  // One element alone is the start; then there is no step to divide by.
  const gaps = op.emit('Max', [op.emit('Sub', [count, scalarInt64(op, 1)]), scalarInt64(op, 1)]);
  const step = op.emit('Div', [op.emit('Sub', [stop, start]), cast(op, gaps, INT64, FLOAT64)]);
  const positions = cast(op, op.emit('Range', [scalarInt64(op, 0), count, scalarInt64(op, 1)]), INT64, FLOAT64);
  cast(op, op.emit('Add', [op.emit('Mul', [positions, step]), start]), FLOAT64, given, [op.output()]);
}

function triangle(op: LowerContext, upper: number, diagonal: number): void {
  op.emit('Trilu', [op.value('x'), scalarInt64(op, diagonal)], { upper }, [op.output()]);
}
