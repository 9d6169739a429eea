// What normalisations share: means and variances over axes, per-channel values shaped to broadcast, results in the output's dtype.
import type { DType } from '../../../graph/dtype.js';
import { knownRank } from '../../../graph/ops/shapes.js';
import type { LowerContext } from './context.js';
import { type Formula, formula } from './formula.js';
import { cast } from './shape-values.js';

/** A formula that takes inputs of any float dtype, and gives each output in its own. */
export interface Statistics extends Formula {
  /** An input in the dtype of the formula; '' where it is not connected. */
  read(slot: string): string;
  /** A per-channel input, shaped so that it stands along `axis` of a tensor of `rank` dimensions. */
  along(slot: string, axis: number, rank: number): string;
  mean(value: string, axes: readonly number[]): string;
  /** The mean, the value less its mean, and the (biased) variance; all with the axes kept as 1. */
  moments(value: string, axes: readonly number[]): { readonly mean: string; readonly centred: string; readonly variance: string };
  /** 1 / √(value + epsilon). */
  inverseRoot(value: string, epsilon: number): string;
  give(value: string, output?: number): void;
}

export function statistics(op: LowerContext, x: string): Statistics {
  const f = formula(op, x);
  const { call } = f;
  const read = (slot: string): string => (op.has(slot) ? cast(op, op.value(slot), op.input(slot).dtype, f.spec.dtype) : '');
  const mean = (value: string, axes: readonly number[]): string => op.emit('ReduceMean', [value, op.int64s(axes)], { keepdims: 1 });
  return {
    ...f,
    read,
    along(slot, axis, rank) {
      const value = read(slot);
      if (value === '' || knownRank(op, slot).length !== 1) return value;
      const after = rank - axis - 1;
      return after === 0 ? value : op.emit('Unsqueeze', [value, op.int64s(Array.from({ length: after }, (_, i) => i + 1))]);
    },
    mean,
    moments(value, axes) {
      const average = mean(value, axes);
      const centred = call('Sub', value, average);
      return { mean: average, centred, variance: mean(call('Mul', centred, centred), axes) };
    },
    inverseRoot: (value, epsilon) => call('Reciprocal', call('Sqrt', call('Add', value, epsilon))),
    give: (value, output = 0) => finishAs(op, value, f.spec.dtype, output),
  };
}

function finishAs(op: LowerContext, value: string, from: DType, output: number): void {
  cast(op, value, from, op.outputSpec(output).dtype, [op.output(output)]);
}
