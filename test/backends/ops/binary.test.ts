// Reference: numpy's rules of broadcasting and of integer division, written out here for float64 and bigint.
import { describe, expect, test } from 'vitest';
import { lowerGraph } from '../../../src/backends/host/lower/lower.js';
import { AscendBundleError } from '../../../src/base/errors.js';
import { checkGraph } from '../../../src/graph/check.js';
import type { Shape, Tensor } from '../../../src/graph/tensor.js';
import { expectOp, graphOf, numbersOf, random, t } from '../../support/op-vectors.js';

/** a ∘ b with broadcasting, in float64. */
function broadcast(a: Tensor, b: Tensor, f: (x: number, y: number) => number, dtype = a.dtype.name): Tensor {
  const rank = Math.max(a.shape.length, b.shape.length);
  const dims = (shape: Shape): number[] => [...Array.from({ length: rank - shape.length }, () => 1), ...shape];
  const [da, db] = [dims(a.shape), dims(b.shape)];
  const shape = da.map((dim, i) => (dim === 1 ? (db[i] as number) : dim));
  const [va, vb] = [numbersOf(a), numbersOf(b)];
  const count = shape.reduce((product, dim) => product * dim, 1);
  const at = (own: number[], index: number[]): number =>
    own.reduce((flat, dim, i) => flat * dim + (dim === 1 ? 0 : (index[i] as number)), 0);
  const values = Array.from({ length: count }, (_, flat) => {
    const index: number[] = [];
    for (let rest = flat, i = rank - 1; i >= 0; i--) {
      index.unshift(rest % (shape[i] as number));
      rest = Math.floor(rest / (shape[i] as number));
    }
    return f(va[at(da, index)] as number, vb[at(db, index)] as number);
  });
  return t(dtype, shape, values);
}

const floorMod = (x: number, y: number): number => x - Math.floor(x / y) * y;
const ofFloats: readonly [string, (x: number, y: number) => number][] = [
  ['Add', (x, y) => x + y],
  ['AddV2', (x, y) => x + y],
  ['Sub', (x, y) => x - y],
  ['Mul', (x, y) => x * y],
  ['Div', (x, y) => x / y],
  ['RealDiv', (x, y) => x / y],
  ['FloorDiv', (x, y) => Math.floor(x / y)],
  ['TruncateDiv', (x, y) => Math.trunc(x / y)],
  ['FloorMod', floorMod],
  ['Mod', (x, y) => x % y],
  ['TruncateMod', (x, y) => x % y],
  ['Maximum', Math.max],
  ['Minimum', Math.min],
  ['SquaredDifference', (x, y) => (x - y) ** 2],
  ['DivNoNan', (x, y) => (y === 0 ? 0 : x / y)],
  ['MulNoNan', (x, y) => (y === 0 ? 0 : x * y)],
  ['Xdivy', (x, y) => (x === 0 ? 0 : x / y)],
  ['Atan2', Math.atan2],
];

describe('floats, with broadcasting', () => {
  test.each(ofFloats)('%s', async (type, reference) => {
    // Sixteenths, so that quotients that should be whole are whole in every dtype; no divisor is 0.
    const sixteenths = (shape: Shape, seed: number): number[] =>
      numbersOf(random('int32', shape, [-40, 40], seed)).map((v) => (v + 0.5) / 16);
    for (const dtype of ['float32', 'float64', 'float16', 'bfloat16']) {
      if (dtype === 'float64' && type === 'Atan2') continue;
      for (const [a, b] of [
        [
          [2, 3],
          [2, 3],
        ],
        [[2, 3], [3]],
        [
          [2, 1, 3],
          [4, 1],
        ],
        [[], [2, 2]],
      ] as const) {
        const [x1, x2] = [t(dtype, a, sixteenths(a, 3)), t(dtype, b, sixteenths(b, 4))];
        await expectOp(type, { x1, x2 }, {}, broadcast(x1, x2, reference));
      }
    }
  });

  test('Pow', async () => {
    const [x1, x2] = [t('float32', [4], [2, -2, 0.5, 9]), t('float32', [4], [3, 3, -2, 0.5])];
    await expectOp('Pow', { x1, x2 }, {}, t('float32', [4], [8, -8, 4, 3]));
    await expectOp('Pow', { x1: t('int32', [3], [2, -3, 7]), x2: t('int32', [1], [3]) }, {}, t('int32', [3], [8, -27, 343]));
    await expectOp('Pow', { x1: t('int16', [3], [2, -3, 7]), x2: t('int16', [1], [3]) }, {}, t('int16', [3], [8, -27, 343]));
  });

  test('Xlogy and Xlog1py are 0 where x is 0', async () => {
    const x1 = t('float32', [4], [0, 2, 0, 3]);
    const x2 = t('float32', [4], [0, 5, 7, 1]);
    await expectOp('Xlogy', { x1, x2 }, {}, t('float32', [4], [0, 2 * Math.log(5), 0, 0]));
    await expectOp('Xlogy', { x1, x2: t('float32', [1], [Number.NaN]) }, {}, t('float32', [4], [Number.NaN]));
    await expectOp('Xlog1py', { x: x1, y: t('float32', [4], [-1, 5, 7, 1e-7]) }, {}, t('float32', [4], [0, 2 * Math.log1p(5), 0, 3e-7]));
  });

  test('DivNoNan, MulNoNan, Xdivy at 0', async () => {
    const x1 = t('float32', [3], [1, Number.POSITIVE_INFINITY, 0]);
    const x2 = t('float32', [1], [0]);
    await expectOp('DivNoNan', { x1, x2 }, {}, t('float32', [3], [0]));
    await expectOp('MulNoNan', { x1, x2 }, {}, t('float32', [3], [0]));
    await expectOp('Xdivy', { x1, x2 }, {}, t('float32', [3], [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0]));
  });

  test('Atan2 in all quadrants, on the axes, at signed zeros and at infinity', async () => {
    const inf = Number.POSITIVE_INFINITY;
    const ys = [1, 1, -1, -1, 0, 0, -0, -0, 1, -1, inf, -inf, inf, 2, -3];
    const xs = [1, -1, 1, -1, 1, -1, 1, -1, 0, 0, inf, -inf, 1, inf, -inf];
    const [x1, x2] = [t('float32', [15], ys), t('float32', [15], xs)];
    await expectOp(
      'Atan2',
      { x1, x2 },
      {},
      t(
        'float32',
        [15],
        ys.map((y, i) => Math.atan2(y, xs[i] as number)),
      ),
    );
  });

  test('FloorMod has the sign of the divisor, Mod that of the dividend', async () => {
    const [x1, x2] = [t('float32', [4], [5.5, -5.5, 5.5, -5.5]), t('float32', [4], [2, 2, -2, -2])];
    await expectOp('FloorMod', { x1, x2 }, {}, t('float32', [4], [1.5, 0.5, -0.5, -1.5]));
    await expectOp('Mod', { x1, x2 }, {}, t('float32', [4], [1.5, -1.5, 1.5, -1.5]));
    await expectOp(
      'FloorMod',
      { x1: t('float32', [2], [1, 0]), x2: t('float32', [1], [Number.POSITIVE_INFINITY]) },
      {},
      t('float32', [2], [1, 0]),
    );
  });
});

describe('integers', () => {
  const xs = [7, -7, 7, -7, 6, -6, 0, 1];
  const ys = [2, 2, -2, -2, 3, 3, 5, -3];
  const all = (f: (x: number, y: number) => number): number[] => xs.map((x, i) => f(x, ys[i] as number));

  test.each(['int8', 'int16', 'int32', 'int64'])('division and remainder of %s', async (dtype) => {
    const [x1, x2] = [t(dtype, [8], xs), t(dtype, [8], ys)];
    const rows: [string, (x: number, y: number) => number][] = [
      ['Div', (x, y) => Math.floor(x / y)],
      ['FloorDiv', (x, y) => Math.floor(x / y)],
      ['RealDiv', (x, y) => Math.trunc(x / y)],
      ['TruncateDiv', (x, y) => Math.trunc(x / y)],
      ['FloorMod', floorMod],
      ['Mod', (x, y) => (x % y) + 0],
      ['TruncateMod', (x, y) => (x % y) + 0],
    ];
    for (const [type, reference] of rows) {
      for (const consts of [[], ['x2']]) await expectOp(type, { x1, x2 }, {}, t(dtype, [8], all(reference)), { consts });
    }
  });

  test('unsigned division', async () => {
    for (const dtype of ['uint8', 'uint16', 'uint32', 'uint64']) {
      const [x1, x2] = [t(dtype, [3], [200, 7, 0]), t(dtype, [1], [3])];
      await expectOp('Div', { x1, x2 }, {}, t(dtype, [3], [66, 2, 0]));
      await expectOp('FloorMod', { x1, x2 }, {}, t(dtype, [3], [2, 1, 0]));
    }
  });

  test('the smallest integer divided by −1 wraps, and does not kill the process', async () => {
    for (const [dtype, least] of [
      ['int32', -(2n ** 31n)],
      ['int64', -(2n ** 63n)],
    ] as const) {
      const [x1, x2] = [t(dtype, [2], [least, 9n]), t(dtype, [1], [-1])];
      for (const type of ['Div', 'FloorDiv', 'RealDiv', 'TruncateDiv']) await expectOp(type, { x1, x2 }, {}, t(dtype, [2], [least, -9n]));
      for (const type of ['FloorMod', 'Mod', 'TruncateMod']) await expectOp(type, { x1, x2 }, {}, t(dtype, [2], [0]));
      await expectOp('FloorDiv', { x1, x2: t(dtype, [1], [3]) }, {}, t(dtype, [2], [least / 3n - 1n, 3n]));
    }
  });

  test('DivNoNan and MulNoNan', async () => {
    const [x1, x2] = [t('int32', [3], [-7, 7, 5]), t('int32', [3], [2, 0, -1])];
    await expectOp('DivNoNan', { x1, x2 }, {}, t('int32', [3], [-3, 0, -5]));
    await expectOp('MulNoNan', { x1, x2 }, {}, t('int32', [3], [-14, 0, -5]));
  });

  test('sums and products wrap, extremes are kept', async () => {
    const [x1, x2] = [t('int8', [3], [100, -100, 3]), t('int8', [3], [100, -100, -5])];
    await expectOp('Add', { x1, x2 }, {}, t('int8', [3], [-56, 56, -2]));
    await expectOp('Mul', { x1, x2 }, {}, t('int8', [3], [16, 16, -15]));
    await expectOp('Maximum', { x1: t('int16', [2], [-300, 300]), x2: t('int16', [1], [5]) }, {}, t('int16', [2], [5, 300]));
    await expectOp('Minimum', { x1: t('uint16', [2], [300, 3]), x2: t('uint16', [1], [5]) }, {}, t('uint16', [2], [5, 3]));
    await expectOp('SquaredDifference', { x1: t('int64', [2], [-3, 4]), x2: t('int64', [], [1]) }, {}, t('int64', [2], [16, 9]));
  });
});

describe('three inputs and more', () => {
  const a = t('float32', [2, 2], [1, -2, 3, -4]);
  const b = t('float32', [2], [0.5, -1]);
  const c = t('float32', [2, 1], [10, 20]);
  const s = t('float32', [1], [0.25]);
  const [va, vb, vc] = [numbersOf(a), [0.5, -1, 0.5, -1], [10, 10, 20, 20]];
  const all = (f: (x: number, y: number, z: number) => number): Tensor => {
    return t(
      'float32',
      [2, 2],
      va.map((x, i) => f(x, vb[i] as number, vc[i] as number)),
    );
  };

  test.each(['float32', 'float16'])('of %s', async (dtype) => {
    const as = (tensor: Tensor): Tensor => t(dtype, tensor.shape, numbersOf(tensor));
    const row = (type: string, inputs: Record<string, Tensor>, attrs: Record<string, number>, expected: Tensor) =>
      expectOp(type, Object.fromEntries(Object.entries(inputs).map(([slot, tensor]) => [slot, as(tensor)])), attrs, as(expected));
    await row(
      'Axpy',
      { x1: a, x2: b },
      { alpha: -2 },
      all((x, y) => x - 2 * y),
    );
    await row(
      'AxpyV2',
      { x1: a, x2: b, alpha: s },
      {},
      all((x, y) => x + 0.25 * y),
    );
    await row(
      'FusedMulAdd',
      { x1: a, x2: b, x3: c },
      {},
      all((x, y, z) => x * y + z),
    );
    await row(
      'FusedMulAddAdd',
      { x1: a, x2: b, x3: c, x4: s },
      {},
      all((x, y, z) => x * y + z + 0.25),
    );
    await row(
      'FusedMulAddN',
      { x1: a, x2: a, x3: s },
      {},
      all((x) => x * 0.25 + x),
    );
    await row(
      'Addcmul',
      { input_data: a, x1: b, x2: c, value: s },
      {},
      all((x, y, z) => x + 0.25 * y * z),
    );
    await row(
      'Addcdiv',
      { input_data: a, x1: b, x2: c, value: s },
      {},
      all((x, y, z) => x + (0.25 * y) / z),
    );
    await row(
      'Lerp',
      { start: a, end: b, weight: s },
      {},
      all((x, y) => x + 0.25 * (y - x)),
    );
    const bounds = { clip_value_min: t('float32', [1], [-2]), clip_value_max: t('float32', [1], [2.5]) };
    await row('ClipByValue', { x: a, ...bounds }, {}, t('float32', [2, 2], [1, -2, 2.5, -2]));
    await row('ClipByValueV2', { x: a, ...bounds }, {}, t('float32', [2, 2], [1, -2, 2.5, -2]));
  });

  test('where the bounds cross, ClipByValue ends at the lower one and ClipByValueV2 at the upper one', async () => {
    const inputs = { x: t('float32', [1], [0]), clip_value_min: t('float32', [1], [3]), clip_value_max: t('float32', [1], [-3]) };
    await expectOp('ClipByValue', inputs, {}, t('float32', [1], [3]));
    await expectOp('ClipByValueV2', inputs, {}, t('float32', [1], [-3]));
  });

  test('lists of inputs', async () => {
    const x = [t('float32', [3], [1, -2, 3]), t('float32', [3], [4, 5, -6]), t('float32', [3], [-7, 8, 9])];
    await expectOp('AddN', { x }, { N: 3 }, t('float32', [3], [-2, 11, 6]));
    await expectOp('AddN', { x: x.slice(0, 1) }, { N: 1 }, t('float32', [3], [1, -2, 3]));
    await expectOp('AccumulateNV2', { x }, { N: 3 }, t('float32', [3], [-2, 11, 6]));
    await expectOp('MaxN', { x }, {}, t('float32', [3], [4, 8, 9]));
    await expectOp('Eltwise', { x }, { N: 3, mode: 0 }, t('float32', [3], [-28, -80, -162]));
    await expectOp('Eltwise', { x }, { N: 3 }, t('float32', [3], [-2, 11, 6]));
    await expectOp('Eltwise', { x }, { N: 3, coeff: [1, -1, 0.5] }, t('float32', [3], [-6.5, -3, 13.5]));
    await expectOp('Eltwise', { x }, { N: 3, mode: 2 }, t('float32', [3], [4, 8, 9]));
    await expectOp('AddN', { x: [t('int32', [2], [1, 2]), t('int32', [2], [3, 4])] }, { N: 2 }, t('int32', [2], [4, 6]));
  });
});

describe('what does not fit is named', () => {
  const problem = (x1: Tensor, x2: Tensor): string => {
    try {
      checkGraph(graphOf('Add', { x1, x2 }, {}));
    } catch (error) {
      if (error instanceof AscendBundleError) return error.message;
    }
    return '';
  };
  test('shapes', () => {
    expect(problem(t('float32', [2, 3], [0]), t('float32', [4], [0]))).toBe(
      'Node "op" (Add) cannot broadcast its inputs together: x1 [2, 3], x2 [4].',
    );
  });
  test('shapes of which one is unknown', () => {
    const inputs = { x1: t('float32', [2], [0]), x2: t('float32', [3], [0]), x3: t('float32', [1], [0]) };
    const given = graphOf('FusedMulAdd', inputs, {});
    const open = given.nodes.map((node) =>
      node.name === 'x3' ? { ...node, outputDescs: [{ dtype: inputs.x3.dtype, shape: [-2] }] } : node,
    );
    expect(() => checkGraph({ ...given, nodes: open })).toThrow('cannot broadcast its inputs together: x1 [2], x2 [3], x3 [unknown rank].');
  });
  test('lists of different shapes', () => {
    const x = [t('float32', [2], [0]), t('float32', [3], [0])];
    expect(() => checkGraph(graphOf('AddN', { x }, { N: 2 }))).toThrow('takes [2] and [3]; the shapes of its inputs must be equal.');
  });
  test('a divisor that is 0', () => {
    const given = graphOf('Div', { x1: t('int32', [2], [4]), x2: t('int32', [2], [1, 0]) }, {}, { consts: ['x2'] });
    expect(() => lowerGraph(checkGraph({ ...given, outputs: [{ name: 'y', value: 'op:0' }] }))).toThrow(
      'divides integers by a Const that has a 0.',
    );
  });
  test('dtypes', () => {
    expect(problem(t('float32', [2], [0]), t('int32', [2], [0]))).toBe(
      'Node "op" (Add) gets float32 [2] as x1 and int32 [2] as x2; their dtypes must be equal.',
    );
  });
});

test('a dimension that is known only at run time may broadcast', () => {
  const inputs = { x1: t('float32', [2, 3], [1, 2, 3, 4, 5, 6]), x2: t('float32', [1, 3], [10, 20, 30]) };
  return expectOp('Add', inputs, {}, t('float32', [2, 3], [11, 22, 33, 14, 25, 36]), { unknown: ['x1', 'x2'] });
});
