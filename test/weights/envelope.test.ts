// The envelope of a prediction. Units in the last place: of 1.5 it is 2^-10 in float16 and 2^-7 in bfloat16 (IEEE 754, table 3.5).
import { describe, expect, test } from 'vitest';
import { dtype } from '../../src/graph/dtype.js';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../../src/graph/float16.js';
import { envelopeOf } from '../../src/weights/envelope.js';
import { ulpAt } from '../../src/weights/ulp.js';

const deviation = (maxAbs: number, largest: number) => ({ maxAbs, largest, overflowed: 0, different: 0, elements: 1 });
const FP16 = { precision: 'float16', margin: 4 } as const;

describe('the unit in the last place', () => {
  test.each([
    ['float16', 1.5, 2 ** -10],
    ['float16', 1, 2 ** -10],
    ['float16', 0.9995, 2 ** -11],
    ['float16', -40000, 2 ** 5],
    ['float16', 2 ** -20, 2 ** -24],
    ['float16', 0, 2 ** -24],
    ['bfloat16', 1.5, 2 ** -7],
    ['bfloat16', 0, 2 ** -133],
    ['float64', 1.5, 2 ** -52],
    ['float64', 2 - 2 ** -52, 2 ** -52],
  ] as const)('of %s at %f is %f', (type, value, unit) => {
    expect(ulpAt(type, value)).toBe(unit);
  });

  test.each([
    ['float16', toFloat16, fromFloat16],
    ['bfloat16', toBfloat16, fromBfloat16],
  ] as const)('is the step to the next value of %s', (type, to, from) => {
    for (const value of [0.1, 0.9995, 1, 3.14, 777, 2 ** -16]) {
      const bits = to(value);
      expect(ulpAt(type, from(bits))).toBe(from(bits + 1) - from(bits));
    }
  });
});

test('a deviation counts with the margin', () => {
  expect(envelopeOf(deviation(0.25, 1.5), dtype('float32'), FP16)).toBe(1);
});

test('what rounding leaves as it is by chance may be off by one unit', () => {
  expect(envelopeOf(deviation(0, 1.5), dtype('float32'), FP16)).toBe(2 ** -10);
  expect(envelopeOf(deviation(0, 1.5), dtype('float32'), { precision: 'bfloat16', margin: 0 })).toBe(2 ** -7);
});

test('integers are exact, and float64 keeps its own units', () => {
  expect(envelopeOf(deviation(0, 1000), dtype('int64'), FP16)).toBe(0);
  expect(envelopeOf(deviation(0, 1.5), dtype('float64'), FP16)).toBe(2 ** -52);
});
