// The help of every verb fits a terminal of 80 columns where it is not text that the terminal may wrap: its examples are pasted.
import { expect, test } from 'vitest';
import { GE_OPTIONS } from '../../src/backends/ascend/ge/options/table.js';
import { VERBS } from '../../src/cli/verbs.js';
import { Workplace } from '../support/cli.js';

test.each(VERBS)('examples of $name fit 80 columns', async ({ load }) => {
  const { verb } = await load();
  const lines = verb.examples.flatMap((example) => example.split('\n')).map((line) => `  ${line}`);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

/** The flags of a help text that are listed under a heading. */
function listed(help: string, heading: string): string[] {
  const [, rest = ''] = help.split(`\n${heading}:\n`);
  return [...(rest.split('\n\n', 1)[0] as string).matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag as string);
}

const ATC_FLAGS = GE_OPTIONS.flatMap(({ flag }) => flag ?? []).map((flag) => `--${flag.replaceAll('_', '-')}`);

test('the help of the tool names no option of a compiler', async () => {
  const { stdout } = await new Workplace().call(['--help']);
  expect(listed(stdout, 'Options')).toEqual(['--version', '--help']);
});

test('the help of build has what only GE takes under a heading of its own, and of the spellings of atc the three that are typed most', async () => {
  const { stdout } = await new Workplace().call(['build', '--help']);
  const general = listed(stdout, 'Options');
  const ascend = listed(stdout, 'Options of the ascend backend');
  expect(ascend).toEqual([
    ...['--soc-version', '--input-shape', '--precision-mode-v2', '--ge-option', '--raw-ge-options', '--ascend-home'],
    ...['--emit-graphs', '--timeout', '--trace'],
  ]);
  expect(general).toContain('--consts');
  expect(general.filter((flag) => ATC_FLAGS.includes(flag) || ascend.includes(flag))).toEqual([]);
});

test('an option of atc that no help lists works, in both spellings', async () => {
  const place = new Workplace();
  const build = ['build', 'examples/linear/graph.json', '--consts', 'const_1', '--dry-run', '--json'];
  for (const flag of ['--output_type', '--output-type']) {
    const { stdout } = await place.call([...build, flag, 'FP16']);
    expect(stdout).toContain('"ge.outputDatatype": "FP16"');
  }
});

test.each([
  ['--ascend-home', '/opt/none'],
  ['--soc-version', 'Ascend910B1'],
  ['--trace', 't.jsonl'],
])('%s alone says that an NPU is meant: no bundle of the host is made by accident', async (flag, value) => {
  const place = new Workplace();
  const { status, stdout } = await place.call(['build', 'examples/linear/graph.json', '--consts', 'const_1', flag, value, '--json']);
  expect(status).toBe(5);
  expect(JSON.parse(stdout)).toMatchObject({
    backend: { kind: 'ascend', reason: expect.stringContaining(flag) },
    error: { code: 'BACKEND_UNAVAILABLE' },
  });
  expect(place.files()).toEqual([]);
  const both = await place.call(['build', 'examples/linear/graph.json', '--consts', 'const_1', flag, value, '--backend', 'host']);
  expect([both.status, both.stderr]).toEqual([2, expect.stringContaining(`${flag} is for GE's compiler`)]);
});
