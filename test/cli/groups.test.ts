// Verbs of two words: weights check, weights map.
import { expect, test } from 'vitest';
import { Workplace } from '../support/cli.js';

test.each([
  ['weights', '--json'],
  ['--json', 'weights'],
  ['weights', '--color', 'never', '--json'],
  ['weights', '--for', '--json'],
])('%s %s: the second word is missing, which the JSON document says', async (...args) => {
  const { status, stdout } = await new Workplace().call(args);
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ ok: false, command: null, exitCode: 2 },
    error: {
      code: 'VERB_UNKNOWN',
      message: '"weights" is the first word of a verb, and the second is missing.',
      fix: 'The verbs are: weights check, weights map.',
    },
  });
  expect(status).toBe(2);
});

test('a word that objects have of themselves is no first word', async () => {
  const { status, stderr } = await new Workplace().call(['constructor']);
  expect([status, stderr]).toEqual([2, expect.stringContaining('"constructor" is not a verb of ascend-bundle.')]);
});

test.each([['weights'], ['weights', '--help'], ['help', 'weights'], ['weights', '-h', '--json']])(
  '%s %s shows what there is',
  async (...args) => {
    const { status, stdout } = await new Workplace().call(args);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/check[\s\S]*map/)]);
  },
);

test('options may stand before, between and behind the two words', async () => {
  const place = new Workplace();
  const file = 'examples/linear/new.safetensors';
  const plain = JSON.parse((await place.call(['weights', 'check', file, '--json'])).stdout).result;
  for (const args of [
    ['--json', 'weights', 'check', file],
    ['weights', '--json', 'check', file],
    ['weights', '--color', 'never', 'check', '--json', file],
  ]) {
    expect(JSON.parse((await place.call(args)).stdout)).toMatchObject({ command: 'weights check', result: plain });
  }
});
