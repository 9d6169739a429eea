// diff, as a user calls it: what it says of bundles of both backends, models, graphs and files of weights, and how it ends.
import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DiffResult } from '../../src/commands/diff.js';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import { type ResultDocument, Workplace } from '../support/cli.js';
import { corpus, hasCorpus } from '../support/corpus.js';
import { nets, tensorsOf, wholeUpdatesOf, writeNet } from '../support/random-nets.js';
import { named, tensorOf } from '../support/tensors.js';

const GRAPH = 'examples/linear/graph.json';

async function linear(place: Workplace, ...names: readonly string[]): Promise<void> {
  const done = await place.call(['build', GRAPH, '--consts', 'const_1,const_2', '-o', 'linear.om']);
  expect(done.status).toBe(0);
  for (const name of names) {
    expect((await place.call(['patch', 'linear.om', '--set', 'const_2=1,2,3.5,4', '-o', name])).status).toBe(0);
  }
}

async function diff(place: Workplace, ...args: readonly string[]): Promise<ResultDocument<DiffResult>> {
  const { stdout, status } = await place.call(['diff', ...args, '--json']);
  const document = JSON.parse(stdout) as ResultDocument<DiffResult>;
  expect(status).toBe(document.exitCode);
  return document;
}

const statuses = ({ result }: ResultDocument<DiffResult>): Record<string, string> =>
  Object.fromEntries((result.weights ?? []).map(({ name, status }) => [name, status]));

test('a bundle and its copy: nothing differs, and the exit code says so', async () => {
  const place = new Workplace();
  await linear(place);
  writeFileSync(place.path('copy.om'), readFileSync(place.path('linear.om')));
  const { exitCode, error, result } = await diff(place, 'linear.om', 'copy.om');
  expect([exitCode, error]).toEqual([0, null]);
  expect(result).toMatchObject({ differs: false, options: [], io: [], graph: { differences: [] } });
  expect(result.partitions?.every(({ equal }) => equal)).toBe(true);
  expect(result.weights).toMatchObject([
    { name: 'const_1', status: 'equal', sameUpdate: true, metrics: null },
    { name: 'const_2', status: 'equal', sameUpdate: true, metrics: null },
  ]);
});

test('one weight differs: by how much, and where; tolerances decide whether that counts', async () => {
  const place = new Workplace();
  await linear(place, 'new.om');
  // const_2 of the example is [0.5, -1, 0.25, 0].
  const { data } = JSON.parse(readFileSync(place.path(GRAPH), 'utf8')).consts[1] as { data: number[] };
  const next = [1, 2, 3.5, 4];
  const abs = data.map((value, i) => Math.abs((next[i] as number) - value));
  const rel = abs.map((value, i) => value / Math.abs(data[i] as number)).filter((_, i) => data[i] !== 0);
  const place4 = abs.indexOf(Math.max(...abs));
  const { exitCode, error, result } = await diff(place, 'linear.om', 'new.om');
  expect(exitCode).toBe(3);
  expect(error).toMatchObject({ code: 'CHECK_FAILED', message: 'linear.om and new.om differ: 1 weight.' });
  expect(result.weights).toMatchObject([
    { name: 'const_1', status: 'equal' },
    {
      name: 'const_2',
      status: 'different',
      metrics: {
        elements: 4,
        different: 4,
        beyond: 4,
        maxAbs: Math.max(...abs),
        maxRel: Math.max(...rel),
        worst: { index: [place4], a: data[place4], b: next[place4] },
      },
    },
  ]);
  // Only the bytes of the weights differ, and they count as weights.
  expect(result.partitions?.filter(({ equal }) => !equal)).toMatchObject([{ model: 'init', name: 'WEIGHTS_DATA', counts: false }]);

  const most = Math.max(...abs);
  expect((await diff(place, 'linear.om', 'new.om', '--atol', String(most))).exitCode).toBe(0);
  expect((await diff(place, 'linear.om', 'new.om', '--atol', String(most * 0.99))).exitCode).toBe(3);
  expect((await diff(place, 'linear.om', 'new.om', '--atol', `const_2:${most}`)).exitCode).toBe(0);
  expect((await diff(place, 'linear.om', 'new.om', '--atol', `const_1:${most}`)).exitCode).toBe(3);
  const within = await diff(place, 'linear.om', 'new.om', '--rtol', '1e9', '--atol', '4');
  expect(statuses(within)).toEqual({ const_1: 'equal', const_2: 'within' });
});

test('the text has the worst first, and no more than it needs', async () => {
  const place = new Workplace();
  await linear(place, 'new.om');
  await place.call(['patch', 'new.om', '--set', 'const_1=splat:100', '--in-place']);
  const { stdout, stderr, status } = await place.call(['diff', 'linear.om', 'new.om']);
  expect(status).toBe(3);
  expect(stderr).toContain('linear.om and new.om differ: 2 weights.');
  expect(stdout).toContain('same build, same interface, same graph (5 nodes), 2 of 2 weights differ');
  const [first, second] = stdout.split('\n').filter((line) => /^ {2}const_/.test(line));
  expect(first).toMatch(/^ {2}const_1 +float32 +\[3, 4\] +100 .* 12 of 12 +\[\d, \d\]: \S+ → 100$/);
  expect(second).toMatch(/^ {2}const_2 +float32 +\[4\]/);
  expect(stdout).not.toContain('partition');
  const equal = await place.call(['diff', 'linear.om', 'linear.om']);
  expect(equal.stdout.trimEnd().split('\n')).toHaveLength(3);
  expect(equal.stdout).toContain('no differences: same build, same interface, same graph (5 nodes), same values of 2 weights');
});

test('what is updatable, and in which order, counts; between other files it is not asked', async () => {
  const place = new Workplace();
  await linear(place);
  await place.call(['build', GRAPH, '--consts', 'const_2', '-o', 'one.om']);
  const { result, exitCode } = await diff(place, 'linear.om', 'one.om');
  expect(exitCode).toBe(3);
  expect(result.graph?.differences).toEqual([]);
  expect(result.weights).toMatchObject([
    { name: 'const_1', status: 'equal', sameUpdate: false, a: { updateIndex: 0 }, b: { updateIndex: null } },
    { name: 'const_2', status: 'equal', sameUpdate: false, a: { updateIndex: 1 }, b: { updateIndex: 0 } },
  ]);
  const source = await diff(place, GRAPH, 'one.om');
  expect(source).toMatchObject({ exitCode: 0, result: { options: null, partitions: null, io: [], graph: { differences: [] } } });
  expect(source.result.weights).toMatchObject([{ sameUpdate: null }, { sameUpdate: null }]);
});

test('another graph: the node, the edge and the attribute are named', async () => {
  const place = new Workplace();
  const graph = JSON.parse(readFileSync(place.path('examples/convnet/graph.json'), 'utf8'));
  await place.call(['build', 'examples/convnet/graph.json', '--consts', 'fc_b', '-o', 'a.om']);
  const relu = graph.nodes.find(({ type }: { type: string }) => type === 'Relu');
  relu.type = 'Tanh';
  writeFileSync(place.path('g.json'), JSON.stringify(graph).replace('"pads":[', '"pads":['));
  await place.call(['build', 'g.json', '--consts', 'fc_b', '-o', 'b.om']);
  const { result, exitCode } = await diff(place, 'a.om', 'b.om');
  expect(exitCode).toBe(3);
  expect(result.graph?.differences).toEqual([{ aspect: 'type', subgraph: null, node: relu.name, part: null, a: 'Relu', b: 'Tanh' }]);
  expect(result.partitions?.filter(({ equal }) => !equal).map(({ model, name }) => `${model} ${name}`)).toEqual([
    'infer MODEL_DEF',
    'infer TBE_KERNELS',
  ]);
});

test('inputs of another shape, another form of the update graph, a bundle without init', async () => {
  const place = new Workplace();
  await linear(place);
  const graph = JSON.parse(readFileSync(place.path(GRAPH), 'utf8'));
  graph.inputs[0].shape = [5, 3];
  writeFileSync(place.path('g.json'), JSON.stringify(graph));
  await place.call(['build', 'g.json', '--consts', 'const_1,const_2', '--update-graph', 'static', '--no-init', '-o', 'b.om']);
  const { result } = await diff(place, 'linear.om', 'b.om');
  expect(result.io).toMatchObject([
    { side: 'input', index: 0, a: { name: 'x', shape: [2, 3] }, b: { name: 'x', shape: [5, 3] } },
    { side: 'output', index: 0, a: { shape: [2, 4] }, b: { shape: [5, 4] } },
  ]);
  expect(result.options).toEqual([
    { name: 'graphs', a: 'infer, init, update', b: 'infer, update' },
    { name: 'update graph', a: 'ge', b: 'static' },
  ]);
  expect(result.weights).toMatchObject([
    { status: 'unknown', notes: ['the bundle has no init graph'] },
    { status: 'unknown', notes: ['the bundle has no init graph'] },
  ]);
  const { stdout } = await place.call(['diff', 'linear.om', 'b.om']);
  for (const text of [
    'build options',
    'another interface',
    'x float32 [2, 3]',
    'x float32 [5, 3]',
    'not known; the bundle has no init graph',
  ])
    expect(stdout).toContain(text);
  expect((await diff(place, 'linear.om', 'b.om', '--only', 'weights', '--select', 'name=const_1')).result).toMatchObject({
    options: null,
    io: null,
    graph: null,
    partitions: null,
    weights: [{ name: 'const_1' }],
  });
});

test('small constants that are not weights differ as weights do, although they lie in the executable', async () => {
  const place = new Workplace();
  const graph = (value: number) => ({
    inputs: [{ name: 'x', dtype: 'float32', shape: [2] }],
    consts: [
      { name: 'w', dtype: 'float32', shape: [2], data: [1, 2] },
      { name: 'c', dtype: 'float32', shape: [2], data: [value, 0] },
    ],
    nodes: [
      { name: 's', type: 'Mul', inputs: ['x', 'w'] },
      { name: 'y', type: 'Add', inputs: ['s', 'c'] },
    ],
    outputs: ['y'],
  });
  for (const [name, value] of [
    ['a', 1],
    ['b', 1.25],
  ] as const) {
    writeFileSync(place.path(`${name}.json`), JSON.stringify(graph(value)));
    await place.call(['build', `${name}.json`, '--consts', 'w', '-o', `${name}.om`]);
  }
  expect(statuses(await diff(place, 'a.om', 'b.om'))).toEqual({ w: 'equal', c: 'different' });
  expect((await diff(place, 'a.om', 'b.om', '--atol', '0.25')).exitCode).toBe(0);
  expect((await diff(place, 'a.om', 'b.om', '--only', 'partitions')).exitCode).toBe(3);
});

test('files of weights, on either side; names and dtypes that do not meet', async () => {
  const place = new Workplace();
  await linear(place);
  const tensors = [
    named(
      'const_1',
      tensorOf(
        'float16',
        [3, 4],
        Array.from({ length: 12 }, () => 0),
      ),
    ),
    named('extra', tensorOf('int32', [1], [3])),
  ];
  writeFileSync(place.path('w.safetensors'), writeSafetensors(tensors).read());
  const there = await diff(place, 'linear.om', 'w.safetensors');
  expect(statuses(there)).toEqual({ const_1: 'mismatch', const_2: 'only-a', extra: 'only-b' });
  expect(there).toMatchObject({ exitCode: 3, result: { options: null, io: null, graph: null, partitions: null } });
  expect(statuses(await diff(place, 'w.safetensors', 'linear.om'))).toEqual({ const_1: 'mismatch', const_2: 'only-b', extra: 'only-a' });
  await place.call(['extract', 'linear.om', '--weights', '-o', 'own.npz']);
  expect((await diff(place, 'linear.om', 'own.npz')).exitCode).toBe(0);
});

test('an ordinary model and the bundle that it came from', async () => {
  const place = new Workplace();
  await linear(place);
  await place.call(['extract', 'linear.om', '--graph', 'infer', '-o', 'infer.om']);
  await place.call(['extract', 'linear.om', '--graph', 'init', '-o', 'init.om']);
  expect(await diff(place, 'infer.om', 'infer.om')).toMatchObject({
    exitCode: 0,
    result: { partitions: [{ model: 'model', name: 'header' }, {}, {}, {}, {}] },
  });
  expect((await diff(place, 'init.om', 'linear.om', '--only', 'weights')).exitCode).toBe(0);
  const { result } = await diff(place, 'infer.om', 'init.om');
  expect(result.options).toEqual([{ name: 'name', a: 'var_infer_graph', b: 'var_init_graph' }]);
});

test('a byte in the header of a model differs: nothing else does, and it counts', async () => {
  const place = new Workplace();
  await linear(place);
  const bytes = readFileSync(place.path('linear.om'));
  // platform_version, in the header of the first model.
  const at = bytes.indexOf('IMOD') + 160;
  bytes[at] = (bytes[at] as number) + 1;
  writeFileSync(place.path('other.om'), bytes);
  const { exitCode, result } = await diff(place, 'linear.om', 'other.om', '--ignore', 'options');
  expect(exitCode).toBe(3);
  expect(result.partitions?.filter(({ equal }) => !equal)).toMatchObject([{ model: 'infer', name: 'header', counts: true }]);
});

test('what does not work says why', async () => {
  const place = new Workplace();
  await linear(place);
  writeFileSync(place.path('text.txt'), 'no such thing');
  writeFileSync(place.path('cut.om'), readFileSync(place.path('linear.om')).subarray(0, 3000));
  const rows: readonly [args: string[], code: string, exitCode: number][] = [
    [['linear.om'], 'USAGE', 2],
    [['linear.om', 'nothing.om'], 'FILE_NOT_FOUND', 7],
    [['text.txt', 'linear.om'], 'FILE_KIND', 4],
    [['linear.om', 'cut.om'], 'FILE_TRUNCATED', 4],
    [['linear.om', 'linear.om', '--select', 'op=MatMul'], 'USAGE', 2],
    [['linear.om', 'linear.om', '--select', 'name=nothing'], 'CONST_NOT_FOUND', 4],
    [['linear.om', 'linear.om', '--atol', 'const_3:1'], 'VALUE_SYNTAX', 2],
    [['linear.om', 'linear.om', '--atol', '-1'], 'VALUE_SYNTAX', 2],
    [['linear.om', 'linear.om', '--only', 'nothing'], 'USAGE', 2],
    [['linear.om', 'examples/linear/new.safetensors', '--ignore', 'weights'], 'USAGE', 2],
  ];
  for (const [args, code, exitCode] of rows) {
    expect([args, await diff(place, ...args)]).toMatchObject([args, { exitCode, error: { code, fix: expect.any(String) } }]);
  }
});

test('of any network: its weights differ exactly where they were given other values', async () => {
  const place = new Workplace();
  await fc.assert(
    fc.asyncProperty(
      nets.chain((net) => fc.tuple(fc.constant(net), wholeUpdatesOf(net), fc.subarray([...net.weights], { minLength: 1 }))),
      async ([net, seeds, some]) => {
        const chosen = new Map(some.map(({ name }) => [name, seeds.get(name) as number]));
        const names = net.weights.flatMap(({ name }) => ['--const', name]);
        await place.call(['build', writeNet(net, place.folder, 'a.json'), ...names, '-o', 'a.om', '--force']);
        await place.call(['build', writeNet(net, place.folder, 'b.json', chosen), ...names, '-o', 'b.om', '--force']);
        writeFileSync(
          place.path('new.safetensors'),
          writeSafetensors([...tensorsOf(net, chosen)].map(([name, tensor]) => named(name, tensor))).read(),
        );
        const found = await diff(place, 'a.om', 'b.om');
        expect(found.result).toMatchObject({ options: [], io: [], graph: { differences: [] } });
        const different = Object.entries(statuses(found)).filter(([, status]) => status !== 'equal');
        expect(different).toEqual(net.weights.filter(({ name }) => chosen.has(name)).map(({ name }) => [name, 'different']));
        await place.call(['patch', 'a.om', '--weights', 'new.safetensors', '-o', 'c.om', '--force']);
        expect((await diff(place, 'b.om', 'c.om')).exitCode).toBe(0);
      },
    ),
    { numRuns: 5 },
  );
});

test.skipIf(!hasCorpus).each(['linear', 'half', 'lora_zero', 'scalar', 'nz'])(
  '%s, compiled by GE: the same as itself and, but for what the compiler did, as the graph that it was compiled from',
  async (name) => {
    const place = new Workplace();
    const bundle = corpus('ge-bundles', `${name}.om`);
    expect((await diff(place, bundle, bundle)).exitCode).toBe(0);
    const found = await diff(place, corpus('ge-bundles', `${name}.air`), bundle, '--ignore', 'graph');
    expect(found).toMatchObject({ exitCode: 0, result: { io: [] } });
    expect(new Set(Object.values(statuses(found)))).toEqual(new Set(['equal']));
  },
);

test.skipIf(!hasCorpus)('compiled by GE: one of two weights that shared their bytes has got another value', async () => {
  const place = new Workplace();
  const bundle = corpus('ge-bundles', 'lora_zero.om');
  await place.call(['patch', bundle, '--set', 'lora_b=rand:1', '-o', 'new.om']);
  const found = await diff(place, bundle, 'new.om');
  expect(statuses(found)).toMatchObject({ lora_a: 'equal', lora_b: 'different' });
  expect(found.result.partitions?.filter(({ counts }) => counts)).toEqual([]);
  expect((await diff(place, bundle, 'new.om', '--atol', '1')).exitCode).toBe(0);
});

test.skipIf(!hasCorpus)('compiled by GE in two forms: the update graph and what follows from it', async () => {
  const place = new Workplace();
  const { result } = await diff(place, corpus('ge-bundles', 'linear.om'), corpus('ge-bundles', 'linear_static.om'));
  expect(result.options).toContainEqual({ name: 'update graph', a: 'ge', b: 'static' });
  expect(result).toMatchObject({ io: [], graph: { differences: [] } });
  expect(result.partitions).toContainEqual(expect.objectContaining({ model: 'update', name: 'SO_BINS', b: null, counts: true }));
});
