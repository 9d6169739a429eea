import { describe, expect, test } from 'vitest';
import { didYouMean, nearNames } from '../../src/base/near-names.js';

describe('near names', () => {
  test.each([
    ['const_l', ['const_1', 'other', 'const_2'], ['const_1', 'const_2']],
    ['bais', ['x1', 'bias'], ['bias']],
    ['conv1.wieght', ['conv1.weight', 'conv1.bias'], ['conv1.weight']],
    ['matmul', ['MatMul', 'MatMulV2', 'Mul'], ['MatMul', 'MatMulV2']],
    ['Softmax', ['SoftmaxV2', 'Softplus', 'LogSoftmaxV2'], ['SoftmaxV2']],
    ['b', ['c', 'weight'], ['c']],
    ['weight', ['bias', 'x'], []],
    ['x', [], []],
  ])('of %j among %j are %j', (name, candidates, near) => {
    expect(nearNames(name, candidates)).toEqual(near);
  });

  test('are at most three, nearest first', () => {
    expect(nearNames('abcdef', ['abcdxx', 'abcdef1', 'abcdeg', 'abcde', 'abcxef'])).toHaveLength(3);
    expect(nearNames('abcdef', ['abcdxx', 'abcdeg'])[0]).toBe('abcdeg');
  });

  test('of very long names are found quickly', () => {
    const long = (end: string) => 'x'.repeat(100_000) + end;
    expect(nearNames(long('a'), [long('b')])).toEqual([long('b')]);
  });
});

test('a question is asked of them', () => {
  expect(didYouMean(['a'])).toBe('Did you mean "a"?');
  expect(didYouMean(['a', 'b', 'c'])).toBe('Did you mean "a", "b" or "c"?');
  expect(didYouMean([], 'Look it up.')).toBe('Look it up.');
  expect(didYouMean([])).toBeUndefined();
});
