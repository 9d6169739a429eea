// Operators that read or write elements at indices: how ONNX says them.
import { type DType, dtype } from '../../../graph/dtype.js';
import { gatherBatch } from '../../../graph/ops/rules/gather.js';
import { axisIndex, knownRank } from '../../../graph/ops/shapes.js';
import type { LowerContext, Lowering, Lowerings } from './context.js';
import { constantAxis } from './join.js';
import { transpose } from './layout.js';
import { cast, int64Input } from './shape-values.js';

export const gatherLowerings: Lowerings = {
  Gather: (op) => gather(op, op.int('batch_dims')),
  GatherV2: (op) => gather(op, constantAxis(op, 'axis')),
  GatherV2D: (op) => gather(op, op.int('axis')),
  GatherNd: (op) => {
    op.emit('GatherND', [op.value('x'), int64Indices(op, 'indices')], {}, [op.output()]);
  },
  GatherElements: (op) => {
    op.emit('GatherElements', [op.value('x'), op.value('index')], { axis: op.int('dim') }, [op.output()]);
  },
  GatherD: (op) => {
    // `dim` is an input and, for the compiler, an attribute too.
    const axis = op.given('dim') ? op.int('dim') : constantAxis(op, 'dim');
    op.emit('GatherElements', [op.value('x'), op.value('index')], { axis }, [op.output()]);
  },
  ScatterNd: (op) => scatterIntoZeros(op, int64Input(op, 'shape')),
  ScatterNdD: (op) => scatterIntoZeros(op, op.int64s(op.ints('shape'))),
  ScatterElements: scatterElements('data'),
  ScatterElementsV2: scatterElements('var'),
  TensorScatterUpdate: scatterNd('x', 'none'),
  TensorScatterAdd: scatterNd('x', 'add'),
  TensorScatterSub: scatterNd('x', 'sub'),
  TensorScatterMax: scatterNd('input', 'max'),
  TensorScatterMin: scatterNd('input', 'min'),
  ScatterUpdate: scatterRows('none'),
  ScatterAdd: scatterRows('add'),
  ScatterSub: scatterRows('sub'),
  ScatterMul: scatterRows('mul'),
  ScatterMax: scatterRows('max'),
  ScatterMin: scatterRows('min'),
  ScatterNdUpdate: scatterNd('var', 'none'),
  ScatterNdAdd: scatterNd('var', 'add'),
  ScatterNdSub: scatterNd('var', 'sub'),
  ScatterNdMax: scatterNd('var', 'max'),
  ScatterNdMin: scatterNd('var', 'min'),
};

type Reduction = 'none' | 'add' | 'sub' | 'mul' | 'max' | 'min';

function int64Indices(op: LowerContext, input: string): string {
  return cast(op, op.value(input), op.input(input).dtype, dtype('int64'));
}

/** Along the axis after the batch dimensions ONNX has GatherND; for a later axis that one is brought there and back. */
function gather(op: LowerContext, given: number): void {
  const rank = knownRank(op, 'x').length;
  const indices = knownRank(op, 'indices');
  const batch = gatherBatch(op, indices);
  const axis = axisIndex(op, given, rank);
  if (batch === 0) {
    op.emit('Gather', [op.value('x'), op.value('indices')], { axis }, [op.output()]);
    return;
  }
  const between = Array.from({ length: axis - batch }, (_, i) => batch + i);
  const leading = Array.from({ length: batch }, (_, i) => i);
  const rest = Array.from({ length: rank - axis - 1 }, (_, i) => axis + 1 + i);
  const x = transpose(op, op.value('x'), [...leading, axis, ...between, ...rest]);
  const at = op.emit('Unsqueeze', [int64Indices(op, 'indices'), op.int64s([-1])]);
  const picked = op.emit('GatherND', [x, at], { batch_dims: batch });
  // Now batch, indices, between, rest; wanted is batch, between, indices, rest.
  const own = indices.length - batch;
  const ownAxes = Array.from({ length: own }, (_, i) => batch + i);
  const betweenAxes = between.map((_, i) => batch + own + i);
  const restAxes = rest.map((_, i) => batch + own + between.length + i);
  transpose(op, picked, [...leading, ...betweenAxes, ...ownAxes, ...restAxes], [op.output()]);
}

function scatterElements(data: string): Lowering {
  return (op) => {
    const reduction = op.string('reduction');
    if (!['none', 'add', 'mul'].includes(reduction)) op.fail(`has the reduction "${reduction}".`, 'Use none, add or mul.');
    const attrs = { axis: op.int('axis'), reduction };
    emitReduced(op, op.input(data).dtype, reduction, (wide, outputs) =>
      op.emit('ScatterElements', [wide(op.value(data)), op.value('indices'), wide(op.value('updates'))], attrs, outputs),
    );
  };
}

/** ONNX Runtime's Scatter operators have float16 kernels that refuse any reduction: then it goes through float32. */
export function emitReduced(
  op: LowerContext,
  given: DType,
  reduction: string,
  emit: (wide: (value: string) => string, outputs?: readonly string[]) => string,
): void {
  if (given.name !== 'float16' || reduction === 'none') {
    emit((value) => value, [op.output()]);
    return;
  }
  const result = emit((value) => cast(op, value, given, dtype('float32')));
  cast(op, result, dtype('float32'), given, [op.output()]);
}

/** ScatterNd adds up updates that meet, as TensorFlow's does. */
function scatterIntoZeros(op: LowerContext, shape: string): void {
  const x = op.input('x');
  emitReduced(op, x.dtype, 'add', (wide, outputs) => {
    const zeros = op.emit('Expand', [wide(op.scalar(0, x)), shape]);
    return op.emit('ScatterND', [zeros, int64Indices(op, 'indices'), wide(op.value('x'))], { reduction: 'add' }, outputs);
  });
}

function scatterNd(data: string, reduction: Reduction): Lowering {
  return (op) => scatter(op, data, int64Indices(op, 'indices'), reduction);
}

/** indices name whole rows of the first axis. */
function scatterRows(reduction: Reduction): Lowering {
  return (op) => scatter(op, 'var', op.emit('Unsqueeze', [int64Indices(op, 'indices'), op.int64s([-1])]), reduction);
}

function scatter(op: LowerContext, data: string, indices: string, reduction: Reduction): void {
  // On the device these write into `var` itself; into a weight, that would change it for every later run.
  if (data === 'var' && op.constant('var') !== undefined)
    op.fail('writes into a const.', 'Use TensorScatterUpdate, which makes a new tensor.');
  emitReduced(op, op.input(data).dtype, reduction, (wide, outputs) => {
    const updates = wide(op.value('updates'));
    const inputs = [wide(op.value(data)), indices, reduction === 'sub' ? op.emit('Neg', [updates]) : updates];
    return op.emit('ScatterND', inputs, { reduction: reduction === 'sub' ? 'add' : reduction }, outputs);
  });
}
