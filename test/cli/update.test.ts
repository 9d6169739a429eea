// run --update with --cast and --map, as a user types it.
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { resultSchema } from '../../src/cli/result-schema/index.js';
import type { RunResult } from '../../src/commands/run.js';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import { type ResultDocument, Workplace } from '../support/cli.js';
import { named, tensorOf } from '../support/tensors.js';

const RUN = ['run', 'linear.om', '--input', 'x=@examples/linear/x.npy'];

/** const_1 [3, 4] and const_2 [4] float32: y = x · const_1 + const_2, x being [[1, 2, 3], [4, 5, 6]] or whatever the example has. */
async function place(): Promise<Workplace> {
  const made = new Workplace();
  await made.call(['build', 'examples/linear/graph.json', '--consts', 'const_1,const_2', '-o', 'linear.om']);
  return made;
}

async function preview(made: Workplace, ...args: string[]): Promise<string> {
  const { stdout } = await made.call([...RUN, ...args, '--json']);
  const document: ResultDocument<RunResult> = JSON.parse(stdout);
  expect(resultSchema.safeParse(document).error?.issues ?? []).toEqual([]);
  return document.result.outputs[0]?.preview ?? '';
}

test('--map takes a transposed tensor of another name, with the same outputs as the right one', async () => {
  const made = await place();
  // 4 rows of 3: const_1 as a framework with [out, in] weights keeps it.
  const turned = tensorOf('float32', [4, 3], [1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12]);
  writeFileSync(made.path('c.safetensors'), writeSafetensors([named('fc.weight', turned)]).read());
  const entries = [{ from: 'fc.weight', to: 'const_1', transpose: [1, 0] }];
  writeFileSync(made.path('map.json'), JSON.stringify({ schema: 'ascend-bundle/map@1', entries }));
  const right = await preview(made, '--update', 'const_1=1,2,3,4,5,6,7,8,9,10,11,12');
  expect(await preview(made, '--update', 'c.safetensors', '--map', 'map.json')).toBe(right);
  expect((await made.call([...RUN, '--update', 'c.safetensors'])).stderr).toContain('WEIGHT_UNKNOWN');
});

test('--cast converts, and says what it lost; without it another dtype is refused', async () => {
  const made = await place();
  writeFileSync(made.path('c.safetensors'), writeSafetensors([named('const_2', tensorOf('float64', [4], [1, 0.1, 1e-60, 2]))]).read());
  const refused = await made.call([...RUN, '--update', 'c.safetensors']);
  expect(refused).toMatchObject({ status: 4, stderr: expect.stringContaining('give --cast to convert it') });
  const { status, stdout, stderr } = await made.call([...RUN, '--update', 'c.safetensors', '--cast']);
  expect(status).toBe(0);
  expect(stdout).toContain('cast float64 to float32: const_2; 1 of 4 values rounded, 1 to 0\n');
  expect(stderr).toContain('CAST_UNDERFLOW');
});

test('--cast takes raw bytes and values whose dtype is said', async () => {
  const made = await place();
  // 1, 2, 3, 4 as float16.
  writeFileSync(made.path('c.bin'), Buffer.from('003c004000420044', 'hex'));
  const right = await preview(made, '--update', 'const_2=1,2,3,4');
  expect(await preview(made, '--update', 'const_2=4xf16=@c.bin', '--cast')).toBe(right);
  expect(await preview(made, '--update', 'const_2=4xf16=1,2,3,4', '--cast')).toBe(right);
  for (const value of ['@c.bin', '1,2,3,4']) {
    const { status, stderr } = await made.call([...RUN, '--update', `const_2=4xf16=${value}`]);
    expect([status, stderr]).toEqual([4, expect.stringContaining('is float16 [4]; the bundle has float32 [4]')]);
    expect(stderr).toContain('give --cast to convert it');
  }
});

test('the weights of another bundle, or of a graph, are an update', async () => {
  const made = await place();
  const old = await preview(made);
  expect(await preview(made, '--update', 'linear.om')).toBe(old);
  expect(await preview(made, '--update', 'examples/linear/graph.json')).toBe(old);
});

test.each([
  ['--strict', '--update or --lora'],
  ['--ignore-extra', '--update'],
  ['--cast', '--update'],
])('%s without new weights is for nothing, and refused', async (option, fix) => {
  const made = await place();
  const { status, stdout } = await made.call([...RUN, option, '--json']);
  expect([status, JSON.parse(stdout).error]).toMatchObject([
    2,
    { code: 'USAGE', message: `${option} is for the tensors of an update, and none is given.`, fix: `Give it with ${fix}.` },
  ]);
});

test('--cast and --map without an update are a mistake', async () => {
  const made = await place();
  expect((await made.call([...RUN, '--cast'])).status).toBe(2);
  expect((await made.call([...RUN, '--map', 'm.json'])).status).toBe(2);
});
