// Rows of operators that repeat, pad or fill. Expected values: elements found by index arithmetic.
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.js';
import { fromFormula, moved, reader } from '../support/nd.js';
import { expectOp, random, runOp, t } from '../support/op-vectors.js';

const ints = (values: readonly number[], type = 'int64'): Tensor => t(type, [values.length], values);

describe('broadcasting', () => {
  const x = random('float32', [3, 1, 2]);
  const wide = moved(x, [4, 3, 5, 2], ([, i, , j]) => [i as number, 0, j as number]);
  test('BroadcastTo', async () => {
    await expectOp('BroadcastTo', { x, shape: ints([4, 3, 5, 2], 'int32') }, {}, wide, { consts: ['shape'] });
    await expectOp('BroadcastTo', { x, shape: ints([4, 3, 5, 2]) }, {}, wide);
    await expectOp('BroadcastToD', { x }, { shape: [4, -1, 5, -1] }, wide);
    await expectOp('BroadcastToD', { x: t('bool', [], [1]) }, { shape: [2, 2] }, t('bool', [2, 2], [1]));
    await expect(runOp('BroadcastToD', { x }, { shape: [2, 5, 2] })).rejects.toThrow('cannot broadcast [3, 1, 2] to [2, 5, 2]');
  });
  test('Expand broadcasts both ways', async () => {
    await expectOp('Expand', { x, shape: ints([4, 1, 5, 1]) }, {}, wide, { consts: ['shape'] });
    await expectOp('Expand', { x, shape: ints([4, 1, 5, 1]) }, {}, wide, { unknown: ['x'] });
    await expectOp(
      'ExpandD',
      { x },
      { shape: [5, 1] },
      moved(x, [3, 5, 2], ([i, , j]) => [i as number, 0, j as number]),
    );
  });
});

describe('tiling', () => {
  const x = random('int32', [2, 3], [-9, 9]);
  const tiled = moved(x, [4, 9], ([i, j]) => [(i as number) % 2, (j as number) % 3]);
  test.each(['float32', 'float16', 'int8', 'uint8', 'int64', 'bool'])('Tile of %s', async (type) => {
    const y = random(type, [2, 3], [0, 2]);
    await expectOp(
      'Tile',
      { x: y, multiples: ints([2, 3], 'int32') },
      {},
      moved(y, [4, 9], ([i, j]) => [(i as number) % 2, (j as number) % 3]),
      { consts: ['multiples'] },
    );
  });
  test('Tile at run time, TileD, TileWithAxis', async () => {
    await expectOp('Tile', { x, multiples: ints([2, 3]) }, {}, tiled, { unknown: ['x'] });
    await expectOp('TileD', { x }, { multiples: [2, 3] }, tiled);
    await expectOp(
      'TileD',
      { x },
      { multiples: [2, 1, 1] },
      moved(x, [2, 2, 3], ([, i, j]) => [i as number, j as number]),
    );
    await expectOp('TileD', { x }, { multiples: [0, 1] }, t('int32', [0, 3], []));
    await expectOp(
      'TileWithAxis',
      { x },
      { tiles: 2 },
      moved(x, [2, 6], ([i, j]) => [i as number, (j as number) % 3]),
    );
    await expectOp(
      'TileWithAxis',
      { x },
      { axis: -2, tiles: 3 },
      moved(x, [6, 3], ([i, j]) => [(i as number) % 2, j as number]),
    );
  });
});

describe('filling', () => {
  test('Fill and FillD', async () => {
    await expectOp('Fill', { dims: ints([2, 3], 'int32'), value: t('float16', [], [-1.5]) }, {}, t('float16', [2, 3], [-1.5]), {
      consts: ['dims'],
    });
    await expectOp('Fill', { dims: ints([2, 3]), value: t('int8', [1], [7]) }, {}, t('int8', [2, 3], [7]));
    await expectOp('Fill', { dims: ints([]), value: t('bool', [], [1]) }, {}, t('bool', [], [1]), { consts: ['dims'] });
    await expectOp('FillD', { value: t('int64', [], [-3]) }, { dims: [3, 1] }, t('int64', [3, 1], [-3]));
  });
  test('FillV2 and FillV2D are float32', async () => {
    await expectOp('FillV2', { dims: ints([2, 2]) }, { value: 2.5 }, t('float32', [2, 2], [2.5]));
    await expectOp('FillV2', { dims: ints([3]) }, {}, t('float32', [3], [0]), { consts: ['dims'] });
    await expectOp('FillV2D', {}, { value: -1, dims: [2] }, t('float32', [2], [-1]));
  });
  test.each(['float32', 'float16', 'int8', 'int32', 'int64', 'uint8', 'bool'])('ZerosLike, OnesLike and Fills of %s', async (type) => {
    const x = random(type, [2, 3], [0, 2]);
    await expectOp('ZerosLike', { x }, {}, t(type, [2, 3], [0]));
    await expectOp('OnesLike', { x }, {}, t(type, [2, 3], [1]), { unknown: ['x'] });
    await expectOp('Fills', { x }, { value: 1 }, t(type, [2, 3], [1]));
  });
});

describe('padding', () => {
  const x = random('float32', [2, 3, 4], [-9, 9]);
  const pairs = [0, 1, 2, 0, 1, 2];

  /** x at a position that may lie outside, by mode. */
  function padded(from: Tensor, flat: readonly number[], at: (position: number, size: number) => number | undefined, value = 0): Tensor {
    const read = reader(from);
    const shape = from.shape.map((dim, axis) => dim + (flat[2 * axis] as number) + (flat[2 * axis + 1] as number));
    return fromFormula(from.dtype.name, shape, (index) => {
      const source = index.map((i, axis) => at(i - (flat[2 * axis] as number), from.shape[axis] as number));
      return source.includes(undefined) ? value : (read(source as number[]) as number);
    });
  }
  const inside = (position: number, size: number): number | undefined => (position >= 0 && position < size ? position : undefined);
  const modes: Readonly<Record<string, (position: number, size: number) => number>> = {
    edge: (position, size) => Math.min(Math.max(position, 0), size - 1),
    reflect: (position, size) => (position < 0 ? -position : position < size ? position : 2 * size - 2 - position),
    symmetric: (position, size) => (position < 0 ? -1 - position : position < size ? position : 2 * size - 1 - position),
    circular: (position, size) => (position + size) % size,
  };

  test('Pad and PadD with zeros', async () => {
    const paddings = t('int32', [3, 2], pairs);
    const expected = padded(x, pairs, inside);
    await expectOp('Pad', { x, paddings }, {}, expected, { consts: ['paddings'] });
    await expectOp('Pad', { x, paddings }, {}, expected, { unknown: ['x'] });
    await expectOp(
      'PadD',
      { x },
      {
        paddings: [
          [0, 1],
          [2, 0],
          [1, 2],
        ],
      },
      expected,
    );
    await expect(runOp('PadD', { x }, { paddings: [[0, 1]] })).rejects.toThrow('2 paddings for 3 dimensions');
  });
  test.each(['float16', 'int8', 'uint8', 'int16', 'int32', 'int64', 'bool'])('PadV2 of %s with a value', async (type) => {
    const y = random(type, [2, 2], [0, 2]);
    const inputs = { x: y, paddings: t('int64', [2, 2], [1, 0, 0, 2]), constant_values: t(type, [], [1]) };
    await expectOp('PadV2', inputs, {}, padded(y, [1, 0, 0, 2], inside, 1), { consts: ['paddings'] });
  });
  test('PadV2D takes its value from an input', async () => {
    await expectOp(
      'PadV2D',
      { x, constant_values: t('float32', [1], [-7]) },
      {
        paddings: [
          [0, 1],
          [2, 0],
          [1, 2],
        ],
      },
      padded(x, pairs, inside, -7),
    );
  });
  test.each(['edge', 'reflect', 'symmetric', 'circular'])('PadV3 by the mode %s', async (mode) => {
    const flat = [1, 0, 2, 1, 0, 2];
    const allowed = mode === 'reflect' ? flat : [2, 1, 2, 1, 0, 2];
    const paddings = t('int64', [6], allowed);
    await expectOp('PadV3', { x, paddings }, { mode }, padded(x, allowed, modes[mode] as (typeof modes)[string]), { consts: ['paddings'] });
  });
  test('PadV3 in its other orders of paddings', async () => {
    const expected = padded(x, pairs, inside, 3);
    const value = t('float32', [], [3]);
    const split = { paddings_contiguous: false };
    await expectOp('PadV3', { x, paddings: ints([0, 2, 1, 1, 0, 2]), constant_values: value }, split, expected, { consts: ['paddings'] });
    // PyTorch's order: the last axis first, and only as many axes as are padded.
    const torch = padded(x, [0, 0, 2, 0, 1, 2], inside);
    await expectOp('PadV3', { x, paddings: ints([1, 2, 2, 0]) }, {}, torch, { consts: ['paddings'] });
    await expectOp(
      'PadV3D',
      { x },
      {
        paddings: [
          [0, 1],
          [2, 0],
          [1, 2],
        ],
        constant_values: 3,
      },
      expected,
    );
  });
  test('MirrorPad', async () => {
    const paddings = t('int32', [3, 2], [1, 0, 2, 1, 0, 3]);
    const by = (mode: string): Tensor => padded(x, [1, 0, 2, 1, 0, 3], modes[mode] as (typeof modes)[string]);
    await expectOp('MirrorPad', { x, paddings }, { mode: 'REFLECT' }, by('reflect'), { consts: ['paddings'] });
    await expectOp('MirrorPad', { x, paddings }, { mode: 'SYMMETRIC' }, by('symmetric'), { consts: ['paddings'] });
    const none = t('int32', [3, 2], [0]);
    await expectOp('MirrorPad', { x, paddings: none }, { mode: 'SYMMETRIC' }, x, { consts: ['paddings'] });
  });
});
