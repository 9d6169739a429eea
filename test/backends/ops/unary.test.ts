// Reference: the mathematical functions of JavaScript in float64.
import { describe, expect, test } from 'vitest';
import { expectOp, numbersOf, t } from '../../support/op-vectors.js';

const signs = [-3.5, -2.5, -1.5, -1, -0.75, -0.5, -0.25, -1e-4, -0, 0, 1e-4, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 3.5];
const unit = [-1, -0.9, -0.5, -1e-3, 0, 1e-3, 0.3, 0.99, 1];
const positive = [1e-3, 0.1, 0.5, 1, 1.5, 2, 10, 1000];
/** Taylor's series, exact to float64 for |x| < 4. */
const erf = (x: number): number => {
  let term = x;
  let total = x;
  for (let n = 1; n < 120; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
};
const roundToEven = (x: number): number => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

const functions: readonly [string, (x: number) => number, readonly number[], (readonly string[])?][] = [
  ['Abs', Math.abs, signs, ['float32', 'float16', 'float64', 'bfloat16']],
  ['Neg', (x) => -x, signs, ['float32', 'float16', 'float64', 'bfloat16']],
  ['Sqrt', Math.sqrt, [0, ...positive], ['float32', 'float16', 'float64']],
  ['Rsqrt', (x) => 1 / Math.sqrt(x), positive, ['float32', 'float16', 'float64']],
  ['Square', (x) => x * x, signs, ['float32', 'float16', 'float64']],
  ['Exp', Math.exp, signs, ['float32', 'float16', 'float64']],
  ['Expm1', Math.expm1, signs, ['float32', 'float16', 'float64']],
  ['Log', Math.log, positive, ['float32', 'float16', 'float64']],
  ['Log1p', Math.log1p, [-0.999, -0.5, -1e-3, 0, ...positive], ['float32', 'float16', 'float64']],
  ['Sin', Math.sin, signs, ['float32', 'float64']],
  ['Cos', Math.cos, signs, ['float32', 'float64']],
  ['Tan', Math.tan, [-1.4, -0.5, 0, 0.5, 1.4]],
  ['Asin', Math.asin, unit],
  ['Acos', Math.acos, unit],
  ['Atan', Math.atan, signs],
  ['Sinh', Math.sinh, signs],
  ['Cosh', Math.cosh, signs],
  ['Asinh', Math.asinh, signs],
  ['Acosh', Math.acosh, [1, 1.5, 2, 10]],
  ['Atanh', Math.atanh, [-0.99, -0.5, 0, 0.5, 0.99]],
  ['Erf', erf, signs],
  ['Erfc', (x) => 1 - erf(x), signs],
  ['Reciprocal', (x) => 1 / x, positive, ['float32', 'float16', 'float64']],
  ['Inv', (x) => 1 / x, positive, ['float32', 'float64']],
  ['Floor', Math.floor, signs, ['float32', 'float16', 'float64']],
  ['Ceil', Math.ceil, signs, ['float32', 'float16', 'float64']],
  ['Rint', roundToEven, signs, ['float32', 'float16', 'float64']],
  ['Round', roundToEven, signs, ['float32', 'float16', 'float64']],
  ['Sign', Math.sign, signs, ['float32', 'float16', 'float64']],
];

describe('of floats', () => {
  test.each(functions)('%s', async (type, reference, xs, dtypes = ['float32', 'float16']) => {
    for (const dtype of dtypes) {
      const x = t(dtype, [xs.length], xs);
      // The reference takes x as the dtype has it.
      await expectOp(type, { x }, {}, t(dtype, [xs.length], numbersOf(x).map(reference)));
    }
  });

  test('Trunc drops the fraction, keeps infinities and NaN', () =>
    expectOp(
      'Trunc',
      { input_x: t('float32', [5], [-1.7, 1.7, -0.2, Number.POSITIVE_INFINITY, Number.NaN]) },
      {},
      t('float32', [5], [-1, 1, 0, Number.POSITIVE_INFINITY, Number.NaN]),
    ));

  test('Expm1, Log1p and Erfc keep their relative precision where the plain formula cancels', async () => {
    const tiny = [1e-7, -1e-7, 3e-6, -2e-5];
    const x = t('float32', [4], tiny);
    for (const [type, reference] of [
      ['Expm1', Math.expm1],
      ['Log1p', Math.log1p],
    ] as const) {
      const scale = t('float32', [4], numbersOf(x).map(reference));
      await expectOp(type, { x }, {}, scale, { tolerance: 1e-11 });
    }
    // erfc(4) and erfc(6) from tables (DLMF 7.12 agrees to the digits given).
    await expectOp('Erfc', { x: t('float32', [2], [4, 6]) }, {}, t('float32', [2], [1.541725790028002e-8, 2.1519736712498913e-17]), {
      tolerance: 1e-13,
    });
  });

  test('extremes', async () => {
    const { POSITIVE_INFINITY: inf, NEGATIVE_INFINITY: minusInf, NaN: nan } = Number;
    const x = t('float32', [4], [inf, minusInf, nan, 88]);
    await expectOp('Expm1', { x }, {}, t('float32', [4], [inf, -1, nan, Math.expm1(88)]));
    await expectOp('Log1p', { x: t('float32', [4], [inf, -1, nan, 1e30]) }, {}, t('float32', [4], [inf, minusInf, nan, Math.log1p(1e30)]));
    await expectOp('NanToNum', { x }, { nan: 7, posinf: 8, neginf: 9 }, t('float32', [4], [8, 9, 7, 88]));
  });

  test('IsNan, IsInf and their kin', async () => {
    const { POSITIVE_INFINITY: inf, NEGATIVE_INFINITY: minusInf, NaN: nan } = Number;
    for (const dtype of ['float32', 'float16', 'float64', 'bfloat16']) {
      const x = t(dtype, [2, 2], [inf, minusInf, nan, 0]);
      await expectOp('IsNan', { x }, {}, t('bool', [2, 2], [0, 0, 1, 0]));
      await expectOp('IsInf', { x }, {}, t('bool', [2, 2], [1, 1, 0, 0]));
      await expectOp('IsPosInf', { x }, {}, t('bool', [2, 2], [1, 0, 0, 0]));
      await expectOp('IsNegInf', { x }, {}, t('bool', [2, 2], [0, 1, 0, 0]));
      await expectOp('IsFinite', { x }, {}, t('bool', [2, 2], [0, 0, 0, 1]));
    }
  });
});

describe('with attributes', () => {
  const xs = [0.5, 1, 2, 3];
  const x = t('float32', [4], xs);

  test('Exp has a base, a scale and a shift', () =>
    expectOp(
      'Exp',
      { x },
      { base: 2, scale: 0.5, shift: -1 },
      t(
        'float32',
        [4],
        xs.map((v) => 2 ** (0.5 * v - 1)),
      ),
    ));
  test('Log has a base, a scale and a shift', () =>
    expectOp(
      'Log',
      { x },
      { base: 10, scale: 3, shift: 1 },
      t(
        'float32',
        [4],
        xs.map((v) => Math.log10(3 * v + 1)),
      ),
    ));
  test('Power', () =>
    expectOp(
      'Power',
      { x },
      { power: 3, scale: -2, shift: 0.5 },
      t(
        'float32',
        [4],
        xs.map((v) => (-2 * v + 0.5) ** 3),
      ),
    ));
  test('Round to decimals', () =>
    expectOp('Round', { x: t('float32', [3], [1.2345, -1.2355, 99.999]) }, { decimals: 2 }, t('float32', [3], [1.23, -1.24, 100])));
  test('Adds and Muls', async () => {
    await expectOp(
      'Adds',
      { x },
      { value: -0.5 },
      t(
        'float32',
        [4],
        xs.map((v) => v - 0.5),
      ),
    );
    await expectOp(
      'Muls',
      { x },
      { value: -0.5 },
      t(
        'float32',
        [4],
        xs.map((v) => v * -0.5),
      ),
    );
    await expectOp('Muls', { x: t('int32', [3], [-2, 0, 5]) }, { value: 3 }, t('int32', [3], [-6, 0, 15]));
  });
  test('Fills, ZerosLike, OnesLike', async () => {
    await expectOp('Fills', { x: t('float16', [2, 3], [5]) }, { value: 0.25 }, t('float16', [2, 3], [0.25]));
    await expectOp('ZerosLike', { x: t('int8', [2, 0], []) }, {}, t('int8', [2, 0], []));
    await expectOp('OnesLike', { x: t('int64', [3], [5, 6, 7]) }, {}, t('int64', [3], [1]));
  });
});

describe('of integers', () => {
  test.each(['int8', 'int16', 'int32', 'int64'])('%s: Abs, Neg, Sign, Square, Round', async (dtype) => {
    const x = t(dtype, [4], [-7, -1, 0, 11]);
    await expectOp('Abs', { x }, {}, t(dtype, [4], [7, 1, 0, 11]));
    await expectOp('Neg', { x }, {}, t(dtype, [4], [7, 1, 0, -11]));
    await expectOp('Sign', { x }, {}, t(dtype, [4], [-1, -1, 0, 1]));
    await expectOp('Square', { x }, {}, t(dtype, [4], [49, 1, 0, 121]));
    await expectOp('Round', { x }, {}, t(dtype, [4], [-7, -1, 0, 11]));
  });
  test('Inv', () => expectOp('Inv', { x: t('int32', [4], [-1, 1, 2, -3]) }, {}, t('int32', [4], [-1, 1, 0, 0])));
});

test('the reference of erf agrees with a table', () => {
  expect(erf(0.5)).toBeCloseTo(0.5204998778130465, 14);
  expect(erf(2)).toBeCloseTo(0.9953222650189527, 14);
});
