// The dtype that an ONNX operator gives, as far as the lowerings emit it.
import { dtypeOfOnnx } from '../../../graph/dtype.js';
import type { OnnxAttr } from './context.js';

/** Output 0, whatever the inputs are. */
const FIXED: Readonly<Record<string, string>> = {
  Equal: 'bool',
  Less: 'bool',
  LessOrEqual: 'bool',
  Greater: 'bool',
  GreaterOrEqual: 'bool',
  And: 'bool',
  Or: 'bool',
  Xor: 'bool',
  Not: 'bool',
  IsNaN: 'bool',
  IsInf: 'bool',
  Shape: 'int64',
  Size: 'int64',
  NonZero: 'int64',
  ArgMax: 'int64',
  ArgMin: 'int64',
  NonMaxSuppression: 'int64',
  MatMulInteger: 'int32',
  ConvInteger: 'int32',
};

/** Output 0 has the dtype of this input instead of input 0's. */
const FROM_INPUT: Readonly<Record<string, number>> = { Where: 1, OneHot: 2, CastLike: 1, DequantizeLinear: 1 };

/** What attributes that are not looked into decide. */
const UNKNOWN: ReadonlySet<string> = new Set([
  'ConstantOfShape',
  'Constant',
  'EyeLike',
  'If',
  'Loop',
  'Scan',
  'RandomNormal',
  'RandomUniform',
  'RandomNormalLike',
  'RandomUniformLike',
  'Bernoulli',
  'Multinomial',
  'QuantizeLinear',
]);

/** Output 1 and later ones are indices. */
const INDEX_OUTPUTS: ReadonlySet<string> = new Set(['TopK', 'MaxPool', 'Unique']);

/** undefined where it does not follow; `inputs` are the dtypes of the inputs. */
export function resultDType(
  opType: string,
  output: number,
  inputs: readonly (string | undefined)[],
  attrs: Readonly<Record<string, OnnxAttr | undefined>>,
): string | undefined {
  if (UNKNOWN.has(opType)) return undefined;
  if (output > 0) return INDEX_OUTPUTS.has(opType) ? 'int64' : opType === 'Split' ? inputs[0] : undefined;
  if (opType === 'Cast') return typeof attrs['to'] === 'number' ? dtypeOfOnnx(attrs['to'])?.name : undefined;
  return FIXED[opType] ?? inputs[FROM_INPUT[opType] ?? 0];
}
