// Reductions, running sums and products, softmax.
import { dtype } from '../../dtype.js';
import { elementCount, hasUnknownRank, isStatic, type Shape, type TensorSpec, UNKNOWN_RANK } from '../../tensor.js';
import type { OpContext, OutputRule, OutputRules } from '../context.js';
import { axisIndex, axisIndices, checkIntegers, each, reducedShape } from '../shapes.js';

const bool = dtype('bool');
const float32 = dtype('float32');
const float16 = dtype('float16');

const BY_INPUT = 'ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceLogSumExp ReduceLogSum EuclideanNorm';
const BY_ATTR = 'ReduceSumD ReduceMeanD ReduceMaxD ReduceMinD ReduceProdD EuclideanNormD';

export const reduceRules: OutputRules = {
  ...each(BY_INPUT, byInput()),
  ...each('ReduceAll ReduceAny', byInput(bool)),
  ...each(BY_ATTR, byAttr('axes', 'keep_dims')),
  ...each('ReduceAllD ReduceAnyD', byAttr('axes', 'keep_dims', bool)),
  ...each('LpNorm LpNormV2', byAttr('axes', 'keepdim')),
  SquareSumV1: byAttr('axis', 'keep_dims'),
  ReduceStd: (op) => {
    const rule = byAttr('dim', 'keepdim');
    return [...rule(op), ...rule(op)];
  },
  L2Loss: (op) => [{ dtype: op.input('x').dtype, shape: [] }],
  ...each('Cumsum Cumprod CumulativeLogsumexp', (op) => {
    checkIntegers(op, 'axis');
    const spec = op.input('x');
    const axes = op.constantInts('axis');
    if (axes !== undefined && axes.length !== 1) op.fail(`has ${axes.length} values as axis.`, 'Give exactly one.');
    if (!hasUnknownRank(spec.shape)) axisIndices(op, axes ?? [], spec.shape.length);
    return [spec];
  }),
  ...each('CumsumD CumprodD CumulativeLogsumexpD', (op) => {
    const spec = op.input('x');
    if (!hasUnknownRank(spec.shape)) axisIndex(op, op.int('axis'), spec.shape.length);
    return [spec];
  }),
  SoftmaxV2: (op) => {
    checkAxes(op, 'x');
    const { dtype: row, shape } = op.input('x');
    return [{ dtype: op.bool('half_to_float') && row === float16 ? float32 : row, shape }];
  },
  LogSoftmaxV2: (op) => {
    checkAxes(op, 'logits');
    return [op.input('logits')];
  },
};

function checkAxes(op: OpContext, slot: string): void {
  const { shape } = op.input(slot);
  if (!hasUnknownRank(shape)) axisIndices(op, op.ints('axes'), shape.length);
}

/** Over the axes in the input `axes`; with none of them nothing is reduced, unless ReduceMean's attribute says so. */
function byInput(result?: TensorSpec['dtype']): OutputRule {
  return (op) => {
    checkIntegers(op, 'axes');
    const { dtype: row, shape } = op.input('x');
    return [{ dtype: result ?? row, shape: shapeByInput(op, shape) }];
  };
}

function shapeByInput(op: OpContext, shape: Shape): Shape {
  if (hasUnknownRank(shape)) return UNKNOWN_RANK;
  const axes = op.constantInts('axes');
  if (axes !== undefined) return reducedShape(shape, reducedAxes(op, axes, shape.length), op.bool('keep_dims'));
  if (op.bool('keep_dims')) return shape.map(() => -1);
  // How many axes go is known from the shape of `axes`, as long as none is named twice; an empty list is a case of its own.
  const { shape: axesShape } = op.input('axes');
  const count = isStatic(axesShape) && !hasUnknownRank(axesShape) ? elementCount(axesShape) : 0;
  return count === 1 ? shape.slice(1).map(() => -1) : UNKNOWN_RANK;
}

/** Indices of the axes that a reduction with its axes as input goes over. */
export function reducedAxes(op: OpContext, axes: readonly number[], rank: number): readonly number[] {
  const isReducedByNone = op.node.type === 'ReduceMean' && !op.bool('noop_with_empty_axes');
  return axes.length === 0 && isReducedByNone ? Array.from({ length: rank }, (_, i) => i) : axisIndices(op, axes, rank);
}

/** Over the axes in an attribute; with none of them over all, unless ReduceMeanD's attribute says otherwise. */
function byAttr(axes: string, keepDims: string, result?: TensorSpec['dtype']): OutputRule {
  return (op) => {
    const { dtype: row, shape } = op.input('x');
    if (hasUnknownRank(shape)) return [{ dtype: result ?? row, shape }];
    return [{ dtype: result ?? row, shape: reducedShape(shape, attrAxes(op, axes, shape.length), op.bool(keepDims)) }];
  };
}

/** Indices of the axes that a reduction with its axes as attribute goes over. */
export function attrAxes(op: OpContext, attr: string, rank: number): readonly number[] {
  const axes = op.ints(attr);
  const isNoop = op.node.type === 'ReduceMeanD' && op.bool('noop_with_empty_axes');
  return axes.length === 0 && !isNoop ? Array.from({ length: rank }, (_, i) => i) : axisIndices(op, axes, rank);
}
