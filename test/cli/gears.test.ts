// The sizes that a model was compiled for, as inspect and diff show them.
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { InspectResult } from '../../src/commands/inspect.js';
import { type InoutInfo, inoutTensor } from '../../src/formats/om/index.js';
import { dtype } from '../../src/graph/dtype.js';
import type { NamedSpec } from '../../src/graph/tensor.js';
import { driveBundle } from '../support/cann/bundles.js';
import { hasStandin } from '../support/cann/standin.js';
import { Workplace } from '../support/cli.js';
import { graphs, model } from '../support/damaged.js';
import { linearGraph } from '../support/linear.js';

async function inspected(place: Workplace, path: string): Promise<{ readonly inputs: readonly string[]; readonly result: InspectResult }> {
  const { stdout: text } = await place.call(['inspect', path]);
  const lines = text.split('\n');
  const from = lines.indexOf('inputs');
  const { stdout } = await place.call(['inspect', path, '--json']);
  return { inputs: lines.slice(from + 1, lines.indexOf('', from)), result: JSON.parse(stdout).result };
}

test.skipIf(!hasStandin).each([
  ['ge.dynamicBatchSize=1,2,4', 'batch 1, 2, 4', 'batch'],
  ['ge.dynamicDims=1;2;4', 'dims 1; 2; 4', 'dims'],
])('a bundle compiled with %s', async (option, words, kind) => {
  const place = new Workplace();
  const path = driveBundle(place.folder, linearGraph({ batch: -1 }), ['w', 'b'], { options: ['input_shape=x:-1,3', option] });
  const { inputs, result } = await inspected(place, path);
  expect(inputs).toEqual(['  name  dtype    shape   format  gears', `  x     float32  [?, 3]  ND      ${words}`]);
  const infer = result.submodels.find(({ role }) => role === 'infer');
  expect(infer?.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: [-1, 3], format: 'ND', gears: { kind, sizes: [[1], [2], [4]] } }]);
});

test('a model compiled for sizes of images: the first are shown, the document has all; an input of one size has none', async () => {
  const place = new Workplace();
  const sizes = Array.from({ length: 10 }, (_, i) => [32 * (i + 1), 64]);
  const [image, scale] = [
    { name: 'image', dtype: dtype('uint8'), shape: [1, 3, -1, -1], format: 'NCHW' },
    { name: 'scale', dtype: dtype('float32'), shape: [1] },
  ];
  const om = model(graphs.infer, { inputs: [inoutTensor(image, 0), inoutTensor(scale, 4)], dynamicImageSizes: sizes });
  writeFileSync(place.path('m.om'), om.read());
  const { inputs, result } = await inspected(place, 'm.om');
  expect(inputs[1]).toBe(
    '  image  uint8    [1, 3, ?, ?]  NCHW    image size 32,64; 64,64; 96,64; 128,64; 160,64; 192,64; 224,64; 256,64 and 2 more',
  );
  expect(result.model?.inputs.map(({ gears }) => gears)).toEqual([{ kind: 'image-size', sizes }, null]);
});

test('nothing is shown of gears where there are none', async () => {
  const place = new Workplace();
  await place.call(['build', 'examples/linear/graph.json', '--consts', 'const_1', '--backend', 'host', '-o', 'm.om']);
  const { inputs, result } = await inspected(place, 'm.om');
  expect(inputs[0]).toBe('  name  dtype    shape   format');
  expect(result.submodels.flatMap((submodel) => submodel.inputs.map(({ gears }) => gears))).toEqual([null, null]);
});

const X: NamedSpec = { name: 'x', dtype: dtype('float32'), shape: [-1, 3], format: 'ND' };

/** The same model with these gears, or none. */
function geared(place: Workplace, name: string, gears: Partial<InoutInfo>): string {
  writeFileSync(place.path(name), model(graphs.infer, { inputs: [inoutTensor(X, 0)], ...gears }).read());
  return name;
}

test('diff says where gears differ, among the inputs and outputs', async () => {
  const place = new Workplace();
  const a = geared(place, 'a.om', { dynamicBatch: [1, 2, 4] });
  const b = geared(place, 'b.om', { dynamicBatch: [1, 2, 8] });
  const c = geared(place, 'c.om', {});
  const { stdout, status } = await place.call(['diff', a, b, '--only', 'io', '--json']);
  expect(status).toBe(3);
  const x = { name: 'x', dtype: 'float32', shape: [-1, 3], format: 'ND' };
  const sizes = (last: number) => ({ ...x, gears: { kind: 'batch', sizes: [[1], [2], [last]] } });
  expect(JSON.parse(stdout).result.io).toEqual([{ side: 'input', index: 0, a: sizes(4), b: sizes(8) }]);
  const text = await place.call(['diff', a, c, '--only', 'io']);
  expect(text.stdout).toMatch(/input 0 +x float32 \[\?, 3\], batch 1, 2, 4 +x float32 \[\?, 3\]\n/);
  const same = await place.call(['diff', a, geared(place, 'd.om', { dynamicBatch: [1, 2, 4] }), '--only', 'io']);
  expect(same.status).toBe(0);
});

test.skipIf(!hasStandin)('a graph has no gears that a bundle of it could differ from', async () => {
  const place = new Workplace();
  const options = ['input_shape=x:-1,3', 'ge.dynamicBatchSize=1,2,4'];
  const path = driveBundle(place.folder, linearGraph({ batch: -1 }), ['w', 'b'], { options });
  const { stdout } = await place.call(['diff', 'bundle.air', path, '--only', 'io', '--json']);
  // The output has another name once it is compiled; the input is the same.
  expect(JSON.parse(stdout).result.io).toMatchObject([{ side: 'output', a: { gears: null }, b: { gears: null } }]);
});
