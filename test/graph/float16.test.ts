import { expect, test } from 'vitest';
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
  fromBfloat16,
  fromFloat16,
  toBfloat16,
  toFloat16,
} from '../../src/graph/float16.js';

/** The value that IEEE 754 defines for a sign, exponent and fraction field; the reference of this file. */
function ieee(bits: number, [exponentBits, fractionBits]: readonly [number, number]): number {
  const sign = bits >> (exponentBits + fractionBits) ? -1 : 1;
  const exponent = (bits >> fractionBits) & ((1 << exponentBits) - 1);
  const fraction = (bits & ((1 << fractionBits) - 1)) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

const all = Uint16Array.from({ length: 65536 }, (_, i) => i);

const kinds = [
  { name: 'float16', widths: [5, 10], toArray: float32ToFloat16, fromArray: float16ToFloat32, to: toFloat16, from: fromFloat16 },
  { name: 'bfloat16', widths: [8, 7], toArray: float32ToBfloat16, fromArray: bfloat16ToFloat32, to: toBfloat16, from: fromBfloat16 },
] as const;

for (const { name, widths, toArray, fromArray, to, from } of kinds) {
  const reference = Array.from(all, (bits) => ieee(bits, widths));
  const infinity = ((1 << widths[0]) - 1) << widths[1];

  test(`every ${name} has the value that IEEE 754 defines`, () => {
    const wide = fromArray(all);
    const wrong = [...all].filter((bits) => !Object.is(wide[bits], reference[bits]) || !Object.is(from(bits), reference[bits]));
    expect(wrong).toEqual([]);
  });

  test(`every ${name} that is not NaN comes back as it was, a NaN comes back quiet with its sign and payload`, () => {
    const back = toArray(fromArray(all));
    const quiet = 1 << (widths[1] - 1);
    const wrong = [...all].filter((bits) => back[bits] !== ((bits & 0x7fff) > infinity ? bits | quiet : bits));
    expect(wrong).toEqual([]);
    expect([...all].filter((bits) => (bits & 0x7fff) <= infinity && to(reference[bits] as number) !== bits)).toEqual([]);
  });

  test(`what lies between two ${name} goes to the nearer one, a tie to the even one`, () => {
    const wrong: unknown[] = [];
    const check = (value: number, expected: number) => {
      const got = toArray(Float32Array.of(value))[0];
      const negative = toArray(Float32Array.of(-value))[0];
      if (got !== expected || negative !== (expected | 0x8000) || to(value) !== expected || to(-value) !== (expected | 0x8000)) {
        wrong.push({ value, expected, got, negative, scalar: to(value) });
      }
    };
    for (let bits = 0; bits < infinity; bits++) {
      const low = reference[bits] as number;
      // The step above the largest finite value is as wide as the one below it.
      const high = bits + 1 < infinity ? (reference[bits + 1] as number) : low + (low - (reference[bits - 1] as number));
      const middle = low + (high - low) / 2;
      if (!Number.isFinite(Math.fround(middle))) continue;
      const nudge = Math.max(Math.abs(middle) * 2 ** -23, 2 ** -149);
      check(middle, bits % 2 === 0 ? bits : bits + 1);
      check(Math.fround(middle - nudge), bits);
      check(Math.fround(middle + nudge), bits + 1);
    }
    expect(wrong).toEqual([]);
  }, 20_000);
}

test('a double is rounded to float16 once, not by way of float32', () => {
  // 1 + 2^-11 is the tie between 1 and the next float16; float32 cannot tell it from what lies 2^-40 above.
  expect(toFloat16(1 + 2 ** -11)).toBe(0x3c00);
  expect(toFloat16(1 + 2 ** -11 + 2 ** -40)).toBe(0x3c01);
  expect(toBfloat16(1 + 2 ** -8 + 2 ** -40)).toBe(0x3f81);
});

test('values beyond the range become infinity, values below it zero with their sign', () => {
  expect([65519, 65520, -1e300, Infinity, 2 ** -25, -(2 ** -25), Number.MIN_VALUE].map(toFloat16)).toEqual([
    0x7bff, 0x7c00, 0xfc00, 0x7c00, 0, 0x8000, 0,
  ]);
  expect([3.3895314e38, 3.4e38, -Infinity, 2 ** -134, -(2 ** -134), 2 ** -133].map(toBfloat16)).toEqual([
    0x7f7f, 0x7f80, 0xff80, 0, 0x8000, 1,
  ]);
});

test('a signalling NaN of float32 becomes a quiet one', () => {
  const signalling = new Float32Array(Uint32Array.of(0x7f800001, 0xff80_0001).buffer);
  expect([...float32ToFloat16(signalling)]).toEqual([0x7e00, 0xfe00]);
  expect([...float32ToBfloat16(signalling)]).toEqual([0x7fc0, 0xffc0]);
});
