// verify through the session of a device: the same checks, on the stand-in CANN.
import { expect, test } from 'vitest';
import { resultSchema } from '../../src/cli/result-schema/index.js';
import type { VerifyResult } from '../../src/commands/verify.js';
import { driveBundle } from '../support/cann/bundles.js';
import { hasStandin, readRecord, standinEnv } from '../support/cann/standin.js';
import { type ResultDocument, Workplace } from '../support/cli.js';
import { linearGraph, linearOutput, W } from '../support/linear.js';

const X = [1, 2, 3, -1, 0.5, 4];
const INPUT = ['--input', `x=2x3xf32=${X.join(',')}`];
const B = [7, 8, 9, 10];
const UPDATE = ['--update', `b=${B.join(',')}`];

async function verify(place: Workplace, path: string, ...args: string[]): Promise<ResultDocument<VerifyResult>> {
  const { stdout, status } = await place.call(['verify', path, ...args, '--json'], {
    env: standinEnv({ record: place.path('calls.jsonl') }),
  });
  const parsed = JSON.parse(stdout);
  expect(resultSchema.safeParse(parsed).error?.issues ?? []).toEqual([]);
  expect(parsed.exitCode).toBe(status);
  return parsed;
}

const verdicts = ({ result }: ResultDocument<VerifyResult>): string[] =>
  result.checks.map(({ check, passed }) => `${check} ${passed ? 'passed' : 'FAILED'}`);

test.skipIf(!hasStandin)(
  'a bundle that GE has built is held against its graph, whose outputs have other names, and gives all back',
  async () => {
    const place = new Workplace();
    const path = driveBundle(place.folder, linearGraph(), ['w', 'b']);
    const checked = await verify(place, path, ...INPUT, ...UPDATE, '--against', 'bundle.air', '--predict', 'bundle.air', '--aba');
    expect(verdicts(checked)).toEqual(['against passed', 'predict passed', 'update passed', 'aba passed']);
    expect(checked.backend?.kind).toBe('ascend');
    // Once for each graph; the others are about the machine.
    expect(checked.warnings.filter(({ code }) => code === 'PAIRED_BY_ORDER')).toHaveLength(2);
    const { violations, alive } = readRecord(place.path('calls.jsonl'));
    expect([violations, alive]).toEqual([[], {}]);
  },
);

test.skipIf(!hasStandin)('golden outputs by the names of the bundle, before and after an update', async () => {
  const place = new Workplace();
  const path = driveBundle(place.folder, linearGraph(), ['w', 'b']);
  const golden = (values: readonly number[]) => ['--golden', `output_0_add_0=${values.join(',')}`];
  expect(verdicts(await verify(place, path, ...INPUT, ...golden(linearOutput(X))))).toEqual(['golden passed']);
  expect(verdicts(await verify(place, path, ...INPUT, ...UPDATE, ...golden(linearOutput(X, W, B))))).toEqual([
    'golden passed',
    'update passed',
  ]);
  const wrong = await verify(place, path, ...INPUT, ...UPDATE, ...golden(linearOutput(X)));
  expect([wrong.exitCode, verdicts(wrong)]).toEqual([3, ['golden FAILED', 'update passed']]);
});

test.skipIf(!hasStandin)('what predict has written, by order; a device that fails ends with its own exit code', async () => {
  const place = new Workplace();
  const path = driveBundle(place.folder, linearGraph(), ['w', 'b']);
  expect((await place.call(['predict', 'bundle.air', '-o', 'p.st'])).status).toBe(0);
  expect(verdicts(await verify(place, path, '--golden', 'p.st'))).toEqual(['golden passed']);
  expect(verdicts(await verify(place, path))).toEqual(['structure passed', 'weights passed', 'runs passed']);
  const { status, stderr } = await place.call(['verify', path, '--aba'], {
    env: standinEnv({ faults: ['aclmdlExecute#2=status:507011'] }),
  });
  expect([status, stderr]).toEqual([6, expect.stringContaining('aclmdlExecute')]);
});
