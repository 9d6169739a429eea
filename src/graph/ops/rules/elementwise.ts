// Element-wise operators: the output has the dtype and the (broadcast) shape of the inputs.
import { dtype } from '../../dtype.js';
import { describeShape, hasUnknownRank, type Shape, type TensorSpec, UNKNOWN_RANK } from '../../tensor.js';
import type { OpContext, OutputRule, OutputRules } from '../context.js';
import { axisIndex, broadcasting, broadcastShape, checkFits, each, like, mergeShapes, sharedDType } from '../shapes.js';

const bool = dtype('bool');

export const elementwiseRules: OutputRules = {
  ...each(
    `Abs Neg Sqrt Rsqrt Square Exp Expm1 Log Log1p Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Erf Erfc
     Reciprocal Inv Floor Ceil Round Rint Sign NanToNum
     Invert LogicalNot
     Relu Relu6 Relu6D LeakyRelu Elu Selu Celu CeluV2 Gelu FastGelu FastGeluV2 Sigmoid LogSigmoid HardSwish Swish Mish
     Softplus SoftplusV2 Softsign Tanh BNLL Threshold ThresholdV2D ThresholdedRelu Logit
     Power Adds Muls`,
    like('x'),
  ),
  HardMax: (op) => {
    const spec = op.input('x');
    if (!hasUnknownRank(spec.shape)) axisIndex(op, op.int('axis'), spec.shape.length);
    return [spec];
  },
  ...each('Trunc HardSigmoid Shrink HardShrink SoftShrink', like('input_x')),
  ...each('IsNan IsInf IsFinite IsPosInf IsNegInf', (op) => [{ ...op.input('x'), dtype: bool }]),
  ...each(
    `Add AddV2 Sub Mul Div RealDiv FloorDiv FloorMod Mod TruncateDiv TruncateMod Pow Maximum Minimum SquaredDifference DivNoNan
     Atan2 Xlogy Xdivy MulNoNan Axpy
     LogicalAnd LogicalOr BitwiseAnd BitwiseOr BitwiseXor`,
    broadcasting('x1', 'x2'),
  ),
  ...each('Equal NotEqual Less LessEqual Greater GreaterEqual ApproximateEqual IsClose', (op) => {
    sharedDType(op, ['x1', 'x2']);
    return [{ dtype: bool, shape: broadcastShape(op, ['x1', 'x2']) }];
  }),
  ...each('LeftShift RightShift Xlog1py', broadcasting('x', 'y')),
  AxpyV2: broadcasting('x1', 'x2', 'alpha'),
  FusedMulAdd: broadcasting('x1', 'x2', 'x3'),
  FusedMulAddAdd: broadcasting('x1', 'x2', 'x3', 'x4'),
  FusedMulAddN: broadcasting('x1', 'x2', 'x3'),
  ...each('Addcmul Addcdiv', broadcasting('input_data', 'x1', 'x2', 'value')),
  Lerp: broadcasting('start', 'end', 'weight'),
  ClipByValue: broadcasting('x', 'clip_value_min', 'clip_value_max'),
  ClipByValueV2: broadcasting('x', 'clip_value_min', 'clip_value_max'),
  ThresholdV2: (op) => {
    const numbers = op.has('value') ? ['threshold', 'value'] : ['threshold'];
    sharedDType(op, ['x', ...numbers]);
    for (const slot of numbers) checkFits(op, slot, op.input('x').shape);
    return [op.input('x')];
  },
  ...each('GLU SwiGlu', halved),
  ...each('AddN AccumulateNV2 MaxN Eltwise', sameInputs('x')),
  Cast: (op) => [{ ...op.input('x'), dtype: op.dtype('dst_type') }],
  CastLike: (op) => [{ ...op.input('x'), dtype: op.input('target').dtype }],
};

/** Half of x along `dim`: one half gates the other. */
function halved(op: OpContext): readonly TensorSpec[] {
  const { dtype: row, shape } = op.input('x');
  if (hasUnknownRank(shape)) return [{ dtype: row, shape }];
  const axis = axisIndex(op, op.int('dim'), shape.length, 'dim');
  const size = shape[axis] as number;
  if (size > 0 && size % 2 === 1) op.fail(`halves ${size} values along axis ${axis}.`, 'The size of that axis must be even.');
  return [{ dtype: row, shape: shape.with(axis, size < 0 ? size : size / 2) }];
}

/** Any number of inputs of one dtype and one shape. */
function sameInputs(slot: string): OutputRule {
  return (op: OpContext) => {
    const inputs = op.inputs(slot);
    const first = inputs[0] ?? op.fail(`needs at least one input "${slot}0".`);
    const shape = inputs.reduce<Shape>((all, spec) => {
      if (spec.dtype !== first.dtype) {
        op.fail(`takes ${first.dtype.name} and ${spec.dtype.name}; the dtypes of its inputs must be equal.`, 'Cast one of them.');
      }
      return (
        mergeShapes(all, spec.shape) ??
        op.fail(`takes ${describeShape(all)} and ${describeShape(spec.shape)}; the shapes of its inputs must be equal.`)
      );
    }, UNKNOWN_RANK);
    return [{ ...first, shape }];
  };
}
