// What the documents show is what the tool prints; scripts/console-blocks.js writes it.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { withRealOutput } from '../../scripts/console-blocks.js';

const PROJECT = resolve(import.meta.dirname, '../..');
const examples = readdirSync(join(PROJECT, 'examples')).map((name) => `examples/${name}/README.md`);

test.each(['README.md', ...examples])('%s shows the real output of its lines', (path) => {
  const text = readFileSync(join(PROJECT, path), 'utf8');
  expect(text).toContain('```console\n$ ascend-bundle');
  expect(withRealOutput(text)).toBe(text);
});
