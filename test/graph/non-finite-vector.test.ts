// The search with vector instructions finds what a plain look at every number finds, wherever it lies.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { vectorSearch } from '../../src/graph/non-finite-vector.js';

const search = vectorSearch();
/** More than one block, and no multiple of what is looked at in one turn. */
const MOST = 70_001;

test.each([
  ['float32', Float32Array, (bytes: Uint8Array) => search.in32(bytes, 0x7f800000)],
  // The same bits in every second half are those of a bfloat16.
  ['bfloat16', Uint16Array, (bytes: Uint8Array) => search.in16(bytes, 0x7f80)],
  ['float16', Uint16Array, (bytes: Uint8Array) => search.in16(bytes, 0x7c00)],
] as const)('%s: one that is not finite is found at any place, and none where all are finite', (dtype, Words, isFound) => {
  const [finite, odd] = {
    float32: [3.4e38, [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
    bfloat16: [0x7f7f, [0x7fc0, 0x7f80, 0xff80]],
    float16: [0xfbff, [0x7e00, 0x7c00, 0xfc01]],
  }[dtype] as [number, number[]];
  fc.assert(
    fc.property(fc.integer({ min: 1, max: MOST }), fc.nat(), fc.constantFrom(...odd), (length, at, value) => {
      const words = new Words(length).fill(finite);
      expect(isFound(new Uint8Array(words.buffer))).toBe(false);
      words[at % length] = value;
      expect(isFound(new Uint8Array(words.buffer))).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('nothing is found in nothing, and nothing of an earlier look remains', () => {
  expect(search.in32(new Uint8Array(0), 0x7f800000)).toBe(false);
  const infinite = new Uint8Array(Float32Array.of(Number.POSITIVE_INFINITY, 1, 2).buffer);
  expect(search.in32(infinite, 0x7f800000)).toBe(true);
  expect(search.in32(infinite.subarray(4), 0x7f800000)).toBe(false);
});
