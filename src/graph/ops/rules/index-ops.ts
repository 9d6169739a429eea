// Operators that give positions: the largest element, the k largest, an order; and those that reorder by position. What they give.
import { type DType, dtype } from '../../dtype.js';
import { hasUnknownRank, type Shape, type TensorSpec, UNKNOWN_DIM, UNKNOWN_RANK } from '../../tensor.js';
import type { OpContext, OutputRule, OutputRules } from '../context.js';
import { normalAxes, resizedAs } from '../shape-tools.js';
import { axisIndex } from '../shapes.js';

const INT32 = dtype('int32');

const sameAsX = resizedAs('x', (_, dims) => dims);

export const indexRules: OutputRules = {
  ArgMaxV2: argRule(byDimension, (op) => op.dtype('dtype')),
  ArgMin: argRule(byDimension, (op) => op.dtype('dtype')),
  // The forms with an attribute give int32 whatever `dtype` says (op_proto/elewise_calculation_ops.cc).
  ArgMaxD: argRule(
    (op) => op.int('dimension'),
    () => INT32,
  ),
  ArgMinD: argRule(
    (op) => op.int('dimension'),
    () => INT32,
  ),
  ArgMaxWithValue: argWithValue,
  ArgMinWithValue: argWithValue,
  TopK: topK((op) => op.constantInts('k')?.[0]),
  TopKV2: topK((op) => op.constantInts('k')?.[0]),
  TopKV2D: topK((op) => op.constantInts('k')?.[0]),
  TopKD: topK((op) => op.int('k')),
  Sort: (op) => {
    const x = checkedAxis(op);
    return [x, { dtype: INT32, shape: x.shape }];
  },
  SortV2: (op) => [checkedAxis(op)],
  ReverseV2: resizedAs('x', (op, dims) => {
    const axes = op.constantInts('axis');
    if (axes !== undefined) normalAxes(op, axes, dims.length);
    return dims;
  }),
  ReverseV2D: resizedAs('x', (op, dims) => {
    normalAxes(op, op.ints('axis'), dims.length);
    return dims;
  }),
  ReverseSequence: sameAsX,
  Roll: sameAsX,
  ShuffleChannel: sameAsX,
  InvertPermutation: sameAsX,
};

function byDimension(op: OpContext): number | undefined {
  return op.constantInts('dimension')?.[0];
}

function argRule(axisOf: (op: OpContext) => number | undefined, dtypeOf: (op: OpContext) => DType): OutputRule {
  return (op) => {
    const { shape } = op.input('x');
    const given = axisOf(op);
    if (hasUnknownRank(shape)) return [{ dtype: dtypeOf(op), shape: UNKNOWN_RANK }];
    const rest = given === undefined ? shape.slice(1).map(() => UNKNOWN_DIM) : shape.toSpliced(axisIndex(op, given, shape.length), 1);
    return [{ dtype: dtypeOf(op), shape: rest }];
  };
}

function argWithValue(op: OpContext): readonly TensorSpec[] {
  const x = op.input('x');
  const shape = hasUnknownRank(x.shape) ? UNKNOWN_RANK : reduced(op, x.shape);
  return [
    { dtype: INT32, shape },
    { dtype: x.dtype, shape },
  ];
}

function reduced(op: OpContext, dims: Shape): Shape {
  const axis = axisIndex(op, op.int('dimension'), dims.length);
  return op.bool('keep_dims') ? dims.with(axis, 1) : dims.toSpliced(axis, 1);
}

function topK(countOf: (op: OpContext) => number | undefined): OutputRule {
  return (op) => {
    const x = op.input('x');
    const count = countOf(op);
    if (hasUnknownRank(x.shape)) return [x, { dtype: INT32, shape: UNKNOWN_RANK }];
    const axis = axisIndex(op, op.int('dim'), x.shape.length, 'dim');
    const size = x.shape[axis] as number;
    if (count !== undefined && (count < 0 || (size >= 0 && count > size))) {
      op.fail(`takes the ${count} largest of ${size}.`, `Use a k of 0 to ${size}.`);
    }
    const shape = x.shape.with(axis, count ?? UNKNOWN_DIM);
    return [
      { dtype: x.dtype, shape },
      { dtype: INT32, shape },
    ];
  };
}

function checkedAxis(op: OpContext): TensorSpec {
  const { dtype: given, shape } = op.input('x');
  if (!hasUnknownRank(shape)) axisIndex(op, op.int('axis'), shape.length);
  return { dtype: given, shape };
}
