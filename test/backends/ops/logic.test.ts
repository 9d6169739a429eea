// Reference: JavaScript's comparisons and bigint arithmetic.
import { describe, test } from 'vitest';
import { expectOp, t } from '../../support/op-vectors.js';

const xs = [-3, -1, 0, 1, 2, 2];
const ys = [-3, 1, 0, -1, 3, 2];

describe('comparisons', () => {
  const rows: readonly [string, (x: number, y: number) => boolean][] = [
    ['Equal', (x, y) => x === y],
    ['NotEqual', (x, y) => x !== y],
    ['Less', (x, y) => x < y],
    ['LessEqual', (x, y) => x <= y],
    ['Greater', (x, y) => x > y],
    ['GreaterEqual', (x, y) => x >= y],
  ];
  test.each(rows)('%s', async (type, reference) => {
    for (const dtype of ['float32', 'float16', 'float64', 'bfloat16', 'int8', 'int16', 'int32', 'int64']) {
      const expected = t(
        'bool',
        [2, 3],
        xs.map((x, i) => Number(reference(x, ys[i] as number))),
      );
      await expectOp(type, { x1: t(dtype, [2, 3], xs), x2: t(dtype, [2, 3], ys) }, {}, expected);
      await expectOp(
        type,
        { x1: t(dtype, [3, 1], [1, 2, 3]), x2: t(dtype, [2], [2, 3]) },
        {},
        {
          ...t(
            'bool',
            [3, 2],
            [1, 2, 3].flatMap((x) => [2, 3].map((y) => Number(reference(x, y)))),
          ),
        },
      );
    }
  });
  test('of bools', () => expectOp('NotEqual', { x1: t('bool', [3], [0, 1, 1]), x2: t('bool', [1], [1]) }, {}, t('bool', [3], [1, 0, 0])));
  test('NaN equals nothing', async () => {
    const nan = t('float32', [1], [Number.NaN]);
    await expectOp('Equal', { x1: nan, x2: nan }, {}, t('bool', [1], [0]));
    await expectOp('NotEqual', { x1: nan, x2: nan }, {}, t('bool', [1], [1]));
    await expectOp('GreaterEqual', { x1: nan, x2: nan }, {}, t('bool', [1], [0]));
  });
  test('ApproximateEqual', () =>
    expectOp(
      'ApproximateEqual',
      { x1: t('float32', [3], [1, 1, -1]), x2: t('float32', [3], [1.05, 1.15, 1]) },
      { tolerance: 0.1 },
      t('bool', [3], [1, 0, 0]),
    ));
  test('IsClose', async () => {
    const inf = Number.POSITIVE_INFINITY;
    const inputs = {
      x1: t('float32', [6], [1, 1, inf, inf, Number.NaN, 5]),
      x2: t('float32', [6], [1.0005, 1.005, inf, -inf, Number.NaN, inf]),
    };
    await expectOp('IsClose', inputs, { rtol: 1e-3 }, t('bool', [6], [1, 0, 1, 0, 0, 0]));
    await expectOp('IsClose', inputs, { rtol: 1e-3, equal_nan: true }, t('bool', [6], [1, 0, 1, 0, 1, 0]));
  });
});

describe('logic', () => {
  const [x1, x2] = [t('bool', [2, 2], [0, 0, 1, 1]), t('bool', [2], [0, 1])];
  test('And, Or, Not', async () => {
    await expectOp('LogicalAnd', { x1, x2 }, {}, t('bool', [2, 2], [0, 0, 0, 1]));
    await expectOp('LogicalOr', { x1, x2 }, {}, t('bool', [2, 2], [0, 1, 1, 1]));
    await expectOp('LogicalNot', { x: x1 }, {}, t('bool', [2, 2], [1, 1, 0, 0]));
  });
  test('bits of bools', async () => {
    await expectOp('BitwiseAnd', { x1, x2 }, {}, t('bool', [2, 2], [0, 0, 0, 1]));
    await expectOp('BitwiseXor', { x1, x2 }, {}, t('bool', [2, 2], [0, 1, 1, 0]));
    await expectOp('Invert', { x: x1 }, {}, t('bool', [2, 2], [1, 1, 0, 0]));
  });
});

describe('bits', () => {
  const signed = ['int8', 'int16', 'int32', 'int64'];
  const unsigned = ['uint8', 'uint16', 'uint32', 'uint64'];
  const a = [0b1100, 0b1010, 0, 127];
  const b = [0b1010, 0b0110, 5, 1];

  test.each([...signed, ...unsigned])('%s', async (dtype) => {
    const inputs = { x1: t(dtype, [4], a), x2: t(dtype, [4], b) };
    const all = (f: (x: number, y: number) => number): number[] => a.map((x, i) => f(x, b[i] as number));
    await expectOp(
      'BitwiseAnd',
      inputs,
      {},
      t(
        dtype,
        [4],
        all((x, y) => x & y),
      ),
    );
    await expectOp(
      'BitwiseOr',
      inputs,
      {},
      t(
        dtype,
        [4],
        all((x, y) => x | y),
      ),
    );
    await expectOp(
      'BitwiseXor',
      inputs,
      {},
      t(
        dtype,
        [4],
        all((x, y) => x ^ y),
      ),
    );
  });

  test.each([...signed, ...unsigned])('Invert and shifts of %s', async (dtype) => {
    const bits = Number(/\d+/.exec(dtype)?.[0]);
    const wrap = dtype.startsWith('u') ? BigInt.asUintN : BigInt.asIntN;
    const values = dtype.startsWith('u')
      ? [1n, 7n, 100n, 255n, wrap(bits, -1n)]
      : [1n, -1n, -100n, 127n, wrap(bits, 1n << BigInt(bits - 1))];
    const distances = [0, 1, bits - 1, 3, 2];
    const all = (f: (value: bigint, by: bigint) => bigint): bigint[] =>
      values.map((value, i) => wrap(bits, f(value, BigInt(distances[i] as number))));
    const inputs = { x: t(dtype, [5], values), y: t(dtype, [5], distances) };
    await expectOp(
      'Invert',
      { x: inputs.x },
      {},
      t(
        dtype,
        [5],
        all((value) => ~value),
      ),
    );
    await expectOp(
      'LeftShift',
      inputs,
      {},
      t(
        dtype,
        [5],
        all((value, by) => value << by),
      ),
    );
    await expectOp(
      'RightShift',
      inputs,
      {},
      t(
        dtype,
        [5],
        all((value, by) => value >> by),
      ),
    );
  });

  test('a shift beyond the last bit is one by the last bit', () =>
    expectOp('RightShift', { x: t('int32', [2], [-8, 8]), y: t('int32', [1], [99]) }, {}, t('int32', [2], [-1, 0])));
});
