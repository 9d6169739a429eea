// Rows of operators that choose by a condition. Expected values: loops.
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.js';
import { fromFormula, indices, reader } from '../support/nd.js';
import { expectOp, numbersOf, random, runOp, t } from '../support/op-vectors.js';

/** The inputs of SelectV2; an object literal with a property "then" looks like a promise. */
const branches = (yes: Tensor, no: Tensor): Record<string, Tensor> =>
  Object.fromEntries([
    ['then', yes],
    ['else', no],
  ]);

describe('Select', () => {
  const condition = t('bool', [2, 3], [1, 0, 0, 1, 1, 0]);
  test.each(['float32', 'float16', 'int8', 'uint8', 'int16', 'int32', 'int64', 'bool'])('element by element of %s', async (type) => {
    const [x1, x2] = [random(type, [2, 3], [0, 2]), random(type, [2, 3], [0, 2], 5)];
    const expected = fromFormula(type, [2, 3], (index) => reader(reader(condition)(index) === 1 ? x1 : x2)(index) as number);
    await expectOp('Select', { condition, x1, x2 }, {}, expected);
    await expectOp('SelectV2', { condition, ...branches(x1, x2) }, {}, expected);
  });
  test('a list of conditions chooses rows', async () => {
    const [x1, x2] = [random('float32', [3, 3]), random('float32', [3, 3], [-2, 2], 5)];
    const rows = t('bool', [3], [0, 1, 0]);
    const expected = fromFormula('float32', [3, 3], ([i, j]) => reader(i === 1 ? x1 : x2)([i as number, j as number]) as number);
    await expectOp('Select', { condition: rows, x1, x2 }, {}, expected);
    await expectOp('Select', { condition: t('bool', [], [1]), x1, x2 }, {}, x1);
    await expect(runOp('Select', { condition: t('bool', [1, 1, 3], [1]), x1, x2 })).rejects.toThrow('by a condition of [1, 1, 3]');
  });
  test('SelectV2 broadcasts all three', async () => {
    const inputs = { condition: t('bool', [2, 1], [1, 0]), ...branches(t('float32', [3], [1, 2, 3]), t('float32', [2, 1], [-1, -2])) };
    await expectOp('SelectV2', inputs, {}, t('float32', [2, 3], [1, 2, 3, -2, -2, -2]));
    await expectOp('SelectV2', inputs, {}, t('float32', [2, 3], [1, 2, 3, -2, -2, -2]), { unknown: ['condition', 'then'] });
  });
  test.each(['float32', 'float16', 'int8', 'int64', 'bool'])('MaskedFill of %s', async (type) => {
    const x = random(type, [2, 3], [0, 2]);
    const mask = t('bool', [3], [1, 0, 1]);
    const expected = fromFormula(type, [2, 3], ([i, j]) => (j === 1 ? (reader(x)([i as number, j]) as number) : 1));
    await expectOp('MaskedFill', { x, mask, value: t(type, [], [1]) }, {}, expected);
    await expectOp('MaskedFill', { x, mask, value: t(type, [1], [1]) }, {}, expected);
  });
  test('MaskedSelect', async () => {
    const x = random('float32', [2, 3]);
    const list = (mask: Tensor): number[] =>
      indices([2, 3]).flatMap((index) => {
        const at = index.slice(2 - mask.shape.length);
        return reader(mask)(at) === 1 ? [reader(x)(index) as number] : [];
      });
    await expectOp('MaskedSelect', { x, mask: condition }, {}, t('float32', [3], list(condition)));
    const columns = t('bool', [3], [0, 1, 1]);
    await expectOp('MaskedSelect', { x, mask: columns }, {}, t('float32', [4], list(columns)));
  });
});

describe('positions', () => {
  const x = t('float32', [2, 3], [0, -1, 0, 2, Number.NaN, 0]);
  const rows = [0, 1, 1, 0, 1, 1];
  test('Where gives rows of int64', async () => {
    await expectOp('Where', { x }, {}, t('int64', [3, 2], rows));
    await expectOp('Where', { x: t('bool', [4], [0, 1, 1, 0]) }, {}, t('int64', [2, 1], [1, 2]), { unknown: ['x'] });
  });
  test('NonZero', async () => {
    await expectOp('NonZero', { x }, {}, t('int64', [3, 2], rows));
    await expectOp('NonZero', { x }, { transpose: true, dtype: 'int32' }, t('int32', [2, 3], [0, 1, 1, 1, 0, 1]));
    await expectOp('NonZero', { x: t('int16', [3], [0, 0, 0]) }, {}, t('int64', [0, 1], []));
  });
});

describe('OneHot', () => {
  const x = t('int32', [2, 2], [0, 2, -1, 3]);
  const at = (axis: number): Tensor =>
    fromFormula('float32', [2, 2].toSpliced(axis, 0, 3), (index) => (reader(x)(index.toSpliced(axis, 1)) === index[axis] ? 5 : -1));
  const values = { on_value: t('float32', [], [5]), off_value: t('float32', [1], [-1]) };
  test.each([0, 1, 2, -1])('along axis %i; an index out of range is nowhere', async (axis) => {
    const expected = at(axis < 0 ? 2 : axis);
    await expectOp('OneHot', { x, depth: t('int32', [], [3]), ...values }, { axis }, expected, { consts: ['depth'] });
    await expectOp('OneHot', { x, depth: t('int64', [1], [3]), ...values }, { axis }, expected, { unknown: ['x'] });
    await expectOp('OneHotD', { x, ...values }, { depth: 3, axis }, expected);
  });
  test.each(['float16', 'int32', 'int64', 'int8', 'uint8'])('in %s', async (type) => {
    const inputs = { x: t('uint8', [3], [1, 0, 2]), on_value: t(type, [], [1]), off_value: t(type, [], [0]) };
    await expectOp('OneHotD', inputs, { depth: 2 }, t(type, [3, 2], [0, 1, 1, 0, 0, 0]));
  });
  test('of a scalar', async () => {
    expect(numbersOf(at(0)).length).toBe(12);
    await expectOp('OneHotD', { x: t('int64', [], [1]), ...values }, { depth: 3 }, t('float32', [3], [-1, 5, -1]));
  });
});
