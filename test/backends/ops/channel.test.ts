// Reference: the definitions of Caffe's and TensorFlow's operators, by index.
import { expect, test } from 'vitest';
import { lowerGraph } from '../../../src/backends/host/lower/lower.js';
import { checkGraph } from '../../../src/graph/check.js';
import type { Tensor } from '../../../src/graph/tensor.js';
import { expectOp, graphOf, numbersOf, type OpAttrs, type OpInputs, random, t } from '../../support/op-vectors.js';

const shape = [2, 3, 2, 4];
const x = random('float32', shape);
/** Each element of x with its index. */
const each = (f: (value: number, index: readonly [number, number, number, number]) => number): Tensor =>
  t(
    'float32',
    shape,
    numbersOf(x).map((value, i) => f(value, [Math.floor(i / 24), Math.floor(i / 8) % 3, Math.floor(i / 4) % 2, i % 4])),
  );

test('BiasAdd along the channels of each layout', async () => {
  const [b3, b4] = [
    [10, 20, 30],
    [1, 2, 3, 4],
  ];
  await expectOp(
    'BiasAdd',
    { x, bias: t('float32', [3], b3) },
    { data_format: 'NCHW' },
    each((v, [, c]) => v + (b3[c] as number)),
  );
  await expectOp(
    'BiasAdd',
    { x, bias: t('float32', [4], b4) },
    {},
    each((v, [, , , w]) => v + (b4[w] as number)),
  );
  await expectOp(
    'BiasAdd',
    { x: t('float16', [2, 3], [1]), bias: t('float16', [3], b3) },
    { data_format: 'NCHW' },
    t('float16', [2, 3], [11, 21, 31, 11, 21, 31]),
  );
});

test('Bias covers axes from `axis` on', async () => {
  const channel = [10, 20, 30];
  await expectOp(
    'Bias',
    { x, bias: t('float32', [3], channel) },
    {},
    each((v, [, c]) => v + (channel[c] as number)),
  );
  const grid = [1, 2, 3, 4, 5, 6];
  await expectOp(
    'Bias',
    { x, bias: t('float32', [3, 2], grid) },
    { num_axes: 2 },
    each((v, [, c, h]) => v + (grid[c * 2 + h] as number)),
  );
  await expectOp(
    'Bias',
    { x, bias: t('float32', [4], [1, 2, 3, 4]) },
    { axis: -1 },
    each((v, [, , , w]) => v + w + 1),
  );
  await expectOp(
    'Bias',
    { x, bias: t('float32', [], [5]) },
    { num_axes: 0 },
    each((v) => v + 5),
  );
});

test('Scale, with and without a bias', async () => {
  const [scale, bias] = [
    [2, -1, 0.5],
    [10, 20, 30],
  ];
  const inputs = { x, scale: t('float32', [3], scale) };
  await expectOp(
    'Scale',
    inputs,
    {},
    each((v, [, c]) => v * (scale[c] as number)),
  );
  const both = { ...inputs, bias: t('float32', [3], bias) };
  await expectOp(
    'Scale',
    both,
    {},
    each((v, [, c]) => v * (scale[c] as number) + (bias[c] as number)),
  );
  const half = { x: t('float16', [1, 3], [1, 2, 3]), scale: t('float16', [3], scale), bias: t('float16', [3], bias) };
  await expectOp('Scale', half, {}, t('float16', [1, 3], [12, 18, 31.5]));
});

test('PRelu has one slope, one per channel, or one per element', async () => {
  const slopes = [0.1, 0.2, 0.5];
  await expectOp(
    'PRelu',
    { x, weight: t('float32', [1], [0.25]) },
    {},
    each((v) => (v < 0 ? 0.25 * v : v)),
  );
  await expectOp(
    'PRelu',
    { x, weight: t('float32', [3], slopes) },
    {},
    each((v, [, c]) => (v < 0 ? (slopes[c] as number) * v : v)),
  );
  await expectOp(
    'PRelu',
    { x, weight: t('float32', [3, 1, 1], slopes) },
    {},
    each((v, [, c]) => (v < 0 ? (slopes[c] as number) * v : v)),
  );
  await expectOp(
    'PRelu',
    { x: t('float32', [2, 2], [-1, 2, -3, -4]), weight: t('float32', [2], [0.5, 0.1]) },
    {},
    t('float32', [2, 2], [-0.5, 2, -1.5, -0.4]),
  );
});

test('PRelu of a channels-last input takes the last axis', async () => {
  const nhwc = { ...x, format: 'NHWC' };
  const given = graphOf('PRelu', { x: nhwc, weight: t('float32', [4], [1, 2, 3, 4]) }, {});
  const nodes = given.nodes.map((node) =>
    node.name === 'x' ? { ...node, outputDescs: [{ dtype: x.dtype, shape, format: 'NHWC' }] } : node,
  );
  const lowered = lowerGraph(checkGraph({ ...given, nodes, outputs: [{ name: 'y', value: 'op:0' }] }));
  // The weight goes in as it is: numpy's broadcasting puts it at the last axis.
  expect(lowered.model.graph?.node?.map(({ opType, input }) => [opType, input])).toEqual([['PRelu', ['x', 'weight']]]);
});

test('what does not fit the channels is refused at the check', () => {
  const problem =
    (type: string, inputs: OpInputs, attrs: OpAttrs): (() => void) =>
    () =>
      checkGraph(graphOf(type, inputs, attrs));
  expect(problem('Bias', { x, bias: t('float32', [2, 4], [0]) }, { axis: 3 })).toThrow(
    'has a bias [2, 4] for the axes [4] of x from axis 3 on.',
  );
  expect(problem('Scale', { x, scale: t('float32', [4], [0]) }, {})).toThrow('has a scale [4] for the axes [3] of x from axis 1 on.');
  expect(problem('BiasAdd', { x, bias: t('float32', [3], [0]) }, {})).toThrow(
    'has 3 values of bias for the 4 channels of x, axis 3 of [2, 3, 2, 4].',
  );
  expect(problem('PRelu', { x, weight: t('float32', [2], [0]) }, {})).toThrow('has 2 values of weight for the 3 channels of x');
});
