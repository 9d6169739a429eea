// The vector loops against the plain ones, bit for bit, and both against plain formulas.
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { fromBfloat16, fromFloat16 } from '../../src/graph/float16.js';
import { BLOCK, type BlockLoops, HALVES, NUMBERS, plainLoops } from '../../src/weights/block-loops.js';
import { bestLoops } from '../../src/weights/block-pair.js';
import { vectorLoops } from '../../src/weights/vector-loops.js';

const [plain, vector] = [plainLoops(), vectorLoops()];

const single = fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }), fc.constantFrom(0, -0, 1, -1, 2 ** -149));
const double = fc.oneof(fc.double({ noNaN: true, min: -1e99, max: 1e99 }), fc.constantFrom(0, -0, 1, -1, 2 ** -1074));
const tolerances = fc.record({ atol: fc.constantFrom(0, 1e-3, 10), rtol: fc.constantFrom(0, 0.1) });
const blocks = (element: fc.Arbitrary<number>) =>
  fc.array(fc.tuple(element, element, fc.boolean()), { minLength: 4, maxLength: 64 }).map((list) => {
    const whole = list.slice(0, list.length - (list.length % 4));
    return { a: whole.map(([a]) => a), e: whole.map(([a, e, isSame]) => (isSame ? a : e)) };
  });

function fill({ memory }: BlockLoops, isDouble: boolean, lists: readonly [readonly number[], readonly number[]]): void {
  for (const [side, list] of lists.entries()) {
    const at = NUMBERS[side] as number;
    if (isDouble) new Float64Array(memory, at, BLOCK).set(list);
    else new Float32Array(memory, at, BLOCK).set(list);
  }
}

test.each([
  ['singles', false, single],
  ['doubles', true, double],
] as const)('sums over %s are the same bits by vectors and one by one, and those of the formulas', (_, isDouble, element) => {
  fc.assert(
    fc.property(blocks(element), tolerances, fc.constantFrom(0, 1e-3, 1, 1e9, Infinity), ({ a, e }, tolerance, leastRel) => {
      const [one, other] = [plain, vector].map((loops) => {
        fill(loops, isDouble, [a, e]);
        return loops.sums({ isDouble, count: a.length, leastRel, tolerance });
      });
      expect(other).toEqual(one);
      const abs = a.map((value, i) => Math.abs(value - (e[i] as number)));
      const excess = abs.map((value, i) => value - (tolerance.atol + tolerance.rtol * Math.abs(e[i] as number)));
      const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
      const closeTo = (value: number, terms: readonly number[]) =>
        expect(Math.abs(value - sum(terms))).toBeLessThanOrEqual(1e-12 * sum(terms.map(Math.abs)));
      closeTo(
        other?.dot as number,
        a.map((value, i) => value * (e[i] as number)),
      );
      closeTo(
        other?.actualSquares as number,
        a.map((value) => value * value),
      );
      closeTo(
        other?.expectedSquares as number,
        e.map((value) => value * value),
      );
      closeTo(other?.sumAbs as number, abs);
      expect(other).toMatchObject({
        different: abs.filter((value) => value > 0).length,
        maxAbs: Math.max(...abs),
        exceedsRel: abs.some((value, i) => e[i] !== 0 && value > leastRel * Math.abs(e[i] as number)),
        beyond: excess.filter((value) => value > 0).length,
        maxExcess: Math.max(0, ...excess),
      });
    }),
  );
});

test('what is not finite shows in one of the sums', () => {
  for (const loops of [plain, vector]) {
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      for (const isDouble of [false, true]) {
        for (const place of [0, 1, 2, 3, 7]) {
          const list = [1, 2, 3, 4, 5, 6, 7, 8];
          fill(loops, isDouble, [list.with(place, value), list]);
          const { dot, actualSquares, expectedSquares, sumAbs } = loops.sums({
            isDouble,
            count: 8,
            leastRel: 0,
            tolerance: { atol: 0, rtol: 0 },
          });
          expect(Number.isFinite(dot + actualSquares + expectedSquares + sumAbs)).toBe(false);
        }
      }
    }
  }
});

test.each([
  ['float16', fromFloat16],
  ['bfloat16', fromBfloat16],
] as const)('every %s becomes the single of its value', (type, from) => {
  for (const { memory, widen } of [plain, vector]) {
    for (let first = 0; first < 65536; first += BLOCK) {
      const bits = Uint16Array.from({ length: BLOCK }, (_, i) => first + i);
      new Uint16Array(memory, HALVES, BLOCK).set(bits);
      widen(type, BLOCK, NUMBERS[1]);
      expect(new Float32Array(memory, NUMBERS[1], BLOCK)).toEqual(Float32Array.from(bits, from));
    }
  }
});

test('where WebAssembly finds no room, plain loops do the same', () => {
  class NoRoom {
    constructor() {
      throw new RangeError('WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance');
    }
  }
  vi.stubGlobal('WebAssembly', { Module: NoRoom, Instance: NoRoom });
  try {
    const loops = bestLoops();
    fill(loops, false, [
      [1, 2, 3, 4],
      [1, 2, 3, 6],
    ]);
    const sums = loops.sums({ isDouble: false, count: 4, leastRel: 0, tolerance: { atol: 0, rtol: 0 } });
    expect(sums).toMatchObject({ dot: 38, different: 1, maxAbs: 2 });
  } finally {
    vi.unstubAllGlobals();
  }
});
