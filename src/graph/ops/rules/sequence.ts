// Operators that make sequences and matrices, and those that tell a shape: what they give.
import { type DType, dtype } from '../../dtype.js';
import { decodeElements } from '../../elements.js';
import { elementCount, hasUnknownRank, UNKNOWN_DIM } from '../../tensor.js';
import type { OpContext, OutputRules } from '../context.js';
import { resizedAs } from '../shape-tools.js';

export const sequenceRules: OutputRules = {
  Range: (op) => [{ dtype: rangeDType(op), shape: [rangeSize(op)] }],
  LinSpace: (op) => [{ dtype: op.input('start').dtype, shape: [op.constantInts('num')?.[0] ?? UNKNOWN_DIM] }],
  Shape: (op) => [{ dtype: op.dtype('dtype'), shape: [rankOf(op.input('x').shape)] }],
  ShapeN: (op) => op.inputs('x').map(({ shape }) => ({ dtype: op.dtype('dtype'), shape: [rankOf(shape)] })),
  Size: (op) => [{ dtype: op.dtype('dtype'), shape: [] }],
  Rank: () => [{ dtype: dtype('int32'), shape: [] }],
  Eye: (op) => [{ dtype: op.dtype('dtype'), shape: [...op.ints('batch_shape'), op.int('num_rows'), eyeColumns(op)] }],
  Tril: resizedAs('x', (op, dims) => (dims.length < 2 ? op.fail('needs a matrix.', 'Give it at least two dimensions.') : dims)),
  Triu: resizedAs('x', (op, dims) => (dims.length < 2 ? op.fail('needs a matrix.', 'Give it at least two dimensions.') : dims)),
  MatrixBandPart: resizedAs('x', (op, dims) => (dims.length < 2 ? op.fail('needs a matrix.', 'Give it at least two dimensions.') : dims)),
};

function rankOf(shape: readonly number[]): number {
  return hasUnknownRank(shape) ? UNKNOWN_DIM : shape.length;
}

/** 0 columns means as many as rows. */
export function eyeColumns(op: OpContext): number {
  return op.int('num_columns') === 0 ? op.int('num_rows') : op.int('num_columns');
}

function rangeDType(op: OpContext): DType {
  const [start, limit, delta] = ['start', 'limit', 'delta'].map((input) => op.input(input).dtype) as [DType, DType, DType];
  if (start !== limit || start !== delta)
    op.fail(`counts from ${start.name} to ${limit.name} by ${delta.name}.`, 'Cast them to one dtype.');
  return start;
}

function rangeSize(op: OpContext): number {
  const values = ['start', 'limit', 'delta'].map((input) => constantNumber(op, input));
  if (values.includes(undefined)) return UNKNOWN_DIM;
  const [start, limit, delta] = values as [number, number, number];
  const steps = (limit - start) / delta;
  if (delta === 0 || steps < 0 || Number.isNaN(steps)) op.fail(`counts from ${start} to ${limit} by ${delta} and never gets there.`);
  return op.bool('is_closed') ? Math.floor(steps) + 1 : Math.ceil(steps);
}

function constantNumber(op: OpContext, input: string): number | undefined {
  const tensor = op.constant(input);
  if (tensor === undefined || elementCount(tensor.shape) !== 1) return undefined;
  return Number(decodeElements(tensor)[0]);
}
