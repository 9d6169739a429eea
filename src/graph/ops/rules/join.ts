// Operators that join tensors along an axis or take one apart: what they give.
import { hasUnknownRank, type Shape, type TensorSpec, UNKNOWN_DIM, UNKNOWN_RANK } from '../../tensor.js';
import type { OpContext, OutputRule, OutputRules } from '../context.js';
import { dimSum, unknownDims } from '../shape-tools.js';
import { axisIndex, bounded, commonFormat } from '../shapes.js';

const byConcatDim = (op: OpContext): number | undefined => op.constantInts('concat_dim')?.[0];
const bySplitDim = (op: OpContext): number | undefined => op.constantInts('split_dim')?.[0];

export const joinRules: OutputRules = {
  Concat: concat(byConcatDim),
  ConcatV2: concat(byConcatDim),
  ConcatD: concat((op) => op.int('concat_dim')),
  ConcatV2D: concat((op) => op.int('concat_dim')),
  Split: split(bySplitDim, equalSizes),
  SplitD: split((op) => op.int('split_dim'), equalSizes),
  SplitV: split(bySplitDim, (op, dim) => {
    const sizes = op.constantInts('size_splits');
    return sizes === undefined ? unknownSizes(op) : givenSizes(op, dim, sizes);
  }),
  SplitVD: split(
    (op) => op.int('split_dim'),
    (op, dim) => givenSizes(op, dim, op.ints('size_splits')),
  ),
  Pack: (op) => {
    const inputs = op.inputs('x');
    const shape = together(op, inputs);
    if (hasUnknownRank(shape)) return [{ dtype: firstDType(op, inputs), shape }];
    const axis = axisIndex(op, op.int('axis'), shape.length + 1);
    return [{ dtype: firstDType(op, inputs), shape: shape.toSpliced(axis, 0, inputs.length) }];
  },
  Unpack: (op) => {
    const { dtype, shape } = op.input('x');
    const count = bounded(op, op.int('num'), 'outputs');
    if (hasUnknownRank(shape)) return repeat(count, { dtype, shape: UNKNOWN_RANK });
    const axis = axisIndex(op, op.int('axis'), shape.length);
    const size = shape[axis] as number;
    if (size >= 0 && size !== count) op.fail(`takes ${count} tensors out of an axis of ${size}.`, `Set "num" to ${size}.`);
    return repeat(count, { dtype, shape: shape.toSpliced(axis, 1) });
  },
};

function concat(axisOf: (op: OpContext) => number | undefined): OutputRule {
  return (op) => {
    const inputs = op.inputs('x');
    const dtype = firstDType(op, inputs);
    const known = inputs.filter(({ shape }) => !hasUnknownRank(shape));
    const rank = known[0]?.shape.length;
    const given = axisOf(op);
    if (rank === undefined || given === undefined) return [{ dtype, shape: unknownDims(rank) }];
    const axis = axisIndex(op, given, rank);
    const whole = together(
      op,
      known.map((spec) => ({ ...spec, shape: spec.shape.length === rank ? spec.shape.with(axis, 1) : spec.shape })),
    );
    const size = known.length === inputs.length ? dimSum(inputs.map(({ shape }) => shape[axis] as number)) : UNKNOWN_DIM;
    return [{ dtype, shape: whole.with(axis, size), ...commonFormat(inputs) }];
  };
}

function firstDType(op: OpContext, inputs: readonly TensorSpec[]): TensorSpec['dtype'] {
  const [first] = inputs;
  if (first === undefined) return op.fail('joins no tensors.', 'Connect at least x0.');
  const other = inputs.find(({ dtype }) => dtype !== first.dtype);
  if (other !== undefined) op.fail(`joins ${first.dtype.name} and ${other.dtype.name}.`, 'Cast them to one dtype.');
  return first.dtype;
}

/** The shape that all inputs have; a dimension known in one of them is known. */
function together(op: OpContext, inputs: readonly TensorSpec[]): Shape {
  return inputs.reduce<Shape>((all, { shape }) => {
    if (hasUnknownRank(all) || hasUnknownRank(shape)) return hasUnknownRank(all) ? shape : all;
    const fits = all.length === shape.length && all.every((dim, i) => dim === shape[i] || dim < 0 || (shape[i] as number) < 0);
    if (!fits) op.fail(`joins shapes that differ: [${all.join(', ')}] and [${shape.join(', ')}].`);
    return all.map((dim, i) => (dim < 0 ? (shape[i] as number) : dim));
  }, UNKNOWN_RANK);
}

function split(axisOf: (op: OpContext) => number | undefined, sizesOf: (op: OpContext, dim: number) => readonly number[]): OutputRule {
  return (op) => {
    const { dtype, shape } = op.input('x');
    const given = axisOf(op);
    if (hasUnknownRank(shape) || given === undefined) {
      return repeat(outputCount(op), { dtype, shape: hasUnknownRank(shape) ? UNKNOWN_RANK : unknownDims(shape.length) });
    }
    const axis = axisIndex(op, given, shape.length);
    const { format } = op.input('x');
    return sizesOf(op, shape[axis] as number).map((size) => ({
      dtype,
      shape: shape.with(axis, size),
      ...(format === undefined ? {} : { format }),
    }));
  };
}

function equalSizes(op: OpContext, dim: number): readonly number[] {
  const count = outputCount(op);
  if (count < 1 || (dim >= 0 && dim % count !== 0)) op.fail(`cannot split ${dim} into ${count} equal parts.`);
  return repeat(count, dim < 0 ? UNKNOWN_DIM : dim / count);
}

function unknownSizes(op: OpContext): readonly number[] {
  return repeat(outputCount(op), UNKNOWN_DIM);
}

/** The sizes of a split by sizes, where one of them may be −1 for the rest; no sizes at all means equal parts. */
export function givenSizes(op: OpContext, dim: number, sizes: readonly number[]): readonly number[] {
  if (sizes.length === 0) return equalSizes(op, dim);
  const known = dimSum(sizes.filter((size) => size >= 0));
  const open = sizes.filter((size) => size < 0).length;
  const fits = open > 1 ? false : dim < 0 || (open === 1 ? known <= dim : known === dim);
  if (!fits || sizes.length !== op.int('num_split')) {
    op.fail(`cannot split ${dim < 0 ? 'an axis' : dim} into ${op.int('num_split')} parts of [${sizes.join(', ')}].`);
  }
  return sizes.map((size) => (size >= 0 ? size : dim < 0 ? UNKNOWN_DIM : dim - known));
}

function outputCount(op: OpContext): number {
  return bounded(op, op.int('num_split'), 'outputs');
}

function repeat<T>(count: number, one: T): readonly T[] {
  return Array.from({ length: count }, () => one);
}
