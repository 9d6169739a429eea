// Transposition in windows, against the definition: result[i, j, …] is the element of the source whose axis order[a] has index a.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memoryBytes } from '../../src/base/bytes.js';
import { dtype } from '../../src/graph/dtype.js';
import { decodeElements } from '../../src/graph/elements.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { ordersBetween, transposeTensor } from '../../src/graph/transpose.js';
import { tensorOf } from '../support/tensors.js';

/** By the definition, one element at a time. */
function reference(values: readonly number[], shape: readonly number[], order: readonly number[]): number[] {
  const to = order.map((axis) => shape[axis] as number);
  return values.map((_, place) => {
    let rest = place;
    const index = new Array<number>(shape.length).fill(0);
    for (let a = to.length - 1; a >= 0; a--) {
      index[order[a] as number] = rest % (to[a] as number);
      rest = Math.floor(rest / (to[a] as number));
    }
    return values[index.reduce((sum, i, axis) => sum * (shape[axis] as number) + i, 0)] as number;
  });
}

const count = (name: string, shape: readonly number[]): Tensor => {
  const total = shape.reduce((a, b) => a * b, 1);
  return tensorOf(
    name,
    shape,
    Array.from({ length: total }, (_, i) => (name === 'int64' ? BigInt(i) : i % 120)),
  );
};

const shapeAndOrder = fc
  .array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 })
  .chain((shape) => fc.tuple(fc.constant(shape), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })));

test('is what the definition says, whatever the shape, the order, the element and the window', () => {
  fc.assert(
    fc.property(
      shapeAndOrder,
      fc.constantFrom('int8', 'float16', 'float32', 'int64'),
      fc.constantFrom(8, 16, 64, 1 << 20),
      (sizes, name, window) => {
        const [shape, order] = sizes;
        const turned = transposeTensor(count(name, shape), order, window);
        expect(turned.shape).toEqual(order.map((axis) => shape[axis]));
        const values = decodeElements(count(name, shape)).map(Number);
        expect(decodeElements(turned).map(Number)).toEqual(reference(values, shape, order));
      },
    ),
    { numRuns: 400 },
  );
});

test('any range is the same range of the whole', () => {
  const turned = transposeTensor(count('float32', [7, 11, 3]), [2, 0, 1], 64);
  const whole = Buffer.from(turned.data.read());
  fc.assert(
    fc.property(fc.nat(whole.length), fc.nat(whole.length), (a, b) => {
      const [start, end] = a < b ? [a, b] : [b, a];
      expect(Buffer.compare(turned.data.read(start, end), whole.subarray(start, end))).toBe(0);
    }),
  );
});

test('a tensor that is moved nowhere is not read', () => {
  const tensor = count('float32', [1, 6, 1]);
  expect(transposeTensor(tensor, [1, 0, 2])).toMatchObject({ shape: [6, 1, 1] });
  expect(transposeTensor(tensor, [1, 0, 2]).data).toBe(tensor.data);
});

test('elements that are not whole bytes are refused', () => {
  const tensor = { dtype: dtype('int4'), shape: [2, 2], data: memoryBytes(new Uint8Array(2)) };
  expect(() => transposeTensor(tensor, [1, 0])).toThrow(expect.objectContaining({ code: 'DTYPE_UNSUPPORTED' }));
});

test('the orders between two shapes: none, one, or several where dimensions are equal', () => {
  expect(ordersBetween([2, 3], [3, 2])).toEqual([[1, 0]]);
  expect(ordersBetween([2, 3], [2, 3])).toEqual([[0, 1]]);
  expect(ordersBetween([4, 4], [4, 4])).toEqual([
    [0, 1],
    [1, 0],
  ]);
  expect(ordersBetween([3, 3, 8, 16], [16, 8, 3, 3])).toEqual([
    [3, 2, 0, 1],
    [3, 2, 1, 0],
  ]);
  expect(ordersBetween([2, 3], [6])).toEqual([]);
  expect(ordersBetween([2, 3], [3, 3])).toEqual([]);
  expect(ordersBetween([], [])).toEqual([[]]);
  expect(ordersBetween([2, 2, 2, 2, 2], [2, 2, 2, 2, 2])).toEqual([[0, 1, 2, 3, 4]]);
});
