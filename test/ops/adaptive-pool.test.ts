// Rows of poolings over the whole image and over windows that follow from the output's size. Expected values: loops.
import { describe, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.js';
import { pooled } from '../support/images.js';
import { fromFormula, indices, reader } from '../support/nd.js';
import { expectOp, random, t } from '../support/op-vectors.js';

const max = (values: readonly number[]): number => Math.max(...values);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;

describe('whole images and adaptive windows', () => {
  test('GlobalAveragePool and GlobalLpPool', async () => {
    const volume = random('float32', [2, 3, 2, 3, 4]);
    const whole = { kernel: [2, 3, 4], strides: [1, 1, 1], pads: [0, 0, 0, 0, 0, 0], sizes: [1, 1, 1] };
    await expectOp('GlobalAveragePool', { x: volume }, {}, pooled(volume, whole, mean), { unknown: ['x'] });
    await expectOp(
      'GlobalLpPool',
      { x: volume },
      {},
      pooled(volume, whole, (values) => Math.sqrt(sum(values.map((v) => v * v)))),
    );
    await expectOp(
      'GlobalLpPool',
      { x: volume },
      { p: 1 },
      pooled(volume, whole, (values) => sum(values.map(Math.abs))),
    );
  });

  /** The window of output i is from ⌊i·in/out⌋ to ⌈(i+1)·in/out⌉; `pick` sees its elements and their positions in the flat image. */
  function adaptive(
    image: Tensor,
    size: readonly [number, number],
    type: string,
    pick: (values: readonly number[], positions: readonly number[]) => number,
  ): Tensor {
    const [height, width] = image.shape.slice(-2) as [number, number];
    const read = reader(image);
    return fromFormula(type, [...image.shape.slice(0, -2), ...size], (index) => {
      const [i, j] = index.slice(-2) as [number, number];
      const [top, left] = [Math.floor((i * height) / size[0]), Math.floor((j * width) / size[1])];
      const [bottom, right] = [Math.ceil(((i + 1) * height) / size[0]), Math.ceil(((j + 1) * width) / size[1])];
      const at = indices([bottom - top, right - left]).map(([a, b]) => [top + (a as number), left + (b as number)] as const);
      return pick(
        at.map((place) => read([...index.slice(0, -2), ...place]) as number),
        at.map(([row, column]) => row * width + column),
      );
    });
  }
  test.each([
    { size: [2, 3] as const, shape: [2, 3, 4, 6] },
    { size: [3, 4] as const, shape: [2, 3, 7, 5] },
    { size: [5, 7] as const, shape: [1, 2, 3, 4] },
    { size: [1, 1] as const, shape: [3, 4, 5] },
  ])('to $size from $shape', async ({ size, shape }) => {
    // Whole numbers, so that windows have ties.
    for (const type of ['float32', 'float16']) {
      const image = t(type, shape, numbers(shape));
      await expectOp('AdaptiveAvgPool2d', { x: image }, { output_size: [...size] }, adaptive(image, size, type, mean));
      const where = adaptive(image, size, 'int32', (values, positions) => positions[values.indexOf(max(values))] as number);
      await expectOp('AdaptiveMaxPool2d', { x: image }, { output_size: [...size] }, [adaptive(image, size, type, max), where]);
    }
  });
  function numbers(shape: readonly number[]): number[] {
    return indices(shape).map((index) => (index.reduce((total, i, axis) => total + i * (3 * axis + 2), 1) % 7) - 3);
  }
});
