// Reference: each operator's definition in GE's operator documentation, in float64.
import { describe, test } from 'vitest';
import { expectOp, numbersOf, type OpAttrs, t } from '../../support/op-vectors.js';

const xs = [-30, -6.5, -3, -2.9, -1, -0.5, -0.1, -0, 0, 0.1, 0.4, 0.5, 0.6, 1, 2.9, 3, 6, 6.5, 30];
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const clip = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);
const celu = (x: number, a: number, b: number, c: number): number => (x > 0 ? c * x : a * Math.expm1(x / b));

const rows: readonly [string, OpAttrs, (x: number) => number][] = [
  ['Relu', {}, (x) => Math.max(x, 0)],
  ['Relu6', {}, (x) => clip(x, 0, 6)],
  ['Relu6D', { scale: 0.5 }, (x) => clip(x, 0, 3)],
  ['LeakyRelu', { negative_slope: 0.1 }, (x) => (x < 0 ? 0.1 * x : x)],
  ['LeakyRelu', {}, (x) => Math.max(x, 0)],
  ['Elu', {}, (x) => (x > 0 ? x : Math.expm1(x))],
  ['Elu', { alpha: 0.5, scale: 2, input_scale: 0.25 }, (x) => 2 * (x > 0 ? x : 0.5 * Math.expm1(0.25 * x))],
  ['Selu', {}, (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x))],
  ['Celu', { alpha1: 2, alpha2: 0.5, alpha3: 1.5 }, (x) => celu(x, 2, 0.5, 1.5)],
  ['CeluV2', { alpha: 0.7 }, (x) => celu(x, 0.7, 0.7, 1)],
  ['Gelu', {}, (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))],
  ['FastGelu', {}, (x) => x * sigmoid(1.702 * x)],
  // biome-ignore lint/suspicious/noApproximativeNumericConstant: the operator is defined by this number.
  ['FastGeluV2', {}, (x) => x * (Math.sign(x) * (-0.1444 * (Math.min(Math.abs(0.7071 * x), 1.769) - 1.769) ** 2 + 0.5) + 0.5)],
  ['Sigmoid', {}, sigmoid],
  ['LogSigmoid', {}, (x) => -softplus(-x)],
  ['HardSigmoid', {}, (x) => clip(0.16666666 * x + 0.5, 0, 1)],
  ['HardSigmoid', { alpha: 0.3, beta: 0.2 }, (x) => clip(0.3 * x + 0.2, 0, 1)],
  ['HardSwish', {}, (x) => (x * clip(x + 3, 0, 6)) / 6],
  ['Swish', {}, (x) => x * sigmoid(x)],
  ['Swish', { scale: 2.5 }, (x) => x * sigmoid(2.5 * x)],
  ['Mish', {}, (x) => x * Math.tanh(softplus(x))],
  ['Softplus', {}, softplus],
  ['BNLL', {}, softplus],
  ['SoftplusV2', { beta: 2, threshold: 5 }, (x) => (2 * x > 5 ? x : softplus(2 * x) / 2)],
  ['Softsign', {}, (x) => x / (1 + Math.abs(x))],
  ['Tanh', {}, Math.tanh],
  ['Threshold', { threshold: 0.5 }, (x) => (x > 0.5 ? 1 : 0)],
  ['ThresholdV2D', { threshold: 0.5, value: -7 }, (x) => (x > 0.5 ? x : -7)],
  ['ThresholdedRelu', { alpha: 0.5 }, (x) => (x > 0.5 ? x : 0)],
  ['Shrink', { lambd: 1, bias: 0.25 }, (x) => (x < -1 ? x + 0.25 : x > 1 ? x - 0.25 : 0)],
  ['HardShrink', {}, (x) => (Math.abs(x) > 0.5 ? x : 0)],
  ['SoftShrink', {}, (x) => (x < -0.5 ? x + 0.5 : x > 0.5 ? x - 0.5 : 0)],
];
const slots: Readonly<Record<string, string>> = { HardSigmoid: 'input_x', Shrink: 'input_x', HardShrink: 'input_x', SoftShrink: 'input_x' };

test.each(rows)('%s %j', async (type, attrs, reference) => {
  for (const dtype of ['float32', 'float16', 'bfloat16']) {
    const x = t(dtype, [xs.length], xs);
    const expected = numbersOf(x).map(reference);
    // bfloat16 is computed in float32 and compared as such.
    await expectOp(type, { [slots[type] ?? 'x']: x }, attrs, t(dtype === 'bfloat16' ? 'float32' : dtype, [xs.length], expected));
  }
});

describe('in float64, where ONNX Runtime can', () => {
  const exact = new Set([
    'Relu',
    'Relu6',
    'Relu6D',
    'LeakyRelu',
    'Elu',
    'Celu',
    'CeluV2',
    'FastGelu',
    'Sigmoid',
    'HardSigmoid',
    'Swish',
    'Tanh',
    'Threshold',
    'SoftShrink',
  ]);
  test.each(rows.filter(([type]) => exact.has(type)))('%s %j', async (type, attrs, reference) => {
    const x = t('float64', [xs.length], xs);
    // Attributes are float32 in GE, and so are the numbers that the references above take.
    const tolerance = Object.keys(attrs).length > 0 || type === 'HardSigmoid' ? 1e-6 : 1e-12;
    await expectOp(type, { [slots[type] ?? 'x']: x }, attrs, t('float64', [xs.length], xs.map(reference)), { tolerance });
  });
});

test('Relu and Relu6 of integers', async () => {
  for (const dtype of ['int8', 'int16', 'int32', 'int64']) {
    await expectOp('Relu', { x: t(dtype, [3], [-5, 0, 9]) }, {}, t(dtype, [3], [0, 0, 9]));
    await expectOp('Relu6', { x: t(dtype, [3], [-5, 4, 9]) }, {}, t(dtype, [3], [0, 4, 6]));
  }
});

test('Elu and Celu of large numbers do not overflow', () =>
  expectOp('Elu', { x: t('float32', [2], [1e30, -1e30]) }, { scale: 2 }, t('float32', [2], [2e30, -2])));

test('ThresholdV2 takes its numbers as inputs', async () => {
  const inputs = { x: t('float32', [4], [-1, 0.5, 0.6, 2]), threshold: t('float32', [1], [0.5]) };
  await expectOp('ThresholdV2', inputs, {}, t('float32', [4], [0, 0, 0.6, 2]));
  await expectOp('ThresholdV2', { ...inputs, value: t('float32', [1], [9]) }, {}, t('float32', [4], [9, 9, 0.6, 2]));
});

test('Logit, with and without a bound', async () => {
  const ps = [0.1, 0.5, 0.999];
  const x = t('float32', [3], ps);
  await expectOp(
    'Logit',
    { x },
    {},
    t(
      'float32',
      [3],
      ps.map((p) => Math.log(p / (1 - p))),
    ),
    { tolerance: 1e-4 },
  );
  await expectOp('Logit', { x }, { eps: 0.2 }, t('float32', [3], [Math.log(0.25), 0, Math.log(4)]));
});

test('HardMax marks the largest along an axis', async () => {
  const x = t('float32', [2, 3], [1, 5, 2, 9, 0, 3]);
  await expectOp('HardMax', { x }, {}, t('float32', [2, 3], [0, 1, 0, 1, 0, 0]));
  await expectOp('HardMax', { x }, { axis: 0 }, t('float32', [2, 3], [0, 1, 0, 1, 0, 1]));
});

describe('gated halves', () => {
  const x = t('float32', [2, 4], [1, -2, 3, -4, 0.5, 0, -1, 2]);
  const columns = [
    [1, 3],
    [-2, -4],
    [0.5, -1],
    [0, 2],
  ];
  const rowsOf = [
    [1, 0.5],
    [-2, 0],
    [3, -1],
    [-4, 2],
  ];
  const all = (pairs: number[][], f: (a: number, b: number) => number): number[] => pairs.map(([a = 0, b = 0]) => f(a, b));
  const glu = (a: number, b: number): number => a * sigmoid(b);
  const swiGlu = (a: number, b: number): number => a * sigmoid(a) * b;
  test('GLU', async () => {
    await expectOp('GLU', { x }, {}, t('float32', [2, 2], all(columns, glu)));
    await expectOp('GLU', { x }, { dim: 0 }, t('float32', [1, 4], all(rowsOf, glu)));
  });
  test('SwiGlu', async () => {
    await expectOp('SwiGlu', { x }, { dim: 1 }, t('float32', [2, 2], all(columns, swiGlu)));
    await expectOp('SwiGlu', { x }, { dim: -2 }, t('float32', [1, 4], all(rowsOf, swiGlu)));
  });
});
