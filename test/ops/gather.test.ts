// Rows of operators that read or write elements at indices. Expected values: loops over the indices.
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.js';
import { fromFormula, indices, moved, reader } from '../support/nd.js';
import { expectOp, numbersOf, random, runOp, t } from '../support/op-vectors.js';

const x = random('float32', [4, 3, 5], [-9, 9]);

/** GatherV2 by its definition: the axis is replaced by the dimensions of the indices after the batch. */
function gathered(from: Tensor, at: Tensor, axis: number, batch = 0): Tensor {
  const own = at.shape.length - batch;
  const shape = [...from.shape.slice(0, axis), ...at.shape.slice(batch), ...from.shape.slice(axis + 1)];
  return moved(from, shape, (index) => {
    const picked = reader(at)([...index.slice(0, batch), ...index.slice(axis, axis + own)]) as number;
    const size = from.shape[axis] as number;
    return [...index.slice(0, axis), picked < 0 ? picked + size : picked, ...index.slice(axis + own)];
  });
}

describe('Gather', () => {
  const at = t('int32', [2, 2], [3, 0, 1, 3]);
  test('takes rows', async () => {
    await expectOp('Gather', { x, indices: at }, {}, gathered(x, at, 0));
    await expectOp('Gather', { x, indices: t('int64', [], [2]) }, {}, gathered(x, t('int64', [], [2]), 0), { unknown: ['x'] });
    await expectOp('Gather', { x: t('bool', [4], [1, 0, 1, 0]), indices: at }, {}, t('bool', [2, 2], [0, 1, 0, 0]));
  });
  test('GatherV2 along an axis', async () => {
    const columns = t('int64', [3], [4, 0, -1]);
    const axis = (value: number): Tensor => t('int32', [], [value]);
    await expectOp('GatherV2', { x, indices: columns, axis: axis(2) }, {}, gathered(x, columns, 2), { consts: ['axis'] });
    await expectOp('GatherV2', { x, indices: at, axis: axis(-3) }, {}, gathered(x, at, 0), { consts: ['axis'], unknown: ['x', 'indices'] });
    await expectOp('GatherV2D', { x, indices: columns }, { axis: -1 }, gathered(x, columns, 2));
  });
  test('with batch dimensions', async () => {
    const y = random('int32', [2, 3, 4, 2], [-9, 9]);
    const perBatch = t('int32', [2, 2], [2, 0, 1, 1]);
    const at = (axis: number): Tensor => t('int32', [], [axis]);
    await expectOp('GatherV2', { x: y, indices: perBatch, axis: at(1) }, { batch_dims: 1 }, gathered(y, perBatch, 1, 1), {
      consts: ['axis'],
    });
    const deeper = t('int64', [2, 3], [3, 0, 1, 2, 2, 0]);
    await expectOp('GatherV2', { x: y, indices: deeper, axis: at(2) }, { batch_dims: 1 }, gathered(y, deeper, 2, 1), { consts: ['axis'] });
    await expectOp('GatherV2', { x: y, indices: deeper, axis: at(-2) }, { batch_dims: -1 }, gathered(y, deeper, 2, 1), {
      consts: ['axis'],
    });
    await expectOp('Gather', { x: y, indices: perBatch }, { batch_dims: 1 }, gathered(y, perBatch, 1, 1));
  });
  test('GatherNd', async () => {
    const pairs = t('int32', [2, 2, 2], [0, 0, 3, 2, 1, 1, 2, 0]);
    const expected = moved(x, [2, 2, 5], ([i, j, k]) => [
      ...[0, 1].map((d) => reader(pairs)([i as number, j as number, d]) as number),
      k as number,
    ]);
    await expectOp('GatherNd', { x, indices: pairs }, {}, expected);
    const triples = t('int64', [1, 3], [3, 2, 4]);
    await expectOp('GatherNd', { x, indices: triples }, {}, t('float32', [1], [numbersOf(x).at(-1) as number]));
    await expect(runOp('GatherNd', { x, indices: t('int64', [1, 4], [0]) })).rejects.toThrow('4 indices for an element of 3 dimensions');
  });
  test.each(['float32', 'float16', 'int8', 'int64', 'bool'])('GatherElements of %s', async (type) => {
    const y = random(type, [3, 4], [0, 2]);
    const index = t('int32', [3, 2], [3, 0, 1, 1, -1, 2]);
    const expected = moved(y, [3, 2], ([i, j]) => [i as number, ((reader(index)([i as number, j as number]) as number) + 4) % 4]);
    await expectOp('GatherElements', { x: y, index }, { dim: 1 }, expected);
    await expectOp('GatherD', { x: y, dim: t('int32', [1], [1]), index }, { dim: 1 }, expected, { consts: ['dim'] });
    await expectOp('GatherD', { x: y, dim: t('int32', [1], [-1]), index }, {}, expected, { consts: ['dim'] });
  });
});

type Combine = (old: number, update: number) => number;
const combine: Readonly<Record<string, Combine>> = {
  Update: (_, update) => update,
  Add: (old, update) => old + update,
  Sub: (old, update) => old - update,
  Mul: (old, update) => old * update,
  Max: Math.max,
  Min: Math.min,
};

/** ScatterND by its definition, one update after the other. */
function scattered(data: Tensor, at: Tensor, updates: Tensor, how: Combine): Tensor {
  const depth = at.shape.at(-1) as number;
  const values = numbersOf(data);
  const flat = (index: readonly number[]): number => index.reduce((sum, i, axis) => sum * (data.shape[axis] as number) + i, 0);
  for (const index of indices(updates.shape)) {
    const outer = index.slice(0, at.shape.length - 1);
    const target = [...Array.from({ length: depth }, (_, d) => reader(at)([...outer, d]) as number), ...index.slice(at.shape.length - 1)];
    values[flat(target)] = how(values[flat(target)] as number, reader(updates)(index) as number);
  }
  return t(data.dtype.name, data.shape, values);
}

describe('Scatter', () => {
  const apart = t('int64', [3, 1], [3, 0, 1]);
  const twice = t('int32', [3, 1], [3, 0, 3]);
  test('ScatterNd adds into zeros', async () => {
    const updates = random('float32', [3, 2], [-5, 5]);
    const expected = scattered(t('float32', [4, 2], [0]), twice, updates, combine['Add'] as Combine);
    await expectOp('ScatterNd', { indices: twice, x: updates, shape: t('int32', [2], [4, 2]) }, {}, expected, { consts: ['shape'] });
    await expectOp('ScatterNd', { indices: twice, x: updates, shape: t('int64', [2], [4, 2]) }, {}, expected);
    await expectOp('ScatterNdD', { indices: twice, x: updates }, { shape: [4, 2] }, expected);
  });
  test.each(['float32', 'float16', 'int8', 'int32', 'int64', 'uint8'])('ScatterNdD of %s', async (type) => {
    const updates = random(type, [3, 2], [0, 9]);
    await expectOp(
      'ScatterNdD',
      { indices: twice, x: updates },
      { shape: [4, 2] },
      scattered(t(type, [4, 2], [0]), twice, updates, combine['Add'] as Combine),
    );
  });
  test.each(['Update', 'Add', 'Sub', 'Max', 'Min'])('TensorScatter and ScatterNd %s', async (name) => {
    const how = combine[name] as Combine;
    const at = name === 'Update' ? apart : twice;
    for (const type of ['float32', 'float16', 'int32']) {
      const [data, updates] = [random(type, [4, 2, 2], [-5, 5]), random(type, [3, 2, 2], [-5, 5], 7)];
      const first = name === 'Max' || name === 'Min' ? 'input' : 'x';
      await expectOp(`TensorScatter${name}`, { [first]: data, indices: at, updates }, {}, scattered(data, at, updates, how));
      await expectOp(`ScatterNd${name}`, { var: data, indices: at, updates }, {}, scattered(data, at, updates, how));
    }
  });
  test.each(['Update', 'Add', 'Sub', 'Mul', 'Max', 'Min'])('Scatter%s by rows', async (name) => {
    const [data, updates] = [random('float32', [4, 3], [-5, 5]), random('float32', [2, 2, 3], [-5, 5], 7)];
    const rows = t('int32', [2, 2], name === 'Update' ? [2, 0, 3, 1] : [2, 0, 2, 1]);
    const expected = scattered(data, { ...rows, shape: [2, 2, 1] }, updates, combine[name] as Combine);
    await expectOp(`Scatter${name}`, { var: data, indices: rows, updates }, {}, expected);
    await expect(runOp(`Scatter${name}`, { var: data, indices: rows, updates }, {}, { consts: ['var'] })).rejects.toThrow(
      'writes into a const',
    );
  });
  test.each([
    { reduction: 'none', how: 'Update' },
    { reduction: 'add', how: 'Add' },
    { reduction: 'mul', how: 'Mul' },
  ])('ScatterElements with $reduction', async ({ reduction, how }) => {
    const [data, updates] = [random('float32', [3, 4], [-5, 5]), random('float32', [3, 2], [-5, 5], 7)];
    const at = t('int64', [3, 2], reduction === 'none' ? [3, 0, 1, 2, 0, 1] : [3, 3, 1, 2, 0, 0]);
    const values = numbersOf(data);
    for (const [i, j] of indices([3, 2]) as [number, number][]) {
      const column = reader(at)([i, j]) as number;
      values[4 * i + column] = (combine[how] as Combine)(values[4 * i + column] as number, reader(updates)([i, j]) as number);
    }
    const expected = t('float32', [3, 4], values);
    await expectOp('ScatterElements', { data, indices: at, updates }, { axis: 1, reduction }, expected);
    await expectOp('ScatterElementsV2', { var: data, indices: at, updates }, { axis: -1, reduction }, expected);
  });
  test('ScatterElements down the first axis', async () => {
    const data = t('int32', [3, 2], [1, 2, 3, 4, 5, 6]);
    const expected = fromFormula(
      'int32',
      [3, 2],
      ([i, j]) =>
        [
          [1, 20],
          [3, 4],
          [10, 6],
        ][i as number]?.[j as number] as number,
    );
    await expectOp('ScatterElements', { data, indices: t('int32', [1, 2], [2, 0]), updates: t('int32', [1, 2], [10, 20]) }, {}, expected);
  });
});
