// What the documents show is what the tool prints; scripts/console-blocks.js writes it.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { DOCUMENTS, withRealOutput } from '../../scripts/console-blocks.js';

const PROJECT = resolve(import.meta.dirname, '../..');

/** Of six digits, the last one of a float32 sum: processors add in different orders. */
const ROUNDING = 2e-6;
const DECIMAL = /-?\d+\.\d+(?:e[-+]\d+)?/g;

/** `printed` with the decimals of `shown` where they are the same but for rounding. */
function roundedAs(shown: string, printed: string): string {
  const expected = shown.match(DECIMAL) ?? [];
  let i = 0;
  return printed.replace(DECIMAL, (text) => {
    const other = expected[i++] ?? text;
    return Math.abs(Number(text) - Number(other)) <= ROUNDING * Math.abs(Number(other)) ? other : text;
  });
}

test('decimals are the same but for rounding, and nothing else is', () => {
  expect(roundedAs('y 0.0656625 1.50', 'y 0.0656626 1.50')).toBe('y 0.0656625 1.50');
  expect(roundedAs('y 0.0656625', 'y 0.0656635')).toBe('y 0.0656635');
  expect(roundedAs('3 nodes 0.5', '4 nodes 0.5')).toBe('4 nodes 0.5');
});

test.each(DOCUMENTS)('%s shows the real output of its lines', (path) => {
  const text = readFileSync(join(PROJECT, path), 'utf8');
  expect(text).toContain('```console\n$ ascend-bundle');
  expect(roundedAs(text, withRealOutput(text))).toBe(text);
});
