// Operators that read or write elements at indices: what they give.
import { hasUnknownRank, type Shape, type TensorSpec, UNKNOWN_RANK } from '../../tensor.js';
import type { OpContext, OutputRule, OutputRules } from '../context.js';
import { resizedAs, unknownDims, valueCount } from '../shape-tools.js';
import { axisIndex } from '../shapes.js';

export const gatherRules: OutputRules = {
  Gather: gather((op) => op.int('batch_dims')),
  GatherV2: gather((op) => op.constantInts('axis')?.[0]),
  GatherV2D: gather((op) => op.int('axis')),
  GatherNd: (op) => {
    const [x, indices] = [op.input('x'), op.input('indices')];
    const depth = indices.shape.at(-1);
    if (hasUnknownRank(x.shape) || hasUnknownRank(indices.shape) || depth === undefined || depth < 0) return [unranked(x)];
    if (depth > x.shape.length) op.fail(`has ${depth} indices for an element of ${x.shape.length} dimensions.`);
    return [{ dtype: x.dtype, shape: [...indices.shape.slice(0, -1), ...x.shape.slice(depth)] }];
  },
  GatherElements: sameShapeAs('index'),
  GatherD: sameShapeAs('index'),
  ScatterNd: (op) => {
    const { dtype } = op.input('x');
    return [{ dtype, shape: op.constantInts('shape') ?? unknownDims(valueCount(op.input('shape'))) }];
  },
  ScatterNdD: (op) => [{ dtype: op.input('x').dtype, shape: op.ints('shape') }],
  ScatterElements: same('data'),
  ScatterElementsV2: same('var'),
  TensorScatterUpdate: same('x'),
  TensorScatterAdd: same('x'),
  TensorScatterSub: same('x'),
  TensorScatterMax: same('input'),
  TensorScatterMin: same('input'),
  ScatterUpdate: same('var'),
  ScatterAdd: same('var'),
  ScatterSub: same('var'),
  ScatterMul: same('var'),
  ScatterMax: same('var'),
  ScatterMin: same('var'),
  ScatterNdUpdate: same('var'),
  ScatterNdAdd: same('var'),
  ScatterNdSub: same('var'),
  ScatterNdMax: same('var'),
  ScatterNdMin: same('var'),
};

function same(input: string): OutputRule {
  return resizedAs(input, (_, dims) => dims);
}

function unranked({ dtype }: TensorSpec): TensorSpec {
  return { dtype, shape: UNKNOWN_RANK };
}

function sameShapeAs(index: string): OutputRule {
  return (op) => [{ dtype: op.input('x').dtype, shape: op.input(index).shape }];
}

/** @param axisOf  the axis, undefined where it is not constant */
function gather(axisOf: (op: OpContext) => number | undefined): OutputRule {
  return (op) => {
    const [x, indices] = [op.input('x'), op.input('indices')];
    const given = axisOf(op);
    if (hasUnknownRank(x.shape) || hasUnknownRank(indices.shape)) return [unranked(x)];
    const rank = x.shape.length + indices.shape.length - 1 - gatherBatch(op, indices.shape);
    if (given === undefined) return [{ dtype: x.dtype, shape: unknownDims(rank) }];
    return [{ dtype: x.dtype, shape: gathered(op, x.shape, indices.shape, given) }];
  };
}

/** How many leading dimensions x and indices share; GatherV2D has none. */
export function gatherBatch(op: OpContext, indices: Shape): number {
  if (op.node.type === 'GatherV2D') return 0;
  const batch = op.int('batch_dims');
  if (batch >= -indices.length && batch <= indices.length) return batch < 0 ? batch + indices.length : batch;
  return op.fail(`has ${batch} batch dimensions, but its indices have ${indices.length} dimensions.`);
}

/** x[:axis] + indices[batch:] + x[axis + 1:]. */
function gathered(op: OpContext, dims: Shape, indices: Shape, given: number): Shape {
  const batch = gatherBatch(op, indices);
  const axis = axisIndex(op, given, dims.length);
  if (batch > axis) op.fail(`gathers along axis ${axis}, inside its ${batch} batch dimensions.`);
  return [...dims.slice(0, axis), ...indices.slice(batch), ...dims.slice(axis + 1)];
}
