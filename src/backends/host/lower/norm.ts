// Normalisations over the last axes (Layer, RMS) or over chosen ones (L2, MVN, LRN): how ONNX says them.
import { dtype } from '../../../graph/dtype.js';
import { valueCount } from '../../../graph/ops/shape-tools.js';
import { knownRank } from '../../../graph/ops/shapes.js';
import { sameShape } from '../../../graph/tensor.js';
import { batchNormLowerings } from './batch-norm.js';
import type { LowerContext, Lowerings } from './context.js';
import { groupNormLowerings } from './group-norm.js';
import { transpose } from './layout.js';
import { cast } from './shape-values.js';
import { type Statistics, statistics } from './statistics.js';

const FLOAT32 = dtype('float32');

export const normLowerings: Lowerings = {
  ...batchNormLowerings,
  ...groupNormLowerings,
  LayerNorm: (op) => {
    const f = statistics(op, 'x');
    const axes = lastAxes(op, op.int('begin_norm_axis'));
    const { mean, centred, variance } = f.moments(f.read('x'), axes);
    if (axes.length > 0 && isDirect(op, axes)) direct(op, axes, [op.output()]);
    else scaled(op, f, f.call('Mul', centred, f.inverseRoot(variance, op.float('epsilon'))), 0);
    // Where nobody wants them, these go, and with them what they follow from.
    f.give(mean, 1);
    f.give(variance, 2);
  },
  LayerNormV3: (op) => layerNormOf(op, lastAxes(op, op.int('begin_norm_axis'))),
  LayerNormV4: (op) => {
    const count = valueCount(op.input('normalized_shape')) ?? op.fail('needs to know how long "normalized_shape" is.', 'Make it a const.');
    layerNormOf(op, lastAxes(op, -count));
  },
  AddLayerNorm: addLayerNorm,
  InplaceAddLayerNorm: addLayerNorm,
  DeepNorm: (op) => {
    const f = statistics(op, 'x');
    const x = f.call('Add', f.call('Mul', f.read('x'), op.float('alpha')), f.read('gx'));
    layerNorm(op, f, lastAxes(op, -knownRank(op, 'gamma').length), [2, 0, 1], x);
  },
  RmsNorm: (op) => {
    const f = statistics(op, 'x');
    rmsNorm(op, f, f.read('x'), f.read('gamma'), 'x');
  },
  GemmaRmsNorm: (op) => {
    const f = statistics(op, 'x');
    rmsNorm(op, f, f.read('x'), f.call('Add', f.read('gamma'), 1), 'x');
  },
  AddRmsNorm: addRmsNorm,
  InplaceAddRmsNorm: addRmsNorm,
  L2Normalize: (op) => {
    const f = statistics(op, 'x');
    const x = f.read('x');
    const axes = op.ints('axis');
    const squares = f.call('Mul', x, x);
    // No axes: each element is a vector of its own.
    const sum = axes.length === 0 ? squares : op.emit('ReduceSum', [squares, op.int64s(axes)], { keepdims: 1 });
    f.give(f.call('Div', x, f.call('Sqrt', f.call('Max', sum, op.float('eps')))));
  },
  LRN: lowerLrn,
  MVN: (op) => {
    const axes = op.bool('across_channels') ? [1, 2, 3] : [2, 3];
    meanVariance(op, axes, op.bool('normalize_variance'));
  },
  MVNV2: (op) => meanVariance(op, op.ints('axes').length === 0 ? [0, 2, 3] : op.ints('axes'), true),
  Normalize: (op) => {
    const f = statistics(op, 'x1');
    const channel = op.input('x1').format === 'NHWC' ? 3 : 1;
    const x = f.read('x1');
    const axes = op.bool('across_spatial') ? [1, 2, 3] : [channel];
    const sum = op.emit('ReduceSum', [f.call('Mul', x, x), op.int64s(axes)], { keepdims: 1 });
    f.give(f.call('Div', f.call('Mul', x, f.along('x2', channel, 4)), f.call('Sqrt', f.call('Add', sum, op.float('eps')))));
  },
};

/** The axes from `first` on. */
function lastAxes(op: LowerContext, first: number, x = op.node.type.includes('Add') ? 'x1' : 'x'): readonly number[] {
  const rank = knownRank(op, x).length;
  const from = first < 0 ? first + rank : first;
  return Array.from({ length: rank - from }, (_, i) => from + i);
}

/** ONNX's own operator wants a gamma over the axes that are normalised, in the dtype of x. */
function isDirect(op: LowerContext, axes: readonly number[]): boolean {
  const { dtype: given, shape } = op.input('x');
  const wanted = axes.map((axis) => shape[axis] as number);
  const fits = (slot: string): boolean => op.input(slot).dtype === given && sameShape(op.input(slot).shape, wanted);
  return (given.name === 'float32' || given.name === 'float16') && op.has('gamma') && fits('gamma') && (!op.has('beta') || fits('beta'));
}

function direct(op: LowerContext, axes: readonly number[], outputs: readonly string[]): void {
  const inputs = [op.value('x'), op.value('gamma'), ...(op.has('beta') ? [op.value('beta')] : [])];
  op.emit('LayerNormalization', inputs, { axis: axes[0] as number, epsilon: { float: op.float('epsilon') } }, outputs);
}

/** x as it is; statistics are of float32 inside, whatever x is. */
function layerNormOf(op: LowerContext, axes: readonly number[]): void {
  if (axes.length === 0 || !isDirect(op, axes)) {
    layerNorm(op, statistics(op, 'x'), axes, [0, 1, 2]);
    return;
  }
  const inside = [1, 2].map((output) => `${op.output(output)}/float32`);
  direct(op, axes, [op.output(), ...inside]);
  inside.forEach((value, i) => {
    cast(op, value, FLOAT32, op.outputSpec(i + 1).dtype, [op.output(i + 1)]);
  });
}

/** Times gamma, plus beta, where they are connected. */
function scaled(op: LowerContext, f: Statistics, value: string, output: number): void {
  const times = op.has('gamma') ? f.call('Mul', value, f.read('gamma')) : value;
  f.give(op.has('beta') ? f.call('Add', times, f.read('beta')) : times, output);
}

/** @param outputs  which of the operator's are y, the mean, and 1/√variance */
function layerNorm(
  op: LowerContext,
  f: Statistics,
  axes: readonly number[],
  outputs: readonly [number, number, number],
  x = f.read('x'),
): void {
  const { mean, centred, variance } = f.moments(x, axes);
  const inverse = f.inverseRoot(variance, op.float('epsilon'));
  scaled(op, f, f.call('Mul', centred, inverse), outputs[0]);
  f.give(mean, outputs[1]);
  f.give(inverse, outputs[2]);
}

function addLayerNorm(op: LowerContext): void {
  const f = statistics(op, 'x1');
  const sum = f.call('Add', f.read('x1'), f.read('x2'));
  const x = op.has('bias') ? f.call('Add', sum, f.read('bias')) : sum;
  layerNorm(op, f, lastAxes(op, -knownRank(op, 'gamma').length), [0, 1, 2], x);
  f.give(x, 3);
}

function rmsNorm(op: LowerContext, f: Statistics, x: string, gamma: string, slot: string): void {
  const inverse = f.inverseRoot(f.mean(f.call('Mul', x, x), lastAxes(op, -knownRank(op, 'gamma').length, slot)), op.float('epsilon'));
  f.give(f.call('Mul', f.call('Mul', x, inverse), gamma), 0);
  f.give(inverse, 1);
}

function addRmsNorm(op: LowerContext): void {
  const f = statistics(op, 'x1');
  const x = f.call('Add', f.read('x1'), f.read('x2'));
  rmsNorm(op, f, x, f.read('gamma'), 'x1');
  f.give(x, 2);
}

/** (x − mean) / (deviation + eps): the eps is added after the root. */
function meanVariance(op: LowerContext, axes: readonly number[], normalizes: boolean): void {
  const f = statistics(op, 'x');
  const { centred, variance } = f.moments(f.read('x'), axes);
  f.give(normalizes ? f.call('Div', centred, f.call('Add', f.call('Sqrt', variance), op.float('eps'))) : centred);
}

/** GE multiplies the sum of squares by alpha as TensorFlow does; ONNX divides alpha by the window's size first. */
function lowerLrn(op: LowerContext): void {
  if (op.string('norm_region') !== 'ACROSS_CHANNELS')
    op.fail(`normalises by ${op.string('norm_region')}, as no device does either.`, 'Use ACROSS_CHANNELS.');
  const size = 2 * op.int('depth_radius') + 1;
  const attrs = { size, alpha: { float: op.float('alpha') * size }, beta: { float: op.float('beta') }, bias: { float: op.float('bias') } };
  if (op.input('x').format !== 'NHWC') {
    op.emit('LRN', [op.value('x')], attrs, [op.output()]);
    return;
  }
  const first = transpose(op, op.value('x'), [0, 3, 1, 2]);
  transpose(op, op.emit('LRN', [first], attrs), [0, 2, 3, 1], [op.output()]);
}
