// Operators whose second input belongs to one or several axes of the first: biases, scales, slopes.
import { channelAxis } from '../../../graph/ops/rules/channel.js';
import { axisIndex, knownRank } from '../../../graph/ops/shapes.js';
import type { LowerContext, Lowerings } from './context.js';
import { formula } from './formula.js';

export const channelLowerings: Lowerings = {
  PRelu: (op) => {
    op.emit('PRelu', [op.value('x'), channelValue(op, 'weight')], {}, [op.output()]);
  },
  BiasAdd: (op) => {
    op.emit('Add', [op.value('x'), channelValue(op, 'bias')], {}, [op.output()]);
  },
  Bias: (op) => {
    op.emit('Add', [op.value('x'), blob(op, 'bias')], {}, [op.output()]);
  },
  Scale: (op) => {
    const { input, call, finish } = formula(op, 'x');
    const scaled = call('Mul', input('x'), blob(op, 'scale', input('scale')));
    finish(op.has('bias') ? call('Add', scaled, blob(op, 'bias', input('bias'))) : scaled);
  },
};

/** One value per channel, shaped so that it broadcasts along their axis of x; what is not 1-D broadcasts by itself. */
function channelValue(op: LowerContext, slot: string): string {
  if (knownRank(op, slot).length !== 1) return op.value(slot);
  return alongAxis(op, slot, op.value(slot), channelAxis(op, knownRank(op, 'x').length));
}

/** Caffe's blob: its axes are those of x from `axis` on. */
function blob(op: LowerContext, slot: string, value = op.value(slot)): string {
  const rank = knownRank(op, slot).length;
  return rank === 0 ? value : alongAxis(op, slot, value, axisIndex(op, op.int('axis'), knownRank(op, 'x').length));
}

/** Appends axes of size 1, so that the axes of `value` stand at `axis` of x. */
function alongAxis(op: LowerContext, slot: string, value: string, axis: number): string {
  const rank = knownRank(op, slot).length;
  const missing = knownRank(op, 'x').length - axis - rank;
  if (missing < 0)
    op.fail(
      `has ${slot} of rank ${rank} at axis ${axis} of an x of rank ${axis + rank + missing}.`,
      'It must not reach beyond the last axis.',
    );
  if (missing === 0) return value;
  return op.emit('Unsqueeze', [value, op.int64s(Array.from({ length: missing }, (_, i) => rank + i))]);
}
