import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { memoryBytes, zeroBytes } from '../../src/base/bytes.js';
import { AscendBundleError } from '../../src/base/errors.js';
import { openFile } from '../../src/base/open-file.js';
import { decode, encode } from '../../src/base/protobuf/index.js';
import { airFiles, graphFromAir, readAir, writeAir } from '../../src/formats/air.js';
import { ModelDef, type OpDef } from '../../src/formats/encodings/ge-model.js';
import { dtype } from '../../src/graph/dtype.js';
import { type Attrs, type AttrValue, constValue, findNode, type Graph, type Node } from '../../src/graph/graph.js';
import type { TensorSpec } from '../../src/graph/tensor.js';
import { corpus, hasCorpus } from '../support/corpus.js';

const folder = mkdtempSync(join(tmpdir(), 'air-'));
afterAll(() => rmSync(folder, { recursive: true }));

const spec = (...shape: number[]): TensorSpec => ({ dtype: dtype('float32'), shape, format: 'ND' });
const floats = (...values: number[]) => memoryBytes(new Uint8Array(Float32Array.from(values).buffer));

function node(
  name: string,
  type: string,
  inputs: Node['inputs'],
  descs: TensorSpec[],
  output: TensorSpec,
  attrs: Record<string, AttrValue> = {},
): Node {
  return {
    name,
    type,
    inputs,
    inputNames: inputs.length === 1 ? ['x'] : inputs.map((_, i) => `x${i + 1}`),
    inputDescs: descs,
    outputNames: ['y'],
    outputDescs: [output],
    attrs: new Map(Object.entries(attrs)) satisfies Attrs,
  };
}

/** The worked example of the format's description: Data → MatMul(Const w) → Add(Const b) → NetOutput. */
const linear: Graph = {
  name: 'g',
  dialect: 'ge',
  nodes: [
    node('x', 'Data', [null], [spec(1, 4)], spec(1, 4), { index: { kind: 'int', value: 0 } }),
    node('w', 'Const', [], [], spec(4, 2), {
      value: { kind: 'tensor', value: { ...spec(4, 2), data: floats(0, 1, 2, 3, 4, 5, 6, 7) } },
    }),
    node('mm', 'MatMul', ['x:0', 'w:0'], [spec(1, 4), spec(4, 2)], spec(1, 2), {
      transpose_x1: { kind: 'bool', value: false },
      transpose_x2: { kind: 'bool', value: false },
    }),
    node('b', 'Const', [], [], spec(2), { value: { kind: 'tensor', value: { ...spec(2), data: floats(0.5, -0.5) } } }),
    node('add', 'Add', ['mm:0', 'b:0'], [spec(1, 2), spec(2)], spec(1, 2)),
  ],
  outputs: [{ name: 'output_0_add_0', value: 'add:0' }],
  subgraphs: [],
};

test('the worked example is written byte for byte', () => {
  const bytes = writeAir(linear, { style: 'plain' }).read();
  expect(bytes.length).toBe(991);
  expect(createHash('sha256').update(bytes).digest('hex')).toBe('70afc82065e6195bc975644b10a526fb67a1e9dd3cfb15d664c6eadf9c66fdd3');
});

test.each(['plain', 'ge'] as const)('a graph written in %s style comes back as it was', (style) => {
  expect(strip(graphFromAir(writeAir(linear, { style }), 'linear.air', folder))).toEqual(strip(linear));
});

test('names of outputs survive', () => {
  const named = { ...linear, outputs: [{ name: 'logits:1', value: 'add:0' }] };
  expect(graphFromAir(writeAir(named), 'linear.air', folder).outputs).toEqual(named.outputs);
});

const attrs: Record<string, AttrValue> = {
  int: { kind: 'int', value: 2n ** 62n },
  zero: { kind: 'int', value: 0 },
  float: { kind: 'float', value: 0.5 },
  bool: { kind: 'bool', value: false },
  string: { kind: 'string', value: '' },
  bytes: { kind: 'bytes', value: memoryBytes(Uint8Array.of(1, 2)) },
  dtype: { kind: 'dtype', value: dtype('bfloat16') },
  ints: { kind: 'ints', value: [] },
  floats: { kind: 'floats', value: [1.5] },
  bools: { kind: 'bools', value: [true, false] },
  strings: { kind: 'strings', value: ['', 'b'] },
  dtypes: { kind: 'dtypes', value: [dtype('int8'), dtype('complex32')] },
  intLists: { kind: 'intLists', value: [[], [1, -1]] },
  tensor: { kind: 'tensor', value: { ...spec(0, 3), data: memoryBytes(new Uint8Array(0)) } },
};

test.each(Object.keys(attrs))('an attribute of kind %s survives', (name) => {
  const attr = attrs[name] as AttrValue;
  const graph = { ...linear, nodes: linear.nodes.map((n) => (n.name === 'add' ? { ...n, attrs: new Map([['a', attr]]) } : n)) };
  const read = findNode(graphFromAir(writeAir(graph), 'x', folder), 'add')?.attrs.get('a');
  expect(read).toEqual(attr.kind === 'bytes' ? { kind: 'bytes', value: expect.anything() } : attr);
});

test('dtypes that ge.proto stores in an attribute survive', () => {
  for (const name of [
    'dual',
    'dual_sub_int8',
    'complex64',
    'complex128',
    'qint8',
    'quint16',
    'complex32',
    'bfloat16',
    'hifloat4',
    'undefined',
  ]) {
    const graph = {
      ...linear,
      nodes: linear.nodes.map((n) => ({ ...n, outputDescs: [{ ...spec(4), dtype: dtype(name) }], attrs: new Map() })),
    };
    expect(graphFromAir(writeAir(graph), 'x', folder).nodes.map((n) => n.outputDescs[0]?.dtype.name)).toEqual(Array(5).fill(name));
  }
});

test('an absent optional input is written as GE writes it', () => {
  const withBias: Graph = {
    ...linear,
    nodes: linear.nodes.map((n) => (n.name === 'mm' ? { ...n, inputs: [...n.inputs, null], inputNames: [...n.inputNames, 'bias'] } : n)),
  };
  const op = decode(ModelDef, writeAir(withBias)).graph?.[0]?.op?.find((candidate) => candidate.name === 'mm') as OpDef;
  expect(op.input).toEqual(['x:0', 'w:0', '']);
  expect(op.inputDesc?.[2]).toMatchObject({ shape: {}, layout: 'FORMAT_RESERVED', deviceType: 'NPU' });
  expect(op.inputDesc?.[2]?.dtype).toBeUndefined();
  expect(op.inputDesc?.[2]?.attr).toEqual(
    new Map([
      ['origin_format', { s: 'ND' }],
      ['origin_format_for_int', { i: 2 }],
      ['origin_shape_initialized', { b: false }],
      ['format_for_int', { i: 40 }],
    ]),
  );
  expect(op.attr?.get('_opt_input')).toEqual({ list: { s: ['bias'] } });
});

describe('weights in files of their own', () => {
  const place = (n: Node) => (n.name === 'w' ? 'weights/w.bin' : undefined);
  const { graph, weights } = airFiles(linear, { weightFile: place });
  mkdirSync(join(folder, 'weights'));
  const path = join(folder, 'external.air');
  writeFileSync(path, graph.read());
  for (const [name, bytes] of weights) writeFileSync(join(folder, name), bytes.read());

  test('the Const names its file and keeps no bytes', () => {
    const op = decode(ModelDef, graph).graph?.[0]?.op?.[1] as OpDef;
    expect(op.attr?.get('location')).toEqual({ s: 'weights/w.bin' });
    expect(op.attr?.get('length')).toEqual({ i: 32 });
    expect(op.attr?.get('value')?.t?.data).toBeUndefined();
  });

  test('they are read from there, and writing again puts them inside', () => {
    const read = readAir(path);
    expect(constValue(findNode(read, 'w') as Node)?.data.read()).toEqual(Buffer.from(Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7]).buffer));
    expect(Buffer.from(writeAir(read, { style: 'plain' }).read())).toEqual(Buffer.from(writeAir(linear, { style: 'plain' }).read()));
  });

  test('a Constant of a training graph goes out and comes back like a Const', () => {
    const nodes = linear.nodes.map((n) => (n.name === 'w' ? { ...n, type: 'Constant' } : n));
    const files = airFiles({ ...linear, nodes }, { weightFile: place });
    const other = join(folder, 'training.air');
    writeFileSync(other, files.graph.read());
    expect([...files.weights.keys()]).toEqual(['weights/w.bin']);
    const read = findNode(readAir(other), 'w') as Node;
    expect(read.type).toBe('Constant');
    expect(constValue(read)?.data.read()).toEqual(Buffer.from(Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7]).buffer));
  });

  const withLocation = (location: string, length = 32) => {
    const model = decode(ModelDef, graph);
    const op = model.graph?.[0]?.op?.[1] as OpDef;
    op.attr?.set('location', { s: location }).set('length', { i: length });
    const name = join(folder, 'changed.air');
    writeFileSync(name, encode(ModelDef, model).read());
    return name;
  };
  symlinkSync('/etc/hosts', join(folder, 'link'));

  test.each(['/etc/hosts', '../x', 'weights/../../x', '', 'a\0b', 'link', '..'])(
    'a path that leaves the folder is refused: %j',
    (location) => {
      expect(() => readAir(withLocation(location))).toThrow(expect.objectContaining({ code: 'PATH_ESCAPES' }));
    },
  );

  test('a file that is shorter than the Const says is refused', () => {
    expect(() => readAir(withLocation('weights/w.bin', 33))).toThrow(expect.objectContaining({ code: 'FILE_TRUNCATED' }));
    expect(() => readAir(withLocation('weights/w.bin', -1))).toThrow(expect.objectContaining({ code: 'FILE_TRUNCATED' }));
    expect(() => readAir(withLocation('weights/w.bin', 28))).toThrow(/needs 32 bytes and has 28/);
    expect(() => readAir(withLocation('weights/none'))).toThrow(expect.objectContaining({ code: 'FILE_NOT_FOUND' }));
  });

  test('two Consts in one file are refused', () => {
    expect(() => airFiles(linear, { weightFile: () => 'same' })).toThrow(/Two Consts/);
  });
});

test('a graph of 2 GiB is refused, unless its weights go out', () => {
  const big = spec(2 ** 29);
  const value = { ...big, data: zeroBytes(2 ** 31) };
  const graph: Graph = { ...linear, nodes: [node('w', 'Const', [], [], big, { value: { kind: 'tensor', value } })], outputs: [] };
  expect(() => writeAir(graph)).toThrow(/takes 2147\d+ bytes.*at most 2147483638/);
  expect(airFiles(graph, { weightFile: () => 'w.bin' }).weights.get('w.bin')?.length).toBe(2 ** 31);
});

test('an edge to nothing is refused when writing', () => {
  expect(() => writeAir({ ...linear, outputs: [{ name: 'o', value: 'nothing:0' }] })).toThrow(/output "o" takes "nothing:0"/);
  const broken = { ...linear, nodes: linear.nodes.filter((n) => n.name !== 'w') };
  expect(() => writeAir(broken)).toThrow(/node "mm" takes "w:0"/);
});

const damaged: Record<string, (op: OpDef) => void> = {
  'an edge without a colon': (op) => op.input?.splice(0, 1, 'x'),
  'an output index that is not a number': (op) => op.input?.splice(0, 1, 'x:y'),
  'a negative output index': (op) => op.input?.splice(0, 1, 'x:-2'),
  'a dimension below -2': (op) => op.inputDesc?.splice(0, 1, { shape: { dim: [-3] } }),
  'a dimension beyond 2^53': (op) => op.inputDesc?.splice(0, 1, { shape: { dim: [2n ** 60n] } }),
};
test.each(Object.keys(damaged))('%s is refused by name', (name) => {
  const model = decode(ModelDef, writeAir(linear));
  damaged[name]?.(model.graph?.[0]?.op?.[2] as OpDef);
  expect(() => graphFromAir(encode(ModelDef, model), 'x.air', folder)).toThrow(
    expect.objectContaining({ code: 'FILE_MALFORMED', at: 'mm' }),
  );
});

test('a file without a graph, and an empty one, are refused', () => {
  const path = join(folder, 'empty.air');
  writeFileSync(path, '');
  expect(() => readAir(path)).toThrow(expect.objectContaining({ code: 'FILE_EMPTY' }));
  expect(() => graphFromAir(memoryBytes(Uint8Array.of(0x0a, 1, 0x61)), 'x.air', folder)).toThrow(/no graph/);
});

const airs = hasCorpus ? readdirSync(corpus('ge-bundles')).filter((name) => name.endsWith('.air')) : [];

describe.skipIf(!hasCorpus)('graph files of the corpus', () => {
  test.each(airs)('%s decodes and encodes to the same bytes', (name) => {
    const raw = openFile(corpus('ge-bundles', name));
    expect(Buffer.compare(encode(ModelDef, decode(ModelDef, raw)).read(), raw.read())).toBe(0);
  });

  test.each(airs)('%s → graph → file → graph changes nothing', (name) => {
    const graph = readAir(corpus('ge-bundles', name));
    for (const style of ['plain', 'ge'] as const)
      expect(strip(graphFromAir(writeAir(graph, { style }), name, folder))).toEqual(strip(graph));
  });

  // What GE wrote itself must come out again, but for the NetOutput (`outputs` says it) and numbering.
  test.each(airs.filter((name) => name.split('.').length === 3 && !name.startsWith('linear_static')))(
    '%s is written as GE wrote it',
    (name) => {
      const theirs = decode(ModelDef, openFile(corpus('ge-bundles', name)));
      const ours = decode(ModelDef, writeAir(readAir(corpus('ge-bundles', name))));
      expect(ours.attr).toEqual(theirs.attr);
      expect(ours.graph?.map((graph) => [graph.name, graph.input])).toEqual(theirs.graph?.map((graph) => [graph.name, graph.input]));
      const ops = (model: ModelDef) => model.graph?.flatMap((graph) => graph.op ?? []).filter((op) => op.type !== 'NetOutput') ?? [];
      // The graph that `nz` was made from names no slots; then GE's copy of a node has none either.
      const comparable = ({ id: _, attr, hasOutAttr: __, ...op }: OpDef, named: boolean) => ({
        ...op,
        attr: new Map([...(attr ?? [])].filter(([key]) => named || !/^_(input|output)_name_/.test(key))),
      });
      const isNamed = (i: number) => ops(theirs)[i]?.attr?.has('_output_name_key') ?? false;
      const isWhole = (op: OpDef, i: number) => comparable(op, isNamed(i));
      expect(strip(ops(ours).map(isWhole))).toEqual(strip(ops(theirs).map(isWhole)));
    },
  );
});

/** Ranges are compared by their bytes. */
function strip(value: unknown): unknown {
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, strip(item)]));
  if (Array.isArray(value)) return value.map(strip);
  if (typeof value !== 'object' || value === null) return value;
  if ('read' in value) return Buffer.from((value as { read(): Uint8Array }).read()).toString('hex');
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, strip(item)]));
}

test('errors are of one class', () => {
  expect(() => graphFromAir(memoryBytes(Uint8Array.of(0x0a, 200)), 'x.air', folder)).toThrow(AscendBundleError);
});
