// patch on bundles of the host backend, whose effect can be run, and its way of replacing a file, with every call failing in turn.
import { chmodSync, copyFileSync, linkSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { memoryBytes } from '../../src/base/bytes.js';
import { type FileSystem, fileIdentity } from '../../src/base/file-system.js';
import { openFile } from '../../src/base/open-file.js';
import { writeSafetensors } from '../../src/formats/encodings/safetensors-file.js';
import { readBundle } from '../../src/formats/om/index.js';
import { dtype } from '../../src/graph/dtype.js';
import { tensorBytes } from '../../src/graph/tensor.js';
import { build, openBundle, patch, type TensorData } from '../../src/index.js';
import { preparePatch, writePatch } from '../../src/weights/patch.js';
import { readUpdates } from '../../src/weights/updates.js';
import { corpus, hasCorpus } from '../support/corpus.js';
import { faultyFiles } from '../support/faulty-files.js';
import { testFolder } from '../support/folder.js';

const folder = testFolder();

/** y = cast(a) · x + b in several dtypes; `k` and `big` stay constants. */
const GRAPH = {
  name: 'g',
  inputs: [{ name: 'x', dtype: 'float32', shape: [2, 40] }],
  consts: [
    { name: 'w', dtype: 'float32', shape: [40, 30], data: { random: 1 } },
    { name: 'h', dtype: 'float16', shape: [30], data: { random: 2 } },
    { name: 'n', dtype: 'int32', shape: [30], data: { fill: 3 } },
    { name: 'big', dtype: 'float32', shape: [30, 50], data: { random: 3 } },
  ],
  nodes: [
    { name: 'mm', type: 'MatMul', inputs: ['x', 'w'] },
    { name: 'h32', type: 'Cast', inputs: ['h'], attrs: { dst_type: 'float32' } },
    { name: 'n32', type: 'Cast', inputs: ['n'], attrs: { dst_type: 'float32' } },
    { name: 'plus', type: 'Add', inputs: ['mm', 'h32'] },
    { name: 'times', type: 'Mul', inputs: ['plus', 'n32'] },
    { name: 'out', type: 'MatMul', inputs: ['times', 'big'] },
  ],
  outputs: [{ name: 'y', value: 'out' }],
};

const SPECS = { w: ['float32', [40, 30]], h: ['float16', [30]], n: ['int32', [30]] } as const;

/** Small finite numbers in every dtype: of a float16 the exponent is kept low. */
function values(name: keyof typeof SPECS, seed: number): TensorData {
  const [type, shape] = SPECS[name];
  const data = new Uint8Array(tensorBytes(dtype(type), shape));
  for (let i = 0; i < data.length; i += 2) data.set([(i * 13 + seed * 7) & 0xff, 0x20 + ((i + seed) & 0x0f)], i);
  return { dtype: type, shape, data };
}

function weightsFile(name: string, tensors: Record<string, TensorData>): string {
  const named = Object.entries(tensors).map(([key, { dtype: type, shape, data }]) => ({
    name: key,
    dtype: dtype(type),
    shape,
    data: memoryBytes(data as Uint8Array),
  }));
  return folder.write(name, writeSafetensors(named));
}

const X = { x: { dtype: 'float32', shape: [2, 40], data: Float32Array.from({ length: 80 }, (_, i) => (i % 17) - 8) } };

async function output(path: string, update?: Record<string, TensorData>): Promise<Buffer> {
  await using bundle = await openBundle(path);
  if (update !== undefined) await bundle.update(update);
  const y = (await bundle.run(X))['y'] as TensorData;
  return Buffer.from(y.data as Uint8Array);
}

let graph = '';
let bundle = '';
beforeEach(async () => {
  graph = folder.write('graph.json', JSON.stringify(GRAPH));
  bundle = folder.path('b.om');
  await build(graph, { consts: ['w', 'h', 'n'], output: bundle, backend: 'host' });
});

test.each([[['w']], [['h']], [['n']], [['w', 'h', 'n']]] as const)(
  'patched and run equals updated and run, bit for bit: %j',
  async (names) => {
    const update = Object.fromEntries(names.map((name, i) => [name, values(name, i + 1)]));
    const weights = [weightsFile('new.safetensors', update)];
    const out = folder.path('p.om');
    const before = readFileSync(bundle);
    const result = await patch(bundle, { weights, output: out, source: graph });
    expect(result.patched.map(({ name }) => name)).toEqual(names);
    expect(result).toMatchObject({ bundle: { path: out, bytes: before.length, inPlace: false }, separated: [], source: { path: graph } });
    const patched = await output(out);
    expect(patched.equals(await output(bundle, update))).toBe(true);
    expect(patched.equals(await output(bundle))).toBe(false);
    expect(readFileSync(bundle).equals(before)).toBe(true);
    // The same in place.
    await patch(bundle, { weights, inPlace: true });
    expect(readFileSync(bundle).equals(readFileSync(out))).toBe(true);
    expect(readdirSync(folder.path()).sort()).toEqual(['b.om', 'graph.json', 'new.safetensors', 'p.om']);
  },
);

test('only the bytes of the weight differ', async () => {
  const update = { h: values('h', 5) };
  const before = readFileSync(bundle);
  await patch(bundle, { weights: [weightsFile('new.safetensors', update)], inPlace: true });
  const after = readFileSync(bundle);
  const changed = [...after.keys()].filter((i) => after[i] !== before[i]);
  const [first, last] = [changed[0] ?? 0, changed.at(-1) ?? 0];
  expect(last - first).toBeLessThan(60);
  const start = before.indexOf(Buffer.from(await initialH()));
  expect(first).toBeGreaterThanOrEqual(start);
  expect(last).toBeLessThan(start + 60);
  expect(after.subarray(start, start + 60).equals(update.h.data as Uint8Array)).toBe(true);

  /** By another road: a graph of the seed that the bundle was built with, updated with nothing. */
  async function initialH(): Promise<Uint8Array> {
    const { hasRandom, randomBytes } = await import('../../src/graph/random.js');
    expect(hasRandom(dtype('float16'))).toBe(true);
    return randomBytes(dtype('float16'), [30], 2).read();
  }
});

test('the graph that is named as the source must have the values that are there', async () => {
  const given = { set: ['h=splat:1', 'w=splat:1'], inPlace: true };
  const other = folder.write('other.json', JSON.stringify(GRAPH).replace('{"random":2}', '{"fill":0.5}'));
  const before = readFileSync(bundle);
  await expect(patch(bundle, { ...given, source: other })).rejects.toMatchObject({
    code: 'SOURCE_MISMATCH',
    exitCode: 3,
    message: expect.stringMatching(/^Weight "h" has another value in .*other\.json than in .*b\.om, first at \[0\]\.$/),
  });
  const less = folder.write('less.json', JSON.stringify(GRAPH).replaceAll('"w"', '"v"'));
  await expect(patch(bundle, { ...given, source: less })).rejects.toThrow('Weight "w" is no Const of');
  expect(readFileSync(bundle).equals(before)).toBe(true);
  // Weights that are not patched are not asked about.
  await patch(bundle, { set: ['w=splat:1'], source: other, inPlace: true });
});

test('what does not fit is refused, all of it at once, and nothing is written', async () => {
  const before = readFileSync(bundle);
  const refused = patch(bundle, { set: ['w=2x2xf32=1,2,3,4'], inPlace: true });
  await expect(refused).rejects.toMatchObject({ code: 'TENSOR_MISMATCH' });
  const weights = [weightsFile('bad.safetensors', { w: values('n', 1), nn: values('n', 1) })];
  await expect(patch(bundle, { weights, inPlace: true, strict: true })).rejects.toMatchObject({ problems: { length: 4 } });
  expect(readFileSync(bundle).equals(before)).toBe(true);
});

test('a bundle without init says what to do instead', async () => {
  const bare = folder.path('bare.om');
  await build(graph, { consts: ['w'], output: bare, backend: 'host', init: false });
  await expect(patch(bare, { set: ['w=splat:0'], inPlace: true })).rejects.toMatchObject({
    code: 'INIT_MISSING',
    exitCode: 4,
    fix: expect.stringContaining('run --update'),
  });
});

test('values that are not finite are a warning', async () => {
  const warnings: string[] = [];
  await patch(bundle, { set: ['h=splat:nan'], inPlace: true, onWarning: ({ code }) => warnings.push(code) });
  expect(warnings).toEqual(['WEIGHT_NOT_FINITE']);
});

test('another dtype is refused, and the way out is an option that there is; with it, what is lost is counted', async () => {
  // 0.1 is rounded, 1e-9 is too small for a float16 and 70000 too large.
  const h = {
    dtype: 'float32',
    shape: [30],
    data: new Uint8Array(Float32Array.from({ length: 30 }, (_, i) => [0.5, 0.1, 1e-9, 70000][i] ?? 1).buffer),
  };
  const weights = [weightsFile('wide.safetensors', { h })];
  await expect(patch(bundle, { weights, inPlace: true })).rejects.toMatchObject({
    code: 'TENSOR_MISMATCH',
    fix: 'Save it as float16, or give --cast to convert it.',
  });
  const warnings: string[] = [];
  const { casts } = await patch(bundle, { weights, cast: true, inPlace: true, onWarning: ({ code }) => warnings.push(code) });
  const losses = { elements: 30, overflowed: 1, underflowed: 1, rounded: 1 };
  expect(casts).toEqual([{ name: 'h', from: 'float32', to: 'float16', ...losses }]);
  expect(warnings).toEqual(['CAST_OVERFLOW', 'CAST_UNDERFLOW']);
});

test('a map gives the tensors of files other names, and turns them round', async () => {
  const { data } = values('w', 3);
  const w = new Float32Array((data as Uint8Array).buffer);
  const turned = Float32Array.from(w, (_, i) => w[(i % 40) * 30 + Math.floor(i / 40)] as number);
  const weights = [
    weightsFile('checkpoint.safetensors', { 'fc.weight': { dtype: 'float32', shape: [30, 40], data: new Uint8Array(turned.buffer) } }),
  ];
  const entries = [{ from: 'fc.weight', to: 'w', transpose: [1, 0] }];
  const map = folder.write('map.json', JSON.stringify({ schema: 'ascend-bundle/map@1', entries }));
  const [mapped, plain] = [folder.path('mapped.om'), folder.path('plain.om')];
  await patch(bundle, { weights, map, output: mapped });
  await patch(bundle, { weights: [weightsFile('w.safetensors', { w: values('w', 3) })], output: plain });
  expect(readFileSync(mapped).equals(readFileSync(plain))).toBe(true);
  await expect(patch(bundle, { set: ['w=splat:0'], map, inPlace: true })).rejects.toMatchObject({ code: 'USAGE' });
});

describe('the file', () => {
  test('keeps its permissions, in place and as a new one', async () => {
    const out = folder.path('p.om');
    for (const mode of [0o600, 0o640, 0o444]) {
      chmodSync(bundle, mode);
      await patch(bundle, { set: ['h=splat:1'], inPlace: true });
      await patch(bundle, { set: ['h=splat:1'], output: out, force: true });
      expect([statSync(bundle).mode & 0o777, statSync(out).mode & 0o777]).toEqual([mode, mode]);
    }
  });

  test('that a link leads to is replaced, and the link stays', async () => {
    const link = folder.path('link.om');
    symlinkSync('b.om', link);
    const before = readFileSync(bundle);
    const { bundle: written } = await patch(link, { set: ['h=splat:1'], inPlace: true });
    expect(written.path).toBe(link);
    expect(readFileSync(bundle).equals(before)).toBe(false);
    expect(statSync(link).ino).toBe(statSync(bundle).ino);
    const other = folder.path('hard.om');
    linkSync(bundle, other);
    await expect(patch(bundle, { set: ['h=splat:1'], output: other, force: true })).resolves.toBeDefined();
  });

  test('is not its own output', async () => {
    await expect(patch(bundle, { set: ['h=splat:1'], output: bundle, force: true })).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('that somebody writes to meanwhile is left alone', async () => {
    const prepared = await prepare(bundle, ['h=splat:1']);
    const identity = fileIdentity(bundle);
    const grown = Buffer.concat([readFileSync(bundle), Buffer.of(1)]);
    writeFileSync(bundle, grown);
    const writing = writePatch(prepared, { from: bundle, to: bundle, identity, inPlace: true });
    await expect(writing).rejects.toMatchObject({ code: 'FILE_IO', message: expect.stringContaining('was written to while') });
    expect(readFileSync(bundle).equals(grown)).toBe(true);
  });
});

async function prepare(path: string, set: readonly string[]): Promise<ReturnType<typeof preparePatch>> {
  const file = openFile(path);
  const read = readBundle(file, path);
  return preparePatch({ file, bundle: read, path, given: await readUpdates(set, read.weights) });
}

describe('with every call of the file system failing in turn', () => {
  const replace = async (path: string, set: readonly string[], fileSystem?: FileSystem): Promise<unknown> =>
    writePatch(await prepare(path, set), {
      from: path,
      to: path,
      identity: fileIdentity(path),
      inPlace: true,
      ...(fileSystem === undefined ? {} : { fileSystem }),
    });

  /** A small part of the file, most of it (no copy is made first), and one that makes the file longer. */
  const cases = [
    ['a small patch', () => bundle, ['h=splat:1', 'n=splat:2']],
    ['a patch of most of the file', () => wideBundle(), ['v=splat:0.5']],
    ...(hasCorpus ? [['a patch that moves a constant', () => copied('lora_zero'), ['lora_b=splat:1']] as const] : []),
  ] as const;

  function copied(name: string): string {
    const path = folder.path(`${name}.om`);
    copyFileSync(corpus('ge-bundles', `${name}.om`), path);
    return path;
  }

  async function wideBundle(): Promise<string> {
    const wide = { ...GRAPH, consts: [{ name: 'v', dtype: 'float32', shape: [40, 1000], data: { random: 1 } }] };
    const nodes = [{ name: 'mm', type: 'MatMul', inputs: ['x', 'v'] }];
    const path = folder.path('wide.om');
    const source = folder.write('wide.json', JSON.stringify({ ...wide, nodes, outputs: [{ name: 'y', value: 'mm' }] }));
    await build(source, { consts: ['v'], output: path, backend: 'host' });
    return path;
  }

  test.each(cases)('%s leaves the old file or the new one', async (_, make, set) => {
    const path = await make();
    const old = readFileSync(path);
    const all = faultyFiles(Infinity, 'error');
    await replace(path, set, all.fileSystem);
    const patched = readFileSync(path);
    expect(patched.equals(old)).toBe(false);
    expect(all.calls.length).toBeGreaterThan(8);
    const renamed = all.calls.findIndex((call) => call.startsWith('rename '));

    for (const fault of ['end', 'error'] as const) {
      for (let k = 0; k < all.calls.length; k++) {
        writeFileSync(path, old);
        const before = readdirSync(folder.path()).sort();
        const { fileSystem, calls } = faultyFiles(k, fault);
        const failure = await replace(path, set, fileSystem).then(
          () => undefined,
          (error: unknown) => error,
        );
        const what = `${fault} at ${calls[k]}`;
        // Up to the rename it is the old file, from then on the new one: never anything else.
        expect(readFileSync(path).equals(k > renamed ? patched : old), what).toBe(true);
        if (k <= renamed) expect(failure, what).toBeDefined();
        if (fault === 'error') expect(readdirSync(folder.path()).sort(), what).toEqual(before);
        else for (const name of readdirSync(folder.path())) if (name.endsWith('.tmp')) rmTemporary(name);
      }
    }
  });

  function rmTemporary(name: string): void {
    faultyFiles(Infinity, 'error').fileSystem.remove(join(folder.path(), name));
  }

  test.each(cases)('%s is durable before it has its name, and its name is durable', async (_, make, set) => {
    const { fileSystem, calls } = faultyFiles(Infinity, 'error');
    await replace(await make(), set, fileSystem);
    const names = calls.map((call) => call.split(' ')[0]);
    const [lastWrite, firstSync, rename, lastSync] = [
      names.lastIndexOf('write'),
      names.indexOf('fsync'),
      names.indexOf('rename'),
      names.lastIndexOf('fsync'),
    ];
    expect([lastWrite, firstSync, rename, lastSync]).toEqual([lastWrite, firstSync, rename, lastSync].sort((a, b) => a - b));
    expect(lastWrite).toBeGreaterThan(0);
    // Nothing touches the file between the two but what closes it.
    expect(names.slice(firstSync + 1, rename)).toEqual(['close']);
    const folderOpened = calls.slice(rename).find((call) => call.startsWith('open '));
    expect(folderOpened).toBe(`open ${folder.path()} r`);
  });
});
