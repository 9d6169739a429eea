// How far an output may be off: the grammar, the defaults, and how they go together.
import { expect, test } from 'vitest';
import { dtype } from '../../src/graph/dtype.js';
import { Allowances, type ToleranceValues } from '../../src/weights/tolerance.js';
import { caught } from '../support/caught.js';

const NAMES = ['y', 'out:0', 'out'];
const none: ToleranceValues = { atol: [], rtol: [], cosine: [] };
const of = (given: Partial<ToleranceValues>, name = 'y', type = 'float32', fallback?: { atol: number; rtol: number }) =>
  new Allowances({ ...none, ...given }, NAMES).of(name, dtype(type), fallback);

test.each([
  ['float64', 1e-9],
  ['float32', 1e-5],
  ['float16', 1e-3],
  ['bfloat16', 1e-2],
  ['int8', 0],
  ['uint64', 0],
  ['bool', 0],
])('%s may be off by %d without a word', (type, both) => {
  expect(of({}, 'y', type)).toEqual({ tolerance: { atol: both, rtol: both }, cosine: undefined });
});

test('a value is for all outputs, NAME:VALUE for one, split at the last colon', () => {
  const given = { atol: ['1e-3', 'out:0:0.5', 'out:2'], rtol: ['y:0'] };
  expect(of(given).tolerance).toEqual({ atol: 1e-3, rtol: 0 });
  expect(of(given, 'out:0').tolerance).toEqual({ atol: 0.5, rtol: 1e-5 });
  expect(of(given, 'out').tolerance).toEqual({ atol: 2, rtol: 1e-5 });
  expect(of({ atol: ['1'] }, 'y', 'int32').tolerance).toEqual({ atol: 1, rtol: 0 });
});

test('a cosine alone switches the elements off, with a tolerance beside it both count', () => {
  expect(of({ cosine: ['0.99'] })).toEqual({ tolerance: undefined, cosine: 0.99 });
  expect(of({ cosine: ['0.99'], rtol: ['0.1'] })).toEqual({ tolerance: { atol: 1e-5, rtol: 0.1 }, cosine: 0.99 });
  const mixed = { cosine: ['0.99', 'out:1'], atol: ['y:1'] };
  expect(of(mixed)).toEqual({ tolerance: { atol: 1, rtol: 1e-5 }, cosine: 0.99 });
  expect(of(mixed, 'out')).toEqual({ tolerance: undefined, cosine: 1 });
});

test('an envelope stands in for the default, and what is typed for both', () => {
  const envelope = { atol: 0.25, rtol: 0 };
  expect(of({}, 'y', 'float16', envelope).tolerance).toEqual(envelope);
  expect(of({ atol: ['y:1'] }, 'y', 'float16', envelope).tolerance).toEqual({ atol: 1, rtol: 0 });
});

test.each([
  [{ atol: ['much'] }, 'VALUE_SYNTAX', '--atol much: "much" is not a number of at least 0.'],
  [{ atol: [''] }, 'VALUE_SYNTAX', '"" is not a number'],
  [{ rtol: ['-1'] }, 'VALUE_SYNTAX', '"-1" is not a number of at least 0'],
  [{ rtol: ['y:inf'] }, 'VALUE_SYNTAX', '"inf" is not a number'],
  [{ cosine: ['1.1'] }, 'VALUE_SYNTAX', '"1.1" is not a number from -1 to 1'],
  [{ atol: ['oyt:1'] }, 'VALUE_SYNTAX', '"oyt" is not an output of the bundle'],
  [{ atol: [':1'] }, 'VALUE_SYNTAX', '"" is not an output'],
  [{ atol: ['1', '2'] }, 'INPUT_REPEATED', '--atol is given twice for all outputs'],
  [{ atol: ['y:1', 'y:2'] }, 'INPUT_REPEATED', '--atol is given twice for output "y"'],
])('%j is refused', (given, code, message) => {
  const error = caught(() => of(given));
  expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  expect(error.fix).toBeDefined();
});
