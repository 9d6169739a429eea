// Rows of operators that make sequences and matrices or tell a shape. Expected values: written out or by loops.
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.js';
import { fromFormula, reader } from '../support/nd.js';
import { expectOp, random, runOp, t } from '../support/op-vectors.js';

describe('Range', () => {
  const bounds = (type: string, start: number, limit: number, delta: number) => ({
    start: t(type, [], [start]),
    limit: t(type, [], [limit]),
    delta: t(type, [], [delta]),
  });
  const consts = ['start', 'limit', 'delta'];
  test.each([
    { from: [0, 5, 1], gives: [0, 1, 2, 3, 4] },
    { from: [2, 9, 3], gives: [2, 5, 8] },
    { from: [5, -1, -2], gives: [5, 3, 1] },
    { from: [4, 4, 1], gives: [] },
  ])('of $from', async ({ from, gives }) => {
    for (const type of ['int32', 'int64', 'float32', 'float16', 'float64']) {
      const inputs = bounds(type, from[0] as number, from[1] as number, from[2] as number);
      await expectOp('Range', inputs, {}, t(type, [gives.length], gives), { consts });
      await expectOp('Range', inputs, {}, t(type, [gives.length], gives));
    }
  });
  test('that is closed takes its end in', async () => {
    await expectOp('Range', bounds('int32', 1, 7, 3), { is_closed: true }, t('int32', [3], [1, 4, 7]), { consts });
    await expectOp('Range', bounds('float32', 1, 2.4, 0.5), { is_closed: true }, t('float32', [3], [1, 1.5, 2]));
    await expectOp('Range', bounds('int64', 3, 0, -1), { is_closed: true }, t('int64', [4], [3, 2, 1, 0]), { consts });
  });
  test('that never gets there is refused', async () => {
    await expect(runOp('Range', bounds('int32', 0, 3, -1), {}, { consts })).rejects.toThrow('never gets there');
    await expect(runOp('Range', bounds('int32', 0, 3, 0), {}, { consts })).rejects.toThrow('never gets there');
  });
  test('LinSpace', async () => {
    const inputs = (count: number) => ({ start: t('float32', [], [-1]), stop: t('float32', [1], [2]), num: t('int32', [1], [count]) });
    await expectOp('LinSpace', inputs(4), {}, t('float32', [4], [-1, 0, 1, 2]), { consts: ['num'] });
    await expectOp('LinSpace', inputs(7), {}, t('float32', [7], [-1, -0.5, 0, 0.5, 1, 1.5, 2]));
    await expectOp('LinSpace', inputs(1), {}, t('float32', [1], [-1]));
  });
});

describe('shapes as values', () => {
  const x = random('float32', [2, 3, 4]);
  test('Shape, Size and Rank', async () => {
    await expectOp('Shape', { x }, {}, t('int32', [3], [2, 3, 4]));
    await expectOp('Shape', { x }, { dtype: 'int64' }, t('int64', [3], [2, 3, 4]), { unknown: ['x'] });
    await expectOp('Size', { x }, {}, t('int32', [], [24]), { unknown: ['x'] });
    await expectOp('Size', { x: t('bool', [], [1]) }, { dtype: 'int64' }, t('int64', [], [1]));
    await expectOp('Rank', { x }, {}, t('int32', [], [3]), { unknown: ['x'] });
  });
  test('ShapeN', async () => {
    const list = [x, t('int8', [], [1]), t('bool', [5], [0])];
    await expectOp('ShapeN', { x: list }, { dtype: 'int64' }, [t('int64', [3], [2, 3, 4]), t('int64', [0], []), t('int64', [1], [5])]);
  });
});

describe('triangles', () => {
  const kept = (x: Tensor, keep: (i: number, j: number) => boolean): Tensor =>
    fromFormula(x.dtype.name, x.shape, (index) =>
      keep(index.at(-2) as number, index.at(-1) as number) ? (reader(x)(index) as number) : 0,
    );
  test.each(['float32', 'float16', 'int8', 'int32', 'int64', 'bool'])('Tril and Triu of %s', async (type) => {
    const x = random(type, [2, 3, 4], [0, 2]);
    for (const diagonal of [0, 1, -1, 9, -9]) {
      await expectOp(
        'Tril',
        { x },
        { diagonal },
        kept(x, (i, j) => j - i <= diagonal),
      );
      await expectOp(
        'Triu',
        { x },
        { diagonal },
        kept(x, (i, j) => j - i >= diagonal),
        { unknown: ['x'] },
      );
    }
  });
  test.each([
    [0, 0],
    [1, 0],
    [-1, 1],
    [1, -1],
    [-1, -1],
  ])('MatrixBandPart with %i below and %i above', async (lower, upper) => {
    const x = random('float32', [4, 5]);
    const inputs = { x, num_lower: t('int64', [], [lower]), num_upper: t('int64', [], [upper]) };
    const expected = kept(x, (i, j) => (lower < 0 || i - j <= lower) && (upper < 0 || j - i <= upper));
    await expectOp('MatrixBandPart', inputs, {}, expected, { consts: ['num_lower', 'num_upper'] });
  });
  test('Eye', async () => {
    const eye = (type: string, shape: readonly number[]): Tensor =>
      fromFormula(type, shape, (index) => (index.at(-1) === index.at(-2) ? 1 : 0));
    await expectOp('Eye', {}, { num_rows: 3 }, eye('float32', [3, 3]));
    await expectOp('Eye', {}, { num_rows: 2, num_columns: 4, batch_shape: [3], dtype: 'int32' }, eye('int32', [3, 2, 4]));
  });
});
