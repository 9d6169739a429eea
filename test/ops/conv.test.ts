// Rows of convolutions and their transposes, in every layout. Expected values: the definition's loops (test/support/images.ts).
import { describe, expect, test } from 'vitest';
import { checkGraph } from '../../src/graph/check.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { convolved, inLayout, transposeConvolved } from '../support/images.js';
import { expectOp, expectTensor, graphOf, random, runGraph, runOp, t } from '../support/op-vectors.js';

const ints = (values: readonly number[], type = 'int32'): Tensor => t(type, [values.length], values);
const named = (tensor: Tensor, format: string): Tensor => ({ ...tensor, format });
/** A list for the spatial dimensions as GE has it: in the order of the layout, with 1 for batch and channels. */
const listed = (layout: string, spatial: readonly number[], other = 1): number[] => {
  const letters = layout.includes('D') ? 'DHW' : 'HW';
  return [...layout].map((letter) => (letters.includes(letter) ? (spatial[letters.indexOf(letter)] as number) : other));
};

describe('Conv2D', () => {
  const x = random('float32', [2, 4, 7, 6]);
  const filter = random('float32', [6, 4, 3, 2], [-1, 1], 3);
  const bias = random('float32', [6], [-1, 1], 5);
  const sliding = { strides: [2, 3], dilations: [2, 1], pads: [1, 2, 0, 3] };
  const expected = convolved(x, filter, sliding, bias);

  test.each([
    { layout: 'NCHW', weights: 'NCHW' },
    { layout: 'NHWC', weights: 'HWCN' },
    { layout: 'NCHW', weights: 'HWCN' },
    { layout: 'NHWC', weights: 'NCHW' },
    { layout: 'NHWC', weights: 'NHWC' },
  ])('of an image in $layout with a filter in $weights', async ({ layout, weights }) => {
    const inputs = { x: inLayout(x, 'NCHW', layout), filter: inLayout(filter, 'NCHW', weights), bias };
    const attrs = { strides: listed(layout, [2, 3]), dilations: listed(layout, [2, 1]), pads: [1, 2, 0, 3] };
    const y = inLayout(expected, 'NCHW', layout);
    // The formats decide, whatever data_format says.
    await expectOp('Conv2D', inputs, attrs, y, { tolerance: 1e-4 });
    await expectOp('Conv2D', inputs, { ...attrs, data_format: layout }, y, { unknown: ['x'], tolerance: 1e-4 });
    await expectOp('Conv2D', inputs, { ...attrs, data_format: layout }, y, { unknown: ['x', 'filter'], tolerance: 1e-4 });
  });
  test('without formats data_format decides, and the filter goes with it', async () => {
    const { format: _, ...plain } = inLayout(x, 'NCHW', 'NHWC');
    const { format: __, ...hwcn } = inLayout(filter, 'NCHW', 'HWCN');
    const attrs = { strides: [1, 2, 3, 1], dilations: [1, 2, 1, 1], pads: [1, 2, 0, 3] };
    await expectOp('Conv2D', { x: plain, filter: hwcn, bias }, attrs, inLayout(expected, 'NCHW', 'NHWC'), { tolerance: 1e-4 });
    const first = { strides: [1, 1, 2, 3], dilations: [1, 1, 2, 1], pads: [1, 2, 0, 3], data_format: 'NCHW' };
    await expectOp('Conv2D', { x, filter, bias }, first, expected, { tolerance: 1e-4 });
  });
  test('in groups, said or implied', async () => {
    const grouped = random('float32', [6, 2, 3, 3], [-1, 1], 3);
    const inputs = { x: named(x, 'NCHW'), filter: named(grouped, 'NCHW') };
    const attrs = { strides: [1, 1, 1, 1], pads: [1, 1, 1, 1] };
    const y = convolved(x, grouped, { strides: [1, 1], pads: [1, 1, 1, 1], groups: 2 });
    await expectOp('Conv2D', inputs, { ...attrs, groups: 2 }, y, { tolerance: 1e-4 });
    await expectOp('Conv2D', inputs, attrs, y, { tolerance: 1e-4 });
    const last = { x: inLayout(x, 'NCHW', 'NHWC'), filter: inLayout(grouped, 'NCHW', 'HWCN') };
    await expectOp('Conv2D', last, { ...attrs, groups: 2 }, inLayout(y, 'NCHW', 'NHWC'), { tolerance: 1e-4 });
  });
  test('of float16 with a bias of float32', async () => {
    const [half, weights, offset] = [
      random('float16', [1, 2, 4, 4]),
      random('float16', [3, 2, 3, 3], [-1, 1], 3),
      random('float32', [3], [-1, 1], 5),
    ];
    const inputs = { x: named(half, 'NCHW'), filter: named(weights, 'NCHW'), bias: offset };
    const y = convolved(half, weights, { strides: [1, 1], pads: [0, 0, 0, 0] }, offset);
    await expectOp('Conv2D', inputs, { strides: [1, 1, 1, 1], pads: [0, 0, 0, 0] }, y, { tolerance: 1e-2 });
  });
  test('of int8 sums up in int32', async () => {
    const [image, weights] = [random('int8', [1, 40, 5, 5], [-128, 128]), random('int8', [2, 40, 3, 3], [-128, 128], 3)];
    const attrs = { strides: [1, 2, 1, 1], pads: [1, 0, 1, 1] };
    const sliding8 = { strides: [2, 1], pads: [1, 0, 1, 1] };
    const plain = { x: inLayout(image, 'NCHW', 'NHWC'), filter: inLayout(weights, 'NCHW', 'HWCN') };
    await expectOp('Conv2D', plain, attrs, inLayout(convolved(image, weights, sliding8, undefined, 'int32'), 'NCHW', 'NHWC'));
    const offset = t('int32', [2], [100000, -7]);
    await expectOp(
      'Conv2D',
      { ...plain, bias: offset },
      attrs,
      inLayout(convolved(image, weights, sliding8, offset, 'int32'), 'NCHW', 'NHWC'),
    );
  });
  test.each([
    { attr: { padding: 'SAME' }, pads: [1, 1, 0, 1] },
    { attr: { auto_pad: 'SAME_UPPER' }, pads: [1, 1, 0, 1] },
    { attr: { auto_pad: 'SAME_LOWER' }, pads: [1, 1, 1, 0] },
    { attr: { padding: 'VALID' }, pads: [0, 0, 0, 0] },
  ])("padded as GE's parsers leave it: $attr", async ({ attr, pads }) => {
    const kernel = random('float32', [6, 4, 3, 4], [-1, 1], 3);
    const y = convolved(x, kernel, { strides: [2, 3], pads });
    const inputs = { x: named(x, 'NCHW'), filter: named(kernel, 'NCHW') };
    for (const unknown of [[], ['x']]) {
      const graph = graphOf('Conv2D', inputs, { strides: [1, 1, 2, 3], pads: [0, 0, 0, 0], ...attr }, { unknown });
      const checked = checkGraph({ ...graph, outputs: [{ name: 'y', value: 'op:0' }] }, { fromGe: true });
      const [actual] = await runGraph(checked, new Map(Object.entries(inputs)));
      expectTensor(actual as Tensor, y, 1e-4);
      const { shape } = checked.spec('op:0');
      expect(shape.map((dim, i) => (dim < 0 ? y.shape[i] : dim))).toEqual(y.shape);
    }
  });
  test('that cannot be is refused, with what was taken for granted', async () => {
    const run = (inputs: Record<string, Tensor>, attrs = {}) =>
      runOp('Conv2D', inputs, { strides: [1, 1, 1, 1], pads: [0, 0, 0, 0], ...attrs });
    const wide = random('float32', [2, 4, 6, 7]);
    await expect(run({ x: wide, filter })).rejects.toThrow('7 channels in NHWC, but its filter in HWCN takes 3');
    await expect(run({ x: named(x, 'NCHW'), filter: named(filter, 'NCHW') }, { dilations: [1, 1, 4, 1] })).rejects.toThrow(
      'window of 9 over 7',
    );
    await expect(run({ x: named(x, 'NCHW'), filter: named(filter, 'NCHW') }, { offset_x: 3 })).rejects.toThrow('offset_x');
    await expect(run({ x: named(x, 'NCHW'), filter: named(filter, 'NCHW') }, { strides: [1, 1, 0, 1] })).rejects.toThrow('stride of 0');
    await expect(run({ x: named(x, 'NCHW'), filter: named(filter, 'NCHW') }, { pads: [1, 1] })).rejects.toThrow('2 pads');
  });
});

describe('DepthwiseConv2D', () => {
  const x = random('float32', [2, 3, 6, 5]);
  // [channels × multiplier, 1, h, w]: channel c makes the channels 2c and 2c + 1.
  const grouped = random('float32', [6, 1, 3, 2], [-1, 1], 3);
  const bias = random('float32', [6], [-1, 1], 5);
  const y = convolved(x, grouped, { strides: [2, 1], dilations: [1, 2], pads: [1, 0, 1, 1], groups: 3 }, bias);
  const own = { ...grouped, shape: [3, 2, 3, 2] };
  test.each([
    { layout: 'NHWC', filter: inLayout(own, 'CNHW', 'HWCN') },
    { layout: 'NCHW', filter: inLayout(own, 'CNHW', 'HWCN') },
    { layout: 'NCHW', filter: inLayout(own, 'CNHW', 'NCHW') },
    { layout: 'NCHW', filter: named(grouped, 'NCHW') },
  ])('in $layout with a filter $filter.shape in $filter.format', async ({ layout, filter }) => {
    const attrs = { strides: listed(layout, [2, 1]), dilations: listed(layout, [1, 2]), pads: [1, 0, 1, 1], data_format: layout };
    await expectOp('DepthwiseConv2D', { x: inLayout(x, 'NCHW', layout), filter, bias }, attrs, inLayout(y, 'NCHW', layout), {
      tolerance: 1e-4,
    });
  });
  test('needs a filter for its channels', async () => {
    const filter = named(random('float32', [3, 3, 2, 2]), 'HWCN');
    const run = runOp('DepthwiseConv2D', { x: named(x, 'NCHW'), filter }, { strides: [1, 1, 1, 1], pads: [0, 0, 0, 0] });
    await expect(run).rejects.toThrow('3 channels and a filter [3, 3, 2, 2] in HWCN for 2');
  });
});

describe('Conv3D', () => {
  const x = random('float32', [1, 4, 5, 4, 6]);
  const filter = random('float32', [2, 2, 2, 3, 2], [-1, 1], 3);
  const sliding = { strides: [2, 1, 2], dilations: [1, 1, 2], pads: [1, 0, 1, 1, 0, 2] };
  test.each([
    { layout: 'NCDHW', weights: 'NCDHW' },
    { layout: 'NDHWC', weights: 'DHWCN' },
  ])('in $layout', async ({ layout, weights }) => {
    const inputs = { x: inLayout(x, 'NCDHW', layout), filter: inLayout(filter, 'NCDHW', weights), bias: t('float32', [2], [1, -2]) };
    const y = convolved(x, filter, { ...sliding, groups: 2 }, inputs.bias);
    const attrs = { strides: listed(layout, [2, 1, 2]), dilations: listed(layout, [1, 1, 2]), pads: sliding.pads, groups: 2 };
    await expectOp('Conv3D', inputs, attrs, inLayout(y, 'NCDHW', layout), { tolerance: 1e-4 });
  });
});

describe('transposes', () => {
  const x = random('float32', [2, 4, 3, 4]);
  const filter = random('float32', [4, 3, 3, 2], [-1, 1], 3);
  const bias = random('float32', [3], [-1, 1], 5);
  // Sizes that the forward convolution maps to 3 × 4: (h + 1 − 3) / 2 + 1 = 3 for 6 and 7.
  const sliding = { strides: [2, 3], pads: [1, 0, 1, 1] };
  const sizes = [
    [6, 9],
    [7, 11],
  ] as const;

  test.each([
    { layout: 'NCHW', weights: 'NCHW' },
    { layout: 'NHWC', weights: 'HWCN' },
  ])('Conv2DTranspose in $layout to the size asked for', async ({ layout, weights }) => {
    for (const size of sizes) {
      const image = { x: inLayout(x, 'NCHW', layout), filter: inLayout(filter, 'NCHW', weights), bias };
      const asked = [...layout].map((letter) => ({ N: 2, C: 3, H: size[0], W: size[1] })[letter] as number);
      const attrs = { strides: listed(layout, [2, 3]), pads: sliding.pads };
      const y = inLayout(transposeConvolved(x, filter, sliding, size, bias), 'NCHW', layout);
      await expectOp('Conv2DTranspose', { input_size: ints(asked), ...image }, attrs, y, { consts: ['input_size'], tolerance: 1e-4 });
      await expectOp('Conv2DTransposeD', image, { ...attrs, input_size: asked }, y, { tolerance: 1e-4 });
      const gradient = inLayout(transposeConvolved(x, filter, sliding, size), 'NCHW', layout);
      const back = { filter: image.filter, out_backprop: image.x };
      await expectOp('Conv2DBackpropInput', { input_size: ints(asked), ...back }, attrs, gradient, {
        consts: ['input_size'],
        tolerance: 1e-4,
      });
      await expectOp('Conv2DBackpropInputD', back, { ...attrs, input_size: asked }, gradient, { tolerance: 1e-4 });
    }
  });
  test('Conv2DTranspose without a size adds output_padding', async () => {
    const inputs = { input_size: ints([0, 0, 0, 0], 'int64'), x: named(x, 'NCHW'), filter: named(filter, 'NCHW') };
    const attrs = { strides: [1, 1, 2, 3], pads: sliding.pads, output_padding: [0, 0, 1, 2] };
    const y = transposeConvolved(x, filter, sliding, [7, 11]);
    await expectOp('Conv2DTranspose', inputs, attrs, y, { consts: ['input_size'], tolerance: 1e-4 });
    await expectOp('Conv2DTranspose', inputs, attrs, y, { consts: ['input_size'], unknown: ['x'], tolerance: 1e-4 });
  });
  test('a size that a convolution does not come from is refused', async () => {
    const inputs = { input_size: ints([2, 3, 8, 11]), x: named(x, 'NCHW'), filter: named(filter, 'NCHW') };
    const run = runOp('Conv2DTranspose', inputs, { strides: [1, 1, 2, 3], pads: sliding.pads }, { consts: ['input_size'] });
    await expect(run).rejects.toThrow('cannot make 8 elements out of 3');
  });
  test('Deconvolution in groups and with holes', async () => {
    const grouped = random('float32', [4, 2, 2, 3], [-1, 1], 3);
    const y = transposeConvolved(
      x,
      grouped,
      { strides: [2, 1], dilations: [2, 1], pads: [1, 0, 1, 1], groups: 2 },
      [6, 4],
      t('float32', [4], [1, 2, 3, 4]),
    );
    const inputs = { x: named(x, 'NCHW'), filter: named(grouped, 'NCHW'), bias: t('float32', [4], [1, 2, 3, 4]) };
    const attrs = { strides: [2, 1], pads: [1, 0, 1, 1], dilations: [1, 1, 2, 1], groups: 2 };
    await expectOp('Deconvolution', inputs, attrs, y, { tolerance: 1e-4 });
  });
  test.each([
    { layout: 'NCDHW', weights: 'NCDHW' },
    { layout: 'NDHWC', weights: 'DHWCN' },
  ])('Conv3DTranspose in $layout', async ({ layout, weights }) => {
    const volume = random('float32', [1, 2, 3, 2, 3]);
    const cube = random('float32', [2, 3, 2, 2, 3], [-1, 1], 3);
    const pads = [1, 0, 0, 1, 1, 1];
    const size = [5, 2, 4];
    const y = inLayout(transposeConvolved(volume, cube, { strides: [2, 1, 1], pads }, size.with(1, 2).with(2, 3)), 'NCDHW', layout);
    const asked = [...layout].map((letter) => ({ N: 1, C: 3, D: 5, H: 2, W: 3 })[letter] as number);
    const image = { x: inLayout(volume, 'NCDHW', layout), filter: inLayout(cube, 'NCDHW', weights) };
    const attrs = { strides: listed(layout, [2, 1, 1]), pads };
    await expectOp('Conv3DTranspose', { input_size: ints(asked), ...image }, attrs, y, { consts: ['input_size'], tolerance: 1e-4 });
    await expectOp('Conv3DTransposeD', image, { ...attrs, input_size: asked }, y, { tolerance: 1e-4 });
    const back = { filter: image.filter, out_backprop: image.x };
    await expectOp('Conv3DBackpropInput', { input_size: ints(asked), ...back }, attrs, y, { consts: ['input_size'], tolerance: 1e-4 });
    await expectOp('Conv3DBackpropInputD', back, { ...attrs, input_size: asked }, y, { tolerance: 1e-4 });
  });
});
