// Reference: the values of each group of elements, gathered by index, given to a plain function.
import { describe, expect, test } from 'vitest';
import { lowerGraph } from '../../../src/backends/host/lower/lower.js';
import { checkGraph } from '../../../src/graph/check.js';
import type { Tensor } from '../../../src/graph/tensor.js';
import { expectOp, graphOf, numbersOf, random, t } from '../../support/op-vectors.js';

/** The groups that a reduction over `axes` (from 0) makes, in row-major order of what remains. */
function groups(x: Tensor, axes: readonly number[]): { readonly shape: number[]; readonly values: number[][] } {
  const shape = x.shape.filter((_, i) => !axes.includes(i));
  const values: number[][] = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => []);
  numbersOf(x).forEach((value, flat) => {
    let rest = flat;
    const index = [...x.shape].reverse().map((dim) => {
      const at = rest % dim;
      rest = Math.floor(rest / dim);
      return at;
    });
    index.reverse();
    const kept = index.filter((_, i) => !axes.includes(i));
    values[kept.reduce((position, at, i) => position * (shape[i] as number) + at, 0)]?.push(value);
  });
  return { shape, values };
}

const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
const rows: readonly [string, (values: number[]) => number][] = [
  ['ReduceSum', sum],
  ['ReduceMean', (values) => sum(values) / values.length],
  ['ReduceMax', (values) => Math.max(...values)],
  ['ReduceMin', (values) => Math.min(...values)],
  ['ReduceProd', (values) => values.reduce((a, b) => a * b, 1)],
  ['EuclideanNorm', (values) => Math.hypot(...values)],
];
const axesCases = [[0], [1], [-1], [0, 2], [-2, 0], [0, 1, 2]];
const from0 = (axes: readonly number[]): number[] => axes.map((axis) => (axis < 0 ? axis + 3 : axis));

describe('over axes', () => {
  test.each(rows)('%s, and with the axes as attribute', async (type, reference) => {
    for (const dtype of ['float32', 'float64', 'float16']) {
      const x = random(dtype, [2, 3, 4], [-1.5, 2]);
      for (const axes of axesCases) {
        const { shape, values } = groups(x, from0(axes));
        const expected = t(dtype, shape, values.map(reference));
        const kept = { ...expected, shape: x.shape.map((dim, i) => (from0(axes).includes(i) ? 1 : dim)) };
        const input = { x, axes: t('int32', [axes.length], axes) };
        await expectOp(type, input, {}, expected, { consts: ['axes'] });
        await expectOp(type, input, { keep_dims: true }, kept, { consts: ['axes'] });
        await expectOp(`${type}D`, { x }, { axes }, expected);
        await expectOp(`${type}D`, { x }, { axes, keep_dims: true }, kept);
      }
    }
  });

  test('ReduceLogSumExp and ReduceLogSum', async () => {
    const x = random('float32', [2, 3, 4], [0.1, 3]);
    const { shape, values } = groups(x, [1]);
    const axes = t('int64', [1], [1]);
    await expectOp(
      'ReduceLogSumExp',
      { x, axes },
      {},
      t(
        'float32',
        shape,
        values.map((v) => Math.log(sum(v.map(Math.exp)))),
      ),
      { consts: ['axes'] },
    );
    await expectOp(
      'ReduceLogSum',
      { x, axes },
      {},
      t(
        'float32',
        shape,
        values.map((v) => Math.log(sum(v))),
      ),
      { consts: ['axes'] },
    );
    // Large terms do not overflow.
    await expectOp(
      'ReduceLogSumExp',
      { x: t('float32', [2], [200, 200]), axes: t('int64', [1], [0]) },
      {},
      t('float32', [], [200 + Math.log(2)]),
    );
  });

  test('ReduceAll and ReduceAny', async () => {
    const x = t('bool', [2, 3], [1, 1, 1, 0, 1, 0]);
    const axes = t('int32', [1], [1]);
    await expectOp('ReduceAll', { x, axes }, {}, t('bool', [2], [1, 0]), { consts: ['axes'] });
    await expectOp('ReduceAny', { x, axes }, { keep_dims: true }, t('bool', [2, 1], [1, 1]), { consts: ['axes'] });
    await expectOp('ReduceAllD', { x }, { axes: [0] }, t('bool', [3], [0, 1, 0]));
    await expectOp('ReduceAnyD', { x }, { axes: [0, 1] }, t('bool', [], [1]));
    await expectOp('ReduceAll', { x: t('float32', [2, 2], [1, -2, 0, 3]), axes }, {}, t('bool', [2], [1, 0]), { consts: ['axes'] });
  });

  test('integers: sums wrap, extremes and products are exact', async () => {
    for (const dtype of ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16']) {
      const x = t(dtype, [2, 3], [1, 9, 4, 3, 2, 5]);
      await expectOp('ReduceSumD', { x }, { axes: [1] }, t(dtype, [2], [14, 10]));
      await expectOp('ReduceMaxD', { x }, { axes: [0] }, t(dtype, [3], [3, 9, 5]));
      await expectOp('ReduceMinD', { x }, { axes: [-1] }, t(dtype, [2], [1, 2]));
      await expectOp('ReduceProdD', { x }, { axes: [1] }, t(dtype, [2], [36, 30]));
    }
    await expectOp('ReduceSumD', { x: t('int8', [3], [100, 100, 100]) }, { axes: [0] }, t('int8', [], [44]));
  });

  test('an empty axis', () => expectOp('ReduceSumD', { x: t('float32', [2, 0], []) }, { axes: [1] }, t('float32', [2], [0])));
});

describe('without axes', () => {
  const x = t('float32', [2, 2], [1, 2, 3, 4]);
  const axes = t('int32', [0], []);
  test('an empty input reduces nothing', async () => {
    await expectOp('ReduceSum', { x, axes }, {}, x, { consts: ['axes'] });
    await expectOp('ReduceMean', { x, axes }, {}, x, { consts: ['axes'] });
    await expectOp('ReduceMean', { x, axes }, { noop_with_empty_axes: false }, t('float32', [], [2.5]), { consts: ['axes'] });
  });
  test('an empty attribute reduces everything', async () => {
    await expectOp('ReduceSumD', { x }, { axes: [] }, t('float32', [], [10]));
    await expectOp('ReduceMeanD', { x }, { axes: [], noop_with_empty_axes: true }, x);
    await expectOp('EuclideanNormD', { x }, { keep_dims: true }, t('float32', [1, 1], [Math.sqrt(30)]));
  });
});

test('axes that only the run knows', async () => {
  const x = t('float32', [2, 3], [1, 2, 3, 4, 5, 6]);
  await expectOp('ReduceSum', { x, axes: t('int32', [1], [1]) }, {}, t('float32', [2], [6, 15]));
  await expectOp('ReduceMax', { x, axes: t('int64', [2], [0, 1]) }, { keep_dims: true }, t('float32', [1, 1], [6]));
});

test('an axis out of range is named', () => {
  const given = graphOf('ReduceSumD', { x: t('float32', [2, 3], [0]) }, { axes: [2] });
  expect(() => checkGraph(given)).toThrow('Node "op" (ReduceSumD) has the axis 2, but its input has rank 2.');
});

test('axes that are no integers are named', () => {
  const given = graphOf('ReduceSum', { x: t('float32', [2], [0]), axes: t('float32', [1], [0]) }, {}, { consts: ['axes'] });
  expect(() => checkGraph(given)).toThrow('gets float32 [1] as axes, which takes integers.');
});

describe('norms', () => {
  const x = t('float32', [2, 3], [3, -4, 0, -1, 2, -2]);
  const values = [
    [3, -4, 0],
    [-1, 2, -2],
  ];
  const norm = (p: number) => (v: number[]) => sum(v.map((e) => Math.abs(e) ** p)) ** (1 / p);
  test.each([1, 2, 3])('LpNorm of p = %d', (p) => expectOp('LpNorm', { x }, { p, axes: [1] }, t('float32', [2], values.map(norm(p)))));
  test('LpNorm at the ends: 0 counts, the extreme integers are infinities', async () => {
    await expectOp('LpNorm', { x }, { p: 0, axes: [-1] }, t('float32', [2], [2, 3]));
    await expectOp('LpNorm', { x }, { p: 2147483647, axes: [1], keepdim: true }, t('float32', [2, 1], [4, 2]));
    await expectOp('LpNorm', { x }, { p: -2147483648, axes: [1] }, t('float32', [2], [0, 1]));
    await expectOp('LpNorm', { x }, {}, t('float32', [], [Math.sqrt(34)]));
  });
  test('LpNormV2 takes any p', () => expectOp('LpNormV2', { x }, { p: 1.5, axes: [1] }, t('float32', [2], values.map(norm(1.5)))));
  test('L2Loss is half the sum of squares', () => expectOp('L2Loss', { x }, {}, t('float32', [], [17])));
  test('SquareSumV1', () => expectOp('SquareSumV1', { x }, { axis: [1] }, t('float32', [2], [25, 9])));
  test('ReduceStd gives the deviation and the mean', async () => {
    const mean = values.map((v) => sum(v) / 3);
    const deviation = (n: number): number[] => values.map((v, i) => Math.sqrt(sum(v.map((e) => (e - (mean[i] as number)) ** 2)) / n));
    await expectOp('ReduceStd', { x }, { dim: [1] }, [t('float32', [2], deviation(2)), t('float32', [2], mean)]);
    await expectOp('ReduceStd', { x }, { dim: [1], unbiased: false, keepdim: true }, [
      t('float32', [2, 1], deviation(3)),
      t('float32', [2, 1], mean),
    ]);
  });
});

describe('running along an axis', () => {
  const x = t('float32', [2, 3], [1, 2, 3, 4, 5, 6]);
  test('Cumsum', async () => {
    for (const shape of [[], [1]]) {
      await expectOp('Cumsum', { x, axis: t('int32', shape, [1]) }, {}, t('float32', [2, 3], [1, 3, 6, 4, 9, 15]), { consts: ['axis'] });
      await expectOp('Cumsum', { x, axis: t('int64', shape, [-2]) }, {}, t('float32', [2, 3], [1, 2, 3, 5, 7, 9]));
    }
    await expectOp('CumsumD', { x }, { axis: 1, exclusive: true }, t('float32', [2, 3], [0, 1, 3, 0, 4, 9]));
    await expectOp('CumsumD', { x }, { axis: 1, reverse: true }, t('float32', [2, 3], [6, 5, 3, 15, 11, 6]));
    await expectOp('CumsumD', { x: t('int8', [3], [100, 100, 1]) }, { axis: 0 }, t('int8', [3], [100, -56, -55]));
  });
  test('Cumprod', async () => {
    await expectOp('Cumprod', { x, axis: t('int32', [], [1]) }, {}, t('float32', [2, 3], [1, 2, 6, 4, 20, 120]), { consts: ['axis'] });
    await expectOp('CumprodD', { x }, { axis: -1, reverse: true }, t('float32', [2, 3], [6, 6, 3, 120, 30, 6]));
    await expectOp('CumprodD', { x }, { axis: -1, exclusive: true }, t('float32', [2, 3], [1, 1, 2, 1, 4, 20]));
    await expectOp('CumprodD', { x }, { axis: 0, exclusive: true, reverse: true }, t('float32', [2, 3], [4, 5, 6, 1, 1, 1]));
    await expectOp('CumprodD', { x: t('int32', [7], [-1, 2, -3, 1, 0, 5, 6]) }, { axis: 0 }, t('int32', [7], [-1, -2, 6, 6, 0, 0, 0]));
    await expectOp('CumprodD', { x: t('float32', [2, 0], []) }, { axis: 1 }, t('float32', [2, 0], []));
  });
  test('CumulativeLogsumexp', async () => {
    const values = [1, -2, 0.5, 300, 2];
    const reference = values.map((_, i) => {
      const part = values.slice(0, i + 1);
      const high = Math.max(...part);
      return high + Math.log(sum(part.map((v) => Math.exp(v - high))));
    });
    await expectOp('CumulativeLogsumexpD', { x: t('float32', [5], values) }, { axis: 0 }, t('float32', [5], reference));
    const shifted = t('float32', [5], [Number.NEGATIVE_INFINITY, ...reference.slice(0, -1)]);
    await expectOp('CumulativeLogsumexpD', { x: t('float32', [5], values) }, { axis: 0, exclusive: true }, shifted);
  });
  test('a length that only the run knows is refused with the remedy', () => {
    const given = graphOf('CumprodD', { x }, { axis: 0 }, { unknown: ['x'] });
    expect(() => lowerGraph(checkGraph({ ...given, outputs: [{ name: 'y', value: 'op:0' }] }))).toThrow(
      'needs to know the shape of x; known is [?, ?].',
    );
  });
});

describe('softmax', () => {
  const reference = (x: Tensor, axes: readonly number[], isLog: boolean): number[] => {
    const { values } = groups(x, axes);
    // The group of each element, found by its place in the order in which groups were filled.
    const totals = values.map((v) => sum(v.map(Math.exp)));
    const kept = groups(
      {
        ...x,
        data: t(
          'float32',
          x.shape,
          numbersOf(x).map((_, i) => i),
        ).data,
        dtype: t('float32', [], [0]).dtype,
      },
      axes,
    ).values;
    const groupOf = new Map(kept.flatMap((indices, g) => indices.map((i) => [i, g] as const)));
    return numbersOf(x).map((v, i) => {
      const total = totals[groupOf.get(i) as number] as number;
      return isLog ? v - Math.log(total) : Math.exp(v) / total;
    });
  };
  test.each([[[-1]], [[0]], [[1]], [[1, 2]], [[-3, -1]]])('over %j', async (axes) => {
    for (const dtype of ['float32', 'float64', 'float16']) {
      const x = random(dtype, [2, 3, 4], [-3, 3]);
      const plain = axes.map((axis) => (axis < 0 ? axis + 3 : axis));
      await expectOp('SoftmaxV2', { x }, { axes }, t(dtype, x.shape, reference(x, plain, false)));
      await expectOp('LogSoftmaxV2', { logits: x }, { axes }, t(dtype, x.shape, reference(x, plain, true)));
    }
  });
  test('large values do not overflow', async () => {
    const x = t('float32', [1, 2, 1], [1000, 1000 + Math.log(3)]);
    await expectOp('SoftmaxV2', { x }, { axes: [1] }, t('float32', [1, 2, 1], [0.25, 0.75]), { tolerance: 1e-4 });
    await expectOp('SoftmaxV2', { x }, { axes: [0, 1] }, t('float32', [1, 2, 1], [0.25, 0.75]), { tolerance: 1e-4 });
  });
  test('half_to_float gives float32', async () => {
    const x = t('float16', [2], [0, 0]);
    await expectOp('SoftmaxV2', { x }, { half_to_float: true }, t('float32', [2], [0.5, 0.5]));
    await expectOp('SoftmaxV2', { x: { ...x, shape: [2, 1] } }, { half_to_float: true, axes: [0, 1] }, t('float32', [2, 1], [0.5, 0.5]));
  });
});
