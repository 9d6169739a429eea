// --json: one document on stdout and nothing else, in the form that `schema result` gives, on success and on failure.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RESULT_SCHEMAS, resultSchema } from '../../src/cli/result-schema/index.js';
import { type CliResult, type ResultDocument, Workplace } from '../support/cli.js';
import { corpus, hasCorpus } from '../support/corpus.js';

const LINEAR = ['build', 'examples/linear/graph.json', '--consts', 'const_1,const_2', '-o', 'linear.om'];
const X = ['--input', 'x=@examples/linear/x.npy'];

/** The document, after holding it to the schema of every verb and of its own. */
function documentOf({ status, stdout, stderr }: CliResult): ResultDocument<Record<string, unknown>> {
  const document = JSON.parse(stdout);
  expect(stdout).toBe(`${JSON.stringify(document, null, 2)}\n`);
  const checked = resultSchema.safeParse(document);
  expect(checked.error?.issues ?? []).toEqual([]);
  const { command, result, exitCode, ok, error } = document;
  if (ok) expect(RESULT_SCHEMAS[command as keyof typeof RESULT_SCHEMAS].safeParse(result).error?.issues ?? []).toEqual([]);
  expect([ok, error === null, result !== null, exitCode]).toEqual([status === 0, status === 0, status === 0, status]);
  expect(stderr).not.toMatch(/^\s+at /m);
  return document;
}

test('of every verb that succeeds', async () => {
  const place = new Workplace();
  const success = async (args: readonly string[]) => documentOf(await place.call([...args, '--json']));

  const planned = await success([...LINEAR, '--dry-run']);
  expect(planned.result).toMatchObject({ dryRun: true, bundle: { path: 'linear.om' } });
  expect(place.files()).toEqual([]);

  const built = await success(LINEAR);
  expect(built).toMatchObject({ command: 'build', backend: { kind: 'host', reason: 'no CANN was found' } });
  expect(built.result).toMatchObject({
    graph: { path: 'examples/linear/graph.json', kind: 'graph-json' },
    bundle: { path: 'linear.om', bytes: readFileSync(place.path('linear.om')).length, hostEnv: null },
    layout: 'v2',
    varSize: 3072,
    updateGraph: 'ge',
    dryRun: false,
  });

  const inspected = await success(['inspect', 'linear.om']);
  expect(inspected.backend).toBeNull();
  expect(inspected.result).toMatchObject({ kind: 'bundle', layout: 'v2', backend: 'host', varSize: 3072 });
  // The promise of the contract: build and inspect say the same.
  expect(inspected.result?.['submodels']).toEqual(built.result?.['submodels']);
  expect(inspected.result?.['weights']).toEqual(built.result?.['weights']);
  expect(inspected.result?.['weights']).toMatchObject([
    { name: 'const_1', variable: 'const_1_var', updateIndex: 0, dtype: 'float32', shape: [3, 4], bytes: 48, variableDtype: 'float32' },
    { name: 'const_2', variable: 'const_2_var', updateIndex: 1, dtype: 'float32', shape: [4], bytes: 16, variableOffset: 1536 },
  ]);

  const ran = await success(['run', 'linear.om', ...X, '--update', 'const_2=splat:nan', '-o', 'out', '--loop', '3']);
  expect(ran.result).toMatchObject({
    bundle: { path: 'linear.om' },
    initialized: true,
    update: { updated: ['const_2'], kept: ['const_1'], ignored: [] },
    outputs: [{ name: 'y', dtype: 'float32', shape: [2, 4], bytes: 32, path: 'out/y.npy', writtenDtype: null }],
    inference: { count: 3 },
  });
  expect(ran.warnings.map(({ code }) => code)).toEqual(['WEIGHT_NOT_FINITE']);

  const patched = await success(['patch', 'linear.om', '--set', 'const_2=splat:1', '--source', 'examples/linear/graph.json', '--in-place']);
  expect(patched).toMatchObject({ command: 'patch', backend: null, warnings: [] });
  expect(patched.result).toEqual({
    bundle: { path: 'linear.om', bytes: readFileSync(place.path('linear.om')).length, inPlace: true },
    patched: [{ name: 'const_2', dtype: 'float32', shape: [4], bytes: 16 }],
    kept: ['const_1'],
    ignored: [],
    casts: [],
    lora: [],
    separated: [],
    source: { path: 'examples/linear/graph.json' },
  });

  const extracted = await success(['extract', 'linear.om', '--weights', '-o', 'w.npz']);
  expect(extracted.result).toMatchObject({ form: 'weights', graph: null, weights: [{ name: 'const_1', path: 'w.npz' }, {}], files: [] });

  const predicted = await success(['predict', 'examples/linear/graph.json', '-o', 'p.safetensors']);
  expect(predicted).toMatchObject({ command: 'predict', backend: null, result: { path: 'p.safetensors', calibrated: false } });

  const same = await success(['diff', 'linear.om', 'w.npz']);
  expect(same).toMatchObject({
    command: 'diff',
    backend: null,
    result: { differs: false, options: null, weights: [{ status: 'equal' }, {}] },
  });

  const verified = await success(['verify', 'linear.om', '--aba']);
  expect(verified).toMatchObject({ command: 'verify', backend: { kind: 'host' }, result: { passed: true, checks: [{ check: 'aba' }] } });

  expect((await success(['consts', 'examples/linear/graph.json'])).result?.['consts']).toMatchObject([
    { name: 'const_1', bytes: 48, users: [{ node: 'matmul', type: 'MatMul', slot: 'x2' }], eligible: true, risks: [] },
    { name: 'const_2', bytes: 16, users: [{ node: 'add', type: 'Add', slot: 'x2' }] },
  ]);
  expect((await success(['consts', 'examples/onnx/mlp.onnx', '--names-only'])).result).toMatchObject({
    consts: [{ name: 'fc1.weight', eligible: true, users: [{ type: 'Gemm' }] }, {}, {}, {}],
  });
  expect((await success(['explain', '507011'])).result).toMatchObject({ codes: [{ name: 'ACL_ERROR_RT_MODEL_EXECUTE' }], unknown: [] });
  expect((await success(['schema', 'result'])).result).toMatchObject({ name: 'result', schema: { type: 'object' } });
});

test('of every verb that fails, with the words of the text output', async () => {
  const place = new Workplace();
  writeFileSync(place.path('empty.om'), '');
  const rows: readonly [args: string[], code: string, exitCode: number, command: string | null][] = [
    [['build', 'examples/linear/graph.json', '--consts', 'const_3,x'], 'CONST_NOT_FOUND', 4, 'build'],
    [['run', 'empty.om'], 'FILE_EMPTY', 4, 'run'],
    [['inspect', 'missing.om'], 'FILE_NOT_FOUND', 7, 'inspect'],
    [['patch', 'missing.om', '--set', 'w=1', '--in-place'], 'FILE_NOT_FOUND', 7, 'patch'],
    [['patch', 'empty.om', '--set', 'w=1'], 'USAGE', 2, 'patch'],
    [['diff', 'empty.om', 'empty.om'], 'FILE_EMPTY', 4, 'diff'],
    [['extract', 'empty.om', '--weights', '-o', 'w.npz'], 'FILE_EMPTY', 4, 'extract'],
    [['consts', 'examples', '--json'], 'FILE_IO', 7, 'consts'],
    [['schema', 'nothing'], 'USAGE', 2, 'schema'],
    [['inspect'], 'USAGE', 2, 'inspect'],
    [['insect', 'a.om'], 'VERB_UNKNOWN', 2, null],
    [['inspect', '-input', 'a.om'], 'OPTION_UNKNOWN', 2, 'inspect'],
  ];
  for (const [args, code, exitCode, command] of rows) {
    const document = documentOf(await place.call([...args, '--json']));
    expect(document).toMatchObject({ command, exitCode, error: { code } });
  }
  const [args] = rows[0] as (typeof rows)[0];
  const { error } = documentOf(await place.call([...args, '--json']));
  const { stderr, stdout } = await place.call(args);
  expect(stdout).toBe('');
  expect(error?.problems).toHaveLength(2);
  for (const { message, fix } of error?.problems ?? []) {
    expect(stderr).toContain(message);
    if (fix !== null) expect(stderr).toContain(fix);
  }
});

test('a failure says what was known before it: the backend, the warnings, the steps', async () => {
  const place = new Workplace();
  await place.call(LINEAR);
  const update = ['--update', 'const_2=splat:inf'];
  const document = documentOf(await place.call(['run', 'linear.om', ...update, '--input', 'x=1x3xf32=1,2,3', '--json']));
  expect(document).toMatchObject({
    backend: { kind: 'host' },
    warnings: [{ code: 'WEIGHT_NOT_FINITE' }],
    error: { code: 'TENSOR_MISMATCH' },
  });
  expect(document.timings.map(({ step }) => step)).toEqual(['read weights', 'read inputs']);
});

test('--progress json writes one event a line, warnings and the backend included', async () => {
  const place = new Workplace();
  await place.call(LINEAR);
  const { stdout, stderr } = await place.call(['run', 'linear.om', ...X, '--update', 'const_2=splat:nan', '--progress', 'json', '--json']);
  const { result } = JSON.parse(stdout);
  expect(result.outputs).toHaveLength(1);
  const events = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (const event of events)
    expect(event).toMatchObject({ schema: 'ascend-bundle/event@1', t: expect.any(Number), state: expect.any(String) });
  expect(events.filter(({ state }) => state === 'end').map(({ step }) => step)).toEqual([
    'read weights',
    'read inputs',
    'open',
    'init',
    'update',
    'infer',
  ]);
  expect(events.find(({ state }) => state === 'backend')).toMatchObject({ backend: { kind: 'host' } });
  expect(events.find(({ state }) => state === 'warning')).toMatchObject({ step: 'read weights', warning: { code: 'WEIGHT_NOT_FINITE' } });
  expect(events.map(({ t }) => t)).toEqual(events.map(({ t }) => t).toSorted((a, b) => a - b));
});

test.each([
  ['a failure of the work', ['run', 'linear.om', '--input', 'x=1x3xf32=1,2,3'], 'TENSOR_MISMATCH'],
  ['a wrong option', ['run', 'linear.om', '--loop', 'often'], 'USAGE'],
  ['a verb that is none', ['rnu', 'linear.om'], 'VERB_UNKNOWN'],
  ['in other letters, a failure of the work', ['run', 'linear.om', '--progress=JSON'], 'INPUT_MISSING'],
])('--progress json: %s is the last event, and nothing else is on stderr', async (_, args, code) => {
  const place = new Workplace();
  await place.call(LINEAR);
  const asked = args.some((word) => word.startsWith('--progress')) ? args : [...args, '--progress', 'json'];
  const { stdout, stderr } = await place.call(asked);
  const events = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(stdout).toBe('');
  expect(events.at(-1)).toMatchObject({ schema: 'ascend-bundle/event@1', step: null, state: 'error', error: { code } });
});

test.skipIf(!hasCorpus)('of files that others made', async () => {
  const place = new Workplace();
  const ge = documentOf(await place.call(['inspect', corpus('ge-bundles/nz.om'), '--json']));
  expect(ge.result).toMatchObject({
    backend: 'ascend',
    updateGraph: 'ge',
    attributes: { soc_version: 'Ascend910B1' },
    weights: [{ variableDtype: 'float16', variableFormat: 'FRACTAL_NZ' }, {}],
  });
  const om = documentOf(await place.call(['inspect', corpus('om/Ascend_modelzoo__a3c_pong_model.om'), '--json']));
  expect(om.result).toMatchObject({ kind: 'om', submodels: [], weights: [], model: { nodes: 25, inputs: [{ shape: [1, 42, 42, 1] }] } });
  const air = documentOf(await place.call(['consts', corpus('ge-bundles/scalar.air'), '--json']));
  expect(air.result).toMatchObject({
    kind: 'air',
    consts: [
      { name: 'w', eligible: true },
      { name: 'alpha', eligible: false },
    ],
  });
});
