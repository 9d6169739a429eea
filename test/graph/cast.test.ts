// Conversion between dtypes: values, and what is counted as lost.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryBytes } from '../../src/base/bytes.js';
import { canCast, castLosses, castTensor } from '../../src/graph/cast.js';
import { dtype } from '../../src/graph/dtype.js';
import { decodeElements, type Element } from '../../src/graph/elements.js';
import { tensorOf } from '../support/tensors.js';

function cast(from: string, to: string, values: readonly Element[]) {
  const tensor = tensorOf(from, [values.length], values);
  const { overflowed, underflowed, rounded, firstOverflow } = castLosses(tensor, dtype(to));
  return { values: decodeElements(castTensor(tensor, dtype(to))), lost: [overflowed, underflowed, rounded], firstOverflow };
}

const TINY = 2 ** -24;

describe('floats are rounded once to the nearest, ties to even, and what is lost is counted', () => {
  test.each<[string, string, number[], number[], [number, number, number]]>([
    ['float32', 'float16', [1, -2.5, 65504, 0, -0], [1, -2.5, 65504, 0, -0], [0, 0, 0]],
    ['float32', 'float16', [65519, 65520, -1e6], [65504, Infinity, -Infinity], [2, 0, 1]],
    ['float32', 'float16', [TINY / 2, -TINY / 4, TINY * 0.75, TINY], [0, -0, TINY, TINY], [0, 2, 1]],
    ['float32', 'float16', [1 + 2 ** -11, 1 + 3 * 2 ** -11], [1, 1 + 2 ** -9], [0, 0, 2]],
    // By way of float32 it would be a tie and become 1.
    ['float64', 'float16', [1 + 2 ** -11 + 2 ** -30], [1 + 2 ** -10], [0, 0, 1]],
    ['float64', 'bfloat16', [1 + 2 ** -8 + 2 ** -40], [1 + 2 ** -7], [0, 0, 1]],
    ['float64', 'float32', [0.1, 1e39, 1e-50, 0.5], [0.10000000149011612, Infinity, 0, 0.5], [1, 1, 1]],
    ['float32', 'bfloat16', [1, 1 + 2 ** -8, 3.4e38], [1, 1, Infinity], [1, 0, 1]],
    ['bfloat16', 'float16', [1e5, 2 ** -30, 1.5], [Infinity, 0, 1.5], [1, 1, 0]],
    ['float16', 'bfloat16', [1 + 2 ** -10, 2], [1, 2], [0, 0, 1]],
    ['float16', 'float32', [1 + 2 ** -10, TINY, -65504], [1 + 2 ** -10, TINY, -65504], [0, 0, 0]],
    ['bfloat16', 'float64', [1.5, 2 ** -130], [1.5, 2 ** -130], [0, 0, 0]],
  ])('%s → %s: %j', (from, to, values, expected, lost) => {
    expect(cast(from, to, values)).toMatchObject({ values: expected, lost });
  });

  test('NaN and infinity are not lost, they were there before', () => {
    expect(cast('float32', 'float16', [Number.NaN, Infinity, -Infinity])).toMatchObject({
      values: [Number.NaN, Infinity, -Infinity],
      lost: [0, 0, 0],
    });
  });

  test('the place of the first overflow is told', () => {
    expect(cast('float32', 'float16', [1, 2, 1e9, 1e9]).firstOverflow).toBe(2);
    expect(cast('float32', 'float16', [1]).firstOverflow).toBe(-1);
  });
});

test('float64 → float32 is what Math.fround gives', () => {
  fc.assert(
    fc.property(fc.array(fc.double(), { minLength: 1, maxLength: 20 }), (values) => {
      expect(cast('float64', 'float32', values).values).toEqual(values.map(Math.fround));
    }),
  );
});

describe('integers keep their value, or are counted as out of range', () => {
  test.each<[string, string, Element[], number, number]>([
    ['int64', 'int32', [1n, -(2n ** 31n), 2n ** 31n - 1n], 0, -1],
    ['int64', 'int32', [1n, 2n ** 31n, -(2n ** 40n)], 2, 1],
    ['int32', 'uint8', [0, 255, 256, -1], 2, 2],
    ['uint64', 'int64', [2n ** 63n - 1n, 2n ** 63n], 1, 1],
    ['uint8', 'int16', [255], 0, -1],
    ['int8', 'uint64', [-1, 5], 1, 0],
  ])('%s → %s, %#', (from, to, values, overflowed, first) => {
    const result = cast(from, to, values);
    expect(result.lost).toEqual([overflowed, 0, 0]);
    expect(result.firstOverflow).toBe(first);
    if (overflowed === 0) expect(result.values.map(BigInt as (value: Element) => bigint)).toEqual(values.map((value) => BigInt(value)));
  });
});

test('nothing is cast between floats, integers and bools', () => {
  expect(canCast(dtype('float32'), dtype('int8'))).toBe(false);
  expect(canCast(dtype('int8'), dtype('float32'))).toBe(false);
  expect(canCast(dtype('bool'), dtype('uint8'))).toBe(false);
  expect(canCast(dtype('float8_e4m3fn'), dtype('float16'))).toBe(false);
});

test('any range of a cast tensor is the same range of the whole', () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i) * 10 ** ((i % 9) - 4));
  const tensor = { dtype: dtype('float32'), shape: [1000], data: memoryBytes(new Uint8Array(values.buffer)) };
  for (const to of ['float16', 'bfloat16', 'float64']) {
    const { data } = castTensor(tensor, dtype(to));
    const whole = Buffer.from(data.read());
    expect(whole.length).toBe((1000 * dtype(to).bits) / 8);
    fc.assert(
      fc.property(fc.nat(whole.length), fc.nat(whole.length), (a, b) => {
        const [start, end] = a < b ? [a, b] : [b, a];
        expect(Buffer.compare(data.slice(start, end).read(), whole.subarray(start, end))).toBe(0);
      }),
    );
  }
});

test('a lossless cast reads nothing to find that nothing is lost', () => {
  const data = {
    length: 8,
    read: () => {
      throw new Error('was read');
    },
    slice: () => data,
  };
  expect(castLosses({ dtype: dtype('float16'), shape: [4], data }, dtype('float32'))).toMatchObject({ elements: 4, rounded: 0 });
  expect(castLosses({ dtype: dtype('int16'), shape: [4], data }, dtype('int32'))).toMatchObject({ overflowed: 0 });
});
