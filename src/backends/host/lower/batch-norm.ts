// Batch normalisations: how ONNX says them.

import { dtype } from '../../../graph/dtype.js';
import { channelAxis } from '../../../graph/ops/rules/norm.js';
import { knownRank } from '../../../graph/ops/shapes.js';
import type { LowerContext, Lowering, Lowerings } from './context.js';
import { scalarOf } from './fill.js';
import { cast } from './shape-values.js';
import { type Statistics, statistics } from './statistics.js';

export const batchNormLowerings: Lowerings = {
  BatchNorm: batchNorm('x', 'scale', 'offset', 'mean', 'variance'),
  BatchNorm3D: batchNorm('x', 'scale', 'offset', 'mean', 'variance'),
  FusedBatchNormV2: batchNorm('x', 'scale', 'offset', 'mean', 'variance'),
  BatchNormExt2: batchNorm('input_x', 'input_scale', 'input_offset', 'input_mean', 'input_variance'),
  BNInfer: (op) => infer(op, { x: 'x', scale: 'scale', offset: 'offset', mean: 'mean', variance: 'variance' }),
  BNInference: (op) => {
    // GE's pass that prepares the statistics leaves scale and offset out (hostbn_fusion_pass.cc).
    if (op.has('scale') || op.has('offset')) op.fail('has a scale or an offset, which it does not use.', 'Put a Scale after it.');
    const f = statistics(op, 'x');
    const axis = channelAxis(op, 'x', knownRank(op, 'x'));
    const rank = knownRank(op, 'x').length;
    // Caffe's momentum is the sum of the weights that the statistics were added up with.
    const weight = cast(op, scalarOf(op, 'momentum'), op.input('momentum').dtype, f.spec.dtype);
    const [mean, variance] = [f.call('Div', f.along('mean', axis, rank), weight), f.call('Div', f.along('variance', axis, rank), weight)];
    f.give(f.call('Mul', f.call('Sub', f.read('x'), mean), f.inverseRoot(variance, op.float('epsilon'))));
  },
  // What that pass makes: "mean" is already negative, "variance" already 1/√variance (bninference_d.py).
  BNInferenceD: (op) => {
    const f = statistics(op, 'x');
    const [axis, rank] = [channelAxis(op, 'x', knownRank(op, 'x')), knownRank(op, 'x').length];
    const y = f.call('Mul', f.call('Add', f.read('x'), f.along('mean', axis, rank)), f.along('variance', axis, rank));
    const times = op.has('scale') ? f.call('Mul', y, f.along('scale', axis, rank)) : y;
    f.give(op.has('b') ? f.call('Add', times, f.along('b', axis, rank)) : times);
  },
};

interface Slots {
  readonly x: string;
  readonly scale: string;
  readonly offset: string;
  readonly mean: string;
  readonly variance: string;
}

function batchNorm(x: string, scale: string, offset: string, mean: string, variance: string): Lowering {
  const slots = { x, scale, offset, mean, variance };
  return (op) => {
    const attr = 'exponential_avg_factor';
    if (op.node.type !== 'BatchNorm3D' && op.node.type !== 'BatchNormExt2' && op.float(attr) !== 1) {
      op.fail(`has the ${attr} ${op.float(attr)}, which belongs to training.`, 'Leave it at 1.');
    }
    if (op.bool('is_training')) train(op, slots);
    else {
      if (!op.has(mean) || !op.has(variance))
        op.fail('needs its mean and variance, because it is not in training.', 'Connect them, or set is_training.');
      infer(op, slots);
      for (const [i, slot] of [mean, variance, mean, variance].entries()) {
        cast(op, op.value(slot), op.input(slot).dtype, op.outputSpec(i + 1).dtype, [op.output(i + 1)]);
      }
    }
    // TensorFlow's sixth output holds nothing.
    if (op.node.type === 'BatchNorm') {
      const zero = op.scalar(0, { dtype: dtype('float32'), shape: [] });
      op.emit('Reshape', [zero, op.int64s([1])], {}, [op.output(5)]);
    }
  };
}

/** Channels first in float32 is ONNX's own operator, which ONNX Runtime folds into a convolution before it. */
function infer(op: LowerContext, { x, scale, offset, mean, variance }: Slots): void {
  const shape = knownRank(op, x);
  const axis = channelAxis(op, x, shape);
  const slots = [x, scale, offset, mean, variance];
  const isDirect =
    axis === 1 &&
    slots.every((slot) => op.input(slot).dtype.name === 'float32') &&
    slots.slice(1).every((slot) => op.input(slot).shape.length === 1);
  if (isDirect) {
    op.emit(
      'BatchNormalization',
      slots.map((slot) => op.value(slot)),
      { epsilon: { float: op.float('epsilon') } },
      [op.output()],
    );
    return;
  }
  const f = statistics(op, x);
  const along = (slot: string): string => f.along(slot, axis, shape.length);
  const factor = f.call('Mul', along(scale), f.inverseRoot(along(variance), op.float('epsilon')));
  f.give(f.call('Add', f.call('Mul', f.call('Sub', f.read(x), along(mean)), factor), along(offset)));
}

/** By the statistics of the batch itself. The variance that goes out is Bessel's, that for the gradient is not (batch_norm.py). */
function train(op: LowerContext, { x, scale, offset }: Slots): void {
  const shape = knownRank(op, x);
  const axis = channelAxis(op, x, shape);
  const f = statistics(op, x);
  const axes = shape.flatMap((_, i) => (i === axis ? [] : [i]));
  const { mean, centred, variance } = f.moments(f.read(x), axes);
  const factor = f.call('Mul', f.along(scale, axis, shape.length), f.inverseRoot(variance, op.float('epsilon')));
  f.give(f.call('Add', f.call('Mul', centred, factor), f.along(offset, axis, shape.length)));
  const perChannel = (value: string): string => op.emit('Reshape', [value, op.int64s([-1])]);
  const unbiased = f.call('Mul', variance, besselFactor(op, f, x, scale));
  [mean, unbiased, mean, variance].forEach((value, i) => {
    f.give(perChannel(value), i + 1);
  });
}

/** n / (n − 1) for the n elements of a channel; of one element the variance is 0 anyway. */
function besselFactor(op: LowerContext, f: Statistics, x: string, scale: string): string {
  const size = (slot: string): string => cast(op, op.emit('Size', [op.value(slot)]), dtype('int64'), f.spec.dtype);
  const count = f.call('Div', size(x), size(scale));
  return f.call('Div', count, f.call('Max', f.call('Sub', count, 1), 1));
}
