// The help of every verb fits a terminal of 80 columns where it is not text that the terminal may wrap: its examples are pasted.
import { expect, test } from 'vitest';
import { VERBS } from '../../src/cli/verbs.js';

test.each(VERBS)('examples of $name fit 80 columns', async ({ load }) => {
  const { verb } = await load();
  const lines = verb.examples.flatMap((example) => example.split('\n')).map((line) => `  ${line}`);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});
