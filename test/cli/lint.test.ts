// lint: the rules of a build as a check, as text, JSON and SARIF.
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { resultSchema } from '../../src/cli/result-schema/index.js';
import type { LintResult } from '../../src/commands/lint.js';
import { type CliResult, type ResultDocument, Workplace } from '../support/cli.js';
import { corpus, hasCorpus } from '../support/corpus.js';

/** Has a shape that a const decides, two equal weights, a scalar and a NaN. */
const GRAPH = {
  name: 'net',
  inputs: [{ name: 'x', dtype: 'float32', shape: [2, 2] }],
  consts: [
    { name: 'w1', dtype: 'float32', shape: [2, 2], data: { fill: 0 } },
    { name: 'w2', dtype: 'float32', shape: [2, 2], data: { fill: 0 } },
    { name: 'shape', dtype: 'int64', shape: [2], data: [2, 2] },
    { name: 'alpha', dtype: 'float32', shape: [], data: 1 },
    { name: 'b', dtype: 'float32', shape: [2], data: [1, 'nan'] },
  ],
  nodes: [
    { name: 'h1', type: 'MatMul', inputs: ['x', 'w1', 'b'] },
    { name: 'h2', type: 'MatMul', inputs: ['h1', 'w2'] },
    { name: 'scaled', type: 'Mul', inputs: ['h2', 'alpha'] },
    { name: 'y', type: 'Reshape', inputs: ['scaled', 'shape'] },
  ],
  outputs: ['y'],
};

function withGraph(): Workplace {
  const place = new Workplace();
  writeFileSync(place.path('net #1.json'), JSON.stringify(GRAPH));
  return place;
}

const lint = (place: Workplace, ...args: string[]): Promise<CliResult> => place.call(['lint', 'net #1.json', ...args]);

async function document(place: Workplace, ...args: string[]): Promise<ResultDocument<LintResult>> {
  const { stdout, status } = await lint(place, ...args, '--json');
  const parsed = JSON.parse(stdout);
  expect(resultSchema.safeParse(parsed).error?.issues ?? []).toEqual([]);
  expect(parsed.exitCode).toBe(status);
  return parsed;
}

test('without names every constant is looked at', async () => {
  const { result, ok, error } = await document(withGraph());
  expect(result).toMatchObject({ scope: 'graph', checked: 5, selection: null, errors: 1, warnings: 3, failOn: 'error' });
  expect(result.findings.map(({ code, const: name, severity }) => [severity, code, name])).toEqual([
    ['warning', 'SCALAR_WEIGHT', 'alpha'],
    ['error', 'SHAPE_DRIVING_CONST', 'shape'],
    ['warning', 'EQUAL_PAYLOAD', 'w1'],
    ['warning', 'NON_FINITE', 'b'],
  ]);
  expect(result.findings[2]).toMatchObject({ others: ['w2'], pointer: '/consts/0', subgraph: null });
  expect([ok, error?.class, error?.code]).toEqual([false, 'check-failed', 'CHECK_FAILED']);
});

test('with names, it says what a build with the same options would say', async () => {
  const place = withGraph();
  const codes = async (...args: string[]) =>
    (await document(place, ...args)).result.findings.map(({ code, severity }) => `${severity} ${code}`);
  expect(await codes('--consts', 'w1')).toEqual([]);
  expect(await codes('--consts', 'w1,b')).toEqual(['warning NON_FINITE']);
  expect(await codes('--consts', 'alpha,w3')).toEqual(['error SCALAR_WEIGHT', 'error CONST_NOT_FOUND']);
  expect(await codes('--consts', 'alpha', '--allow-scalar')).toEqual(['warning SCALAR_WEIGHT']);
  expect(await codes('--consts', 'alpha', '--update-graph', 'static')).toEqual([]);
  expect(await codes('--select', 'op=MatMul rank=2')).toEqual(['warning EQUAL_PAYLOAD']);
  const { stderr, status } = await place.call(['build', 'net #1.json', '--consts', 'alpha,w3', '-o', 'x.om']);
  expect(status).toBe(4);
  for (const { message } of (await document(place, '--consts', 'alpha,w3')).result.findings) expect(stderr).toContain(message);
});

test('--fail-on decides the exit status, and nothing else', async () => {
  const place = withGraph();
  const status = async (...args: string[]) => (await lint(place, ...args)).status;
  expect(await status('--consts', 'w1', '--fail-on', 'warning')).toBe(0);
  expect(await status('--consts', 'w1,w2')).toBe(0);
  expect(await status('--consts', 'w1,w2', '--fail-on', 'warning')).toBe(3);
  expect(await status('--consts', 'w1,shape')).toBe(3);
  expect(await status('--consts', 'w1,shape', '--fail-on', 'never')).toBe(0);
  expect(await status('--exclude', 'rank=1')).toBe(2);
});

test('the text has errors first, each with its way out; the failure goes to stderr', async () => {
  const { stdout, stderr } = await lint(withGraph());
  expect(stdout.split('\n').slice(0, 5)).toEqual([
    'net #1.json: 1 error, 3 warnings in 5 constants, as if each were to become a weight',
    '  error SHAPE_DRIVING_CONST: "shape" decides the shape of what "y" (Reshape, shape) gives; shapes are fixed by the build.',
    '    Leave it out of the weights.',
    '  warning SCALAR_WEIGHT: "alpha" is a scalar (float32, rank 0): an update of it to 0 is skipped.',
    '    Store it with the shape [1].',
  ]);
  expect(stderr).toBe('error CHECK_FAILED: net #1.json: 1 finding reaches --fail-on error.\n');
  expect((await lint(withGraph(), '--consts', 'w1')).stdout).toBe('net #1.json: nothing found in 1 weight\n');
});

test('--format json is --json, also for a mistake in the options', async () => {
  const place = withGraph();
  const { timings: _, ...asFormat } = JSON.parse((await lint(place, '--format', 'json')).stdout);
  const { timings: __, ...asJson } = JSON.parse((await lint(place, '--json')).stdout);
  expect(asFormat).toEqual(asJson);
  expect(JSON.parse((await lint(place, '--format=json')).stdout)).toMatchObject({ command: 'lint', exitCode: 3 });
  expect(JSON.parse((await lint(place, '--format', 'JSON')).stdout)).toMatchObject({ command: 'lint', exitCode: 3 });
  expect((await lint(place, '--format', 'json', '--format', 'text')).stdout).not.toMatch(/^\{/);
  expect(JSON.parse((await lint(place, '--format', 'json', '--fail-on', 'much')).stdout)).toMatchObject({ error: { code: 'USAGE' } });
});

/** Of SARIF 2.1.0, what is used here; each object as its section of the specification demands it. */
const level = z.enum(['none', 'note', 'warning', 'error']);
const location = z.strictObject({
  id: z.int().min(-1).optional(),
  physicalLocation: z.strictObject({ artifactLocation: z.strictObject({ uri: z.string(), index: z.int().min(-1) }) }),
  logicalLocations: z.array(z.strictObject({ name: z.string(), fullyQualifiedName: z.string(), kind: z.string() })),
});
const sarif = z.strictObject({
  $schema: z.url(),
  version: z.literal('2.1.0'),
  runs: z.array(
    z.strictObject({
      tool: z.strictObject({
        driver: z.strictObject({
          name: z.string(),
          rules: z.array(
            z.strictObject({
              id: z.string(),
              shortDescription: z.strictObject({ text: z.string() }),
              defaultConfiguration: z.strictObject({ level }),
            }),
          ),
        }),
      }),
      columnKind: z.enum(['utf16CodeUnits', 'unicodeCodePoints']),
      artifacts: z.array(z.strictObject({ location: z.strictObject({ uri: z.string() }) })),
      results: z.array(
        z.strictObject({
          ruleId: z.string(),
          ruleIndex: z.int(),
          level,
          message: z.strictObject({ text: z.string() }),
          locations: z.array(location),
          relatedLocations: z.array(location).optional(),
          partialFingerprints: z.record(z.string(), z.string()),
          properties: z.record(z.string(), z.unknown()).optional(),
        }),
      ),
    }),
  ),
});

test('SARIF describes every rule, and gives each finding with the file and the constant', async () => {
  const { stdout, status, stderr } = await lint(withGraph(), '--format', 'sarif', '--consts', 'w1,w2,shape,w3');
  expect([status, stderr]).toEqual([3, expect.stringContaining('CHECK_FAILED')]);
  const [run] = sarif.parse(JSON.parse(stdout)).runs;
  const rules = run?.tool.driver.rules ?? [];
  expect(rules.map(({ id }) => id)).toEqual(expect.arrayContaining(['CONST_NOT_FOUND', 'SHAPE_DRIVING_CONST', 'NOT_REFRESHABLE']));
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
  for (const { ruleId, ruleIndex } of run?.results ?? []) expect(rules[ruleIndex]?.id).toBe(ruleId);
  expect(run?.artifacts).toEqual([{ location: { uri: 'net%20%231.json' } }]);
  expect(run?.results.map(({ ruleId, level, locations }) => [ruleId, level, locations[0]?.logicalLocations[0]?.name])).toEqual([
    ['CONST_NOT_FOUND', 'error', 'w3'],
    ['SHAPE_DRIVING_CONST', 'error', 'shape'],
    ['EQUAL_PAYLOAD', 'warning', 'w1'],
  ]);
  expect(run?.results[2]).toMatchObject({
    relatedLocations: [{ logicalLocations: [{ name: 'w2' }] }],
    properties: { pointer: '/consts/0' },
  });
  expect(run?.results.map(({ locations }) => locations[0]?.physicalLocation.artifactLocation)).toEqual(
    Array(3).fill({ uri: 'net%20%231.json', index: 0 }),
  );
});

test('SARIF of a clean file is valid, and an absolute path is a file URL', async () => {
  const place = withGraph();
  const { stdout, status } = await place.call(['lint', place.path('net #1.json'), '--consts', 'w1', '--format', 'sarif']);
  expect(status).toBe(0);
  const [run] = sarif.parse(JSON.parse(stdout)).runs;
  expect(run?.results).toEqual([]);
  expect(run?.artifacts[0]?.location.uri).toMatch(/^file:\/\/\/.*\/net%20%231\.json$/);
});

test.skipIf(!hasCorpus)('graphs of GE: the scalar and the equal weights of the corpus are found', async () => {
  const place = new Workplace();
  const codes = async (name: string) =>
    (
      JSON.parse((await place.call(['lint', corpus('ge-bundles', name), '--json'])).stdout) as ResultDocument<LintResult>
    ).result.findings.map(({ code, const: constant }) => `${code} ${constant}`);
  expect(await codes('scalar.air')).toEqual(['SCALAR_WEIGHT alpha']);
  expect(await codes('lora_zero.air')).toEqual(['EQUAL_PAYLOAD lora_a']);
  expect(await codes('linear.air')).toEqual([]);
});
