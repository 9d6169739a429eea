// The graph file that GE gets: which weights are inside, which beside it. The limits are those of cann-api §10.
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { graphFiles, writeGraphFiles } from '../../src/backends/ascend/ge/graph-file.js';
import { restoreParsedGraph } from '../../src/backends/ascend/ge/parsed-graph.js';
import { memoryBytes, zeroBytes } from '../../src/base/bytes.js';
import { openFile } from '../../src/base/open-file.js';
import { decode } from '../../src/base/protobuf/index.js';
import { readAir } from '../../src/formats/air.js';
import { modelDefFromGraph } from '../../src/formats/encodings/ge-graph-write.js';
import { type AttrDef, ModelDef, type OpDef } from '../../src/formats/encodings/ge-model.js';
import { dtype } from '../../src/graph/dtype.js';
import { constValue, findNode } from '../../src/graph/graph.js';
import { caught } from '../support/caught.js';
import { testFolder } from '../support/folder.js';
import { constant, data, float32s, graph, node } from '../support/graphs.js';

const folder = testFolder();

const net = (sizes: Readonly<Record<string, number>>) =>
  modelDefFromGraph(
    graph(
      [
        data('x', 'float32', [1]),
        ...Object.entries(sizes).map(([name, count]) =>
          constant(name, { dtype: dtype('float32'), shape: [count], data: zeroBytes(count * 4) }),
        ),
        node('add', 'Add', { x1: 'x:0', x2: `${Object.keys(sizes)[0]}:0` }),
      ],
      ['add:0'],
    ),
  );

const LARGE = 64 << 10;

test('below 1 GiB in total everything is inside', () => {
  expect(graphFiles(net({ a: 1 << 26, b: (1 << 26) - 1, c: (1 << 27) - 1 })).weights.size).toBe(0);
});

test('from 1 GiB on each weight has a file of its own; what is small stays inside', () => {
  const { graph: bytes, weights } = graphFiles(net({ a: 1 << 27, b: 4, c: 1 << 27, d: 4096 }));
  expect([...weights].map(([path, one]) => [path, one.bytes.length])).toEqual([
    ['weights/0', 1 << 29],
    ['weights/1', 1 << 29],
  ]);
  const model = decode(ModelDef, bytes);
  const attrs = (name: string) => model.graph?.[0]?.op?.find((op) => op.name === name)?.attr;
  expect([attrs('a')?.get('location')?.s, attrs('a')?.get('length')?.i, attrs('a')?.get('value')?.t?.data]).toEqual([
    'weights/0',
    1 << 29,
    undefined,
  ]);
  expect([attrs('b')?.has('location'), attrs('b')?.get('value')?.t?.data?.length]).toEqual([false, 16]);
});

test('small ones go out too where they alone are too much', () => {
  expect(graphFiles(net({ a: LARGE, b: 100, c: 100 }), { inlineBytes: 500 }).weights.size).toBe(3);
});

test('a file that GE cannot load is refused', () => {
  const error = caught(() => graphFiles(net({ a: 100 }), { mostBytes: 300 }));
  expect(error.code).toBe('GRAPH_INVALID');
  expect(error.fix).toBeTruthy();
});

test('the limit is just below 2^31: 2,147,483,638 bytes pass', () => {
  const bare = graphFiles(net({ a: 1 })).graph.length;
  const whole = (total: number) => {
    // The lengths in front of the data grow with it: 4 more bytes in each of five places.
    let count = Math.floor((total - bare) / 4);
    while (graphFiles(net({ a: count }), { inlineBytes: 2 ** 40, mostBytes: 2 ** 40 }).graph.length > total) count--;
    return count;
  };
  const count = whole(2_147_483_638);
  expect(graphFiles(net({ a: count }), { inlineBytes: 2 ** 40 }).graph.length).toBeGreaterThan(2_147_483_630);
  expect(caught(() => graphFiles(net({ a: count + 1 }), { inlineBytes: 2 ** 40 })).code).toBe('GRAPH_INVALID');
});

test('what is written reads back, with the bytes from their files', async () => {
  const model = modelDefFromGraph(graph([constant('a', float32s([1, 2, 3])), constant('b', float32s([4, 5]))], ['a:0']));
  const path = folder.path('g.air');
  await writeGraphFiles(path, model, { inlineBytes: 1 });
  const read = readAir(path);
  const bytesOf = (name: string) => constValue(findNode(read, name) as NonNullable<ReturnType<typeof findNode>>)?.data.read();
  expect(Buffer.from(bytesOf('a') ?? [])).toEqual(Buffer.from(Float32Array.from([1, 2, 3]).buffer));
  expect(Buffer.from(bytesOf('b') ?? [])).toEqual(Buffer.from(Float32Array.from([4, 5]).buffer));
  expect(readFileSync(folder.path('g.air.weights/1'))).toEqual(Buffer.from(Float32Array.from([4, 5]).buffer));
});

/** As GE's parser leaves an initializer in external data. */
const fileConstant = (name: string, location: string, place: { readonly offset?: number; readonly length?: number }): OpDef => ({
  name,
  type: 'FileConstant',
  attr: new Map<string, AttrDef>([
    ['location', { s: location }],
    ['shape', { list: { i: [2], valType: 2 } }],
    ['dtype', { dt: 0 }],
    ['_ir_attr_names', { list: { s: ['shape', 'dtype'] } }],
    ...Object.entries(place).map(([key, i]) => [key, { i }] as const),
  ]),
  outputDesc: [{}],
});

const VALUES = Float32Array.from([1, 2, 3, 4]);
const weight = (name: string) => ({ name, dtype: 'float32', shape: [2] });

test('a FileConstant that becomes a weight is a Const again: its slice in a file of its own, or a link to a whole file', async () => {
  const all = folder.write('all.bin', new Uint8Array(VALUES.buffer));
  const whole = folder.write('whole.bin', new Uint8Array(VALUES.buffer, 8));
  const op = [
    fileConstant('a_Initializer_0', all, { offset: 4, length: 8 }),
    fileConstant('b_Initializer_1', whole, {}),
    fileConstant('c_Initializer_2', all, {}),
    { name: 'add', type: 'Add', input: ['a_Initializer_0:0', 'b_Initializer_1:0', 'c_Initializer_2:-1'], srcName: ['a_Initializer_0'] },
  ];
  const parsed: ModelDef = { graph: [{ name: 'g', op, output: ['a_Initializer_0:0'] }] };
  const { model, outside } = restoreParsedGraph(parsed, { initializers: ['a', 'b', 'c'], weights: [weight('a'), weight('b')] });
  const [a, b, c, add] = model.graph?.[0]?.op ?? [];
  expect([a?.type, b?.type, c?.type]).toEqual(['Const', 'Const', 'FileConstant']);
  expect([a?.name, b?.name, c?.name]).toEqual(['a', 'b', 'c']);
  expect([add?.input, add?.srcName, model.graph?.[0]?.output]).toEqual([['a:0', 'b:0', 'c:-1'], ['a'], ['a:0']]);
  expect([a?.attr?.has('_ir_attr_names'), a?.attr?.get('value')?.t?.desc]).toEqual([
    false,
    expect.objectContaining({ dtype: 1, shape: { dim: [2] }, layout: 'ND' }),
  ]);
  expect(c?.attr?.get('location')?.s).toBe(all);
  const path = folder.path('r.air');
  await writeGraphFiles(path, model, { outside, inlineBytes: 1 });
  expect(readFileSync(folder.path('r.air.weights/0'))).toEqual(Buffer.from(Float32Array.from([2, 3]).buffer));
  expect(lstatSync(folder.path('r.air.weights/1')).isSymbolicLink()).toBe(true);
  expect(readFileSync(folder.path('r.air.weights/1'))).toEqual(Buffer.from(Float32Array.from([3, 4]).buffer));
  const [placed] = decode(ModelDef, openFile(path)).graph?.[0]?.op ?? [];
  expect([placed?.attr?.get('location')?.s, placed?.attr?.get('length')?.i, placed?.attr?.has('offset')]).toEqual([
    'r.air.weights/0',
    8,
    false,
  ]);
});

const named = (name: string, type = 'Const', input?: string[]): OpDef => ({ name, type, ...(input === undefined ? {} : { input }) });
const restored = (op: OpDef[], initializers: readonly string[]) =>
  restoreParsedGraph({ graph: [{ op }] }, { initializers, weights: [] }).model.graph?.[0]?.op?.map(({ name, input }) =>
    [name, ...(input ?? [])].join(' '),
  );

test('names of initializers that look like those of GE are all taken back at once', () => {
  expect(
    restored(
      [
        named('a_Initializer_0'),
        named('a_Initializer_0_Initializer_1'),
        named('m', 'Add', ['a_Initializer_0:0', 'a_Initializer_0_Initializer_1:0']),
      ],
      ['a', 'a_Initializer_0'],
    ),
  ).toEqual(['a', 'a_Initializer_0', 'm a:0 a_Initializer_0:0']);
});

test('a node that is called as an initializer gives way', () => {
  expect(restored([named('w_Initializer_0'), named('w', 'Relu', ['w_Initializer_0:0']), named('w_1', 'Neg', ['w:0'])], ['w'])).toEqual([
    'w',
    'w_2 w:0',
    'w_1 w_2:0',
  ]);
});

test('names of older parsers are known: X, X_<i>', () => {
  expect(restored([named('a'), named('b_1'), named('b_10')], ['a', 'b'])).toEqual(['a', 'b', 'b_10']);
});

test('a weight of which the parser made no Const is named', () => {
  const error = caught(() =>
    restoreParsedGraph({ graph: [{ op: [named('y', 'Relu')] }] }, { initializers: ['w'], weights: [weight('w')] }),
  );
  expect([error.code, error.at]).toEqual(['CONST_NOT_FOUND', 'w']);
});

test('external data that is shorter than a weight is told with both sizes', () => {
  const path = folder.path('short.bin');
  writeFileSync(path, memoryBytes(new Uint8Array(6)).read());
  const op = [fileConstant('w_Initializer_0', path, {})];
  const error = caught(() => restoreParsedGraph({ graph: [{ op }] }, { initializers: ['w'], weights: [weight('w')] }));
  expect([error.code, error.message]).toEqual(['FILE_TRUNCATED', expect.stringMatching(/8 bytes.*has 6/)]);
});
