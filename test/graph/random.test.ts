// Against SplitMix64 in BigInt, as its authors give it, and the first outputs for seed 1234567 that other implementations publish.
import { expect, test } from 'vitest';
import { dtype } from '../../src/graph/dtype.js';
import { fromBfloat16, fromFloat16 } from '../../src/graph/float16.js';
import { randomBytes } from '../../src/graph/random.js';

const MASK = (1n << 64n) - 1n;

function* splitMix64(seed: bigint): Generator<bigint> {
  for (let state = seed; ; ) {
    state = (state + 0x9e3779b97f4a7c15n) & MASK;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
    yield z ^ (z >> 31n);
  }
}

function outputs(seed: bigint, count: number): bigint[] {
  const generator = splitMix64(seed);
  return Array.from({ length: count }, () => generator.next().value as bigint);
}

const floats = (name: string, count: number, seed: number) => {
  const raw = randomBytes(dtype(name), [count], seed).read();
  const buffer = raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength);
  if (name === 'float64') return [...new Float64Array(buffer)];
  if (name === 'float32') return [...new Float32Array(buffer)];
  return [...new Uint16Array(buffer)].map(name === 'float16' ? fromFloat16 : fromBfloat16);
};

test('the reference of this test is SplitMix64', () => {
  expect(outputs(1234567n, 3)).toEqual([6457827717110365317n, 3203168211198807973n, 9817491932198370423n]);
});

test.each([
  ['float64', 53],
  ['float32', 24],
  ['float16', 11],
  ['bfloat16', 8],
] as const)('%s elements are the top %i bits of the outputs, spread over [-1, 1)', (name, bits) => {
  for (const seed of [0, 1, 1234567, 2 ** 53 - 1]) {
    const expected = outputs(BigInt(seed), 300).map((z) => Number(z >> BigInt(64 - bits)) * 2 ** (1 - bits) - 1);
    expect(floats(name, 300, seed)).toEqual(expected);
  }
});

test('any range of bytes is the same as in the whole', () => {
  const bytes = randomBytes(dtype('float32'), [5, 7], 42);
  const whole = bytes.read();
  for (const [start, end] of [
    [0, 1],
    [3, 9],
    [4, 140],
    [137, 140],
  ] as const) {
    expect(bytes.read(start, end)).toEqual(whole.slice(start, end));
  }
});

test('a tensor far larger than memory is made where it is read', () => {
  const bytes = randomBytes(dtype('float32'), [2 ** 40], 7);
  expect(bytes.length).toBe(2 ** 42);
  const [expected] = outputs(BigInt.asUintN(64, 7n + (2n ** 40n - 1n) * 0x9e3779b97f4a7c15n), 1) as [bigint];
  const last = bytes.slice(2 ** 42 - 4).read();
  expect(new DataView(last.buffer, last.byteOffset).getFloat32(0, true)).toBe(Number(expected >> 40n) * 2 ** -23 - 1);
});

test('values spread evenly', () => {
  const values = floats('float32', 20000, 5);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const square = values.reduce((a, b) => a + b * b, 0) / values.length;
  expect(Math.abs(mean)).toBeLessThan(0.02);
  expect(Math.abs(square - 1 / 3)).toBeLessThan(0.02);
});

test('integers have no random values', () => {
  expect(() => randomBytes(dtype('int32'), [2], 1)).toThrowError(expect.objectContaining({ code: 'DTYPE_UNSUPPORTED' }));
});
