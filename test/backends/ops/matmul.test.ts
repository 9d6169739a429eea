// Reference: the sums of products written out, in float64.
import { describe, expect, test } from 'vitest';
import { lowerGraph } from '../../../src/backends/host/lower/lower.js';
import { AscendBundleError } from '../../../src/base/errors.js';
import { checkGraph } from '../../../src/graph/check.js';
import type { Shape, Tensor } from '../../../src/graph/tensor.js';
import { expectOp, graphOf, numbersOf, type OpAttrs, type OpInputs, random, t } from '../../support/op-vectors.js';

/** Rows of the last two dimensions, transposed if asked, for each index of the batch. */
function matrices(tensor: Tensor, isTransposed = false): number[][][] {
  const [rows = 1, columns = 1] = tensor.shape.slice(-2);
  const values = numbersOf(tensor);
  return Array.from({ length: values.length / (rows * columns) || 0 }, (_, b) => {
    const at = (i: number, j: number): number => values[(b * rows + i) * columns + j] as number;
    return isTransposed
      ? Array.from({ length: columns }, (_, j) => Array.from({ length: rows }, (_, i) => at(i, j)))
      : Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => at(i, j)));
  });
}

const times = (a: number[][], b: number[][]): number[] =>
  a.flatMap((row) => (b[0] as number[]).map((_, j) => row.reduce((sum, value, k) => sum + value * ((b[k] as number[])[j] as number), 0)));

function problemOf(type: string, inputs: OpInputs, attrs: OpAttrs = {}): string {
  try {
    lowerGraph(checkGraph({ ...graphOf(type, inputs, attrs), outputs: [{ name: 'y', value: 'op:0' }] }));
  } catch (error) {
    if (error instanceof AscendBundleError) return error.message;
    throw error;
  }
  return 'no problem';
}

describe.each(['MatMul', 'MatMulV2'])('%s', (type) => {
  test.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('transposed: %s, %s', async (transpose_x1, transpose_x2) => {
    for (const [dtype, range] of [
      ['float32', [-2, 2]],
      ['float64', [-2, 2]],
      ['float16', [-1, 1]],
      ['bfloat16', [-1, 1]],
      ['int32', [-9, 9]],
    ] as const) {
      const x1 = random(dtype, transpose_x1 ? [3, 2] : [2, 3], range, 1);
      const x2 = random(dtype, transpose_x2 ? [4, 3] : [3, 4], range, 2);
      const bias = random(dtype, [4], range, 3);
      const expected = times(matrices(x1, transpose_x1)[0] ?? [], matrices(x2, transpose_x2)[0] ?? []);
      const attrs = { transpose_x1, transpose_x2 };
      await expectOp(type, { x1, x2 }, attrs, t(dtype === 'bfloat16' ? 'float32' : dtype, [2, 4], expected));
      const b = numbersOf(bias);
      await expectOp(
        type,
        { x1, x2, bias },
        attrs,
        t(
          dtype === 'bfloat16' ? 'float32' : dtype,
          [2, 4],
          expected.map((v, i) => v + (b[i % 4] as number)),
        ),
      );
    }
  });
});

test('products of int8 are summed up in int32', async () => {
  const [x1, x2] = [t('int8', [2, 3], [127, 127, 127, -128, 1, 0]), t('int8', [3, 1], [127, 127, -128])];
  await expectOp('MatMulV2', { x1, x2 }, {}, t('int32', [2, 1], [127 * 127 * 2 - 127 * 128, -128 * 127 + 127]));
  await expectOp(
    'MatMulV2',
    { x1, x2, bias: t('int32', [1], [5]) },
    {},
    t('int32', [2, 1], [127 * 127 * 2 - 127 * 128 + 5, -128 * 127 + 132]),
  );
  await expectOp('BatchMatMulV2', { x1, x2 }, {}, t('int32', [2, 1], [127 * 127 * 2 - 127 * 128, -128 * 127 + 127]));
});

test('a matrix without rows, and one without columns', async () => {
  await expectOp('MatMul', { x1: t('float32', [0, 3], []), x2: t('float32', [3, 2], [1]) }, {}, t('float32', [0, 2], []));
  await expectOp('MatMul', { x1: t('float32', [2, 0], []), x2: t('float32', [0, 2], []) }, {}, t('float32', [2, 2], [0]));
});

test('sides that only the run knows', () => {
  const inputs = { x1: random('float32', [2, 3], [-1, 1], 1), x2: random('float32', [3, 4], [-1, 1], 2) };
  const expected = t('float32', [2, 4], times(matrices(inputs.x1)[0] ?? [], matrices(inputs.x2)[0] ?? []));
  return expectOp('MatMul', inputs, {}, expected, { unknown: ['x1'] });
});

describe.each(['BatchMatMul', 'BatchMatMulV2'])('%s', (type) => {
  const batches: readonly (readonly [Shape, Shape, readonly (readonly [number, number])[], Shape])[] = [
    [
      [2],
      [2],
      [
        [0, 0],
        [1, 1],
      ],
      [2],
    ],
    [
      [2],
      [1],
      [
        [0, 0],
        [1, 0],
      ],
      [2],
    ],
    [
      [1, 2],
      [3, 1],
      [
        [0, 0],
        [1, 0],
        [0, 1],
        [1, 1],
        [0, 2],
        [1, 2],
      ],
      [3, 2],
    ],
    [
      [2],
      [],
      [
        [0, 0],
        [1, 0],
      ],
      [2],
    ],
    [[], [], [[0, 0]], []],
  ];
  test.each(batches)('batches %j and %j', async (a, b, pairs, batch) => {
    for (const [adj_x1, adj_x2] of [
      [false, false],
      [true, false],
      [false, true],
    ] as const) {
      const x1 = random('float32', [...a, ...(adj_x1 ? [3, 2] : [2, 3])], [-2, 2], 1);
      const x2 = random('float32', [...b, ...(adj_x2 ? [4, 3] : [3, 4])], [-2, 2], 2);
      const [m1, m2] = [matrices(x1, adj_x1), matrices(x2, adj_x2)];
      const expected = pairs.flatMap(([i, j]) => times(m1[i] as number[][], m2[j] as number[][]));
      await expectOp(type, { x1, x2 }, { adj_x1, adj_x2 }, t('float32', [...batch, 2, 4], expected));
    }
  });
});

test('BatchMatMulV2 adds a bias, also in float16 and int32', async () => {
  for (const dtype of ['float32', 'float16', 'int32']) {
    const [x1, x2] = [t(dtype, [2, 1, 2], [1, 2, 3, 4]), t(dtype, [2, 2], [1, -1, 2, 0])];
    await expectOp('BatchMatMulV2', { x1, x2, bias: t(dtype, [2], [10, 20]) }, {}, t(dtype, [2, 1, 2], [15, 19, 21, 17]));
  }
});

test('a float16 product may have a float32 bias', () =>
  expectOp(
    'MatMulV2',
    { x1: t('float16', [1, 2], [1, 2]), x2: t('float16', [2, 1], [3, 4]), bias: t('float32', [1], [0.5]) },
    {},
    t('float16', [1, 1], [11.5]),
  ));

test('GEMM scales both terms', async () => {
  const [a, b] = [random('float32', [3, 2], [-1, 1], 1), random('float32', [3, 4], [-1, 1], 2)];
  const c = random('float32', [2, 4], [-1, 1], 3);
  const ab = times(matrices(a, true)[0] ?? [], matrices(b)[0] ?? []);
  const expected = t(
    'float32',
    [2, 4],
    ab.map((v, i) => 0.5 * v - 2 * (numbersOf(c)[i] as number)),
  );
  await expectOp('GEMM', { a, b, c, alpha: t('float32', [1], [0.5]), beta: t('float32', [1], [-2]) }, { transpose_a: true }, expected);
});

describe('FullyConnection', () => {
  const x = random('float32', [2, 3, 2, 1], [-1, 1], 1);
  const w = random('float32', [4, 6], [-1, 1], 2);
  const b = t('float32', [4], [10, 20, 30, 40]);
  const flat = { ...x, shape: [2, 6] };
  const expected = times(matrices(flat)[0] ?? [], matrices(w, true)[0] ?? []);

  test('flattens what follows the first dimension', () =>
    expectOp('FullyConnection', { x, w }, { num_output: 4 }, t('float32', [2, 4], expected)));
  test('adds a bias', () =>
    expectOp(
      'FullyConnection',
      { x, w, b },
      { num_output: 4 },
      t(
        'float32',
        [2, 4],
        expected.map((v, i) => v + 10 * ((i % 4) + 1)),
      ),
    ));
  test('takes its weight the other way round', async () => {
    const transposed = t('float32', [6, 4], (matrices(w, true)[0] ?? []).flat());
    await expectOp('FullyConnection', { x, w: transposed }, { num_output: 4, transpose: true }, t('float32', [2, 4], expected));
  });
  test('keeps two dimensions with axis 2', async () => {
    const narrow = random('float32', [4, 2], [-1, 1], 2);
    const rows = times(matrices({ ...x, shape: [6, 2] })[0] ?? [], matrices(narrow, true)[0] ?? []);
    await expectOp('FullyConnection', { x, w: narrow }, { num_output: 4, axis: 2 }, t('float32', [2, 3, 4], rows));
    await expectOp('FullyConnection', { x, w: narrow }, { num_output: 4, axis: -2 }, t('float32', [2, 3, 4], rows));
  });
  test('gives four dimensions for a batch of one, as GE does', async () => {
    const one = t('float32', [1, 6], numbersOf(x).slice(0, 6));
    await expectOp(
      'FullyConnection',
      { x: one, w, b },
      { num_output: 4 },
      t(
        'float32',
        [1, 4, 1, 1],
        expected.slice(0, 4).map((v, i) => v + 10 * (i + 1)),
      ),
    );
  });
});

test('Dot and Ger', async () => {
  const [a, b] = [t('float32', [3], [1, 2, 3]), t('float32', [3], [4, -5, 6])];
  await expectOp('Dot', { input_x: a, input_y: b }, {}, t('float32', [1], [12]));
  await expectOp('Dot', { input_x: t('int8', [2], [100, 2]), input_y: t('int8', [2], [1, 3]) }, {}, t('int8', [1], [106]));
  await expectOp('Ger', { x1: a, x2: t('float32', [2], [10, 20]) }, {}, t('float32', [3, 2], [10, 20, 20, 40, 30, 60]));
});

test('Einsum: products, sums, traces, permutations', async () => {
  const a = t('float32', [2, 3], [1, 2, 3, 4, 5, 6]);
  const b = t('float32', [3, 2], [1, -1, 2, 0, 0, 3]);
  await expectOp('Einsum', { x: [a, b] }, { equation: 'ij,jk->ik', N: 2 }, t('float32', [2, 2], [5, 8, 14, 14]));
  await expectOp('Einsum', { x: [a, b] }, { equation: 'ij, jk', N: 2 }, t('float32', [2, 2], [5, 8, 14, 14]));
  await expectOp('Einsum', { x: [a] }, { equation: 'ij->ji', N: 1 }, t('float32', [3, 2], [1, 4, 2, 5, 3, 6]));
  await expectOp('Einsum', { x: [a] }, { equation: 'ij->', N: 1 }, t('float32', [], [21]));
  await expectOp('Einsum', { x: [a, a] }, { equation: 'ij,ij->i', N: 2 }, t('float32', [2], [14, 77]));
  expect(problemOf('Einsum', { x: [a] }, { equation: 'ijk->ij', N: 1 })).toContain('names 3 dimensions of x0');
});

describe('what does not fit is named', () => {
  test('inner sides', () => {
    const inputs = { x1: t('float32', [2, 3], [0]), x2: t('float32', [4, 5], [0]) };
    expect(problemOf('MatMul', inputs)).toBe('Node "op" (MatMul) cannot multiply [2, 3] by [4, 5]: rows of 3 elements meet columns of 4.');
    expect(problemOf('BatchMatMul', inputs)).toContain('cannot multiply [2, 3] by [4, 5]');
  });
  test('a bias that is larger than the product, or of another dtype', () => {
    const inputs = { x1: t('float32', [2, 3], [0]), x2: t('float32', [3, 4], [0]) };
    expect(problemOf('MatMul', { ...inputs, bias: t('float32', [3], [0]) })).toContain('gets bias [3], which does not broadcast to [2, 4]');
    expect(problemOf('BatchMatMulV2', { ...inputs, bias: t('float32', [2, 1, 4], [0]) })).toContain('does not broadcast to [2, 4]');
    expect(problemOf('MatMul', { ...inputs, bias: t('int32', [4], [0]) })).toContain('adds a bias int32 [4] to a product float32 [2, 4]');
  });
  test('more than two dimensions', () => {
    const inputs = { x1: t('float32', [2, 2, 2], [0]), x2: t('float32', [2, 2], [0]) };
    expect(problemOf('MatMul', inputs)).toBe('Node "op" (MatMul) takes matrices; x1 is [2, 2, 2].');
  });
  test('offsets of quantized products', () => {
    const inputs = { x1: t('int8', [2, 2], [0]), x2: t('int8', [2, 2], [0]) };
    expect(problemOf('MatMulV2', inputs, { offset_x: 3 })).toContain('offset_x 3, which the host backend does not add');
  });
});
