import { describe, expect, test } from 'vitest';
import { memoryBytes } from '../../src/base/bytes.js';
import { dtype } from '../../src/graph/dtype.js';
import { decodeElements, elementChunks, elementProblem, encodeElements, typedView } from '../../src/graph/elements.js';
import type { Tensor } from '../../src/graph/tensor.js';

const fail = (index: number, why: string): never => {
  throw new Error(`${index}: ${why}`);
};

function tensor(name: string, hex: string): Tensor {
  const data = memoryBytes(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  return { dtype: dtype(name), shape: [data.length / (dtype(name).bits / 8)], data };
}

// Bytes as numpy writes them (`np.array(values, dtype).tobytes().hex()`); bfloat16 is the upper half of float32.
const vectors: readonly [string, string, readonly (number | bigint | boolean)[]][] = [
  ['float32', '0000803f 000000bf 0000807f', [1, -0.5, Infinity]],
  ['float64', '000000000000f03f 9a9999999999b9bf', [1, -0.1]],
  ['float16', '003c 00b8 ff7b', [1, -0.5, 65504]],
  ['bfloat16', '803f 00bf 807f', [1, -0.5, Infinity]],
  ['int8', '80 ff 7f', [-128, -1, 127]],
  ['int16', '0080 ff7f', [-32768, 32767]],
  ['int32', '00000080 ffffff7f', [-2147483648, 2147483647]],
  ['int64', '0000000000000080 ffffffffffffff7f', [-(2n ** 63n), 2n ** 63n - 1n]],
  ['uint8', '00 ff', [0, 255]],
  ['uint16', '0000 ffff', [0, 65535]],
  ['uint32', '00000000 ffffffff', [0, 4294967295]],
  ['uint64', '0000000000000000 ffffffffffffffff', [0n, 2n ** 64n - 1n]],
  ['bool', '00 01', [false, true]],
];

describe.each(vectors)('%s', (name, hex, values) => {
  test('its bytes are read as the values they stand for', () => {
    expect(decodeElements(tensor(name, hex))).toEqual(values);
  });
  test('its values are written as their bytes', () => {
    expect(Buffer.from(encodeElements(dtype(name), values, fail)).toString('hex')).toBe(hex.replaceAll(' ', ''));
  });
});

test('bytes that are not aligned are read all the same', () => {
  const raw = new Uint8Array(9);
  raw.set([0, 0, 0x80, 0x3f, 0, 0, 0, 0x40], 1);
  expect([...typedView(dtype('float32'), raw.subarray(1))]).toEqual([1, 2]);
});

test('aligned bytes are not copied', () => {
  const raw = new Uint8Array(8);
  expect(typedView(dtype('float32'), raw).buffer).toBe(raw.buffer);
});

test('a tensor is walked in pieces that cover it once', () => {
  const big = { dtype: dtype('int8'), shape: [150_000], data: memoryBytes(new Uint8Array(150_000)) };
  expect([...elementChunks(big)].map(({ start, array }) => [start, array.length])).toEqual([
    [0, 1 << 16],
    [1 << 16, 1 << 16],
    [2 << 16, 18_928],
  ]);
});

test.each([
  ['int8', 128, 'is outside int8 (-128 to 127)'],
  ['uint8', -1, 'is outside uint8 (0 to 255)'],
  ['uint64', 2n ** 64n, 'is outside uint64 (0 to 18446744073709551615)'],
  ['int64', 2 ** 53, 'is beyond 2^53 and may have been rounded; write it as a string'],
  ['int32', 1.5, 'is not a whole number; the dtype is int32'],
  ['int32', NaN, 'is not a whole number; the dtype is int32'],
  ['bool', 2, 'is neither true nor false'],
  ['float32', true, 'is a boolean; float32 wants numbers'],
  ['float32', '1', 'is not a number'],
  ['float32', null, 'is not a number'],
])('%s refuses %s', (name, value, why) => {
  expect(elementProblem(dtype(name), value)).toBe(why);
});

test('the place of a value that does not fit is told', () => {
  expect(() => encodeElements(dtype('int8'), [1, 2, 300], fail)).toThrow('2: is outside int8');
});

test('a dtype without elements is refused by name', () => {
  expect(() => decodeElements(tensor('float8_e5m2', '00'))).toThrow(
    expect.objectContaining({ code: 'DTYPE_UNSUPPORTED', message: expect.stringContaining('float8_e5m2') }),
  );
});
