// What the documents show is what the tool prints; scripts/console-blocks.js writes it.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { DOCUMENTS, withRealOutput } from '../../scripts/console-blocks.js';

const PROJECT = resolve(import.meta.dirname, '../..');

test.each(DOCUMENTS)('%s shows the real output of its lines', (path) => {
  const text = readFileSync(join(PROJECT, path), 'utf8');
  expect(text).toContain('```console\n$ ascend-bundle');
  expect(withRealOutput(text)).toBe(text);
});
