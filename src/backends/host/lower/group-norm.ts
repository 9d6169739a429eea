// Normalisations of each image by itself: Instance and Group.
import { instanceAxes, instanceChannel } from '../../../graph/ops/rules/norm.js';
import { knownRank } from '../../../graph/ops/shapes.js';
import type { LowerContext, Lowerings } from './context.js';
import { extents, reshape } from './shape-values.js';
import { type Statistics, statistics } from './statistics.js';

export const groupNormLowerings: Lowerings = {
  InstanceNorm: (op) => {
    const rank = knownRank(op, 'x').length;
    const f = statistics(op, 'x');
    const { mean, centred, variance } = f.moments(f.read('x'), instanceAxes(op, rank));
    const channel = instanceChannel(op, rank);
    const y = f.call('Mul', f.call('Mul', centred, f.inverseRoot(variance, op.float('epsilon'))), f.along('gamma', channel, rank));
    f.give(f.call('Add', y, f.along('beta', channel, rank)));
    f.give(mean, 1);
    f.give(variance, 2);
  },
  INInferV2: (op) => {
    if (!op.has('mean') || !op.has('variance')) op.fail('needs its mean and variance.', 'Connect them.');
    const f = statistics(op, 'x');
    const rank = knownRank(op, 'x').length;
    const along = (slot: string): string => f.along(slot, op.input('x').format === 'NHWC' ? rank - 1 : 1, rank);
    const y = f.call('Mul', f.call('Sub', f.read('x'), along('mean')), f.inverseRoot(along('variance'), op.float('epsilon')));
    // They count only together (in_infer_v2.py).
    const isScaled = op.has('gamma') && op.has('beta');
    f.give(isScaled ? f.call('Add', f.call('Mul', y, along('gamma')), along('beta')) : y);
    op.emit('Identity', [op.value('mean')], {}, [op.output(1)]);
    op.emit('Identity', [op.value('variance')], {}, [op.output(2)]);
  },
  GroupNorm: (op) => {
    const { f, y, mean, variance } = groupNorm(op);
    f.give(y);
    perGroup(op, f, [mean, variance], [-1]);
  },
  GroupNormV2: (op) => {
    const { f, y, mean, inverse } = groupNorm(op);
    f.give(y);
    perGroup(op, f, [mean, inverse], [-1]);
  },
  GroupNormRelu: (op) => {
    const { f, y } = groupNorm(op);
    f.give(f.call('Relu', y));
  },
  GroupNormSilu: (op) => {
    const { f, y, mean, inverse } = groupNorm(op);
    f.give(op.bool('activate_silu') ? f.call('Mul', y, f.call('Sigmoid', y)) : y);
    perGroup(op, f, [mean, inverse], [-1, op.int('num_groups')]);
  },
  GroupNormSwish: (op) => {
    const { f, y, mean, inverse } = groupNorm(op);
    const gate = (): string => f.call('Sigmoid', f.call('Mul', y, op.float('swish_scale')));
    f.give(op.bool('activate_swish') ? f.call('Mul', y, gate()) : y);
    perGroup(op, f, [mean, inverse], [-1, op.int('num_groups')]);
  },
};

interface Grouped {
  readonly f: Statistics;
  readonly y: string;
  readonly mean: string;
  readonly variance: string;
  readonly inverse: string;
}

/** Channels are cut into groups of neighbours; a group of one image is normalised as a whole. */
function groupNorm(op: LowerContext): Grouped {
  const dims = knownRank(op, 'x');
  const groups = op.int('num_groups');
  const isLast = isChannelsLast(op, dims.length);
  const channel = isLast ? dims.length - 1 : 1;
  const channels = dims[channel] as number;
  if (dims.length < 2 || groups < 1 || (channels >= 0 && channels % groups !== 0))
    op.fail(`cuts ${channels} channels into ${groups} groups.`);
  const f = statistics(op, 'x');
  // [batch, groups, all the rest of a group], or with channels last [batch, pixels, groups, channels of a group].
  const batch = extents(op, 'x')[0] as ReturnType<typeof extents>[number];
  if (isLast && channels < 0) op.fail('needs to know how many channels it has.', 'Give the shape of its input.');
  const grouped = reshape(op, f.read('x'), isLast ? [batch, -1, groups, channels / groups] : [batch, groups, -1]);
  const { mean, centred, variance } = f.moments(grouped, isLast ? [1, 3] : [2]);
  const inverse = f.inverseRoot(variance, op.float('eps'));
  const normal = reshape(op, f.call('Mul', centred, inverse), extents(op, 'x'));
  const times = op.has('gamma') ? f.call('Mul', normal, f.along('gamma', channel, dims.length)) : normal;
  const y = op.has('beta') ? f.call('Add', times, f.along('beta', channel, dims.length)) : times;
  return { f, y, mean, variance, inverse };
}

/** Channels are second, as in PyTorch, unless the format or a data_format that is given says NHWC: its default says so in vain. */
function isChannelsLast(op: LowerContext, rank: number): boolean {
  const { format } = op.input('x');
  if (rank !== 4) return false;
  if (format === 'NCHW' || format === 'NHWC') return format === 'NHWC';
  return op.given('data_format') && op.string('data_format') === 'NHWC';
}

function perGroup(op: LowerContext, f: Statistics, values: readonly string[], shape: readonly number[]): void {
  values.forEach((value, i) => {
    f.give(op.emit('Reshape', [value, op.int64s(shape)]), i + 1);
  });
}
