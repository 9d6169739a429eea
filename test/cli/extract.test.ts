// extract: parts of bundles of both backends as files that other tools, and this one, read.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openFile } from '../../src/base/open-file.js';
import { graphFiles } from '../../src/commands/extract/graph-files.js';
import type { ExtractResult } from '../../src/commands/extract.js';
import { readAir } from '../../src/formats/air.js';
import { detectKind } from '../../src/formats/kind.js';
import { findSubmodel, graphOfModel, OmModel, readBundle, readOm, type Submodel } from '../../src/formats/om/index.js';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import { constContent, constsByName } from '../../src/graph/consts.js';
import type { Graph } from '../../src/graph/graph.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { openTensorFile, readTensorFile } from '../../src/weights/read.js';
import { type ResultDocument, Workplace } from '../support/cli.js';
import { corpus, hasCorpus } from '../support/corpus.js';
import { nets, writeNet } from '../support/random-nets.js';
import { named, tensorOf } from '../support/tensors.js';

const LINEAR = ['build', 'examples/linear/graph.json', '--consts', 'const_1,const_2', '-o', 'linear.om'];

async function document(place: Workplace, args: readonly string[]): Promise<ResultDocument<ExtractResult>> {
  return JSON.parse((await place.call([...args, '--json'])).stdout);
}

async function succeed(place: Workplace, args: readonly string[]): Promise<ResultDocument<ExtractResult>> {
  const done = await document(place, args);
  expect(done.error).toBeNull();
  return done;
}

const bytes = (tensor: Tensor | undefined): Buffer => Buffer.from(tensor?.data.read() ?? []);

/** name → dtype, shape and bytes of what a file holds. */
function tensors(path: string): Record<string, unknown> {
  return Object.fromEntries(
    readTensorFile(path).map((tensor) => [tensor.name, [tensor.dtype.name, tensor.shape, bytes(tensor).toString('hex')]]),
  );
}

/** The same of the Consts of a graph. */
function consts(graph: Graph): Record<string, unknown> {
  return Object.fromEntries(
    [...constsByName(graph)].map(([name, { node }]) => {
      const tensor = constContent(node)?.tensor;
      return [name, [tensor?.dtype.name, tensor?.shape, bytes(tensor).toString('hex')]];
    }),
  );
}

test('weights go into one file, or a folder of one each, all of them or those that are chosen', async () => {
  const place = new Workplace();
  await place.call(LINEAR);
  // fill and values of the example's graph.json, written by hand there.
  const { result } = await succeed(place, ['extract', 'linear.om', '--weights', '-o', 'w.safetensors']);
  expect(result).toEqual({
    bundle: { path: 'linear.om' },
    form: 'weights',
    graph: null,
    weights: [
      { name: 'const_1', dtype: 'float32', shape: [3, 4], bytes: 48, path: 'w.safetensors', writtenDtype: null },
      { name: 'const_2', dtype: 'float32', shape: [4], bytes: 16, path: 'w.safetensors', writtenDtype: null },
    ],
    files: [],
  });
  const graph = JSON.parse(readFileSync(place.path('examples/linear/graph.json'), 'utf8'));
  const given = Object.fromEntries(graph.consts.map((one: { name: string; data: number[] | number[][] }) => [one.name, one.data.flat()]));
  for (const { name, data } of readTensorFile(place.path('w.safetensors'))) {
    expect([...new Float32Array(Uint8Array.from(data.read()).buffer)]).toEqual(given[name]);
  }

  await succeed(place, ['extract', 'linear.om', '--const', 'const_2', '-o', 'folder']);
  await succeed(place, ['extract', 'linear.om', '--select', 'rank=1', '-o', 'one.npz']);
  expect(place.files()).toEqual(['folder', 'folder/const_2.npy', 'linear.om', 'one.npz', 'w.safetensors']);
  expect(tensors(place.path('one.npz'))).toEqual({ const_2: tensors(place.path('w.safetensors'))['const_2'] });
  const { kind } = openTensorFile(place.path('folder/const_2.npy'));
  expect(kind).toBe('npy');
  expect(Object.values(tensors(place.path('folder/const_2.npy')))).toEqual(Object.values(tensors(place.path('one.npz'))));
});

test('what was patched in is what comes out', async () => {
  const place = new Workplace();
  await place.call(LINEAR);
  await place.call(['patch', 'linear.om', '--weights', 'examples/linear/new.safetensors', '--in-place']);
  await succeed(place, ['extract', 'linear.om', '--weights', '-o', 'w.safetensors']);
  expect(tensors(place.path('w.safetensors'))).toEqual(tensors(place.path('examples/linear/new.safetensors')));
});

test('a model is the same bytes, an ordinary .om, and a warning says what it lacks', async () => {
  const place = new Workplace();
  await place.call(LINEAR);
  const bundle = readBundle(openFile(place.path('linear.om')), 'linear.om');
  for (const role of ['infer', 'init', 'update'] as const) {
    const { result, warnings } = await succeed(place, ['extract', 'linear.om', '--graph', role, '-o', `${role}.om`]);
    const own = findSubmodel(bundle, role);
    expect(result).toMatchObject({
      form: 'om',
      graph: { role, name: own?.name },
      files: [{ path: `${role}.om`, bytes: own?.bytes.length }],
    });
    expect(warnings).toMatchObject([{ code: 'VARIABLES_UNINITIALIZED', message: expect.stringContaining('const_1_var') }]);
    const file = openFile(place.path(`${role}.om`));
    expect(Buffer.from(file.read()).equals(Buffer.from(own?.bytes.read() ?? []))).toBe(true);
    expect(detectKind(file)).toBe('om');
    expect(new OmModel(readOm(file, 'x.om'), 'x.om').graph.name).toBe(own?.name);
  }
});

test.each([
  ['linear', 'const_1,const_2', 'x=@examples/linear/x.npy', ['--as', 'air'], 'g.air'],
  ['linear', 'const_1,const_2', 'x=@examples/linear/x.npy', ['--as', 'graph-json'], 'g.json'],
  ['convnet', 'conv1_w,fc_b', 'image=@examples/convnet/image.npy', ['--graph', 'infer'], 'g.air'],
  ['convnet', 'conv1_w,fc_b', 'image=@examples/convnet/image.npy', ['--as', 'graph-json'], 'g.json'],
] as const)(
  '%s: the graph that comes out is built again and gives the same, bit for bit (%s %s %j)',
  async (name, names, input, form, path) => {
    const place = new Workplace();
    await place.call(['build', `examples/${name}/graph.json`, '--consts', names, '-o', 'a.om']);
    const { warnings } = await succeed(place, ['extract', 'a.om', ...form, '-o', path]);
    expect(warnings).toEqual([]);
    await place.call(['build', path, '--consts', names, '-o', 'b.om']);
    const run = async (bundle: string, out: string) => {
      await place.call(['run', bundle, '--input', input, '-o', out, '--outfmt', 'safetensors']);
      return readFileSync(place.path(out, 'outputs.safetensors'));
    };
    expect((await run('a.om', 'out-a')).equals(await run('b.om', 'out-b'))).toBe(true);
  },
);

test('the graph of an ONNX model is not said in the words of GE, and the error names the form that has it', async () => {
  const place = new Workplace();
  await place.call(['build', 'examples/onnx/mlp.onnx', '--consts', 'fc1.weight', '-o', 'm.om']);
  for (const form of ['air', 'graph-json']) {
    const { error } = await document(place, ['extract', 'm.om', '--as', form, '-o', 'g.out']);
    expect(error).toMatchObject({
      code: 'GRAPH_INVALID',
      message: expect.stringContaining('ONNX'),
      fix: expect.stringContaining('--as onnx'),
    });
  }
  expect(place.files()).toEqual(['m.om']);
  // Its init graph is GE's own.
  await succeed(place, ['extract', 'm.om', '--graph', 'init', '-o', 'init.air']);
  await succeed(place, ['extract', 'm.om', '--weights', '-o', 'w.npz']);
});

test('an ONNX model comes out as one, with the weights that were patched in, and is built again', async () => {
  const place = new Workplace();
  const build = ['--consts', 'fc2.weight,fc2.bias'];
  await place.call(['build', 'examples/onnx/mlp.onnx', ...build, '-o', 'm.om']);
  await place.call(['patch', 'm.om', '--weights', 'examples/onnx/new.safetensors', '-o', 'new.om']);
  const { result, warnings } = await succeed(place, ['extract', 'new.om', '--graph', 'infer', '-o', 'new.onnx']);
  expect(result).toMatchObject({ form: 'onnx', graph: { role: 'infer' }, files: [{ path: 'new.onnx' }] });
  expect(warnings).toEqual([]);
  await succeed(place, ['extract', 'new.om', '--as', 'onnx', '-o', 'any name']);
  expect(readFileSync(place.path('any name')).equals(readFileSync(place.path('new.onnx')))).toBe(true);
  await place.call(['build', 'new.onnx', ...build, '-o', 'again.om']);
  const run = async (bundle: string) => {
    const ran = await place.call(['run', bundle, '--input', 'x=@examples/onnx/x.npy', '-o', 'out', '--outfmt', 'bin', '--force']);
    expect(ran.status).toBe(0);
    return readFileSync(place.path('out', readdirSync(place.path('out'))[0] as string)).toString('hex');
  };
  const outputs = [await run('m.om'), await run('new.om'), await run('again.om')];
  expect(outputs[0]).not.toBe(outputs[1]);
  expect(outputs[2]).toBe(outputs[1]);
});

test('a graph of GE comes out as the ONNX model that the host runs in its place, and a warning says so', async () => {
  const place = new Workplace();
  await fc.assert(
    fc.asyncProperty(nets, async (net) => {
      const names = net.weights.flatMap(({ name }) => ['--const', name]);
      const force = ['--force', '--quiet'];
      await place.call(['build', writeNet(net, place.folder, 'n.json'), ...names, '-o', 'a.om', ...force]);
      const { warnings } = await succeed(place, ['extract', 'a.om', '--graph', 'infer', '-o', 'a.onnx', '--force']);
      expect(warnings).toMatchObject([{ code: 'GRAPH_LOWERED', fix: expect.stringContaining('--as air') }]);
      expect((await place.call(['build', 'a.onnx', ...names, '-o', 'b.om', ...force])).status).toBe(0);
      const [a, b] = [await inspected(place, 'a.om'), await inspected(place, 'b.om')];
      expect(b).toEqual(a);
      const outputs: string[] = [];
      for (const bundle of ['a.om', 'b.om']) {
        await place.call(['run', bundle, '--input', 'x=rand:5', '-o', 'out', '--outfmt', 'safetensors', ...force]);
        outputs.push(readFileSync(place.path('out', 'outputs.safetensors')).toString('hex'));
      }
      expect(outputs[1]).toBe(outputs[0]);
      for (const name of ['a', 'b']) await succeed(place, ['extract', `${name}.om`, '--weights', '-o', `${name}.safetensors`, '--force']);
      expect(tensors(place.path('b.safetensors'))).toEqual(tensors(place.path('a.safetensors')));
    }),
    { numRuns: 4 },
  );
});

/** Inputs, outputs and weights of a bundle, without what only a compiler's graph has. */
async function inspected(place: Workplace, path: string): Promise<unknown> {
  const { result } = JSON.parse((await place.call(['inspect', path, '--json'])).stdout);
  const [infer] = result.submodels;
  const plain = ({ name, dtype, shape }: { name: string; dtype: string; shape: number[] }) => ({ name, dtype, shape });
  return { inputs: infer.inputs.map(plain), outputs: infer.outputs.map(plain), weights: result.weights.map(plain) };
}

test('bfloat16 goes into npy as float32, and the result says so', async () => {
  const place = new Workplace();
  const graph = {
    inputs: [{ name: 'x', dtype: 'bfloat16', shape: [2] }],
    consts: [{ name: 'w', dtype: 'bfloat16', shape: [2], data: [1.5, -2] }],
    nodes: [{ name: 'y', type: 'Mul', inputs: ['x', 'w'] }],
    outputs: ['y'],
  };
  writeFileSync(place.path('g.json'), JSON.stringify(graph));
  await place.call(['build', 'g.json', '--consts', 'w', '-o', 'b.om']);
  expect((await succeed(place, ['extract', 'b.om', '--weights', '-o', 'w'])).result.weights).toMatchObject([
    { dtype: 'bfloat16', writtenDtype: 'float32', bytes: 8, path: 'w/w.npy' },
  ]);
  expect((await succeed(place, ['extract', 'b.om', '--weights', '-o', 'w.safetensors'])).result.weights).toMatchObject([
    { dtype: 'bfloat16', writtenDtype: null, bytes: 4 },
  ]);
  const { stdout } = await place.call(['extract', 'b.om', '--weights', '-o', 'w', '--force']);
  expect(stdout).toContain('bfloat16 (written as float32)');
});

/** A sum per dtype, so that every weight reaches an output; names that no file system takes as they are. */
const MIXED = {
  'layer/0:w': ['float32', [1.5, -0.1, 3e-39]],
  '100%': ['float16', [65504, 6e-8, -2]],
  权重: ['bfloat16', [1.5, -3e38, 0.1]],
  '..': ['int32', [-(2 ** 31), 7, 2 ** 31 - 1]],
  b: ['int64', [-(2n ** 63n), 1n, 2n ** 53n + 1n]],
} as const;
const MIXED_FILES = ['..', '100%25', '%E6%9D%83%E9%87%8D', 'b', 'layer%2F0%3Aw'];

function mixedGraph(): object {
  const entries = Object.entries(MIXED);
  return {
    inputs: entries.map(([, [dtype]], i) => ({ name: `x${i}`, dtype, shape: [3] })),
    consts: entries.map(([name, [dtype]]) => ({ name, dtype, shape: [3], data: { fill: 1 } })),
    nodes: entries.map(([name], i) => ({ name: `y${i}`, type: 'Add', inputs: [`x${i}`, name] })),
    outputs: entries.map((_, i) => `y${i}`),
  };
}

test('what comes out goes in again by patch and by run --update, bit for bit, whatever the dtype and the name', async () => {
  const place = new Workplace();
  writeFileSync(place.path('g.json'), JSON.stringify(mixedGraph()));
  const names = Object.keys(MIXED).flatMap((name) => ['--const', name]);
  expect((await place.call(['build', 'g.json', ...names, '-o', 'a.om'])).status).toBe(0);
  const tensorList = Object.entries(MIXED).map(([name, [type, given]]) => named(name, tensorOf(type, [3], given)));
  writeFileSync(place.path('new.safetensors'), writeSafetensors(tensorList).read());
  expect((await place.call(['patch', 'a.om', '--weights', 'new.safetensors', '-o', 'b.om'])).status).toBe(0);

  await succeed(place, ['extract', 'b.om', '--weights', '-o', 'out.safetensors']);
  expect(tensors(place.path('out.safetensors'))).toEqual(tensors(place.path('new.safetensors')));
  expect((await place.call(['patch', 'a.om', '--weights', 'out.safetensors', '-o', 'c.om'])).status).toBe(0);
  expect(readFileSync(place.path('c.om')).equals(readFileSync(place.path('b.om')))).toBe(true);
  const run = async (bundle: string, ...more: readonly string[]) => {
    const inputs = Object.keys(MIXED).flatMap((_, i) => ['--input', `x${i}=splat:0`]);
    const ran = await place.call(['run', bundle, ...inputs, ...more, '-o', 'out', '--outfmt', 'safetensors', '--force']);
    expect(ran.status).toBe(0);
    return readFileSync(place.path('out', 'outputs.safetensors'));
  };
  expect((await run('a.om', '--update', 'out.safetensors')).equals(await run('b.om'))).toBe(true);

  await succeed(place, ['extract', 'b.om', '--weights', '-o', 'folder']);
  expect(readdirSync(place.path('folder')).sort()).toEqual(MIXED_FILES.map((name) => `${name}.npy`).sort());
  const sets = readdirSync(place.path('folder')).flatMap((file) => ['--set', `${decodeURIComponent(file.slice(0, -4))}=@folder/${file}`]);
  // bfloat16 lies there as float32, which is no other value.
  const updates = sets.map((one) => (one === '--set' ? '--update' : one));
  expect((await run('a.om', ...updates, '--cast')).equals(await run('b.om'))).toBe(true);
});

test('a single weight may be a single file; several may not', async () => {
  const place = new Workplace();
  await place.call(LINEAR);
  await succeed(place, ['extract', 'linear.om', '--const', 'const_2', '-o', 'w.npy']);
  await succeed(place, ['extract', 'linear.om', '--const', 'const_2', '-o', 'w.bin']);
  const file = openTensorFile(place.path('w.npy'));
  expect(file.kind === 'npy' && bytes(file.tensor).equals(readFileSync(place.path('w.bin')))).toBe(true);
  const { error } = await document(place, ['extract', 'linear.om', '--weights', '-o', 'two.npy']);
  expect(error).toMatchObject({ code: 'USAGE', message: expect.stringContaining('there are 2') });
  expect(place.files()).toEqual(['linear.om', 'w.bin', 'w.npy']);
});

test('the graph of any network is built again and gives the same, bit for bit', async () => {
  const place = new Workplace();
  await fc.assert(
    fc.asyncProperty(nets, async (net) => {
      const names = net.weights.flatMap(({ name }) => ['--const', name]);
      const force = ['--force', '--quiet'];
      expect((await place.call(['build', writeNet(net, place.folder, 'n.json'), ...names, '-o', 'a.om', ...force])).status).toBe(0);
      const outputs: string[] = [];
      for (const graph of ['again.air', 'again.json', 'n.json']) {
        if (graph !== 'n.json') await succeed(place, ['extract', 'a.om', '--graph', 'infer', '-o', graph, '--force']);
        expect((await place.call(['build', graph, ...names, '-o', 'b.om', ...force])).status).toBe(0);
        await place.call(['run', 'b.om', '--input', 'x=rand:5', '-o', 'out', '--outfmt', 'safetensors', ...force]);
        outputs.push(readFileSync(place.path('out', 'outputs.safetensors')).toString('hex'));
      }
      expect(new Set(outputs).size).toBe(1);
    }),
    { numRuns: 4 },
  );
});

test('weights too large for a graph file lie beside it, under names that file systems take', async () => {
  const place = new Workplace();
  writeFileSync(place.path('g.json'), JSON.stringify(mixedGraph()));
  await place.call(['build', 'g.json', ...Object.keys(MIXED).flatMap((name) => ['--const', name]), '-o', 'a.om']);
  const bundle = readBundle(openFile(place.path('a.om')), 'a.om');
  const { files } = graphFiles(bundle, findSubmodel(bundle, 'infer') as Submodel, 'air', place.path('big.air'), 1);
  expect(files.map(({ path }) => basename(path)).sort()).toEqual(['big.air', ...MIXED_FILES.map((name) => `big.${name}.bin`)].sort());
  for (const file of files) writeFileSync(file.path, file.bytes.read());
  expect(consts(readAir(place.path('big.air')))).toEqual(consts(graphOfModel(bundle, findSubmodel(bundle, 'infer') as Submodel).graph));
});

test('what does not work says why and leaves nothing', async () => {
  const place = new Workplace();
  await place.call(LINEAR);
  await place.call(['build', 'examples/linear/graph.json', '--consts', 'const_1', '--no-init', '-o', 'bare.om']);
  writeFileSync(place.path('there.om'), 'x');
  const rows: readonly [args: string[], code: string, exitCode: number][] = [
    [['extract', 'linear.om', '-o', 'a'], 'USAGE', 2],
    [['extract', 'linear.om', '--weights'], 'USAGE', 2],
    [['extract', 'linear.om', '--weights', '--graph', 'infer', '-o', 'a.om'], 'USAGE', 2],
    [['extract', 'linear.om', '--graph', 'infer', '-o', 'a'], 'USAGE', 2],
    [['extract', 'linear.om', '--as', 'graph-json', '-o', 'a.safetensors'], 'USAGE', 2],
    [['extract', 'linear.om', '--const', 'const_3', '-o', 'a.npz'], 'WEIGHT_UNKNOWN', 4],
    [['extract', 'linear.om', '--exclude', 'rank>=0', '-o', 'a.npz'], 'CONST_NOT_FOUND', 4],
    [['extract', 'linear.om', '--select', 'op=MatMul', '-o', 'a.npz'], 'USAGE', 2],
    [['extract', 'linear.om', '--graph', 'init', '-o', 'a.json'], 'GRAPH_INVALID', 4],
    [['extract', 'linear.om', '--graph', 'init', '-o', 'a.onnx'], 'USAGE', 2],
    [['extract', 'linear.om', '--graph', 'update', '--as', 'onnx', '-o', 'a'], 'USAGE', 2],
    [['extract', 'linear.om', '--graph', 'infer', '-o', 'there.om'], 'FILE_EXISTS', 7],
    [['extract', 'bare.om', '--weights', '-o', 'a.npz'], 'INIT_MISSING', 4],
    [['extract', 'bare.om', '--graph', 'init', '-o', 'a.om'], 'INPUT_UNKNOWN', 4],
    [['extract', 'examples/linear/x.npy', '--weights', '-o', 'a.npz'], 'FILE_KIND', 4],
  ];
  for (const [args, code, exitCode] of rows) {
    expect([args, await document(place, args)]).toMatchObject([args, { exitCode, error: { code, fix: expect.any(String) } }]);
  }
  // Without initial values the weights of a graph stay Variables.
  expect((await succeed(place, ['extract', 'bare.om', '--as', 'air', '-o', 'bare.air'])).warnings).toMatchObject([
    { code: 'VARIABLES_LEFT' },
  ]);
  expect(place.files()).toEqual(['bare.air', 'bare.om', 'linear.om', 'there.om']);
});

test.skipIf(!hasCorpus).each(['linear', 'half', 'lora_zero', 'nz', 'scalar'])(
  '%s, compiled by GE: its weights are those of the graph it was compiled from',
  async (name) => {
    const place = new Workplace();
    await succeed(place, ['extract', corpus('ge-bundles', `${name}.om`), '--weights', '-o', 'w.safetensors']);
    const given = consts(readAir(corpus('ge-bundles', `${name}.air`)));
    const found = tensors(place.path('w.safetensors'));
    expect(Object.keys(found)).toHaveLength(2);
    expect(given).toMatchObject(found);
  },
);

test.skipIf(!hasCorpus).each(['linear', 'half', 'lora_zero'])(
  '%s, compiled by GE: its graph comes out, and runs on the host as the graph it was compiled from',
  async (name) => {
    const place = new Workplace();
    const original = corpus('ge-bundles', `${name}.air`);
    const names = Object.keys(consts(readAir(original)))
      .slice(0, 1)
      .join();
    const outputs: Buffer[] = [];
    for (const path of ['g.air', 'g.json'])
      await succeed(place, ['extract', corpus('ge-bundles', `${name}.om`), '--graph', 'infer', '-o', path]);
    for (const graph of [original, 'g.air', 'g.json']) {
      const built = await place.call(['build', graph, '--consts', names, '-o', 'b.om', '--backend', 'host', '--force']);
      expect(built.status).toBe(0);
      const ran = await place.call(['run', 'b.om', '--input', 'rand:3', '-o', 'out', '--outfmt', 'bin', '--force']);
      expect(ran.status).toBe(0);
      outputs.push(
        readFileSync(
          place.path(
            'out',
            place
              .files()
              .find((path) => path.startsWith('out/'))
              ?.slice(4) ?? '',
          ),
        ),
      );
    }
    const [first, ...others] = outputs as [Buffer, ...Buffer[]];
    expect(first.length).toBeGreaterThan(0);
    expect(others.map((one) => one.equals(first))).toEqual([true, true]);
    expect(consts(readAir(place.path('g.air')))).toMatchObject(consts(readAir(original)));
  },
);

test.skipIf(!hasCorpus)('a bundle that GE compiled has no ONNX model, and the error says what it has', async () => {
  const place = new Workplace();
  const { error } = await document(place, ['extract', corpus('ge-bundles', 'linear.om'), '--as', 'onnx', '-o', 'g.onnx']);
  expect(error).toMatchObject({
    code: 'GRAPH_INVALID',
    message: expect.stringContaining('compiled by GE'),
    fix: expect.stringContaining('--as air'),
  });
  expect(place.files()).toEqual([]);
});

test.skipIf(!hasCorpus)('weights that were compiled to another layout stay Variables in the graph', async () => {
  const place = new Workplace();
  const { warnings } = await succeed(place, ['extract', corpus('ge-bundles', 'nz.om'), '--as', 'air', '-o', 'g.air']);
  expect(warnings).toMatchObject([{ code: 'VARIABLES_LEFT', message: expect.stringContaining('"const1", "const2"') }]);
  expect(readAir(place.path('g.air')).nodes.filter(({ type }) => type === 'Variable')).toHaveLength(2);
});
