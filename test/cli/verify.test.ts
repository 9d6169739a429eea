// verify as a user types it: what passes, what fails and with which exit code, and bundles that are broken by hand.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { memoryBytes } from '../../src/base/bytes.js';
import { resultSchema } from '../../src/cli/result-schema/index.js';
import type { VerifyResult } from '../../src/commands/verify.js';
import { readBundle } from '../../src/formats/om/index.js';
import { type ResultDocument, Workplace } from '../support/cli.js';
import { corpus, hasCorpus } from '../support/corpus.js';

const X = ['--input', 'x=@examples/linear/x.npy'];
/** x · const_1 + const_2 of the example, as its README has it. */
const Y = 'y=1.5,1.5,3.25,6,4.5,4.5,6.25,15';
const NEW = ['--update', 'examples/linear/new.safetensors'];
const NEW_Y = 'y=12,24,36,40,18,30,42,40';

async function linear(...options: string[]): Promise<Workplace> {
  const place = new Workplace();
  const args = ['build', 'examples/linear/graph.json', '--consts', 'const_1,const_2', '-o', 'linear.om', '--manifest', ...options];
  expect((await place.call(args)).status).toBe(0);
  return place;
}

async function document(place: Workplace, ...args: string[]): Promise<ResultDocument<VerifyResult>> {
  const { stdout, status } = await place.call(['verify', ...args, '--json']);
  const parsed = JSON.parse(stdout);
  expect(resultSchema.safeParse(parsed).error?.issues ?? []).toEqual([]);
  expect(parsed.exitCode).toBe(status);
  return parsed;
}

/** `golden passed`, `update FAILED`, … */
const verdicts = ({ result }: ResultDocument<VerifyResult>): string[] =>
  result.checks.map(({ check, passed }) => `${check} ${passed ? 'passed' : 'FAILED'}`);

test('what is expected is found, after an update too', async () => {
  const place = await linear();
  const { result, ok } = await document(place, 'linear.om', ...X, '--golden', Y);
  expect(ok).toBe(true);
  expect(result).toMatchObject({
    passed: true,
    inputs: [{ name: 'x', seed: null }],
    checks: [
      { check: 'golden', outputs: [{ name: 'y', maxAbs: 0, maxUlp: 0, cosine: 1, argmax: { rows: 2, equal: 2 }, beyond: 0, worst: null }] },
    ],
  });
  expect(verdicts(await document(place, 'linear.om', ...X, ...NEW, '--golden', NEW_Y))).toEqual(['golden passed', 'update passed']);
});

test('a wrong element ends with exit code 3, its place and both values', async () => {
  const place = await linear();
  const wrong = Y.replace('6.25', '6.5');
  const { status, stdout, stderr } = await place.call(['verify', 'linear.om', ...X, '--golden', wrong]);
  expect(status).toBe(3);
  expect(stdout).toContain('output "y": 1 of 8 elements are beyond the tolerance, the worst at [1, 2]: 6.25 where 6.5 is expected');
  expect(stderr).toContain('error CHECK_FAILED: linear.om: 1 of 1 check failed: golden.');
  const { result, error } = await document(place, 'linear.om', ...X, '--golden', wrong);
  expect(result.checks[0]?.outputs[0]).toMatchObject({
    passed: false,
    maxAbs: 0.25,
    beyond: 1,
    worst: { index: [1, 2], actual: 6.25, expected: 6.5 },
  });
  expect(error).toMatchObject({ class: 'check-failed', problems: [{ at: 'golden' }] });
  for (const [tolerance, exitCode] of [
    [['--atol', '0.25'], 0],
    [['--atol', '0.2'], 3],
    [['--atol', 'y:0.25'], 0],
    [['--rtol', '0.04', '--atol', '0'], 0],
    [['--cosine', '0.999'], 0],
    [['--cosine', '0.999999'], 3],
    [['--cosine', '0.999', '--atol', '0.1'], 3],
  ] as const)
    expect([tolerance, (await document(place, 'linear.om', ...X, '--golden', wrong, ...tolerance)).exitCode]).toEqual([
      tolerance,
      exitCode,
    ]);
});

test('NaN where a number is expected is named as it is, in JSON too', async () => {
  const place = await linear();
  const args = ['linear.om', ...X, '--update', 'const_2=nan,inf,0,0'];
  const wrong = await document(place, ...args, '--golden', NEW_Y);
  expect(wrong.result.checks[0]?.outputs[0]).toMatchObject({ maxAbs: 'inf', cosine: null, worst: { actual: 'nan', expected: 12 } });
  expect(wrong.warnings.map(({ code }) => code)).toEqual(['WEIGHT_NOT_FINITE', 'OUTPUT_NOT_FINITE']);
  // The second run is the one with the update: columns 0 and 1 are NaN and infinite.
  const { exitCode, warnings } = await document(place, ...args, '--golden', 'y=nan,inf,3,6,nan,inf,6,15');
  expect([exitCode, warnings.map(({ code }) => code)]).toEqual([0, ['WEIGHT_NOT_FINITE', 'OUTPUT_NOT_FINITE']]);
  expect(verdicts(await document(place, ...args, '--golden', 'y=nan,inf,3,6,nan,inf,6,15', '--validate'))).toEqual([
    'golden passed',
    'update passed',
    'finite FAILED',
  ]);
});

test('what cannot be compared is a mistake of the command line, told before anything runs', async () => {
  const place = await linear();
  for (const [args, code, exitCode] of [
    [[...X, '--golden', 'y=2x2xf32=1,2,3,4'], 'TENSOR_MISMATCH', 4],
    [[...X, '--golden', 'z=1'], 'TENSOR_NOT_FOUND', 4],
    [['--golden', Y], 'INPUT_MISSING', 4],
    [[...X, '--golden', 'missing.npz'], 'FILE_NOT_FOUND', 7],
    [['--against', 'examples/onnx/mlp.onnx'], 'TENSOR_MISMATCH', 4],
    [['--against', 'examples/linear/x.npy'], 'FILE_KIND', 4],
    [['--atol', '1'], 'USAGE', 2],
    [['--cast'], 'USAGE', 2],
    [['--margin', '2'], 'USAGE', 2],
    [['--margin', '4', ...X, '--golden', Y], 'USAGE', 2],
    [['--precision', 'fp16', '--aba'], 'USAGE', 2],
    [['--ignore-extra'], 'USAGE', 2],
    [['--manifest', 'linear.om.manifest.json', ...X], 'USAGE', 2],
    [['--manifest', 'examples/linear/graph.json'], 'FILE_MALFORMED', 4],
    [['--seed', '-1'], 'USAGE', 2],
  ] as const) {
    const { error, exitCode: got } = await document(place, 'linear.om', ...args);
    expect([args, error?.code, got]).toEqual([args, code, exitCode]);
    expect(error?.fix).not.toBeNull();
  }
});

test('without a question the file is looked at, and it runs', async () => {
  const place = await linear();
  const seeded = await document(place, 'linear.om', '--seed', '5');
  expect(verdicts(seeded)).toEqual(['structure passed', 'weights passed', 'runs passed']);
  expect(seeded.result.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: [2, 3], seed: 5 }]);
  expect((await place.call(['verify', 'linear.om'])).stdout).toContain('not asked for: outputs (--golden FILE');
  await place.call(['patch', 'linear.om', '--set', 'const_2=0,inf,0,0', '--in-place']);
  const { result, exitCode } = await document(place, 'linear.om');
  expect(exitCode).toBe(3);
  expect(result.checks.flatMap(({ failures }) => failures)).toEqual([
    'weight "const_2" has 1 value that are NaN or infinite, the first at [1]',
    'output "y" has 2 elements that are NaN or infinite, the first at [0, 1]',
  ]);
});

test('a patched bundle no longer is what its manifest says, and the table says where', async () => {
  const place = await linear();
  expect(verdicts(await document(place, 'linear.om', '--manifest', 'linear.om.manifest.json'))).toEqual(['manifest passed']);
  await place.call(['patch', 'linear.om', '--set', 'const_2=splat:1', '--in-place']);
  const { result, exitCode } = await document(place, 'linear.om', '--manifest', 'linear.om.manifest.json');
  expect(exitCode).toBe(3);
  expect(result.checks[0]?.differences.map(({ what }) => what)).toEqual(['sha256', 'value of const_2']);
  const { stdout } = await place.call(['verify', 'linear.om', '--manifest', 'linear.om.manifest.json']);
  expect(stdout).toMatch(/value of const_2 +[0-9a-f]{16}… +[0-9a-f]{16}…/);
});

test('every fact of a manifest is held against the bundle', async () => {
  const place = await linear();
  const manifest = JSON.parse(readFileSync(place.path('linear.om.manifest.json'), 'utf8'));
  manifest.bundle.updateGraph = 'static';
  manifest.bundle.attributes = { soc_version: 'Ascend910B1' };
  manifest.inputs[0].shape = [2, 4];
  manifest.outputs[0].name = 'z';
  manifest.weights.reverse().forEach((weight: { updateIndex: number; dtype: string }, i: number) => {
    Object.assign(weight, { updateIndex: i, dtype: 'float16' });
  });
  writeFileSync(place.path('other.json'), JSON.stringify(manifest));
  const { result } = await document(place, 'linear.om', '--manifest', 'other.json');
  expect(result.checks[0]?.differences).toEqual([
    { what: 'updateGraph', expected: 'static', actual: 'ge' },
    { what: 'compiler', expected: 'soc_version Ascend910B1', actual: 'none' },
    { what: 'input x', expected: 'float32 [2, 4]', actual: 'float32 [2, 3]' },
    { what: 'output z', expected: 'float32 [2, 4]', actual: 'none' },
    { what: 'output y', expected: 'none', actual: 'float32 [2, 4]' },
    { what: 'update order', expected: 'const_2, const_1', actual: 'const_1, const_2' },
    { what: 'weight const_2', expected: 'float16 [4]', actual: 'float32 [4]' },
    { what: 'weight const_1', expected: 'float16 [3, 4]', actual: 'float32 [3, 4]' },
  ]);
});

test('against its graph, with and without init, and after an update', async () => {
  for (const options of [[], ['--no-init'], ['--update-graph', 'static'], ['--update-graph', 'static', '--no-init']]) {
    const place = await linear(...options);
    expect(verdicts(await document(place, 'linear.om', '--against', 'examples/linear/graph.json', ...NEW, '--aba'))).toEqual([
      'against passed',
      'update passed',
      'aba passed',
    ]);
  }
});

test('against a graph with other constants, and another bundle', async () => {
  const place = await linear();
  const graph = JSON.parse(readFileSync(place.path('examples/linear/graph.json'), 'utf8'));
  graph.consts[1].data[2] += 0.5;
  writeFileSync(place.path('other.json'), JSON.stringify(graph));
  await place.call(['build', 'other.json', '--consts', 'const_1,const_2', '-o', 'other.om']);
  for (const other of ['other.json', 'other.om']) {
    const { result, exitCode } = await document(place, 'linear.om', '--against', other, ...X);
    expect(exitCode).toBe(3);
    expect(result.checks[0]?.outputs[0]).toMatchObject({ maxAbs: 0.5, beyond: 2, worst: { index: [0, 2], actual: 3.25, expected: 3.75 } });
    // With the same new constants both give the same.
    expect(verdicts(await document(place, 'linear.om', '--against', other, ...X, ...NEW))).toEqual(['against FAILED', 'update passed']);
  }
});

test('an ONNX model whose large constants are fed gives what its bundle gives', async () => {
  const place = new Workplace();
  await place.call(['build', 'examples/onnx/mlp.onnx', '--consts', 'fc1.weight,fc2.bias', '-o', 'mlp.om']);
  const checked = await document(place, 'mlp.om', '--against', 'examples/onnx/mlp.onnx', '--update', 'fc2.bias=rand:3');
  expect(verdicts(checked)).toEqual(['against passed', 'update passed']);
  // Its first dimension is open.
  expect(checked.result.inputs).toMatchObject([{ shape: [1, 8], seed: 0 }]);
});

test('a bundle without init runs with the weights of the update, and needs them', async () => {
  const place = await linear('--no-init');
  expect(verdicts(await document(place, 'linear.om', ...X, ...NEW, '--golden', NEW_Y, '--aba'))).toEqual(['golden passed', 'aba passed']);
  expect((await document(place, 'linear.om', '--aba')).error).toMatchObject({
    code: 'WEIGHTS_NOT_INITIALIZED',
    fix: expect.stringContaining('--against'),
  });
});

test('A → B → A: random weights move the outputs, the same ones do not', async () => {
  const place = await linear();
  expect(verdicts(await document(place, 'linear.om', '--aba'))).toEqual(['aba passed']);
  const { result, exitCode } = await document(place, 'linear.om', '--aba', '--update', 'examples/linear/graph.json');
  expect(exitCode).toBe(3);
  expect(result.checks.flatMap(({ failures }) => failures)).toEqual(
    Array(2).fill('the new weights (const_1, const_2) moved no output: they are the ones that it has'),
  );
});

/** y = x·aa − x·bb, where both weights begin as the same matrix. */
const TWINS = {
  name: 'twins',
  inputs: [{ name: 'x', dtype: 'float32', shape: [2, 3] }],
  consts: ['aa', 'bb'].map((name) => ({ name, dtype: 'float32', shape: [3, 3], data: { random: 1 } })),
  nodes: [
    { name: 'a', type: 'MatMul', inputs: ['x', 'aa'] },
    { name: 'b', type: 'MatMul', inputs: ['x', 'bb'] },
    { name: 'y', type: 'Sub', inputs: ['a', 'b'] },
  ],
  outputs: ['y'],
};

test('an update graph that writes each of two weights into the other is found by their update, and by nothing less', async () => {
  const place = new Workplace();
  writeFileSync(place.path('twins.json'), JSON.stringify(TWINS));
  await place.call(['build', 'twins.json', '--consts', 'aa,bb', '-o', 'twins.om']);
  const check = (...args: string[]) => document(place, 'twins.om', '--against', 'twins.json', ...args);
  expect(verdicts(await check('--update', 'aa=rand:5'))).toEqual(['against passed', 'update passed']);

  const file = readFileSync(place.path('twins.om'));
  const update = readBundle(memoryBytes(file), 'twins.om').submodels[2];
  const [start, end] = [update?.offsetBytes as number, (update?.offsetBytes as number) + (update?.bytes.length as number)];
  const swap: Record<string, string> = { aa_var: 'bb_var', bb_var: 'aa_var' };
  const text = file.toString('latin1');
  const swapped = text.slice(start, end).replace(/aa_var|bb_var/g, (name) => swap[name] as string);
  writeFileSync(place.path('twins.om'), Buffer.from(text.slice(0, start) + swapped + text.slice(end), 'latin1'));

  expect(verdicts(await check())).toEqual(['against passed']);
  const broken = await check('--update', 'aa=rand:5');
  expect(verdicts(broken)).toEqual(['against passed', 'update FAILED']);
  expect(broken.exitCode).toBe(3);
  expect(broken.result.checks[1]).toMatchObject({ moved: ['y'], outputs: [{ passed: false, cosine: expect.closeTo(-1, 5) }] });
  // The structure gives it away too: the variables lie elsewhere in this model.
  const alone = await document(place, 'twins.om');
  expect(verdicts(alone)[0]).toBe('structure FAILED');
  expect(alone.result.checks[0]?.failures.join()).toContain('Variable "aa_var" is float32 [3, 3] at byte');
});

test.skipIf(!hasCorpus)('of a bundle for an NPU the file is checked, and the exit status says that it did not run', async () => {
  const place = new Workplace();
  const document5 = await document(place, corpus('ge-bundles/linear.om'));
  expect([document5.exitCode, document5.error?.code]).toEqual([5, 'BACKEND_UNAVAILABLE']);
  expect(verdicts(document5)).toEqual(['structure passed', 'weights passed', 'runs FAILED']);
  expect((await document(place, corpus('ge-bundles/linear.om'), '--aba')).exitCode).toBe(5);
});
