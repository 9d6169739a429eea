// Small functions, run: what each instruction gives is compared with plain arithmetic.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Code, f32x4, f64x2, i32, i32x4, repeatWhile, v128, wasmFunction, wasmInstance } from '../../src/base/wasm.js';

const [ONE, OTHER, MASK, RESULT] = [0, 16, 32, 48].map((address) => i32.const(address)) as [Code, Code, Code, Code];

/** What an expression gives for vectors at the first places of the memory. */
function vectorOf(expression: (one: Code, other: Code, mask: Code) => Code, given: readonly (Float64Array | Float32Array | Int32Array)[]) {
  const value = expression(v128.load(ONE), v128.load(OTHER), v128.load(MASK));
  const { memory, run } = wasmInstance(1, { store: wasmFunction([], () => v128.store(RESULT, value)) });
  for (const [i, { buffer }] of given.entries()) new Uint8Array(memory, i * 16, 16).set(new Uint8Array(buffer));
  run.store();
  return memory.slice(48, 64);
}

type Expression = Parameters<typeof vectorOf>[0];

function doubles(expression: Expression, ...given: readonly (readonly number[])[]): readonly number[] {
  const vectors = given.map((values) => Float64Array.from(values));
  return [...new Float64Array(vectorOf(expression, vectors))];
}

function ints(expression: Expression, ...given: readonly (readonly number[])[]): readonly number[] {
  const vectors = given.map((values) => Int32Array.from(values));
  return [...new Int32Array(vectorOf(expression, vectors))];
}

test('two doubles at once', () => {
  const [a, b] = [
    [1.1, -7],
    [-2.5, 0.3],
  ] as const;
  expect(doubles(f64x2.add, a, b)).toEqual([1.1 - 2.5, -7 + 0.3]);
  expect(doubles(f64x2.sub, a, b)).toEqual([1.1 + 2.5, -7 - 0.3]);
  expect(doubles(f64x2.mul, a, b)).toEqual([1.1 * -2.5, -7 * 0.3]);
  expect(doubles(f64x2.pmax, a, b)).toEqual([1.1, 0.3]);
  expect(doubles(f64x2.pmax, [1, Number.NaN], [Number.NaN, 2])).toEqual([1, Number.NaN]);
  expect(doubles(f64x2.abs, a)).toEqual([1.1, 7]);
  expect(doubles(() => f64x2.const(0.1))).toEqual([0.1, 0.1]);
});

test('masks of two doubles', () => {
  const mark = (mask: Code): Code => v128.and(mask, f64x2.const(1));
  expect(doubles((a, b) => mark(f64x2.gt(a, b)), [1, 2], [0, 2])).toEqual([1, 0]);
  expect(doubles((a, b) => mark(f64x2.gt(a, b)), [Number.NaN, 2], [0, 3])).toEqual([0, 0]);
  expect(doubles((a, b) => mark(f64x2.ne(a, b)), [0, 2], [-0, 3])).toEqual([0, 1]);
  expect(doubles((a, b) => mark(v128.or(f64x2.gt(a, b), f64x2.gt(b, a))), [1, 2], [2, 2])).toEqual([1, 0]);
});

test('four integers at once', () => {
  const [a, b] = [
    [1, -2, 0x7fff_ffff, 5],
    [1, 3, 1, -5],
  ] as const;
  expect(ints(i32x4.add, a, b)).toEqual([2, 1, -0x8000_0000, 0]);
  expect(ints(i32x4.ltS, a, b)).toEqual([0, -1, 0, 0]);
  expect(ints(i32x4.geS, a, b)).toEqual([-1, 0, -1, -1]);
  expect(ints((one) => i32x4.shl(one, i32.const(13)), [1, 3, -1, 0x8_0000])).toEqual([0x2000, 0x6000, -0x2000, 0]);
  expect(ints(v128.bitselect, [1, 2, 3, 0xff], [5, 6, 7, 0], [-1, 0, -1, 0x0f])).toEqual([1, 6, 3, 0x0f]);
});

test('singles and integers of 16 bits become wider', () => {
  const singles = Float32Array.of(0.1, -3, 9, 9);
  const promoted = vectorOf(() => f64x2.promoteLowF32x4(v128.load64Zero(ONE)), [singles]);
  expect([...new Float64Array(promoted)]).toEqual([Math.fround(0.1), -3]);
  const later = vectorOf(() => f64x2.promoteLowF32x4(v128.load64Zero(ONE, 8)), [singles]);
  expect([...new Float64Array(later)]).toEqual([9, 9]);
  const halves = new Int32Array(Uint16Array.of(1, 0xffff, 3, 4, 5, 6, 7, 8).buffer);
  expect([...new Int32Array(vectorOf(() => v128.load16x4U(ONE), [halves]))]).toEqual([1, 0xffff, 3, 4]);
  const converted = vectorOf((one) => f32x4.mul(f32x4.convertI32x4S(one), f32x4.convertI32x4S(one)), [Int32Array.of(3, -4, 0, 1000)]);
  expect([...new Float32Array(converted)]).toEqual([9, 16, 0, 1e6]);
});

test('constants and offsets of any length', () => {
  fc.assert(
    fc.property(fc.integer(), (value) => {
      expect(ints(() => i32x4.splat(i32.const(value)))).toEqual([value, value, value, value]);
    }),
    { examples: [[63], [64], [-64], [-65], [8191], [8192], [-8193], [0x7fff_ffff], [-0x8000_0000]] },
  );
  const far = wasmFunction([], () => v128.store(i32.const(0), f64x2.const(7), 40_000));
  const { memory, run } = wasmInstance(1, { far });
  run.far();
  expect([...new Float64Array(memory, 40_000, 2)]).toEqual([7, 7]);
});

test('a function walks as long as its condition holds, with parameters and locals', () => {
  const fill = wasmFunction(['i32', 'f64'], ([end, value], local) => {
    const at = local('i32');
    const held = local('v128');
    return [
      ...held.set(f64x2.splat(value.get)),
      ...repeatWhile(i32.ltU(at.get, end.get), [...v128.store(at.get, held.get), ...at.set(i32.add(at.get, i32.const(16)))]),
    ];
  });
  const { memory, run } = wasmInstance(2, { fill });
  expect(memory.byteLength).toBe(2 << 16);
  run.fill(48, 2.5);
  expect([...new Float64Array(memory, 0, 8)]).toEqual([2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 0, 0]);
});
