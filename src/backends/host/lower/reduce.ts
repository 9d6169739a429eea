// Reductions.
import { attrAxes, reducedAxes } from '../../../graph/ops/rules/reduce.js';
import { knownRank } from '../../../graph/ops/shapes.js';
import type { LowerContext, Lowering, Lowerings } from './context.js';
import { type Formula, formula } from './formula.js';
import { onnxType } from './host-dtype.js';

export const reduceLowerings: Lowerings = {
  ReduceSum: byInput('ReduceSum'),
  ReduceSumD: byAttr('ReduceSum'),
  ReduceMean: byInput('ReduceMean'),
  ReduceMeanD: byAttr('ReduceMean'),
  ReduceMax: byInput('ReduceMax'),
  ReduceMaxD: byAttr('ReduceMax'),
  ReduceMin: byInput('ReduceMin'),
  ReduceMinD: byAttr('ReduceMin'),
  ReduceProd: byInput('ReduceProd'),
  ReduceProdD: byAttr('ReduceProd'),
  // All of them is the least of truth values, any of them the greatest.
  ReduceAll: byInput('ReduceMin'),
  ReduceAllD: byAttr('ReduceMin'),
  ReduceAny: byInput('ReduceMax'),
  ReduceAnyD: byAttr('ReduceMax'),
  ReduceLogSumExp: byInput('ReduceLogSumExp'),
  ReduceLogSum: byInput('ReduceLogSum'),
  EuclideanNorm: byInput('ReduceL2'),
  EuclideanNormD: byAttr('ReduceL2'),
  SquareSumV1: byAttr('ReduceSumSquare', 'axis'),
  L2Loss: (op) => {
    const f = formula(op, 'x');
    f.finish(f.call('Mul', f.callWith({ keepdims: 0 }, 'ReduceSumSquare', f.input('x')), 0.5));
  },
  LpNorm: (op) => lpNorm(op, op.int('p')),
  LpNormV2: (op) => lpNorm(op, op.float('p')),
  ReduceStd: (op) => {
    const f = formula(op, 'x');
    const x = f.input('x');
    const axes = op.int64s(attrAxes(op, 'dim', knownRank(op, 'x').length));
    const keepdims = Number(op.bool('keepdim'));
    f.finish(f.callWith({ keepdims }, 'ReduceMean', x, axes), 1);
    const deviation = f.call('Sub', x, f.callWith({ keepdims: 1 }, 'ReduceMean', x, axes));
    const squares = f.callWith({ keepdims }, 'ReduceSumSquare', deviation, axes);
    f.finish(f.call('Sqrt', f.call('Div', squares, sampleSize(op, f, x, axes))), 0);
  },
};

/** With the axes as input: a Const, or values of run time. */
function byInput(opType: string): Lowering {
  return (op) => {
    const axes = op.constantInts('axes');
    if (axes !== undefined) {
      reduce(op, opType, op.int64s(reducedAxes(op, axes, knownRank(op, 'x').length)), true);
    } else {
      const isNoop = op.node.type !== 'ReduceMean' || op.bool('noop_with_empty_axes');
      reduce(op, opType, op.emit('Cast', [op.value('axes')], { to: INT64 }), isNoop);
    }
  };
}

const INT64 = 7;

function byAttr(opType: string, axes = 'axes'): Lowering {
  return (op) => reduce(op, opType, op.int64s(attrAxes(op, axes, knownRank(op, 'x').length)), true);
}

function reduce(op: LowerContext, opType: string, axes: string, isNoop: boolean): void {
  const attrs = { keepdims: Number(op.bool('keep_dims')), noop_with_empty_axes: Number(isNoop) };
  const isTruth = op.outputSpec().dtype.name === 'bool';
  const x =
    isTruth && op.input('x').dtype.name !== 'bool'
      ? op.emit('Cast', [op.value('x')], { to: onnxType(op.outputSpec().dtype) })
      : op.value('x');
  op.emit(opType, [x, axes], attrs, [op.output()]);
}

/** 0 counts what is not 0; the greatest and the least integer stand for the infinities. */
function lpNorm(op: LowerContext, p: number): void {
  const f = formula(op, 'x');
  const x = f.input('x');
  const axes = op.int64s(attrAxes(op, 'axes', knownRank(op, 'x').length));
  const reduced = (opType: string, value: string): string => f.callWith({ keepdims: Number(op.bool('keepdim')) }, opType, value, axes);
  if (p === 1) f.finish(reduced('ReduceL1', x));
  else if (p === 2) f.finish(reduced('ReduceL2', x));
  else if (p >= 2147483647) f.finish(reduced('ReduceMax', f.call('Abs', x)));
  else if (p <= -2147483648) f.finish(reduced('ReduceMin', f.call('Abs', x)));
  else if (p === 0) f.finish(reduced('ReduceSum', f.call('Abs', f.call('Sign', x))));
  else f.finish(f.call('Pow', reduced('ReduceSum', f.call('Pow', f.call('Abs', x), p)), 1 / p));
}

/** How many elements each result is made of, less one when the estimate is to be unbiased; as a scalar of the formula's dtype. */
function sampleSize(op: LowerContext, f: Formula, x: string, axes: string): string {
  const sizes = op.emit('Gather', [op.emit('Shape', [x]), axes]);
  const count = op.emit('Cast', [op.emit('ReduceProd', [sizes], { keepdims: 0 })], { to: onnxType(f.spec.dtype) });
  return op.bool('unbiased') ? f.call('Sub', count, 1) : count;
}
