// Weights from graphs and bundles, whose constants are taken by name; and files that are neither.
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import { dtype } from '../../src/graph/dtype.js';
import type { RefreshableWeight } from '../../src/graph/refreshable.js';
import { build } from '../../src/index.js';
import { COMMAND_LINE } from '../../src/weights/option-names.js';
import { planUpdate } from '../../src/weights/plan.js';
import { openSource } from '../../src/weights/sources.js';
import { readUpdates } from '../../src/weights/updates.js';
import { corpus, hasCorpus } from '../support/corpus.js';
import { testFolder } from '../support/folder.js';
import { floats, modelBytes, node, value } from '../support/onnx-models.js';
import { named, plain, tensorOf } from '../support/tensors.js';

const folder = testFolder();

const GRAPH = {
  name: 'g',
  inputs: [{ name: 'x', dtype: 'float32', shape: [1, 2] }],
  consts: [
    {
      name: 'w',
      dtype: 'float32',
      shape: [2, 2],
      data: [
        [1, 2],
        [3, 4],
      ],
    },
    { name: 'b', dtype: 'float32', shape: [2], data: [5, 6] },
  ],
  nodes: [{ name: 'y', type: 'MatMul', inputs: ['x', 'w', 'b'] }],
  outputs: ['y'],
};

const W = named('w', tensorOf('float32', [2, 2], [1, 2, 3, 4]));
const B = named('b', tensorOf('float32', [2], [5, 6]));

const WEIGHTS: readonly RefreshableWeight[] = [
  { constName: 'w', variableName: 'w_var', updateIndex: 0, spec: { dtype: dtype('float32'), shape: [2, 2], format: 'ND' } },
];

function graphFile(): string {
  return folder.write('g.json', JSON.stringify(GRAPH));
}

function onnxFile(): string {
  return folder.write(
    'm.bin',
    modelBytes({
      inputs: [value('x', [1, 2])],
      outputs: [value('y', [1, 2])],
      initializers: [floats('w', [2, 2], [1, 2, 3, 4]), floats('b', [2], [5, 6])],
      nodes: [node('Gemm', 'x w b', 'y')],
    }),
  );
}

async function bundleFile(init = true): Promise<string> {
  const output = folder.path(init ? 'g.om' : 'noinit.om');
  await build(graphFile(), { consts: ['b', 'w'], output, init, backend: 'host' });
  return output;
}

const tensorsAt = async (path: string) => {
  const source = await openSource(path);
  return source.kind === 'constants' ? source.tensors.map(plain) : source.kind;
};

describe('the constants of', () => {
  test('a graph.json', async () => {
    expect(await tensorsAt(graphFile())).toEqual([plain(W), plain(B)]);
  });
  test('an ONNX model', async () => {
    expect(await tensorsAt(onnxFile())).toEqual([plain(W), plain(B)]);
  });
  test('a bundle: the initial values of its weights', async () => {
    expect(await tensorsAt(await bundleFile())).toEqual([plain(B), plain(W)]);
  });
  test.skipIf(!hasCorpus)('a graph and a bundle of GE', async () => {
    const air = await openSource(corpus('ge-bundles/linear.air'));
    const om = await openSource(corpus('ge-bundles/linear.om'));
    const both = [air, om].map((source) => (source.kind === 'constants' ? source.tensors.map(plain) : []));
    expect(both[0]).toMatchObject([
      { name: 'const_1', shape: [3, 4] },
      { name: 'const_2', shape: [4] },
    ]);
    expect(both[1]).toEqual(both[0]);
  });
});

test('a file of tensors stays what it is, and raw bytes are nothing else', async () => {
  expect(await tensorsAt(folder.write('w.safetensors', writeSafetensors([W])))).toBe('safetensors');
  expect(await tensorsAt(folder.write('w.bin', Buffer.from([1, 2, 3, 4])))).toBe('raw');
});

test('what cannot have weights is named for what it is', async () => {
  await expect(openSource(await bundleFile(false))).rejects.toMatchObject({ code: 'INIT_MISSING' });
  await expect(openSource(folder.write('a.txt', 'version https://git-lfs.github.com/spec/v1\n'))).rejects.toMatchObject({
    code: 'FILE_KIND',
  });
  await expect(openSource(folder.write('p.om', Buffer.from(`PICO${'\0'.repeat(400)}`)))).rejects.toMatchObject({
    code: 'FILE_KIND',
    message: expect.stringContaining('PICO'),
  });
});

describe('as an update', () => {
  test.each([
    ['graph.json', graphFile],
    ['ONNX', onnxFile],
    ['bundle', bundleFile],
  ])('the constants of a %s are taken by name, and its others are no mistake', async (_, make) => {
    const plan = planUpdate(WEIGHTS, await readUpdates([await make()], WEIGHTS), { strict: true });
    expect(plan).toMatchObject({ updated: ['w'], kept: [], ignored: [], warnings: [] });
    expect(plain({ ...(plan.tensors.get('w') as typeof W) })).toEqual(plain(W));
  });

  test('one of them is named with @', async () => {
    const [given] = await readUpdates([`w=@${onnxFile()}`], WEIGHTS);
    expect(plain(given!)).toEqual(plain(W));
    const other: RefreshableWeight = { ...WEIGHTS[0]!, constName: 'v' };
    await expect(readUpdates([`v=@${graphFile()}`], [other])).rejects.toMatchObject({
      code: 'TENSOR_NOT_FOUND',
      message: expect.stringContaining('has no tensor "v"'),
    });
  });

  test('raw bytes that look like ONNX are bytes where their size is right', async () => {
    const path = folder.path('w.raw');
    // The beginning of every ONNX model: IR version 8, then a producer name.
    writeFileSync(
      path,
      Buffer.from([0x08, 0x08, 0x12, 0x0c, ...'abcdefghijkl'].map((byte) => (typeof byte === 'string' ? byte.charCodeAt(0) : byte))),
    );
    expect((await readUpdates([`w=@${path}`], WEIGHTS))[0]?.data.length).toBe(16);
  });

  test('a graph of which no constant is a weight is surely the wrong one', async () => {
    const other: readonly RefreshableWeight[] = [{ ...WEIGHTS[0]!, constName: 'fc1.weight' }];
    const given = await readUpdates([graphFile()], other);
    expect(() => planUpdate(other, given, { ignoreExtra: true, names: COMMAND_LINE })).toThrow(
      expect.objectContaining({
        code: 'WEIGHT_UNKNOWN',
        message: expect.stringMatching(/^None of the 2 constants of .* has the name of a weight of the bundle\.$/),
        fix: expect.stringContaining('--map'),
      }),
    );
  });

  test('a constant of the right name and the wrong shape is refused as any tensor', async () => {
    const wide: readonly RefreshableWeight[] = [{ ...WEIGHTS[0]!, spec: { dtype: dtype('float32'), shape: [4, 4] } }];
    const given = await readUpdates([graphFile()], wide);
    expect(() => planUpdate(wide, given)).toThrow(expect.objectContaining({ code: 'TENSOR_MISMATCH' }));
  });
});
