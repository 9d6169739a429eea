// The verbs about files of weights as functions of the library: they give what --json gives, and throw only where nothing can be said.
import { expect, test } from 'vitest';
import { writeSafetensors } from '../../src/formats/encodings/safetensors-file.js';
import { build, checkWeights, mapWeights, openBundle, patch } from '../../src/index.js';
import { Workplace } from '../support/cli.js';
import { testFolder } from '../support/folder.js';
import { named, tensorOf } from '../support/tensors.js';

const folder = testFolder();
const GRAPH = 'examples/linear/graph.json';

const zeros = (name: string, shape: readonly number[]) =>
  named(name, tensorOf('float32', shape, Array(shape.reduce((a, b) => a * b, 1)).fill(0)));
const file = (name: string, ...tensors: ReturnType<typeof zeros>[]): string => folder.write(name, writeSafetensors(tensors));

test('checkWeights says what does not fit, without throwing', async () => {
  const path = file('new.safetensors', zeros('const_1', [3, 4]), zeros('const_2', [5]), zeros('other', [1]));
  const checked = await checkWeights(path, { for: GRAPH, consts: ['const_1', 'const_2'] });
  expect(checked.for).toMatchObject({ kind: 'graph-json', fitting: 1 });
  expect(checked.for?.rows.map(({ name, status }) => [name, status])).toEqual([
    ['const_1', 'fits'],
    ['const_2', 'shape'],
    ['other', 'extra'],
  ]);
  const relaxed = await checkWeights([path], { for: GRAPH, consts: ['const_1'], ignoreExtra: true, values: true });
  expect([relaxed.for?.failing, relaxed.tensors[0]?.values]).toEqual([0, { min: 0, max: 0, nonFinite: 0 }]);
});

test('it gives what the command line gives', async () => {
  const path = file('two.safetensors', zeros('const_1', [3, 4]), zeros('const_2', [4]));
  const { stdout } = await new Workplace().call(['weights', 'check', path, '--for', GRAPH, '--json']);
  expect(await checkWeights(path, { for: GRAPH })).toEqual(JSON.parse(stdout).result);
});

test('mapWeights finds renamed tensors, and writes the map that patch takes', async () => {
  const place = new Workplace();
  await place.call(['build', GRAPH, '--consts', 'const_1,const_2', '-o', 'm.om']);
  const path = file('renamed.safetensors', zeros('model.const_1', [3, 4]), zeros('model.const_2', [4]));
  const map = folder.path('map.json');
  const found = await mapWeights(path, { for: place.path('m.om'), by: ['name'], output: map });
  expect(found).toMatchObject({ path: map, for: { kind: 'bundle', weights: 2 } });
  expect(found.map.entries.map(({ from, to }) => [from, to])).toEqual([
    ['model.const_1', 'const_1'],
    ['model.const_2', 'const_2'],
  ]);
  const patched = await patch(place.path('m.om'), { weights: [path], map, inPlace: true });
  expect(patched.patched.map(({ name }) => name)).toEqual(['const_1', 'const_2']);
});

test('what is idle or unknown is refused', async () => {
  const path = file('one.safetensors', zeros('const_1', [3, 4]));
  await expect(checkWeights(path, { partial: true })).rejects.toMatchObject({ code: 'USAGE' });
  await expect(checkWeights(folder.path('gone'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  await expect(mapWeights(path, { for: GRAPH, by: ['guess' as never] })).rejects.toThrow(TypeError);
});

test('without options a function says what is missing', async () => {
  await expect(build(GRAPH)).rejects.toMatchObject({ code: 'CONSTS_REQUIRED' });
  await expect(patch('m.om')).rejects.toMatchObject({ code: 'USAGE', message: 'No new weights were given.' });
});

test.each([
  [3, '3', 'Give the path of a file.'],
  [undefined, 'undefined', 'Give the path of a file.'],
  [{ path: 'm.om' }, "{ path: 'm.om' }", 'Give the path of a file.'],
  [new Uint8Array([1, 2]), 'Uint8Array(2) [ 1, 2 ]', 'Write the bytes to a file, and give its path.'],
  [new URL('file:///m.om'), 'm.om', 'Give fileURLToPath of it (node:url).'],
])('openBundle of %j says that a path is expected', async (given, shown, fix) => {
  const error = await openBundle(given as never).catch((cause: unknown) => cause);
  expect(error).toMatchObject({ code: 'USAGE', message: expect.stringContaining('The path of a bundle is expected, a text;'), fix });
  expect((error as Error).message).toContain(shown);
});
