// --select and --exclude on the command line.
import { expect, test } from 'vitest';
import { resultSchema } from '../../src/cli/result-schema/index.js';
import type { BuildResult } from '../../src/commands/build/signature.js';
import type { ConstsResult } from '../../src/commands/consts.js';
import { type ResultDocument, Workplace } from '../support/cli.js';

const MLP = 'examples/onnx/mlp.onnx';

async function json<R>(place: Workplace, args: readonly string[]): Promise<ResultDocument<R>> {
  const { stdout } = await place.call([...args, '--json']);
  expect(resultSchema.safeParse(JSON.parse(stdout)).error?.issues ?? []).toEqual([]);
  return JSON.parse(stdout);
}

test('build takes selectors alone, and says what they resolved to', async () => {
  const place = new Workplace();
  const { result } = await json<BuildResult>(place, ['build', MLP, '--select', 'op=Gemm rank=2', '--exclude', 'name~*2*', '-o', 'm.om']);
  expect(result.weights.map(({ name }) => name)).toEqual(['fc1.weight']);
  expect(result.selection).toEqual({ select: ['op=Gemm rank=2'], exclude: ['name~*2*'], matched: ['fc1.weight'], skipped: [] });
  const { result: consts } = await json<ConstsResult>(place, ['consts', 'm.om']);
  expect(consts.consts.map(({ name }) => name)).toEqual(['fc1.weight']);
});

test('build takes selectors with names, which lead', async () => {
  const place = new Workplace();
  const { result } = await json<BuildResult>(place, ['build', MLP, '--consts', 'fc2.bias', '--select', 'bytes>=256', '--dry-run']);
  expect(result.weights.map(({ name }) => name)).toEqual(['fc2.bias', 'fc1.weight', 'fc2.weight']);
  const named = await json<BuildResult>(place, ['build', MLP, '--consts', 'fc2.bias', '--dry-run']);
  expect(named.result.selection).toBeNull();
});

test('build without names and without --select still wants some', async () => {
  const { stderr, status } = await new Workplace().call(['build', MLP, '--exclude', 'rank=1']);
  expect(status).toBe(2);
  expect(stderr).toContain('CONSTS_REQUIRED');
  expect(stderr).toContain('--select');
});

test('consts shows what matches, of graphs and of bundles', async () => {
  const place = new Workplace();
  const names = async (...args: string[]) => (await json<ConstsResult>(place, ['consts', ...args])).result.consts.map(({ name }) => name);
  expect(await names(MLP, '--select', 'rank=1', '--sort', 'bytes')).toEqual(['fc1.bias', 'fc2.bias']);
  expect(await names(MLP, '--exclude', 'rank=1')).toEqual(['fc1.weight', 'fc2.weight']);
  await place.call(['build', MLP, '--select', 'op=Gemm', '-o', 'm.om']);
  expect(await names('m.om', '--select', 'name~fc1*', '--exclude', 'bytes<100')).toEqual(['fc1.weight']);
  const refused = await place.call(['consts', 'm.om', '--select', 'op=Gemm']);
  expect(refused).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('does not tell which operators use a weight') });
});
