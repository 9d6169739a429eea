// Rows of segments, additions at indices, diagonals, rotary embeddings and grids. Expected values: loops over the definition.
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.js';
import { fromFormula, type Index, indices, inShape, moved, reader } from '../support/nd.js';
import { expectOp, numbersOf, random, runOp, t } from '../support/op-vectors.js';

const read = (tensor: Tensor) => reader(tensor) as (index: Index) => number;

describe('segments', () => {
  const combine: Readonly<Record<string, readonly [(a: number, b: number) => number, (type: string) => number]>> = {
    Sum: [(a, b) => a + b, () => 0],
    Prod: [(a, b) => a * b, () => 1],
    Max: [Math.max, (type) => (type === 'int32' ? -(2 ** 31) : type === 'float16' ? -65504 : -3.4028234663852886e38)],
    Min: [Math.min, (type) => (type === 'int32' ? 2 ** 31 - 1 : type === 'float16' ? 65504 : 3.4028234663852886e38)],
  };
  /** A negative id drops its elements. */
  function reduced(x: Tensor, ids: Tensor, count: number, name: string): Tensor {
    const [add, empty] = combine[name] as (typeof combine)[string];
    const rest = x.shape.slice(ids.shape.length);
    const values = new Map<string, number>();
    for (const index of indices(x.shape)) {
      const key = [read(ids)(index.slice(0, ids.shape.length)), ...index.slice(ids.shape.length)].join();
      values.set(key, values.has(key) ? add(values.get(key) as number, read(x)(index)) : read(x)(index));
    }
    return fromFormula(x.dtype.name, [count, ...rest], (index) => values.get(index.join()) ?? empty(x.dtype.name));
  }
  test.each(['Sum', 'Prod', 'Max', 'Min'])('UnsortedSegment%s', async (name) => {
    for (const type of ['float32', 'float16', 'int32']) {
      const x = random(type, [5, 2], [-4, 4]);
      const ids = t('int32', [5], [3, 0, 3, -1, 0]);
      const y = reduced(x, ids, 5, name);
      await expectOp(`UnsortedSegment${name}`, { x, segment_ids: ids, num_segments: t('int32', [], [5]) }, {}, y, {
        consts: ['num_segments'],
      });
      await expectOp(`UnsortedSegment${name}`, { x, segment_ids: ids, num_segments: t('int64', [1], [5]) }, {}, y, { unknown: ['x'] });
      await expectOp(`UnsortedSegment${name}D`, { x, segment_ids: ids }, { num_segments: 5 }, y);
    }
  });
  test('by ids of more dimensions', async () => {
    const x = random('float32', [2, 3, 2]);
    const ids = t('int64', [2, 3], [1, 0, 1, 1, 2, -5]);
    await expectOp('UnsortedSegmentSumD', { x, segment_ids: ids }, { num_segments: 3 }, reduced(x, ids, 3, 'Sum'));
    const all = { x: inShape(x, [12]), segment_ids: t('int32', [12], [0]) };
    await expectOp('UnsortedSegmentSumD', all, { num_segments: 1 }, reduced(all.x, all.segment_ids, 1, 'Sum'));
    await expect(runOp('UnsortedSegmentSumD', { x, segment_ids: t('int32', [3], [0]) }, { num_segments: 1 })).rejects.toThrow(
      '[2, 3, 2] into 1 segments',
    );
  });
});

describe('additions at indices', () => {
  const [data, updates] = [random('float32', [2, 4, 3]), random('float32', [2, 3, 3], [-2, 2], 5)];
  const at = t('int32', [3], [3, 0, 3]);
  const added = (factor: number): Tensor => {
    const positions = numbersOf(at);
    return fromFormula('float32', data.shape, ([i, j, k]) =>
      positions.reduce(
        (sum, to, from) => sum + (to === j ? factor * read(updates)([i as number, from, k as number]) : 0),
        read(data)([i as number, j as number, k as number]),
      ),
    );
  };
  test('IndexAdd and InplaceIndexAdd', async () => {
    await expectOp('IndexAdd', { var: data, indices: at, updates }, { axis: 1 }, added(1));
    await expectOp('IndexAdd', { var: data, indices: at, updates }, { axis: -2 }, added(1), { consts: ['var'] });
    await expectOp('InplaceIndexAdd', { var: data, indices: at, updates }, { axis: 1 }, added(1));
    await expectOp('InplaceIndexAdd', { var: data, indices: at, updates, alpha: t('float32', [1], [-2.5]) }, { axis: 1 }, added(-2.5));
    await expect(runOp('InplaceIndexAdd', { var: data, indices: at, updates }, { axis: 1 }, { consts: ['var'] })).rejects.toThrow(
      'writes into a const',
    );
  });
  test('in float16', async () => {
    const [half, more] = [t('float16', [2], [1, 2]), t('float16', [3], [0.5, 0.25, 4])];
    await expectOp('IndexAdd', { var: half, indices: t('int32', [3], [1, 1, 0]), updates: more }, {}, t('float16', [2], [5, 2.75]));
  });
});

describe('diagonals', () => {
  test.each(['float32', 'int32', 'int8', 'float16'])('MatrixDiag and back, of %s', async (type) => {
    const x = random(type, [2, 3], [-9, 9]);
    const matrix = fromFormula(type, [2, 3, 3], ([n, i, j]) => (i === j ? read(x)([n as number, i as number]) : 0));
    await expectOp('MatrixDiag', { x }, {}, matrix);
    await expectOp('MatrixDiag', { x }, {}, matrix, { unknown: ['x'] });
    await expectOp('MatrixDiagPart', { x: matrix }, {}, x);
  });
  test('MatrixDiagPart of matrices that are not square', async () => {
    const wide = random('float32', [2, 3, 5]);
    await expectOp(
      'MatrixDiagPart',
      { x: wide },
      {},
      moved(wide, [2, 3], ([n, i]) => [n as number, i as number, i as number]),
    );
    const tall = random('float32', [4, 2]);
    await expectOp(
      'MatrixDiagPart',
      { x: tall },
      {},
      moved(tall, [2], ([i]) => [i as number, i as number]),
    );
  });
  test('Diag and DiagPart double and halve the dimensions', async () => {
    const x = random('float32', [2, 3]);
    const whole = fromFormula('float32', [2, 3, 2, 3], ([i, j, k, l]) => (i === k && j === l ? read(x)([i as number, j as number]) : 0));
    await expectOp('Diag', { x }, {}, whole);
    await expectOp('DiagPart', { x: whole }, {}, x);
    await expect(runOp('DiagPart', { x })).rejects.toThrow('no diagonal');
  });
});

describe('rotary embeddings', () => {
  const x = random('float32', [2, 3, 1, 6]);
  const [cos, sin] = [random('float32', [1, 3, 1, 6], [-1, 1], 3), random('float32', [1, 3, 1, 6], [-1, 1], 4)];
  const turned = (partner: (d: number) => readonly [from: number, sign: number]): Tensor =>
    fromFormula('float32', x.shape, ([b, s, n, d]) => {
      const [from, sign] = partner(d as number);
      const row = [0, s as number, 0, d as number];
      return (
        read(x)([b as number, s as number, n as number, d as number]) * read(cos)(row) +
        sign * read(x)([b as number, s as number, n as number, from]) * read(sin)(row)
      );
    });
  const byHalves = turned((d) => (d < 3 ? [d + 3, -1] : [d - 3, 1]));
  const byPairs = turned((d) => (d % 2 === 0 ? [d + 1, -1] : [d - 1, 1]));
  test('RotaryMul turns halves, RotaryPositionEmbedding either', async () => {
    await expectOp('RotaryMul', { x, r1: cos, r2: sin }, {}, byHalves, { unknown: ['x'] });
    await expectOp('RotaryPositionEmbedding', { x, cos, sin }, {}, byHalves);
    await expectOp('RotaryPositionEmbedding', { x, cos, sin }, { mode: 1 }, byPairs);
    await expect(runOp('RotaryMul', { x: random('float32', [1, 1, 1, 5]), r1: cos, r2: sin })).rejects.toThrow('pairs of 5 elements');
  });
});

describe('GridSampler2D', () => {
  const x = random('float32', [2, 2, 4, 5]);
  const grid = random('float32', [2, 3, 3, 2], [-1.4, 1.4], 5);
  /** A position in [−1, 1] in elements. */
  const place = (g: number, size: number, corners: boolean): number => (corners ? ((g + 1) / 2) * (size - 1) : ((g + 1) * size - 1) / 2);
  const sampled = (corners: boolean, border: boolean): Tensor =>
    fromFormula('float32', [2, 2, 3, 3], ([n, c, i, j]) => {
      const at = (k: number): number => read(grid)([n as number, i as number, j as number, k]);
      const clip = (p: number, size: number): number => (border ? Math.min(Math.max(p, 0), size - 1) : p);
      const [px, py] = [clip(place(at(0), 5, corners), 5), clip(place(at(1), 4, corners), 4)];
      let total = 0;
      for (const row of [Math.floor(py), Math.floor(py) + 1]) {
        for (const column of [Math.floor(px), Math.floor(px) + 1]) {
          const weight = Math.max(0, 1 - Math.abs(py - row)) * Math.max(0, 1 - Math.abs(px - column));
          total += weight * (reader(x)([n as number, c as number, row, column]) ?? 0);
        }
      }
      return total;
    });
  test.each([true, false])('bilinear, corners aligned: %s', async (corners) => {
    const attrs = { align_corners: corners };
    await expectOp('GridSampler2D', { x, grid }, attrs, sampled(corners, false), { tolerance: 1e-4 });
    await expectOp('GridSampler2D', { x, grid }, { ...attrs, padding_mode: 'border' }, sampled(corners, true), {
      tolerance: 1e-4,
      unknown: ['x'],
    });
    await expect(runOp('GridSampler2D', { x, grid: random('float32', [2, 3, 3, 3]) })).rejects.toThrow('the grid [2, 3, 3, 3]');
  });
});
