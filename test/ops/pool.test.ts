// Rows of poolings. Expected values: loops over the windows (test/support/images.ts); sizes are written out.
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.js';
import { inLayout, type Pooling, pooled } from '../support/images.js';
import { expectOp, random, runOp, t } from '../support/op-vectors.js';

const max = (values: readonly number[]): number => Math.max(...values);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
/** With the padding's zeros. */
const meanOfCells = (values: readonly number[], cells: number): number => sum(values) / cells;
const named = (tensor: Tensor, format: string): Tensor => ({ ...tensor, format });
const listed = (layout: string, spatial: readonly number[]): number[] => {
  const letters = layout.includes('D') ? 'DHW' : 'HW';
  return [...layout].map((letter) => (letters.includes(letter) ? (spatial[letters.indexOf(letter)] as number) : 1));
};
const LAYOUTS = ['NCHW', 'NHWC'] as const;

const x = random('float32', [2, 3, 7, 6], [-5, -1]);
const same: Pooling = { kernel: [3, 2], strides: [2, 3], pads: [1, 1, 0, 0], sizes: [4, 2] };
const valid: Pooling = { kernel: [3, 2], strides: [2, 3], pads: [0, 0, 0, 0], sizes: [3, 2] };

describe.each(LAYOUTS)("TensorFlow's poolings in %s", (layout) => {
  const image = inLayout(x, 'NCHW', layout);
  const attrs = { ksize: listed(layout, [3, 2]), strides: listed(layout, [2, 3]), data_format: layout };
  const y = (pooling: Pooling, what: typeof max): Tensor => inLayout(pooled(x, pooling, what), 'NCHW', layout);
  test.each(['MaxPool', 'MaxPoolExt2'])('%s', async (type) => {
    await expectOp(type, { x: image }, { ...attrs, padding: 'SAME' }, y(same, max));
    await expectOp(type, { x: image }, { ...attrs, padding: 'VALID' }, y(valid, max), { unknown: ['x'] });
  });
  test('AvgPool counts no padding', async () => {
    await expectOp('AvgPool', { x: image }, { ...attrs, padding: 'SAME' }, y(same, mean));
    await expectOp('AvgPool', { x: image }, { ...attrs, padding: 'VALID' }, y(valid, mean));
  });
  test('padded by a size that only the run knows', async () => {
    const near = { ...attrs, ksize: listed(layout, [3, 2]), strides: listed(layout, [2, 2]), padding: 'SAME' };
    const pooling = { ...same, strides: [2, 2], sizes: [4, 3] };
    await expectOp('MaxPool', { x: image }, near, y(pooling, max), { unknown: ['x'] });
    await expectOp('AvgPool', { x: image }, near, y(pooling, mean), { unknown: ['x'] });
    const single = { ...attrs, ksize: listed(layout, [1, 1]), padding: 'SAME' };
    const picked = { kernel: [1, 1], strides: [2, 3], pads: [0, 0, 0, 0], sizes: [4, 2] };
    await expectOp('MaxPool', { x: image }, single, y(picked, max), { unknown: ['x'] });
    await expect(runOp('MaxPool', { x: image }, { ...attrs, padding: 'SAME' }, { unknown: ['x'] })).rejects.toThrow(
      'a size that is not known',
    );
  });
  test('MaxPoolV2 has its window as inputs', async () => {
    const inputs = { x: image, ksize: t('int32', [4], attrs.ksize), strides: t('int32', [4], attrs.strides) };
    const consts = ['ksize', 'strides'];
    await expectOp('MaxPoolV2', inputs, { padding: 'SAME', data_format: layout }, y(same, max), { consts });
    await expect(runOp('MaxPoolV2', inputs, { padding: 'SAME', data_format: layout })).rejects.toThrow('computed when it runs');
  });
});

describe('kernels', () => {
  test.each(['float16', 'float64', 'int8', 'uint8', 'int16', 'int32'])('MaxPool of %s', async (type) => {
    const image = named(random(type, [1, 2, 5, 5], [0, 9]), 'NCHW');
    const pooling = { kernel: [2, 2], strides: [2, 2], pads: [0, 1, 0, 1], sizes: [3, 3] };
    const attrs = { ksize: [1, 1, 2, 2], strides: [1, 1, 2, 2], padding: 'SAME', data_format: 'NCHW' };
    await expectOp('MaxPool', { x: image }, attrs, pooled(image, pooling, max));
  });
  test('over channels are refused', async () => {
    const attrs = { ksize: [1, 1, 2, 2], strides: [1, 1, 1, 1], padding: 'VALID' };
    await expect(runOp('MaxPool', { x: named(x, 'NCHW') }, attrs)).rejects.toThrow('in the order NHWC');
  });
});

describe('MaxPoolV3 and AvgPoolV2', () => {
  const image = named(x, 'NCHW');
  const window = { ksize: [1, 1, 3, 3], strides: [1, 1, 2, 2] };
  // (7 + 1 + 1 − 3) / 2 = 3 and (6 + 0 + 2 − 3) / 2 = 2.5.
  const floor = { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 0, 2], sizes: [4, 3] };
  const ceil = { ...floor, sizes: [4, 4] };
  const padded = { ...window, pads: [1, 1, 0, 2] };
  test('with calculated padding', async () => {
    await expectOp('MaxPoolV3', { x: image }, padded, pooled(x, floor, max));
    await expectOp('MaxPoolV3', { x: image }, padded, pooled(x, floor, max), { unknown: ['x'] });
    await expectOp('AvgPoolV2', { x: image }, padded, pooled(x, floor, mean));
    await expectOp('AvgPoolV2', { x: image }, padded, pooled(x, floor, mean), { unknown: ['x'] });
    await expectOp('AvgPoolV2', { x: image }, { ...padded, exclusive: false }, pooled(x, floor, meanOfCells));
  });
  test('in NHWC', async () => {
    const attrs = { ksize: [1, 3, 3, 1], strides: [1, 2, 2, 1], pads: [1, 1, 0, 2], data_format: 'NHWC' };
    const last = inLayout(x, 'NCHW', 'NHWC');
    await expectOp('MaxPoolV3', { x: last }, attrs, inLayout(pooled(x, floor, max), 'NCHW', 'NHWC'));
    await expectOp('AvgPoolV2', { x: last }, { ...attrs, exclusive: false }, inLayout(pooled(x, floor, meanOfCells), 'NCHW', 'NHWC'));
  });
  test('rounded up', async () => {
    // The fourth window of the width begins at 6, in the padding alone: the maximum has nothing there.
    const small = { kernel: [3, 3], strides: [2, 2], pads: [0, 1, 1, 0], sizes: [4, 3] };
    const attrs = { ...window, pads: [0, 1, 1, 0], ceil_mode: true };
    await expectOp('MaxPoolV3', { x: image }, attrs, pooled(x, small, max));
    await expectOp('AvgPoolV2', { x: image }, attrs, pooled(x, small, mean));
    // What reaches beyond the padding does not count, what lies in it does.
    await expectOp('AvgPoolV2', { x: image }, { ...attrs, exclusive: false }, pooled(x, small, meanOfCells));
    await expectOp('AvgPoolV2', { x: image }, { ...attrs, exclusive: false }, pooled(x, small, meanOfCells), { unknown: ['x'] });
  });
  test('a last window in the padding alone', async () => {
    const attrs = { ...padded, ceil_mode: true };
    await expectOp(
      'MaxPoolV3',
      { x: image },
      attrs,
      pooled(x, ceil, (values) => (values.length === 0 ? Number.NEGATIVE_INFINITY : max(values))),
    );
    await expect(runOp('AvgPoolV2', { x: image }, attrs)).rejects.toThrow('in the padding alone');
  });
  test('SAME and VALID', async () => {
    const attrs = { ksize: [1, 1, 3, 2], strides: [1, 1, 2, 3] };
    await expectOp('MaxPoolV3', { x: image }, { ...attrs, padding_mode: 'SAME' }, pooled(x, same, max));
    await expectOp('AvgPoolV2', { x: image }, { ...attrs, padding_mode: 'SAME', exclusive: false }, pooled(x, same, meanOfCells));
    await expectOp('AvgPoolV2', { x: image }, { ...attrs, padding_mode: 'VALID' }, pooled(x, valid, mean), { unknown: ['x'] });
  });
  test('with a divisor of their own', async () => {
    const by7 = (values: readonly number[]): number => sum(values) / 7;
    await expectOp('AvgPoolV2', { x: image }, { ...padded, divisor_override: 7 }, pooled(x, floor, by7));
    const whole = { kernel: [7, 6], strides: [1, 1], pads: [0, 0, 0, 0], sizes: [1, 1] };
    await expectOp('AvgPoolV2', { x: image }, { ...padded, divisor_override: 7, global_pooling: true }, pooled(x, whole, by7));
  });
  test.each(LAYOUTS)('over the whole image in %s', async (layout) => {
    const whole = { kernel: [7, 6], strides: [1, 1], pads: [0, 0, 0, 0], sizes: [1, 1] };
    const attrs = { ksize: [1, 1, 1, 1], strides: [1, 1, 1, 1], global_pooling: true, data_format: layout };
    for (const unknown of [[], ['x']]) {
      await expectOp('MaxPoolV3', { x: inLayout(x, 'NCHW', layout) }, attrs, inLayout(pooled(x, whole, max), 'NCHW', layout), { unknown });
      await expectOp('AvgPoolV2', { x: inLayout(x, 'NCHW', layout) }, attrs, inLayout(pooled(x, whole, mean), 'NCHW', layout), { unknown });
    }
  });
});

describe("Caffe's Pooling", () => {
  const image = named(x, 'NCHW');
  test('rounds up unless told otherwise', async () => {
    // (7 + 2 − 3) / 2 + 1 = 4; (6 + 2 − 2) / 4 = 1.5, and its third window would begin at 7, which is not in the image.
    const pooling = { kernel: [3, 2], strides: [2, 4], pads: [1, 1, 1, 1], sizes: [4, 2] };
    const attrs = { window: [3, 2], stride: [2, 4], pad: [1, 1, 1, 1] };
    await expectOp('Pooling', { x: image }, { ...attrs, mode: 0 }, pooled(x, pooling, max));
    await expectOp('Pooling', { x: image }, { ...attrs, mode: 1 }, pooled(x, pooling, meanOfCells));
    const up = { kernel: [3, 3], strides: [2, 2], pads: [0, 0, 0, 0], sizes: [3, 3] };
    await expectOp('Pooling', { x: image }, { window: [3, 3], stride: [2, 2], mode: 1 }, pooled(x, up, meanOfCells));
    const down = { window: [3, 3], stride: [2, 2], mode: 1, ceil_mode: 1 };
    await expectOp('Pooling', { x: image }, down, pooled(x, { ...up, sizes: [3, 2] }, mean));
  });
  test('over the whole image, and in NHWC', async () => {
    const whole = { kernel: [7, 6], strides: [1, 1], pads: [0, 0, 0, 0], sizes: [1, 1] };
    await expectOp('Pooling', { x: image }, { mode: 1, global_pooling: true }, pooled(x, whole, mean));
    await expectOp(
      'Pooling',
      { x: inLayout(x, 'NCHW', 'NHWC') },
      { global_pooling: true },
      inLayout(pooled(x, whole, max), 'NCHW', 'NHWC'),
    );
    await expect(runOp('Pooling', { x: image }, { window: [2, 2], pad: [0, 1, 0, 0] })).rejects.toThrow('pads [0, 1, 0, 0]');
  });
});

describe('in one and three dimensions', () => {
  const volume = random('float32', [1, 2, 5, 4, 6], [-5, -1]);
  const pooling = { kernel: [2, 3, 2], strides: [2, 1, 3], pads: [1, 1, 1, 0, 0, 1], sizes: [3, 3, 2] };
  test.each(['NCDHW', 'NDHWC'])('AvgPool3D in %s', async (layout) => {
    const attrs = { ksize: listed(layout, [2, 3, 2]), strides: listed(layout, [2, 1, 3]), pads: pooling.pads, data_format: layout };
    const input = { x: inLayout(volume, 'NCDHW', layout) };
    const y = (what: typeof meanOfCells, how: Pooling = pooling): Tensor => inLayout(pooled(volume, how, what), 'NCDHW', layout);
    await expectOp('AvgPool3D', input, attrs, y(meanOfCells));
    await expectOp('AvgPool3DD', input, { ...attrs, count_include_pad: false }, y(mean));
    await expectOp(
      'AvgPool3D',
      input,
      { ...attrs, divisor_override: 5 },
      y((values) => sum(values) / 5),
    );
    // Rounded up, the width would get a third window that begins at 6: outside of the image.
    await expectOp('AvgPool3D', input, { ...attrs, ceil_mode: true }, y(meanOfCells));
    const three = { kernel: [2, 3, 4], strides: [2, 1, 3], pads: [0, 0, 0, 0, 0, 0], sizes: [3, 2, 2] };
    await expectOp(
      'AvgPool3D',
      input,
      { ...attrs, ksize: [2, 3, 4], strides: [2, 1, 3], pads: three.pads, ceil_mode: true },
      y(mean, three),
    );
  });
  test.each(['NCDHW', 'NDHWC'])('MaxPool3D in %s', async (layout) => {
    const attrs = { ksize: listed(layout, [2, 3, 2]), strides: listed(layout, [2, 1, 3]), data_format: layout };
    const input = { x: inLayout(volume, 'NCDHW', layout) };
    const y = (how: Pooling): Tensor => inLayout(pooled(volume, how, max), 'NCDHW', layout);
    await expectOp('MaxPool3D', input, { ...attrs, padding: 'SAME' }, y({ ...pooling, pads: [0, 1, 1, 1, 0, 0], sizes: [3, 4, 2] }));
    await expectOp('MaxPool3D', input, { ...attrs, padding: 'VALID' }, y({ ...pooling, pads: [0, 0, 0, 0, 0, 0], sizes: [2, 2, 2] }));
    const symmetric = [1, 1, 1, 1, 0, 0];
    await expectOp(
      'MaxPool3D',
      input,
      { ...attrs, padding: 'CALCULATED', pads: symmetric },
      y({ ...pooling, pads: symmetric, sizes: [3, 4, 2] }),
    );
    const up = { kernel: [2, 3, 4], strides: [2, 1, 3], pads: [0, 0, 0, 0, 0, 0], sizes: [3, 2, 2] };
    await expectOp('MaxPool3D', input, { ...attrs, ksize: [2, 3, 4], strides: [2, 1, 3], padding: 'CALCULATED', ceil_mode: 1 }, y(up));
  });
  test('AvgPool1D pools the width', async () => {
    const line = random('float32', [2, 3, 1, 7], [-5, -1]);
    const pooling1 = { kernel: [1, 3], strides: [1, 2], pads: [0, 0, 1, 1], sizes: [1, 4] };
    const attrs = { ksize: 3, strides: 2, pads: [1, 1] };
    await expectOp('AvgPool1D', { x: line }, attrs, pooled(line, pooling1, mean));
    await expectOp('AvgPool1D', { x: line }, { ...attrs, count_include_pad: true }, pooled(line, pooling1, meanOfCells));
    const last = inLayout(line, 'NCHW', 'NHWC');
    const up = { ...pooling1, pads: [0, 0, 0, 0], sizes: [1, 3] };
    await expectOp('AvgPool1D', { x: last }, { ...attrs, pads: [0, 0], ceil_mode: true }, inLayout(pooled(line, up, mean), 'NCHW', 'NHWC'));
  });
});
