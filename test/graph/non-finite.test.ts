// NaN and infinity, found by reading and while somebody else reads.
import { describe, expect, test } from 'vitest';
import { memoryBytes } from '../../src/base/bytes.js';
import { atOnce } from '../../src/base/pauses.js';
import { nonFiniteElements, watchNonFinite } from '../../src/graph/non-finite.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { tensorOf } from '../support/tensors.js';

/** Of this many elements, these are not finite. */
function withNonFinite(dtype: string, count: number, places: readonly (readonly [number, number])[]): Tensor {
  const values = Array.from({ length: count }, (_, i) => i % 100);
  for (const [place, value] of places) values[place] = value;
  return tensorOf(dtype, [count], values);
}

const MANY = 200_000;
const PLACES = [
  [70_001, Number.NEGATIVE_INFINITY],
  [70_002, Number.NaN],
  [MANY - 1, Number.NaN],
] as const;

describe.each(['float16', 'bfloat16', 'float32', 'float64'])('%s', (dtype) => {
  const tensor = withNonFinite(dtype, MANY, PLACES);
  const found = { count: 3, place: 70_001, value: '-Infinity' };

  test('all are counted, the first with its place and its value', () => {
    expect(atOnce(nonFiniteElements(tensor))).toEqual(found);
    expect(atOnce(nonFiniteElements(withNonFinite(dtype, 1000, [])))).toBeUndefined();
  });

  test.each([
    ['whole', [tensor.data.length]],
    ['in pieces of odd sizes', [4096, 1 << 20, 24, tensor.data.length]],
    // As a file is written in pieces of its own, wherever the tensor begins in it.
    ['in pieces that cut elements', [1, 2, 4093, 1, 1, 70_001, tensor.data.length]],
  ])('a tensor that is read %s by somebody else is not read again', (_, sizes) => {
    let reads = 0;
    const counted = {
      ...tensor.data,
      length: tensor.data.length,
      slice: tensor.data.slice,
      read: (start?: number, end?: number) => {
        reads++;
        return tensor.data.read(start, end);
      },
    };
    const { data, nonFinite } = watchNonFinite({ ...tensor, data: counted });
    let at = 0;
    for (const size of sizes) {
      const end = Math.min(data.length, at + size);
      if (at < end) expect(Buffer.compare(data.read(at, end), tensor.data.read(at, end))).toBe(0);
      at = end;
    }
    const before = reads;
    expect(nonFinite()).toEqual(found);
    expect(reads).toBe(before);
    // Whoever looks at it afterwards changes nothing.
    data.read(0, 64);
    expect(nonFinite()).toEqual(found);
  });

  test('one that was read in part or backwards is read for it', () => {
    const half = tensor.data.length / 2;
    for (const ranges of [
      [[0, half]],
      [
        [half, 2 * half],
        [0, half],
      ],
    ] as const) {
      const { data, nonFinite } = watchNonFinite(tensor);
      for (const [start, end] of ranges) data.read(start, end);
      expect(nonFinite()).toEqual(found);
    }
  });
});

test('integers are finite, and are not read', () => {
  const data = { ...memoryBytes(new Uint8Array(8)), length: 8, read: () => expect.unreachable() };
  expect(atOnce(nonFiniteElements({ ...tensorOf('int32', [2], [1, 2]), data }))).toBeUndefined();
});
