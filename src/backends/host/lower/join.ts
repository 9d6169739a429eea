// Operators that join tensors along an axis or take one apart: how ONNX says them.
import { givenSizes } from '../../../graph/ops/rules/join.js';
import { axisIndex, knownRank } from '../../../graph/ops/shapes.js';
import type { LowerContext, Lowerings } from './context.js';
import { int64Input } from './shape-values.js';

export const joinLowerings: Lowerings = {
  Concat: (op) => concat(op, constantAxis(op, 'concat_dim')),
  ConcatV2: (op) => concat(op, constantAxis(op, 'concat_dim')),
  ConcatD: (op) => concat(op, op.int('concat_dim')),
  ConcatV2D: (op) => concat(op, op.int('concat_dim')),
  Split: (op) => splitEqually(op, constantAxis(op, 'split_dim')),
  SplitD: (op) => splitEqually(op, op.int('split_dim')),
  SplitV: (op) => {
    const sizes = op.constantInts('size_splits');
    const axis = constantAxis(op, 'split_dim');
    if (sizes !== undefined) splitBySizes(op, axis, sizes);
    else op.emit('Split', [op.value('x'), int64Input(op, 'size_splits')], { axis }, splitOutputs(op));
  },
  SplitVD: (op) => splitBySizes(op, op.int('split_dim'), op.ints('size_splits')),
  Pack: (op) => {
    const axis = axisIndex(op, op.int('axis'), knownRankOfFirst(op) + 1);
    const at = op.int64s([axis]);
    const parts = op.values('x').map((value) => op.emit('Unsqueeze', [value, at]));
    op.emit('Concat', parts, { axis }, [op.output()]);
  },
  Unpack: (op) => {
    const count = op.int('num');
    const axis = axisIndex(op, op.int('axis'), knownRank(op, 'x').length);
    const at = op.int64s([axis]);
    if (count === 1) {
      op.emit('Squeeze', [op.value('x'), at], {}, [op.output(0)]);
      return;
    }
    const parts = Array.from({ length: count }, () => op.fresh());
    op.emit('Split', [op.value('x')], { axis, num_outputs: count }, parts);
    parts.forEach((part, i) => {
      op.emit('Squeeze', [part, at], {}, [op.output(i)]);
    });
  },
};

/** An axis that is an input of the operator; ONNX has it as an attribute. */
export function constantAxis(op: LowerContext, input: string): number {
  return (
    op.constantInts(input)?.[0] ??
    op.fail(`has an axis ("${input}") that is computed when it runs, which the host cannot do.`, 'Make it a const of the graph.')
  );
}

function concat(op: LowerContext, axis: number): void {
  op.emit('Concat', op.values('x'), { axis }, [op.output()]);
}

function knownRankOfFirst(op: LowerContext): number {
  const shape = op.inputs('x').find((spec) => spec.shape[0] !== -2)?.shape;
  return shape?.length ?? op.fail('needs the rank of its inputs, which is not known.');
}

function splitOutputs(op: LowerContext): readonly string[] {
  return Array.from({ length: op.int('num_split') }, (_, i) => op.output(i));
}

function splitEqually(op: LowerContext, axis: number): void {
  op.emit('Split', [op.value('x')], { axis, num_outputs: op.int('num_split') }, splitOutputs(op));
}

function splitBySizes(op: LowerContext, axis: number, sizes: readonly number[]): void {
  const dims = knownRank(op, 'x');
  const known = givenSizes(op, dims[axisIndex(op, axis, dims.length)] as number, sizes);
  if (known.every((size) => size >= 0)) op.emit('Split', [op.value('x'), op.int64s(known)], { axis }, splitOutputs(op));
  else if (sizes.length === 0) splitEqually(op, axis);
  else op.fail('splits an axis of unknown size by sizes with a −1.', 'Give all sizes, or the shape of its input.');
}
