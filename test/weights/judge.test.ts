// Verdicts over single outputs: what counts, what is said, and which outputs go together.
import { expect, test } from 'vitest';
import { dtype } from '../../src/graph/dtype.js';
import type { NamedSpec } from '../../src/graph/tensor.js';
import { judgeOutput, judgeSame, pairSpecs } from '../../src/weights/judge.js';
import { Allowances, type ToleranceValues } from '../../src/weights/tolerance.js';
import { named, tensorOf } from '../support/tensors.js';

const allowances = (given: Partial<ToleranceValues> = {}) => new Allowances({ atol: [], rtol: [], cosine: [], ...given }, ['y']);
const y = (type: string, values: readonly number[], shape = [values.length]) => named('y', tensorOf(type, shape, values));

test('an element may be off by atol + rtol · |expected|, and not by more', () => {
  const within = judgeOutput(y('float32', [100.25]), tensorOf('float32', [1], [100]), allowances({ atol: ['0.125'], rtol: ['0.00125'] }));
  expect(within).toMatchObject({ passed: true, why: undefined });
  const beyond = judgeOutput(
    y('float32', [1, 100.5]),
    tensorOf('float32', [2], [1, 100]),
    allowances({ atol: ['0.125'], rtol: ['0.00125'] }),
  );
  expect(beyond).toMatchObject({ passed: false, metrics: { beyond: 1, maxAbs: 0.5 } });
  expect(beyond.why).toBe('1 of 2 elements are beyond the tolerance, the worst at [1]: 100.5 where 100 is expected');
});

test('the coarser of two dtypes decides the default', () => {
  expect(judgeOutput(y('float16', [1.0009765625]), tensorOf('float32', [1], [1]), allowances()).passed).toBe(true);
  expect(judgeOutput(y('float32', [1.0009765625]), tensorOf('float16', [1], [1]), allowances()).passed).toBe(true);
  expect(judgeOutput(y('float32', [1.0009765625]), tensorOf('float32', [1], [1]), allowances()).passed).toBe(false);
  expect(judgeOutput(y('int32', [3]), tensorOf('int64', [1], [4]), allowances()).why).toBe(
    '1 of 1 elements differ, the worst at [0]: 3 where 4 is expected',
  );
});

test('NaN and infinity equal themselves, and are beyond any tolerance of anything else', () => {
  const huge = allowances({ atol: ['1e30'], rtol: ['1e30'] });
  const odd = [Number.NaN, Infinity, -Infinity];
  expect(judgeOutput(y('float32', odd), tensorOf('float32', [3], odd), huge).passed).toBe(true);
  for (const [a, e, text] of [
    [Number.NaN, 1, 'nan where 1 is expected'],
    [1, Number.NaN, '1 where nan is expected'],
    [Infinity, -Infinity, 'inf where -inf is expected'],
  ] as const)
    expect(judgeOutput(y('float32', [a]), tensorOf('float32', [1], [e]), huge).why).toContain(text);
});

test('a cosine that is too small, or that there is none, fails', () => {
  const only = allowances({ cosine: ['0.9'] });
  expect(judgeOutput(y('float32', [300, 1]), tensorOf('float32', [2], [3, 0]), only).passed).toBe(true);
  // (1·3 + 1·0) / (√2 · 3)
  expect(judgeOutput(y('float32', [1, 1]), tensorOf('float32', [2], [3, 0]), only).why).toMatch(/^the cosine is 0\.7071/);
  expect(judgeOutput(y('float32', [0, 0]), tensorOf('float32', [2], [3, 0]), only).why).toContain('cannot be told');
  expect(judgeOutput(y('float32', [0, 0]), tensorOf('float32', [2], [0, 0]), only).passed).toBe(true);
});

test('another shape is a failure with both shapes in it', () => {
  expect(judgeOutput(y('float32', [1, 2]), tensorOf('float32', [1, 2], [1, 2]), allowances())).toMatchObject({
    passed: false,
    metrics: undefined,
    why: 'is float32 [2] where float32 [1, 2] is expected',
  });
});

test('bit for bit is stricter than equal', () => {
  expect(judgeSame(y('float32', [0, 1]), tensorOf('float32', [2], [0, 1])).passed).toBe(true);
  expect(judgeSame(y('float32', [0, 1]), tensorOf('float32', [2], [-0, 1])).why).toContain('in other bits');
  expect(judgeSame(y('float32', [0, 1]), tensorOf('float32', [2], [0, 1.0000001])).why).toContain('the worst at [1]');
});

test('outputs go together by name, by order where no name is shared, else not at all', () => {
  const specs = (...names: string[]): NamedSpec[] => names.map((name) => ({ name, dtype: dtype('float32'), shape: [1] }));
  const partners = (one: NamedSpec[], other: NamedSpec[]) => {
    const pairing = pairSpecs(one, other);
    return pairing && [pairing.isByOrder, ...[...pairing.partners].map(([name, { name: partner }]) => `${name}-${partner}`)];
  };
  expect(partners(specs('a', 'b'), specs('b', 'a'))).toEqual([false, 'a-a', 'b-b']);
  expect(partners(specs('a', 'b'), specs('output_0', 'output_1'))).toEqual([true, 'a-output_0', 'b-output_1']);
  expect(partners(specs('a', 'b'), specs('a', 'c'))).toBeUndefined();
  expect(partners(specs('a'), specs('a', 'b'))).toBeUndefined();
});
