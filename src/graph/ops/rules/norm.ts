// Normalisations: what they give. Shapes and dtypes of the statistics from op_proto/nn_norm_ops.cc and nn_batch_norm_ops.cc.
import { type DType, dtype } from '../../dtype.js';
import { hasUnknownRank, type Shape, type TensorSpec, UNKNOWN_DIM, UNKNOWN_RANK } from '../../tensor.js';
import type { OpContext, OutputRule, OutputRules } from '../context.js';
import { valueCount } from '../shape-tools.js';
import { axisIndex, axisIndices, each, like } from '../shapes.js';

const FLOAT32 = dtype('float32');

export const normRules: OutputRules = {
  ...each('BatchNorm BatchNorm3D FusedBatchNormV2', batchNorm('x', 'scale')),
  BatchNormExt2: batchNorm('input_x', 'input_scale'),
  ...each('BNInfer BNInference BNInferenceD LRN MVN', like('x')),
  MVNV2: checkedAxes('axes'),
  L2Normalize: checkedAxes('axis'),
  Normalize: like('x1'),
  LayerNorm: (op) => [
    op.input('x'),
    statistics(op, op.input('gamma').dtype, beginNormAxis),
    statistics(op, op.input('beta').dtype, beginNormAxis),
  ],
  LayerNormV3: (op) => {
    const rows = statistics(op, op.input('gamma').dtype, beginNormAxis);
    return [op.input('x'), rows, rows];
  },
  LayerNormV4: (op) => {
    const count = valueCount(op.input('normalized_shape'));
    const rows = statistics(op, FLOAT32, (_, rank) => (count === undefined ? undefined : before(op, rank, count)));
    return [op.input('x'), rows, rows];
  },
  ...each('AddLayerNorm InplaceAddLayerNorm', (op) => {
    const y = sum(op, 'x1', 'x2');
    const rows = statistics(op, FLOAT32, gammaAxes, 'x1');
    return [y, rows, rows, y];
  }),
  DeepNorm: (op) => {
    const rows = statistics(op, FLOAT32, gammaAxes);
    return [rows, rows, op.input('x')];
  },
  ...each('RmsNorm GemmaRmsNorm', (op) => [op.input('x'), statistics(op, FLOAT32, gammaAxes)]),
  ...each('AddRmsNorm InplaceAddRmsNorm', (op) => {
    const y = sum(op, 'x1', 'x2');
    return [y, statistics(op, FLOAT32, gammaAxes, 'x1'), y];
  }),
  InstanceNorm: (op) => {
    const { dtype: given } = op.input('gamma');
    const { shape } = op.input('x');
    const rows = {
      dtype: given,
      shape: hasUnknownRank(shape) ? UNKNOWN_RANK : shape.map((dim, i) => (instanceAxes(op, shape.length).includes(i) ? 1 : dim)),
    };
    return [op.input('x'), rows, rows];
  },
  INInferV2: (op) => [op.input('x'), op.input('mean'), op.input('variance')],
  ...each('GroupNorm GroupNormV2', (op) => {
    const x = op.input('x');
    const batch = hasUnknownRank(x.shape) ? UNKNOWN_DIM : (x.shape[0] as number);
    const groups = { dtype: x.dtype, shape: [batch < 0 ? UNKNOWN_DIM : batch * op.int('num_groups')] };
    return [x, groups, groups];
  }),
  GroupNormRelu: like('x'),
  GroupNormSilu: (op) => perGroup(op, op.input('x').dtype),
  GroupNormSwish: (op) => perGroup(op, op.input('gamma').dtype),
};

function batchNorm(x: string, scale: string): OutputRule {
  return (op) => {
    const perChannel = { dtype: FLOAT32, shape: op.input(scale).shape };
    const last = op.node.type === 'BatchNorm' ? [{ dtype: FLOAT32, shape: [1] }] : [];
    return [op.input(x), perChannel, perChannel, perChannel, perChannel, ...last];
  };
}

function checkedAxes(attr: string): OutputRule {
  return (op) => {
    const x = op.input('x');
    if (!hasUnknownRank(x.shape)) axisIndices(op, op.ints(attr), x.shape.length);
    return [x];
  };
}

/** The first axis that is normalised, of a tensor of a rank; undefined where it is not known. */
type FirstAxis = (op: OpContext, rank: number) => number | undefined;

const beginNormAxis: FirstAxis = (op, rank) => axisIndex(op, op.int('begin_norm_axis'), rank, 'begin_norm_axis');

/** As many last axes as gamma covers. */
const gammaAxes: FirstAxis = (op, rank) => {
  const { shape } = op.input('gamma');
  return hasUnknownRank(shape) ? undefined : before(op, rank, shape.length);
};

function before(op: OpContext, rank: number, count: number): number {
  return count <= rank ? rank - count : op.fail(`normalises the last ${count} axes of ${rank}.`);
}

/** A statistic of x that is kept, from an axis on, as 1. */
function statistics(op: OpContext, given: DType, first: FirstAxis, x = 'x'): TensorSpec {
  const { shape } = op.input(x);
  if (hasUnknownRank(shape)) return { dtype: given, shape: UNKNOWN_RANK };
  const from = first(op, shape.length);
  return { dtype: given, shape: shape.map((dim, i) => (from === undefined ? UNKNOWN_DIM : i < from ? dim : 1)) };
}

function sum(op: OpContext, a: string, b: string): TensorSpec {
  const [x1, x2] = [op.input(a), op.input(b)];
  return x1.dtype === x2.dtype ? x1 : { ...x1, dtype: FLOAT32 };
}

function perGroup(op: OpContext, given: TensorSpec['dtype']): readonly TensorSpec[] {
  const x = op.input('x');
  const batch = hasUnknownRank(x.shape) ? UNKNOWN_DIM : (x.shape[0] as number);
  const rows = { dtype: given, shape: [batch, op.int('num_groups')] };
  return [x, rows, rows];
}

/** The axes of an image that InstanceNorm normalises: all but batch and channels. */
export function instanceAxes(op: OpContext, rank: number): readonly number[] {
  const channel = instanceChannel(op, rank);
  return Array.from({ length: rank }, (_, i) => i).filter((axis) => axis !== 0 && axis !== channel);
}

export function instanceChannel(op: OpContext, rank: number): number {
  const { format } = op.input('x');
  const isImage = (name: string | undefined): name is string =>
    name !== undefined && name.length === rank && /^N/.test(name) && name.includes('C');
  const layout = isImage(format)
    ? format
    : isImage(op.string('data_format')) && op.given('data_format')
      ? op.string('data_format')
      : undefined;
  return layout === undefined ? 1 : layout.indexOf('C');
}

/** The channel axis of a batch normalisation, whose image has the layout of its own format, else of `data_format`, if it has that. */
export function channelAxis(op: OpContext, x: string, shape: Shape): number {
  const { format } = op.input(x);
  const layout = format !== undefined && format.length === shape.length && format.includes('C') ? format : declaredLayout(op);
  if (shape.length < 2) op.fail(`normalises ${shape.length} dimensions.`, 'Give it batch and channels.');
  return layout.endsWith('C') ? shape.length - 1 : 1;
}

function declaredLayout(op: OpContext): string {
  return op.node.type.startsWith('BNInfer') ? 'NCHW' : op.string('data_format');
}
