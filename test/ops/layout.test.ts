// Rows of operators that reorder or regroup dimensions. Expected values: elements found by index arithmetic.
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.js';
import { inShape, moved } from '../support/nd.js';
import { expectOp, random, runOp, t } from '../support/op-vectors.js';

const x = random('float32', [2, 3, 4], [-5, 5]);
const ints = (values: readonly number[], type = 'int64'): Tensor => t(type, [values.length], values);

describe('Reshape', () => {
  test.each([
    { shape: [4, 6], gives: [4, 6] },
    { shape: [-1], gives: [24] },
    { shape: [2, -1, 2, 1], gives: [2, 6, 2, 1] },
  ])('to $shape', async ({ shape, gives }) => {
    await expectOp('Reshape', { x, shape: ints(shape) }, {}, inShape(x, gives), { consts: ['shape'] });
    await expectOp('Reshape', { x, shape: ints(shape, 'int32') }, {}, inShape(x, gives));
  });
  test('to a scalar and back', async () => {
    const one = t('int32', [1, 1], [7]);
    await expectOp('Reshape', { x: one, shape: ints([]) }, {}, t('int32', [], [7]), { consts: ['shape'] });
    await expectOp('Reshape', { x: t('int32', [], [7]), shape: ints([1, 1, 1]) }, {}, t('int32', [1, 1, 1], [7]), { consts: ['shape'] });
  });
  test('a 0 is a size of 0', async () => {
    await expectOp('Reshape', { x: t('float32', [0, 3], []), shape: ints([3, 0]) }, {}, t('float32', [3, 0], []), { consts: ['shape'] });
  });
  test("Caffe's form replaces the axes from `axis` on, and a 0 keeps a dimension", async () => {
    const consts = { consts: ['shape'] };
    await expectOp('Reshape', { x, shape: ints([0, 2, -1]) }, { axis: 1 }, inShape(x, [2, 3, 2, 2]), consts);
    await expectOp('Reshape', { x, shape: ints([3, 1]) }, { axis: 1, num_axes: 1 }, inShape(x, [2, 3, 1, 4]), consts);
    await expectOp('Reshape', { x, shape: ints([1, 1]) }, { axis: -1 }, inShape(x, [2, 3, 4, 1, 1]), consts);
    await expectOp('Reshape', { x, shape: ints([0, 2, -1]) }, { axis: 1 }, inShape(x, [2, 3, 2, 2]), { consts: ['shape'], unknown: ['x'] });
  });
  test('to a number of elements that differs is refused', async () => {
    await expect(runOp('Reshape', { x, shape: ints([5, 5]) }, {}, { consts: ['shape'] })).rejects.toThrow(/\[2, 3, 4\] to \[5, 5\]/);
    await expect(runOp('Reshape', { x, shape: ints([-1, -1]) }, {}, { consts: ['shape'] })).rejects.toThrow(
      /−1 at most once|cannot reshape/,
    );
  });
});

describe('permutations', () => {
  const byPerm = (perm: readonly number[]): Tensor =>
    moved(
      x,
      perm.map((axis) => x.shape[axis] as number),
      (index) => [0, 1, 2].map((axis) => index[perm.indexOf(axis)] as number),
    );
  test('Transpose and TransposeD', async () => {
    await expectOp('Transpose', { x, perm: ints([2, 0, 1]) }, {}, byPerm([2, 0, 1]), { consts: ['perm'] });
    await expectOp('Transpose', { x, perm: ints([-1, 0, -2], 'int32') }, {}, byPerm([2, 0, 1]), { consts: ['perm'], unknown: ['x'] });
    await expectOp('TransposeD', { x }, { perm: [1, 2, 0] }, byPerm([1, 2, 0]));
  });
  test('Permute appends the axes it does not name', async () => {
    await expectOp('Permute', { x }, { order: [2] }, byPerm([2, 0, 1]));
    await expectOp('Permute', { x }, { order: [1, 0] }, byPerm([1, 0, 2]));
    await expectOp('Permute', { x }, {}, x);
  });
  test('TransData between plain layouts', async () => {
    const image = random('float32', [2, 3, 4, 5]);
    const channelsLast = moved(image, [2, 4, 5, 3], ([n, h, w, c]) => [n as number, c as number, h as number, w as number]);
    await expectOp('TransData', { src: image }, { src_format: 'NCHW', dst_format: 'NHWC' }, channelsLast);
    await expectOp('TransData', { src: image }, { src_format: 'ND', dst_format: 'NCHW' }, image);
    await expect(runOp('TransData', { src: image }, { src_format: 'NCHW', dst_format: 'NC1HWC0' })).rejects.toThrow('NC1HWC0');
  });
  test('ConfusionTranspose in both orders', async () => {
    const transposed = byPerm([2, 0, 1]);
    await expectOp('ConfusionTransposeD', { x }, { perm: [2, 0, 1], shape: [8, 3], transpose_first: true }, inShape(transposed, [8, 3]));
    const matrix = inShape(x, [6, 4]);
    const expected = moved(matrix, [4, 6], ([i, j]) => [j as number, i as number]);
    await expectOp('ConfusionTransposeD', { x }, { perm: [1, 0], shape: [6, 4], transpose_first: false }, expected);
    await expectOp('ConfusionTranspose', { x, shape: ints([6, 4]) }, { perm: [1, 0], transpose_first: false }, expected, {
      consts: ['shape'],
    });
  });
});

describe('Flatten', () => {
  test.each([
    { axis: 0, gives: [1, 24] },
    { axis: 1, gives: [2, 12] },
    { axis: 3, gives: [24, 1] },
    { axis: -1, gives: [6, 4] },
  ])('at axis $axis', async ({ axis, gives }) => {
    await expectOp('Flatten', { x }, { axis }, inShape(x, gives));
    await expectOp('Flatten', { x }, { axis }, inShape(x, gives), { unknown: ['x'] });
  });
  test.each([
    { attrs: {}, gives: [2, 12] },
    { attrs: { axis: 0, end_axis: 1 }, gives: [6, 4] },
    { attrs: { axis: -2, end_axis: -2 }, gives: [2, 3, 4] },
    { attrs: { axis: 0 }, gives: [24] },
  ])('FlattenV2 with $attrs', async ({ attrs, gives }) => {
    await expectOp('FlattenV2', { x }, attrs, inShape(x, gives));
    await expectOp('FlattenV2', { x }, attrs, inShape(x, gives), { unknown: ['x'] });
  });
});

describe('axes of size 1', () => {
  const thin = random('float16', [1, 3, 1, 2]);
  test.each(['Squeeze', 'SqueezeV2'])('%s', async (type) => {
    await expectOp(type, { x: thin }, {}, inShape(thin, [3, 2]));
    await expectOp(type, { x: thin }, { axis: [-2] }, inShape(thin, [1, 3, 2]));
    await expectOp(type, { x: thin }, { axis: [2, 0] }, inShape(thin, [3, 2]));
    await expectOp(type, { x }, {}, x);
    await expect(runOp(type, { x: thin }, { axis: [1] })).rejects.toThrow('its size is not 1');
  });
  test('SqueezeV3', async () => {
    await expectOp('SqueezeV3', { x: thin, axes: ints([0, -2]) }, {}, inShape(thin, [3, 2]), { consts: ['axes'] });
    await expectOp('SqueezeV3', { x: thin, axes: ints([0]) }, {}, inShape(thin, [3, 1, 2]));
    await expectOp('SqueezeV3', { x: thin }, {}, inShape(thin, [3, 2]));
  });
  test('Unsqueeze counts axes of the output', async () => {
    await expectOp('Unsqueeze', { x }, { axes: [0, -1] }, inShape(x, [1, 2, 3, 4, 1]));
    await expectOp('UnsqueezeV2', { x }, { axis: [3, 1] }, inShape(x, [2, 1, 3, 1, 4]));
    await expectOp('UnsqueezeV3', { x, axes: ints([-2]) }, {}, inShape(x, [2, 3, 1, 4]), { consts: ['axes'] });
    await expectOp('UnsqueezeV3', { x, axes: ints([1]) }, {}, inShape(x, [2, 1, 3, 4]));
    await expect(runOp('Unsqueeze', { x }, { axes: [5] })).rejects.toThrow('the axis 5');
  });
  test('ExpandDims', async () => {
    await expectOp('ExpandDims', { x, axis: t('int32', [], [-1]) }, {}, inShape(x, [2, 3, 4, 1]), { consts: ['axis'] });
    await expectOp('ExpandDims', { x, axis: t('int64', [1], [0]) }, {}, inShape(x, [1, 2, 3, 4]));
    await expectOp('ExpandDims', { x: t('bool', [], [1]), axis: t('int32', [], [0]) }, {}, t('bool', [1], [1]), { consts: ['axis'] });
  });
});
