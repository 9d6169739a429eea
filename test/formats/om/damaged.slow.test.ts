// The same as the fast test of damaged files, many more times and with other seeds.
import { expect, test } from 'vitest';
import { DAMAGEABLE, fuzz } from '../../support/damaged.js';

const RUNS = DAMAGEABLE.flatMap(([name, original, read]) => [1, 2, 3].map((seed) => [name, seed, original, read] as const));

test.each(RUNS)('thousands of damaged copies of a %s (seed %i)', (_, seed, original, read) => {
  expect(fuzz(original, read, 4000, seed).unexpected).toEqual([]);
});
