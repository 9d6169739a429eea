// Against plain formulas, written out over whole lists.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { computedBytes } from '../../src/base/bytes.js';
import { dtype } from '../../src/graph/dtype.js';
import { decodeElements } from '../../src/graph/elements.js';
import { compareTensors, type Metrics } from '../../src/weights/metrics.js';
import { tensorOf } from '../support/tensors.js';

const finite = fc.oneof(
  fc.double({ min: -1e4, max: 1e4, noNaN: true }),
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(0, -0, 1e-7, -1e-7),
);
const pairs = fc.array(fc.tuple(finite, finite, fc.boolean()), { minLength: 1, maxLength: 40 });

/** Lists of which about half of the elements are equal, as the tensors round them. */
function tensors(type: string, list: readonly (readonly [number, number, boolean])[], round: (value: number) => number = (value) => value) {
  const actual = tensorOf(
    type,
    [list.length],
    list.map(([a]) => round(a)),
  );
  const expected = tensorOf(
    type,
    [list.length],
    list.map(([a, e, isSame]) => round(isSame ? a : e)),
  );
  return { actual, expected, a: decodeElements(actual).map(Number), e: decodeElements(expected).map(Number) };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

test.each(['float32', 'float64', 'float16', 'bfloat16', 'int32', 'int8'])('differences of %s are those of the plain formulas', (type) => {
  const round = type === 'int8' ? (value: number) => Math.trunc(value) % 100 : type === 'int32' ? Math.trunc : undefined;
  fc.assert(
    fc.property(pairs, fc.constantFrom(0, 0.5, 1e-3), fc.constantFrom(0, 0.1), (list, atol, rtol) => {
      const { actual, expected, a, e } = tensors(type, list, round);
      const got = compareTensors(actual, expected, { atol, rtol });
      const abs = a.map((value, i) => Math.abs(value - (e[i] as number)));
      const rel = abs.map((value, i) => value / Math.abs(e[i] as number)).filter((_, i) => e[i] !== 0);
      const excess = abs.map((value, i) => value - (atol + rtol * Math.abs(e[i] as number)));
      expect(got.elements).toBe(a.length);
      expect(got.different).toBe(abs.filter((value) => value > 0).length);
      expect(got.maxAbs).toBe(Math.max(...abs));
      expect(got.meanAbs).toBeCloseTo(sum(abs) / a.length, 8);
      expect(got.maxRel).toBe(Math.max(0, ...rel));
      expect(got.beyond).toBe(excess.filter((value) => value > 0).length);
      const where = abs.indexOf(Math.max(...abs));
      expect(got.worst).toEqual(got.maxAbs === 0 ? undefined : { place: where, actual: a[where], expected: e[where] });
      if (got.beyond > 0) expect(excess[got.worstBeyond?.place as number]).toBe(Math.max(...excess));
      else expect(got.worstBeyond).toBeUndefined();
      const norms = Math.sqrt(sum(a.map((x) => x * x))) * Math.sqrt(sum(e.map((x) => x * x)));
      const dot = sum(a.map((x, i) => x * (e[i] as number)));
      if (norms > 0) expect(got.cosine).toBeCloseTo(dot / norms, 10);
    }),
    { numRuns: 60 },
  );
});

test('argmax agreement is that of the rows of the last axis, the first of equal ones counting', () => {
  const small = fc.integer({ min: -2, max: 2 });
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 5 }),
      fc.integer({ min: 1, max: 6 }),
      fc.infiniteStream(fc.tuple(small, small)),
      (width, rows, stream) => {
        const list = [...stream.take(width * rows)];
        const [a, e] = [list.map(([one]) => one), list.map(([, other]) => other)];
        const best = (values: readonly number[], row: number): number => {
          const part = values.slice(row * width, (row + 1) * width);
          return part.indexOf(Math.max(...part));
        };
        const equal = Array.from({ length: rows }, (_, row) => best(a, row) === best(e, row)).filter(Boolean).length;
        expect(compareTensors(tensorOf('float32', [rows, width], a), tensorOf('float32', [rows, width], e)).argmax).toEqual({
          rows,
          equal,
        });
      },
    ),
    { numRuns: 60 },
  );
  expect(compareTensors(tensorOf('float32', [3, 1], [1, 2, 3]), tensorOf('float32', [3, 1], [1, 2, 3])).argmax).toBeUndefined();
  expect(compareTensors(tensorOf('float32', [], [1]), tensorOf('float32', [], [1])).argmax).toBeUndefined();
});

const ulp = (type: string, a: number, e: number): number | undefined =>
  compareTensors(tensorOf(type, [1], [a]), tensorOf('float64', [1], [e])).maxUlp;

test('a unit in the last place of float16 and bfloat16 is a step among all their values', () => {
  for (const [type, infinity] of [
    ['float16', 0x7c00],
    ['bfloat16', 0x7f80],
  ] as const) {
    // Every value up to infinity in order, as its bits; negative ones are their mirror.
    const value = (step: number): number => {
      const bits = step < 0 ? -step | 0x8000 : step;
      const [decoded] = decodeElements({ dtype: dtype(type), shape: [1], data: raw(bits) });
      return Number(decoded);
    };
    fc.assert(
      fc.property(fc.integer({ min: -infinity, max: infinity }), fc.integer({ min: -infinity, max: infinity }), (one, other) => {
        if (one !== other) expect(ulp(type, value(one), value(other))).toBe(Math.abs(one - other));
      }),
      { numRuns: 200 },
    );
  }
  function raw(bits: number) {
    const bytes = Uint8Array.of(bits & 0xff, bits >> 8);
    return computedBytes(2, (start, end) => bytes.slice(start, end));
  }
});

test.each([
  ['float32', 1, 1 + 2 ** -23, 1],
  ['float32', 1, 1 - 2 ** -24, 1],
  ['float32', 2 ** -149, -(2 ** -149), 2],
  ['float32', 0, -0, 0],
  ['float32', 16777216, 16777218, 1],
  ['float32', 1, 2, 2 ** 23],
  ['float64', 1, 1 + 2 ** -52, 1],
  ['float64', 1, 2, 2 ** 52],
  ['float64', -(2 ** -1074), 2 ** -1074, 2],
  ['float32', Number.NaN, 1, Infinity],
  ['int32', 1, 2, undefined],
])('%s: from %d to %d it is %s units', (type, a, e, expected) => {
  expect(ulp(type, a, e)).toBe(expected);
});

test('the expected value is rounded to the dtype of the actual one before units are counted', () => {
  expect(ulp('float16', 0.1, 0.1)).toBe(0);
  expect(ulp('float16', 0.0999755859375, 0.1000001)).toBe(0);
});

function only(a: number, e: number, type = 'float32'): Metrics {
  return compareTensors(tensorOf(type, [1], [a]), tensorOf(type, [1], [e]), { atol: 1e9, rtol: 1e9 });
}

test('NaN and infinity equal themselves, and are beyond any tolerance of anything else', () => {
  for (const same of [Number.NaN, Infinity, -Infinity]) {
    expect(only(same, same)).toMatchObject({ different: 0, maxAbs: 0, beyond: 0, worst: undefined });
  }
  for (const [a, e] of [
    [Number.NaN, 0],
    [0, Number.NaN],
    [Infinity, -Infinity],
    [Infinity, 1e30],
    [1e30, Infinity],
    [1, -Infinity],
  ] as const) {
    expect(only(a, e)).toMatchObject({ different: 1, maxAbs: Infinity, beyond: 1, worstBeyond: { place: 0 } });
    // Relative to 0 there is no difference, not even an infinite one.
    expect(only(a, e).maxRel).toBe(e === 0 ? 0 : Infinity);
  }
  const mixed = compareTensors(tensorOf('float32', [3], [1, Infinity, 2]), tensorOf('float32', [3], [1, Infinity, 2]));
  expect(mixed).toMatchObject({ different: 0, cosine: 1 });
  expect(only(Number.NaN, 1).cosine).toBeUndefined();
});

test('cosine: two zeros are alike, a zero and something have none', () => {
  expect(only(0, 0).cosine).toBe(1);
  expect(only(0, 1).cosine).toBeUndefined();
  expect(only(2, -3).cosine).toBe(-1);
});

test('64-bit integers are compared exactly beyond 2^53', () => {
  const big = 2n ** 60n;
  const got = compareTensors(tensorOf('int64', [2], [big, big + 1n]), tensorOf('int64', [2], [big, big]));
  expect(got).toMatchObject({ different: 1, maxAbs: 1, worst: { place: 1 } });
});

test('dtypes may differ; shapes may not', () => {
  expect(compareTensors(tensorOf('float16', [2], [0.5, 2]), tensorOf('float64', [2], [0.5, 2]))).toMatchObject({ different: 0 });
  expect(compareTensors(tensorOf('bool', [2], [true, false]), tensorOf('bool', [2], [true, true]))).toMatchObject({
    different: 1,
    maxAbs: 1,
  });
  expect(() => compareTensors(tensorOf('float32', [2], [1, 2]), tensorOf('float32', [1, 2], [1, 2]))).toThrowError(
    expect.objectContaining({ code: 'TENSOR_MISMATCH' }),
  );
});

test('a tensor longer than a piece is walked to its end, rows across the border included', () => {
  const count = (1 << 20) + 5;
  const at = (place: number, value: number) =>
    computedBytes(count * 4, (start, end) => {
      const piece = new Uint8Array(end - start);
      if (start <= place * 4 && place * 4 < end) new DataView(piece.buffer).setFloat32(place * 4 - start, value, true);
      return piece;
    });
  const tensor = (place: number, value: number) => ({ dtype: dtype('float32'), shape: [count / 3, 3], data: at(place, value) });
  const last = count - 1;
  const got = compareTensors(tensor(last, 5), tensor(last, 3), { atol: 1, rtol: 0 });
  expect(got).toMatchObject({ elements: count, different: 1, maxAbs: 2, beyond: 1, worstBeyond: { place: last, actual: 5, expected: 3 } });
  const moved = compareTensors(tensor((1 << 20) - 1, 5), tensor(1 << 20, 5));
  expect(moved.argmax).toEqual({ rows: count / 3, equal: count / 3 - 1 });
});

test('blocks with and without values that are not finite add up', () => {
  const count = 30_000;
  const special = new Map([
    [9_000, [Number.NaN, Number.NaN]],
    [9_001, [Infinity, Infinity]],
    [17_000, [-Infinity, 2]],
    [17_001, [3, Number.NaN]],
  ]);
  const pair = (i: number): readonly number[] => special.get(i) ?? [Math.fround(i % 7), i % 3 === 0 ? i % 7 : Math.fround(i / 9)];
  const lists = [0, 1].map((side) => Array.from({ length: count }, (_, i) => pair(i)[side] as number)) as [number[], number[]];
  const [a, e] = lists;
  const got = compareTensors(tensorOf('float32', [count], a), tensorOf('float32', [count], e), { atol: 10, rtol: 0.5 });
  const ordinary = a.map((_, i) => i).filter((i) => !special.has(i));
  const abs = (i: number): number => Math.abs((a[i] as number) - (e[i] as number));
  expect(got).toMatchObject({
    elements: count,
    different: ordinary.filter((i) => a[i] !== e[i]).length + 2,
    maxAbs: Infinity,
    maxRel: Infinity,
    maxUlp: Infinity,
    worst: { place: 17_000 },
    beyond: ordinary.filter((i) => abs(i) > 10 + 0.5 * Math.abs(e[i] as number)).length + 2,
    cosine: undefined,
  });
  // The same without what is infinitely far: the sums over all blocks.
  for (const place of [17_000, 17_001]) [a[place], e[place]] = [1, 1];
  const finite = compareTensors(tensorOf('float32', [count], a), tensorOf('float32', [count], e), { isBrief: true });
  expect(finite.maxAbs).toBe(Math.max(...ordinary.map(abs)));
  expect(finite.meanAbs).toBeCloseTo(sum(ordinary.map(abs)) / count, 8);
  const dot = (one: number[], other: number[]): number => sum(ordinary.map((i) => (one[i] as number) * (other[i] as number))) + 2;
  expect(finite.cosine).toBeCloseTo(dot(a, e) / Math.sqrt(dot(a, a) * dot(e, e)), 8);
  expect(finite).toMatchObject({ maxUlp: undefined, argmax: undefined });
});

/** Deterministic, of both signs and some zeros; every seventh pair is equal. */
function longLists(count: number, scale: number): readonly [number[], number[]] {
  let state = count;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state % 11 === 0 ? 0 : (state / 2 ** 31) * scale;
  };
  const a = Array.from({ length: count }, next);
  return [a, a.map((value, i) => (i % 7 === 0 ? value : next()))];
}

/** Where a value is the greatest, the first place of it. */
const placeOfMax = (values: readonly number[]): number =>
  values.reduce((best, value, i) => (value > (values[best] as number) ? i : best), 0);

const PAIRS = [
  ['float32', 'float32'],
  ['float16', 'float16'],
  ['bfloat16', 'bfloat16'],
  ['float64', 'float64'],
  ['float16', 'float32'],
  ['bfloat16', 'float16'],
  ['float16', 'float64'],
  ['float32', 'float64'],
  ['int8', 'int8'],
  ['int32', 'int32'],
  ['uint8', 'int32'],
  ['int64', 'int32'],
  ['int64', 'int64'],
  ['int32', 'float32'],
] as const;

// Blocks have 8192 elements, pieces 65536, and sums go in fours.
test.each(PAIRS)('%s against %s over many blocks, the last one cut short', (actualType, expectedType) => {
  for (const count of [5, 8193, 65_536 + 8192 + 3]) {
    const isWhole = [actualType, expectedType].some((type) => type.includes('int'));
    const [one, other] = longLists(count, isWhole ? 120 : 2);
    const round = (value: number): number => (isWhole ? Math.trunc(actualType === 'uint8' ? Math.abs(value) : value) : value);
    // Farthest in the last element of all: no multiple of a block or of four.
    const far = isWhole ? 121 : 4;
    const actual = tensorOf(actualType, [count], one.map(round).with(-1, far).map(big(actualType)));
    const expected = tensorOf(
      expectedType,
      [count],
      other
        .map(round)
        .with(-1, isWhole ? -121 : -4)
        .map(big(expectedType)),
    );
    const [a, e] = [actual, expected].map((tensor) => decodeElements(tensor).map(Number)) as [number[], number[]];
    for (const tolerance of [
      { atol: 0, rtol: 0 },
      { atol: 0.5, rtol: 0.25 },
    ]) {
      const got = compareTensors(actual, expected, { ...tolerance, isBrief: true });
      const abs = a.map((value, i) => Math.abs(value - (e[i] as number)));
      const rel = abs.map((value, i) => (e[i] === 0 ? 0 : value / Math.abs(e[i] as number)));
      const excess = abs.map((value, i) => value - (tolerance.atol + tolerance.rtol * Math.abs(e[i] as number)));
      const difference = (place: number) => ({ place, actual: a[place], expected: e[place] });
      expect(got).toMatchObject({
        elements: count,
        different: abs.filter((value) => value > 0).length,
        maxAbs: abs[count - 1],
        maxRel: rel[placeOfMax(rel)],
        worst: difference(count - 1),
        beyond: excess.filter((value) => value > 0).length,
        worstBeyond: difference(placeOfMax(excess)),
      });
      expect(got.meanAbs).toBeCloseTo(sum(abs) / count, 9);
      const norms = Math.sqrt(sum(a.map((x) => x * x))) * Math.sqrt(sum(e.map((x) => x * x)));
      expect(got.cosine).toBeCloseTo(sum(a.map((x, i) => x * (e[i] as number))) / norms, 12);
      expect(compareTensors(actual, expected, { ...tolerance, isBrief: true })).toEqual(got);
    }
  }
  function big(type: string): (value: number) => number | bigint {
    return (value) => (type === 'int64' ? BigInt(value) : value);
  }
});

test('of equally bad elements in several blocks the first is the worst', () => {
  const count = 30_000;
  const zeros = new Array<number>(count).fill(0);
  const list = [9_001, 9_000, 25_000].reduce((values, place) => values.with(place, 3), zeros);
  const got = compareTensors(tensorOf('float32', [count], list), tensorOf('float32', [count], zeros), { atol: 1 });
  const first = { place: 9_000, actual: 3, expected: 0 };
  expect(got).toMatchObject({ different: 3, beyond: 3, worst: first, worstBeyond: first, maxRel: 0 });
});

test.each(['float32', 'float16', 'bfloat16', 'float64'])(
  'a NaN in a late block of %s is the worst, and the other blocks still count',
  (type) => {
    const count = 70_001;
    const place = 66_000;
    const list = new Array<number>(count).fill(1);
    const got = compareTensors(tensorOf(type, [count], list.with(place, Number.NaN).with(3, 2)), tensorOf(type, [count], list));
    expect(got).toMatchObject({ different: 2, maxAbs: Infinity, beyond: 2, cosine: undefined, maxUlp: Infinity });
    expect(got.worst).toEqual({ place, actual: Number.NaN, expected: 1 });
  },
);
