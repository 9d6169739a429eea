import { describe, expect, test } from 'vitest';
import { checkGraph } from '../../../src/graph/check.js';
import { dtype } from '../../../src/graph/dtype.js';
import { data, graph, node } from '../../support/graphs.js';
import { expectOp, numbersOf, runGraph, runOp, t } from '../../support/op-vectors.js';

describe('values pass', () => {
  test.each(['Identity', 'StopGradient', 'GuaranteeConst', 'Snapshot', 'PreventGradient', 'TensorMove'])('%s', async (type) => {
    for (const name of ['float32', 'int16', 'bool']) {
      const x = t(name, [2, 2], [0, 1, 1, 0]);
      await expectOp(type, { x }, {}, x);
    }
  });
  test('PlaceholderWithDefault and ReadVariableOp', async () => {
    const x = t('float32', [2], [1, 2]);
    await expectOp('PlaceholderWithDefault', { x }, { shape: [2] }, x);
    await expectOp('ReadVariableOp', { x }, { dtype: 'float32' }, x);
  });
  test('NoOp and ControlTrigger only order other nodes', async () => {
    const x = data('x', 'float32', [2]);
    const nodes = [x, node('n', 'NoOp', {}, {}, { controlInputs: ['x'] }), node('c', 'ControlTrigger', {}, {}, { controlInputs: ['n'] })];
    const last = node('a', 'Abs', { x: 'x:0' }, {}, { controlInputs: ['c'] });
    const [result] = await runGraph(checkGraph(graph([...nodes, last], ['a:0'])), new Map([['x', t('float32', [2], [-1, 2])]]));
    expect(result === undefined ? [] : numbersOf(result)).toEqual([1, 2]);
  });
  test('IdentityN', async () => {
    const x = [t('float32', [2], [1, 2]), t('int32', [1, 1], [3])];
    await expectOp('IdentityN', { x }, {}, x);
  });
  test('EnsureShape takes over what it ensures', async () => {
    const input = t('float32', [2, 3], [1, 2, 3, 4, 5, 6]);
    await expectOp('EnsureShape', { input }, { shape: [2, -1] }, input, { unknown: ['input'] });
  });
});

describe('Cast', () => {
  const cast = (from: string, values: readonly number[], to: string, expected: readonly number[]): Promise<void> =>
    expectOp('Cast', { x: t(from, [values.length], values) }, { dst_type: to }, t(to, [expected.length], expected));

  test('floats to integers drop the fraction', async () => {
    for (const to of ['int8', 'int16', 'int32', 'int64']) {
      for (const from of ['float32', 'float64', 'float16']) await cast(from, [-1.75, -0.5, 0.5, 1.75, 100], to, [-1, 0, 0, 1, 100]);
    }
  });
  test('integers wrap', async () => {
    await cast('int32', [300, -1, 128], 'uint8', [44, 255, 128]);
    await cast('int64', [300, -1, 128], 'int8', [44, -1, -128]);
  });
  test('to and from bool', async () => {
    await cast('float32', [0, -0.5, 2], 'bool', [0, 1, 1]);
    await cast('bool', [0, 1], 'float16', [0, 1]);
    await cast('bool', [0, 1], 'int64', [0, 1]);
  });
  test('between floats', async () => {
    await cast('float64', [1 / 3], 'float32', [Math.fround(1 / 3)]);
    await cast('float32', [1 / 3, 65520], 'float16', [0.333251953125, Number.POSITIVE_INFINITY]);
  });
  test('to bfloat16 rounds to 8 bits, ties to even', async () => {
    // 1 + 2^-8 lies between 1 and 1 + 2^-7, 1 + 3·2^-8 between 1 + 2^-7 and 1 + 2^-6.
    const [result] = await runOp('Cast', { x: t('float32', [3], [1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 / 3]) }, { dst_type: 'bfloat16' });
    expect(result === undefined ? [] : numbersOf(result)).toEqual([1, 1 + 2 ** -6, 0.333984375]);
  });
  test('CastLike takes the dtype of its target', () =>
    expectOp('CastLike', { x: t('float32', [2], [1.5, -2.5]), target: t('int32', [3], [0]) }, {}, t('int32', [2], [1, -2])));
  test('the number of a dtype is GE’s', () => expect(dtype('bfloat16').ge).toBe(27));
});
