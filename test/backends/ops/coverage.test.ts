// Every row of the host's operator table: a built-in operator, with an output rule, and named in the tests of operators.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lowerings } from '../../../src/backends/host/lower/index.js';
import { prototypeOf } from '../../../src/graph/ops/prototypes.js';
import { outputRules } from '../../../src/graph/ops/rules/index.js';

const types = Object.keys(lowerings).sort();
const tests = ['test/backends/ops', 'test/ops'].flatMap((folder) => {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts') && name !== 'coverage.test.ts')
    .map((name) => readFileSync(join(folder, name), 'utf8'));
});

test('there are more than 200 rows', () => expect(types.length).toBeGreaterThan(200));

test('each is a built-in operator of GE', () => expect(types.filter((type) => prototypeOf(type) === undefined)).toEqual([]));

test('each has an output rule', () => expect(types.filter((type) => outputRules[type] === undefined)).toEqual([]));

test('every output rule is of a built-in operator', () => {
  expect(Object.keys(outputRules).filter((type) => prototypeOf(type) === undefined)).toEqual([]);
});

test('each is named by a test', () => {
  const text = tests.join('\n');
  // A name that is put together: `${type}D` of the names of a table, `TensorScatter${kind}`.
  const prefixes = [...text.matchAll(/`([A-Z]\w+)\$\{/g)].map(([, prefix = '']) => prefix);
  const isNamed = (type: string): boolean =>
    new RegExp(`['"\`]${type}['"\`]|\\b${type}\\b *:`).test(text) ||
    prefixes.some((prefix) => type.startsWith(prefix)) ||
    (type.endsWith('D') && /`\$\{type\}D`/.test(text) && isNamed(type.slice(0, -1)));
  expect(types.filter((type) => !isNamed(type))).toEqual([]);
});
