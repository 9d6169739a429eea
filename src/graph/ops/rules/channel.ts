// Operators whose second input belongs to one or several axes of the first: biases, scales, slopes. The output is like x.
import { describeShape, hasUnknownRank } from '../../tensor.js';
import type { OpContext, OutputRule, OutputRules } from '../context.js';
import { axisIndex, checkFits, mergeShapes, sharedDType } from '../shapes.js';

export const channelRules: OutputRules = {
  BiasAdd: channelwise('bias'),
  PRelu: channelwise('weight'),
  Bias: (op) => {
    sharedDType(op, ['x', 'bias']);
    checkBlob(op, 'bias');
    return [op.input('x')];
  },
  Scale: (op) => {
    sharedDType(op, op.has('bias') ? ['x', 'scale', 'bias'] : ['x', 'scale']);
    checkBlob(op, 'scale');
    if (op.has('bias')) checkBlob(op, 'bias');
    return [op.input('x')];
  },
};

function channelwise(slot: string): OutputRule {
  return (op) => {
    sharedDType(op, ['x', slot]);
    const x = op.input('x');
    const { shape } = op.input(slot);
    if (hasUnknownRank(x.shape) || hasUnknownRank(shape)) return [x];
    if (shape.length !== 1) {
      checkFits(op, slot, x.shape);
    } else {
      const axis = channelAxis(op, x.shape.length);
      const size = x.shape[axis] as number;
      // One slope may serve all channels; a bias has one value for each.
      if (mergeShapes(shape, [size]) === undefined && shape[0] !== 1) {
        op.fail(
          `has ${shape[0]} values of ${slot} for the ${size} channels of x, axis ${axis} of ${describeShape(x.shape)}.`,
          'Give one per channel.',
        );
      }
    }
    return [x];
  };
}

/** The axis of the channels: as the attribute of BiasAdd says, or the format of x (of no format: axis 1, as in Caffe and PyTorch). */
export function channelAxis(op: OpContext, rank: number): number {
  if (rank === 0) return op.fail('needs an x with channels; it is a scalar.');
  const format = op.node.type === 'BiasAdd' ? op.string('data_format') : (op.input('x').format ?? 'ND');
  if (op.node.type === 'BiasAdd' && !['NCHW', 'NCDHW', 'NHWC', 'NDHWC'].includes(format))
    op.fail(`has the data_format "${format}".`, 'Use NHWC or NCHW.');
  return /^N.*C$/.test(format) ? rank - 1 : Math.min(1, rank - 1);
}

/** Caffe's blob: its axes are those of x from `axis` on. */
function checkBlob(op: OpContext, slot: string): void {
  const [x, blob] = [op.input('x').shape, op.input(slot).shape];
  if (hasUnknownRank(x) || hasUnknownRank(blob) || blob.length === 0) return;
  const axis = axisIndex(op, op.int('axis'), x.length);
  const covered = x.slice(axis, axis + blob.length);
  if (covered.length === blob.length && blob.every((dim, i) => dim === 1 || mergeShapes([dim], [covered[i] as number]) !== undefined))
    return;
  op.fail(
    `has a ${slot} ${describeShape(blob)} for the axes ${describeShape(covered)} of x from axis ${axis} on.`,
    'Their sizes must be equal.',
  );
}
