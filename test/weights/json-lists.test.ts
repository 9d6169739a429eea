import { expect, test } from 'vitest';
import { dtype } from '../../src/graph/dtype.js';
import { parseJsonTensor, toJsonLists } from '../../src/weights/json-lists.js';
import { resolveTensor } from '../../src/weights/resolve.js';
import { plain, tensorOf } from '../support/tensors.js';

const SPEC = { dtype: dtype('float32'), shape: [2, 2] };

function read(given: unknown, spec = SPEC): unknown {
  return plain(resolveTensor(parseJsonTensor('w', given, spec), spec, { what: 'Weight "w"', owner: 'the bundle' }));
}

const FOUR = { dtype: 'float32', shape: [2, 2], values: [1, 2, 3, 4] };

test.each([
  [
    [
      [1, 2],
      [3, 4],
    ],
  ],
  [[1, 2, 3, 4]],
  ['1,2,3,4'],
  ['2x2xf32=1,2,3,4'],
  [{ data: [1, 2, 3, 4] }],
  [
    {
      dtype: 'f32',
      shape: [2, 2],
      data: [
        [1, 2],
        [3, 4],
      ],
    },
  ],
  [{ shape: [2, 2], data: [1, '2', 3, '4'] }],
])('%j is the tensor', (given) => {
  expect(read(given)).toEqual(FOUR);
});

test('what JSON has no number for is a string, in both directions', () => {
  const tensor = tensorOf('float32', [2, 2], [Number.NaN, -Infinity, 0.1, Infinity]);
  expect(toJsonLists(tensor)).toEqual([
    ['nan', '-inf'],
    [0.1, 'inf'],
  ]);
  expect(read(toJsonLists(tensor))).toEqual(plain(tensor));
  const wide = tensorOf('int64', [3], [2n ** 60n + 1n, -5n, 7n]);
  expect(toJsonLists(wide)).toEqual(['1152921504606846977', -5, 7]);
  expect(read(toJsonLists(wide), { dtype: dtype('int64'), shape: [3] })).toEqual(plain(wide));
});

test('scalars, bools and empty tensors have the form of their shape', () => {
  expect(toJsonLists(tensorOf('float16', [], [0.5]))).toBe(0.5);
  expect(toJsonLists(tensorOf('bool', [1, 2], [true, false]))).toEqual([[true, false]]);
  expect(toJsonLists(tensorOf('float32', [2, 0], []))).toEqual([[], []]);
  expect(read(0.5, { dtype: dtype('float32'), shape: [] })).toEqual({ dtype: 'float32', shape: [], values: [0.5] });
});

test.each([
  [[[1, 2], [3]], 'VALUE_SYNTAX', /lists of different lengths/],
  [[[1, 2], 3, 4], 'VALUE_SYNTAX', /lists of different lengths/],
  [[1, 2, 3, null], 'VALUE_SYNTAX', /null where a number belongs/],
  [{ data: [1], shpe: [1] }, 'VALUE_SYNTAX', /the field "shpe"/],
  [{ dtype: 'f33', data: [1] }, 'VALUE_SYNTAX', /the dtype "f33"/],
  [{ shape: [-1], data: [1] }, 'VALUE_SYNTAX', /the shape \[-1\]/],
  [{ shape: [2, 2] }, 'VALUE_SYNTAX', /no field "data"/],
  [[1, 2, 3], 'TENSOR_MISMATCH', /given 3 values/],
  [[[1, 2, 3, 4]], 'TENSOR_MISMATCH', /float32 \[1, 4\]; the bundle has float32 \[2, 2\]/],
  [{ dtype: 'f16', data: [1, 2, 3, 4] }, 'TENSOR_MISMATCH', /float16 \[2, 2\]/],
  [['x', 1, 2, 3], 'VALUE_SYNTAX', /value 1, x/],
])('%j is refused', (given, code, message) => {
  expect(() => read(given)).toThrowError(expect.objectContaining({ code, message: expect.stringMatching(message) }));
});

test('lists nested without end are refused, not followed', () => {
  const deep = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`);
  expect(() => read(deep)).toThrowError(/more than 32 deep/);
});
