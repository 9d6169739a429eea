// Running sums and products along an axis, and softmax.
import { axisIndex, axisIndices, each, knownRank, knownShape } from '../../../graph/ops/shapes.js';
import type { LowerContext, Lowerings } from './context.js';
import { castTo, type Formula, formula } from './formula.js';
import { int64Input } from './shape-values.js';

export const runningLowerings: Lowerings = {
  Cumsum: (op) => cumsum(op, op.emit('Reshape', [int64Input(op, 'axis'), op.int64s([])])),
  CumsumD: (op) => cumsum(op, op.emit('Reshape', [op.int64s([op.int('axis')]), op.int64s([])])),
  ...each('Cumprod CumprodD', (op: LowerContext) => {
    const f = formula(op, 'x');
    f.finish(running(op, f, 1, (a, b) => f.call('Mul', a, b)));
  }),
  ...each('CumulativeLogsumexp CumulativeLogsumexpD', (op: LowerContext) => {
    const f = formula(op, 'x');
    f.finish(running(op, f, Number.NEGATIVE_INFINITY, (a, b) => logAddExp(f, a, b)));
  }),
  SoftmaxV2: (op) => softmax(op, 'x', false),
  LogSoftmaxV2: (op) => softmax(op, 'logits', true),
};

function cumsum(op: LowerContext, axis: string): void {
  const attrs = { exclusive: Number(op.bool('exclusive')), reverse: Number(op.bool('reverse')) };
  op.emit('CumSum', [op.value('x'), axis], attrs, [op.output()]);
}

/**
 * A running combination by doubling: after the step of 2^k each element combines 2^(k+1) of them. ONNX has only a running sum.
 * The length of the axis must be known, for the number of steps; an axis of 1000 takes 10.
 */
function running(op: LowerContext, f: Formula, neutral: number, combine: (a: string, b: string) => string): string {
  const shape = knownShape(op, 'x');
  const axis = axisIndex(op, runningAxis(op), shape.length);
  const size = shape[axis] as number;
  const isReverse = op.bool('reverse');

  /** The value moved by `by` along the axis, with the neutral element where nothing moves in. */
  const moved = (value: string, by: number): string => {
    const [start, end] = isReverse ? [by, size] : [0, size - by];
    const rest = op.emit('Slice', [value, op.int64s([start]), op.int64s([end]), op.int64s([axis])]);
    const fill = op.emit('Expand', [op.scalar(neutral, f.spec), op.int64s(shape.map((dim, i) => (i === axis ? Math.min(by, size) : dim)))]);
    return op.emit('Concat', isReverse ? [rest, fill] : [fill, rest], { axis });
  };

  let value = op.bool('exclusive') && size > 0 ? moved(f.input('x'), 1) : f.input('x');
  for (let by = 1; by < size; by *= 2) value = combine(value, moved(value, by));
  return value;
}

function runningAxis(op: LowerContext): number {
  if (op.node.type.endsWith('D')) return op.int('axis');
  const [axis, ...rest] = op.constantInts('axis') ?? op.fail('needs a Const as "axis".', 'Give the axis as a const of the graph.');
  return axis === undefined || rest.length > 0 ? op.fail('needs exactly one axis.') : axis;
}

/** log(exp(a) + exp(b)); the greater one is taken out, and −∞ adds nothing. */
function logAddExp({ call }: Formula, a: string, b: string): string {
  const high = call('Max', a, b);
  const distance = call('Sub', call('Min', a, b), high);
  const isNothing = call('Equal', high, Number.NEGATIVE_INFINITY);
  return call('Where', isNothing, high, call('Add', high, call('Log', call('Add', call('Exp', distance), 1))));
}

/** Over one axis ONNX's operator, over several the definition. */
function softmax(op: LowerContext, slot: string, isLog: boolean): void {
  const given = op.ints('axes').length === 0 ? [-1] : op.ints('axes');
  const wide = op.input(slot).dtype === op.outputSpec().dtype ? op.value(slot) : castTo(op, op.value(slot), op.outputSpec());
  if (given.length === 1) {
    op.emit(isLog ? 'LogSoftmax' : 'Softmax', [wide], { axis: given[0] }, [op.output()]);
    return;
  }
  const f = formula(op, slot);
  const axes = op.int64s(axisIndices(op, given, knownRank(op, slot).length));
  const x = f.input(slot);
  const shifted = f.call('Sub', x, f.call('ReduceMax', x, axes));
  const exponentials = f.call('Exp', shifted);
  const sum = f.call('ReduceSum', exponentials, axes);
  f.finish(isLog ? f.call('Sub', shifted, f.call('Log', sum)) : f.call('Div', exponentials, sum));
}
