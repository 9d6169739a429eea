// Units in the last place: how many values of a dtype lie between two of them.
import type { ElementArray } from '../graph/elements.js';
import { float32ToBfloat16, float32ToFloat16, toBfloat16, toFloat16 } from '../graph/float16.js';

/**
 * The distances between elements of the dtype and values that are rounded to it: of i, once both arrays are known. Neither element
 * may be NaN; infinity is one step from the largest.
 */
export type UlpDistances = (actual: ElementArray, expected: ArrayLike<number>) => (i: number) => number;

/** undefined for dtypes that have no rounding: integers and bools. */
export function ulpDistances(dtype: string): UlpDistances | undefined {
  return DISTANCES[dtype];
}

/** Bits of the fraction, and the exponent of the smallest normal number (IEEE 754; bfloat16 is the upper half of a float32). */
const FORMS = {
  float16: { fraction: 10, leastExponent: -14 },
  bfloat16: { fraction: 7, leastExponent: -126 },
  float64: { fraction: 52, leastExponent: -1022 },
} as const;

/** The distance from a value to the next larger one of the dtype; what is below the normal numbers has the smallest distance there is. */
export function ulpAt(dtype: keyof typeof FORMS, value: number): number {
  const { fraction, leastExponent } = FORMS[dtype];
  let exponent = Math.floor(Math.log2(Math.abs(value)));
  // The logarithm of what is just below a power of two may be that of the power.
  if (2 ** exponent > Math.abs(value)) exponent--;
  return 2 ** (Math.max(exponent, leastExponent) - fraction);
}

/** A small float's bits as a position on the line of all its values: 0 for both zeros, negative below. */
function position16(bits: number): number {
  return bits & 0x8000 ? -(bits & 0x7fff) : bits;
}

/** float32 values are rounded together, ten times faster than one by one; of doubles that would round twice. */
function distances16(roundAll: (values: Float32Array) => Uint16Array, roundOne: (value: number) => number): UlpDistances {
  return (actual, expected) => {
    const rounded = expected instanceof Float32Array ? roundAll(expected) : undefined;
    return (i) => {
      const bits = rounded === undefined ? roundOne(expected[i] as number) : (rounded[i] as number);
      return Math.abs(position16(actual[i] as number) - position16(bits));
    };
  };
}

const DISTANCES: Readonly<Record<string, UlpDistances>> = {
  float16: distances16(float32ToFloat16, toFloat16),
  bfloat16: distances16(float32ToBfloat16, toBfloat16),
  float32(actual, expected) {
    const floats = new Float32Array(1);
    const bits = new Int32Array(floats.buffer);
    const position = (value: number): number => {
      floats[0] = value;
      const raw = bits[0] as number;
      return raw < 0 ? -(raw & 0x7fffffff) : raw;
    };
    return (i) => Math.abs(position(actual[i] as number) - position(expected[i] as number));
  },
  float64(actual, expected) {
    const floats = new Float64Array(1);
    const bits = new BigInt64Array(floats.buffer);
    const position = (value: number): bigint => {
      floats[0] = value;
      const raw = bits[0] as bigint;
      return raw < 0n ? -BigInt.asUintN(63, raw) : raw;
    };
    return (i) => Math.abs(Number(position(actual[i] as number) - position(expected[i] as number)));
  },
};
