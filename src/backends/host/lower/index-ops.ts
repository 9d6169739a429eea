// Operators that give positions, and those that reorder by position: how ONNX says them.
import { type DType, dtype } from '../../../graph/dtype.js';
import { dimProduct, normalAxes } from '../../../graph/ops/shape-tools.js';
import { axisIndex, knownRank } from '../../../graph/ops/shapes.js';
import { FAR } from '../../../graph/ops/strided-slice.js';
import { isStatic } from '../../../graph/tensor.js';
import type { LowerContext, Lowering, Lowerings } from './context.js';
import { constantAxis } from './join.js';
import { cast, dimValue, extents, int64Input, reshape } from './shape-values.js';

const INT64 = dtype('int64');

export const indexLowerings: Lowerings = {
  ArgMaxV2: (op) => argExtreme(op, 'ArgMax', constantAxis(op, 'dimension')),
  ArgMaxD: (op) => argExtreme(op, 'ArgMax', op.int('dimension')),
  ArgMin: (op) => argExtreme(op, 'ArgMin', constantAxis(op, 'dimension')),
  ArgMinD: (op) => argExtreme(op, 'ArgMin', op.int('dimension')),
  ArgMaxWithValue: argWithValue('ArgMax'),
  ArgMinWithValue: argWithValue('ArgMin'),
  TopK: (op) => topK(op, int64Input(op, 'k')),
  TopKV2: (op) => topK(op, int64Input(op, 'k')),
  TopKV2D: (op) => topK(op, int64Input(op, 'k')),
  TopKD: (op) => topK(op, op.int64s([op.int('k')])),
  Sort: (op) => sort(op, [op.output(0), op.output(1)]),
  SortV2: (op) => sort(op, [op.output(0), undefined]),
  ReverseV2: (op) => {
    const axes = op.constantInts('axis') ?? op.fail('needs a Const as "axis".', 'Make it a const of the graph.');
    reverse(op, axes);
  },
  ReverseV2D: (op) => reverse(op, op.ints('axis')),
  ReverseSequence: (op) => {
    const rank = knownRank(op, 'x').length;
    const [time, batch] = [axisIndex(op, op.int('seq_dim'), rank, 'seq_dim'), axisIndex(op, op.int('batch_dim'), rank, 'batch_dim')];
    if (time + batch !== 1)
      op.fail(`reverses axis ${time} by batches of axis ${batch}, which the host cannot do.`, 'Use the axes 0 and 1.');
    const lengths = cast(op, op.value('seq_lengths'), op.input('seq_lengths').dtype, INT64);
    op.emit('ReverseSequence', [op.value('x'), lengths], { time_axis: time, batch_axis: batch }, [op.output()]);
  },
  Roll: lowerRoll,
  ShuffleChannel: (op) => {
    const dims = extents(op, 'x');
    const [group, channels] = [op.int('group'), knownRank(op, 'x')[1] ?? 0];
    if (group < 1 || channels < 1 || channels % group !== 0) op.fail(`shuffles ${channels} channels in ${group} groups.`);
    const rest = dims.slice(2).map((_, i) => i + 3);
    const grouped = reshape(op, op.value('x'), [...dims.slice(0, 1), group, channels / group, ...dims.slice(2)]);
    reshape(op, op.emit('Transpose', [grouped], { perm: [0, 2, 1, ...rest] }), dims, [op.output()]);
  },
  InvertPermutation: (op) => {
    const x = op.input('x');
    const count = op.emit('Squeeze', [dimValue(op, op.value('x'), 0)]);
    const positions = op.emit('Range', [op.scalar(0, { dtype: INT64, shape: [] }), count, op.scalar(1, { dtype: INT64, shape: [] })]);
    const values = cast(op, positions, INT64, x.dtype);
    op.emit('ScatterElements', [op.value('x'), op.value('x'), values], { axis: 0 }, [op.output()]);
  },
};

/** Ties go to the first element on both sides. */
function argExtreme(op: LowerContext, type: string, axis: number): void {
  emitArg(op, type, axis, 0, op.outputSpec().dtype, op.output());
}

function emitArg(op: LowerContext, type: string, axis: number, keepdims: number, to: DType, output: string): void {
  if (to === INT64) op.emit(type, [op.value('x')], { axis, keepdims }, [output]);
  else cast(op, op.emit(type, [op.value('x')], { axis, keepdims }), INT64, to, [output]);
}

function argWithValue(type: string): Lowering {
  return (op) => {
    const axis = op.int('dimension');
    const keepdims = op.bool('keep_dims') ? 1 : 0;
    emitArg(op, type, axis, keepdims, op.outputSpec(0).dtype, op.output(0));
    const reduce = type === 'ArgMax' ? 'ReduceMax' : 'ReduceMin';
    op.emit(reduce, [op.value('x'), op.int64s([axis])], { keepdims }, [op.output(1)]);
  };
}

function topK(op: LowerContext, count: string): void {
  const attrs = { axis: op.int('dim'), largest: op.bool('largest') ? 1 : 0, sorted: op.bool('sorted') ? 1 : 0 };
  emitTopK(op, count, attrs, [op.output(0), op.output(1)]);
}

function sort(op: LowerContext, outputs: readonly [string, string | undefined]): void {
  const axis = axisIndex(op, op.int('axis'), knownRank(op, 'x').length);
  // A full TopK is a stable sort: equal elements keep their order.
  emitTopK(op, dimValue(op, op.value('x'), axis), { axis, largest: op.bool('descending') ? 1 : 0, sorted: 1 }, outputs);
}

function emitTopK(
  op: LowerContext,
  count: string,
  attrs: Readonly<Record<string, number>>,
  [values, indices]: readonly [string, string | undefined],
): void {
  const positions = op.fresh();
  const { dtype: row, shape } = op.outputSpec();
  if (op.input('x').shape.includes(0) && isStatic(shape)) {
    // ONNX Runtime divides by the number of rows and ends the process when there are none.
    op.emit('Expand', [op.scalar(0, { dtype: row, shape: [] }), op.int64s(shape)], {}, [values]);
    if (indices !== undefined) op.emit('Expand', [op.scalar(0, { dtype: dtype('int32'), shape: [] }), op.int64s(shape)], {}, [indices]);
    return;
  }
  op.emit('TopK', [op.value('x'), count], attrs, [values, positions]);
  if (indices !== undefined) cast(op, positions, INT64, dtype('int32'), [indices]);
}

function reverse(op: LowerContext, given: readonly number[]): void {
  const axes = normalAxes(op, given, knownRank(op, 'x').length);
  if (axes.length === 0) {
    op.emit('Identity', [op.value('x')], {}, [op.output()]);
    return;
  }
  const all = (value: number): string => op.int64s(axes.map(() => value));
  op.emit('Slice', [op.value('x'), all(-1), all(-FAR), op.int64s(axes), all(-1)], {}, [op.output()]);
}

/** Without dims the tensor is rolled as one list. */
function lowerRoll(op: LowerContext): void {
  const dims = knownRank(op, 'x');
  const [shifts, given] = [op.ints('shifts'), op.ints('dims')];
  if (given.length === 0) {
    const flat = reshape(op, op.value('x'), [-1]);
    const rolled = rollAxis(op, flat, 0, shifts[0] ?? 0, dimProduct(dims));
    reshape(op, rolled, extents(op, 'x'), [op.output()]);
    return;
  }
  const axes = given.map((axis) => axisIndex(op, axis, dims.length, 'dim'));
  if (axes.length !== shifts.length) op.fail(`rolls ${axes.length} axes by ${shifts.length} shifts.`);
  const last = axes.reduce((value, axis, i) => rollAxis(op, value, axis, shifts[i] as number, dims[axis] as number), op.value('x'));
  op.emit('Identity', [last], {}, [op.output()]);
}

function rollAxis(op: LowerContext, value: string, axis: number, shift: number, size: number): string {
  if (size < 0) op.fail(`rolls axis ${axis}, whose size is not known.`, 'Give the shape of its input.');
  const by = size === 0 ? 0 : ((shift % size) + size) % size;
  if (by === 0) return value;
  const at = op.int64s([axis]);
  const tail = op.emit('Slice', [value, op.int64s([size - by]), op.int64s([size]), at]);
  const head = op.emit('Slice', [value, op.int64s([0]), op.int64s([size - by]), at]);
  return op.emit('Concat', [tail, head], { axis });
}
