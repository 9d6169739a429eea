// --lora on run, patch, verify and in a session: one merge, whichever way it comes in.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readTensorFile } from '../../src/weights/read.js';
import { kohyaPair, mergedInDoubles, peftPair, randomTensor, saveTensors } from '../support/adapters.js';
import { Workplace } from '../support/cli.js';
import { named, tensorOf } from '../support/tensors.js';

/** const_1 of examples/linear is stored [in, out] = [3, 4]: its adapter has factors of [rank, 3] and [4, rank]. */
const [A, B] = [randomTensor('float32', [2, 3], 1), randomTensor('float32', [4, 2], 2)];
const X = ['--input', 'x=@examples/linear/x.npy'];
const LORA = ['--lora', 'peft.safetensors:0.5,kohya.safetensors:0.25'];
const CONST_1 = 'examples/linear/new.safetensors';

async function place(...flags: string[]): Promise<Workplace> {
  const made = new Workplace();
  await made.call(['build', 'examples/linear/graph.json', '--consts', 'const_1,const_2', '-o', 'b.om', ...flags]);
  // A base that is known here by another way than the graph.
  await made.call(['patch', 'b.om', '--weights', CONST_1, '-o', 'm.om']);
  saveTensors(made.path('peft.safetensors'), peftPair('const_1', A, B));
  writeFileSync(made.path('adapter_config.json'), JSON.stringify({ peft_type: 'LORA', r: 2, lora_alpha: 6 }));
  saveTensors(made.path('kohya.safetensors'), kohyaPair('const_1', A, B, 1));
  return made;
}

interface Output {
  readonly data: readonly unknown[];
}

async function outputOf(made: Workplace, ...args: string[]): Promise<Output['data']> {
  const { status, stderr } = await made.call(['run', ...args, ...X, '-o', 'out', '--outfmt', 'json', '--force']);
  expect([status, stderr]).toEqual([0, expect.not.stringContaining('error')]);
  return JSON.parse(readFileSync(made.path('out/outputs.json'), 'utf8')).tensors[0].data;
}

test('run, patch and then run, a session and verify do what weights do that were merged outside', async () => {
  const made = await place();
  const base = readTensorFile(made.path(CONST_1)).find(({ name }) => name === 'const_1');
  const merged = mergedInDoubles(
    base as NonNullable<typeof base>,
    [
      { down: A, up: B, scale: 0.5 * 3 },
      { down: A, up: B, scale: 0.25 / 2 },
    ],
    true,
  );
  saveTensors(made.path('merged.safetensors'), [named('const_1', tensorOf('float32', [3, 4], merged))]);
  const expected = await outputOf(made, 'm.om', '--update', 'merged.safetensors');
  expect(expected).not.toEqual(await outputOf(made, 'm.om'));

  expect(await outputOf(made, 'm.om', ...LORA)).toEqual(expected);
  const patched = await made.call(['patch', 'm.om', ...LORA, '-o', 'p.om']);
  expect(patched.stdout).toContain(
    'merged peft.safetensors × 1.5 (rank 2) + kohya.safetensors × 0.125 (rank 2) into const_1 (1 stored as [in, out])',
  );
  expect(await outputOf(made, 'p.om')).toEqual(expected);

  const requests = [
    { op: 'update', lora: ['peft.safetensors:0.5', 'kohya.safetensors:0.25'] },
    { op: 'infer', inputs: { x: '@examples/linear/x.npy' } },
    { op: 'update' },
  ];
  const input = requests.map((request) => `${JSON.stringify(request)}\n`).join('');
  const lines = made.run(['session', 'm.om', '--quiet'], { input }).stdout.trim().split('\n');
  const [updated, inferred, empty] = lines.map((line) => JSON.parse(line));
  expect(updated).toMatchObject({
    ok: true,
    result: { updated: ['const_1'], kept: ['const_2'], lora: [{ weight: 'const_1', transposed: true }] },
  });
  expect(inferred.result.outputs[0].data).toEqual(expected);
  expect(empty.error).toMatchObject({ code: 'USAGE', message: expect.stringContaining('"lora"') });

  const verified = await made.call(['verify', 'm.om', ...LORA, '--aba']);
  expect([verified.status, verified.stderr]).toEqual([0, expect.not.stringContaining('error')]);
});

test('values that are not finite are told by run, patch, verify and a session', async () => {
  const made = await place();
  saveTensors(made.path('nan.safetensors'), kohyaPair('const_1', A, tensorOf('float32', [4, 2], Array(8).fill(Number.NaN)), 1));
  const lora = ['--lora', 'nan.safetensors'];
  for (const args of [
    ['run', 'm.om', ...lora, ...X],
    ['patch', 'm.om', ...lora, '-o', 'p.om'],
    ['verify', 'm.om', ...lora, '--aba'],
  ]) {
    expect((await made.call(args)).stderr).toMatch(/warning WEIGHT_NOT_FINITE: Weight "const_1" in nan\.safetensors has 12 values/);
  }
  const input = `${JSON.stringify({ op: 'update', lora: ['nan.safetensors'] })}\n`;
  const { warnings } = JSON.parse(made.run(['session', 'm.om', '--quiet'], { input }).stdout);
  expect(warnings).toMatchObject([{ code: 'WEIGHT_NOT_FINITE' }]);
});

test('the base is what an update gives, else what the bundle has', async () => {
  const made = await place();
  // From zero, an adapter twice is twice what it is once.
  const zero = ['--update', 'const_1=splat:0', '--update', 'const_2=splat:0'];
  const once = (await outputOf(made, 'm.om', ...zero, '--lora', 'kohya.safetensors')) as number[][];
  const twice = await outputOf(made, 'm.om', ...zero, '--lora', 'kohya.safetensors,kohya.safetensors');
  expect((twice as number[][]).flat().map((value) => value / 2)).toEqual(once.flat().map((value) => expect.closeTo(value, 5)));
  await made.call(['patch', 'm.om', '--set', 'const_1=splat:0', '--set', 'const_2=splat:0', '-o', 'zero.om']);
  expect(await outputOf(made, 'zero.om', '--lora', 'kohya.safetensors')).toEqual(once);
});

test('with a static update graph the other weights keep theirs', async () => {
  const made = await place('--update-graph', 'static');
  const document = JSON.parse((await made.call(['run', 'm.om', ...LORA, ...X, '--json'])).stdout);
  expect(document.result.update).toMatchObject({ updated: ['const_1'], kept: ['const_2'], lora: [{ weight: 'const_1' }] });
});

test('an adapter of another model is refused before anything is written, with what may be meant', async () => {
  const made = await place();
  saveTensors(made.path('other.safetensors'), kohyaPair('const_11', A, B));
  const before = readFileSync(made.path('m.om'));
  const { status, stderr } = await made.call(['patch', 'm.om', '--lora', 'other.safetensors', '--in-place']);
  expect([status, stderr]).toEqual([4, expect.stringMatching(/error WEIGHT_UNKNOWN: Layer "const_11" .*\n {2}Did you mean "const_1"/)]);
  expect(readFileSync(made.path('m.om')).equals(before)).toBe(true);
  expect((await made.call(['run', 'm.om', ...X, '--map', 'm.json'])).status).toBe(2);
});
