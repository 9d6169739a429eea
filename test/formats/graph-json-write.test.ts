// A graph written as a graph.json is the same graph when it is read again.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { memoryBytes } from '../../src/base/bytes.js';
import { type GraphJsonWriteOptions, graphJsonOf, readGraphJson } from '../../src/formats/graph-json.js';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import { dtype } from '../../src/graph/dtype.js';
import type { Graph, Node } from '../../src/graph/graph.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { loadTensorAt } from '../../src/weights/read.js';
import { EXAMPLES } from '../support/cli.js';
import { testFolder } from '../support/folder.js';
import { constant, data, float32s, graph, node } from '../support/graphs.js';
import { tensorOf } from '../support/tensors.js';

const OPTIONS: GraphJsonWriteOptions = { weightsFile: 'w.safetensors' };

const folder = testFolder();

/** Written into files and read from them. */
function again(given: Graph): Graph {
  const { json, weights } = graphJsonOf(given, OPTIONS);
  if (weights.length > 0) folder.write(OPTIONS.weightsFile, writeSafetensors(weights));
  return readGraphJson(folder.write('g.json', json), loadTensorAt);
}

/** What a graph says, without where in a file it stood. */
function content({ name, nodes, outputs }: Graph): unknown {
  return {
    name,
    outputs,
    nodes: nodes.map(({ at: _, attrs, ...rest }) => ({
      ...rest,
      attrs: [...attrs]
        .map(([key, value]) => [key, value.kind === 'tensor' ? { ...value, value: { ...value.value, data: hex(value.value) } } : value])
        .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    })),
  };
}

const hex = ({ data: bytes }: Tensor): string => Buffer.from(bytes.read()).toString('hex');

test.each(['linear', 'convnet'])('the example %s', (name) => {
  const given = readGraphJson(join(EXAMPLES, name, 'graph.json'), loadTensorAt);
  expect(content(again(given))).toEqual(content(given));
});

describe('every kind of', () => {
  const wrap = (nodes: readonly Node[], output = nodes.at(-1)?.name ?? ''): Graph => graph(nodes, [`${output}:0`]);
  const x = data('x', 'float32', [2, -1]);

  test.each<[string, Tensor]>([
    ['scalars', tensorOf('float32', [], [0.1])],
    ['halves', tensorOf('float16', [3], [0.1, 65504, 6e-8])],
    ['bfloat16', tensorOf('bfloat16', [2], [0.1, 3e38])],
    ['64-bit integers', tensorOf('int64', [2, 1], [-(2n ** 63n), 2n ** 53n + 1n])],
    ['booleans', tensorOf('bool', [2], [true, false])],
    ['zeros with a sign', tensorOf('float32', [2], [-0, 0])],
    ['infinities and NaN', tensorOf('float64', [3], [Number.NaN, -Infinity, Infinity])],
    [
      'many values',
      tensorOf(
        'float32',
        [7, 9],
        Array.from({ length: 63 }, (_, i) => i / 7),
      ),
    ],
    ['nothing', tensorOf('float32', [0, 3], [])],
  ])('values: %s come back bit for bit', (_, tensor) => {
    const read = again(wrap([x, constant('c', tensor), node('y', 'Identity', { x: 'c:0' })]));
    const value = read.nodes.find(({ name }) => name === 'c')?.attrs.get('value');
    expect(value).toMatchObject({ kind: 'tensor', value: { dtype: tensor.dtype, shape: tensor.shape } });
    expect(value?.kind === 'tensor' && hex(value.value)).toBe(hex(tensor));
  });

  test('attributes', () => {
    const attrs = {
      axes: { kind: 'ints', value: [-1] },
      _int: { kind: 'int', value: -1 },
      _text: { kind: 'string', value: 'a [ 1,  2 ]' },
      _ints: { kind: 'ints', value: [1, 2, 3] },
      _rows: { kind: 'intLists', value: [[1], [2, 3]] },
      _texts: { kind: 'strings', value: ['a,  b', '[ c ]'] },
      _yes: { kind: 'bool', value: true },
    } as const;
    const read = again(wrap([x, node('y', 'SoftmaxV2', { x: 'x:0' }, attrs)]));
    expect(Object.fromEntries(read.nodes.find(({ name }) => name === 'y')?.attrs ?? [])).toEqual(attrs);
  });

  test('dtypes in attributes, of the kind for them and as numbers', () => {
    const cast = node('y', 'Cast', { x: 'x:0' }, { dst_type: { kind: 'int', value: dtype('float16').ge } });
    const { json } = graphJsonOf(wrap([x, cast]), OPTIONS);
    expect(JSON.parse(Buffer.from(json.read()).toString()).nodes[0].attrs).toEqual({ dst_type: 'float16' });
    expect(again(wrap([x, cast])).nodes.at(-1)?.attrs).toEqual(cast.attrs);
  });

  test('slots: optional ones left open, dynamic ones, and slots without a name', () => {
    const nodes = [
      x,
      constant('w', float32s([1, 2, 3, 4], [2, 2])),
      node('cat', 'ConcatD', { x0: 'x:0', x1: 'w:0', x2: 'x:0' }, { concat_dim: { kind: 'int', value: 0 } }),
      node('mm', 'MatMul', { __input0: 'cat:0', __input1: 'w:0' }),
      node('bn', 'MatMulV2', { x1: 'mm:0', x2: 'w:0', bias: null, offset_w: 'w:0' }),
    ];
    const read = again(wrap(nodes));
    const slots = read.nodes.map(({ name, inputs, inputNames }) => [name, inputs, inputNames]);
    expect(slots.slice(2)).toEqual([
      ['cat', ['x:0', 'w:0', 'x:0'], ['x0', 'x1', 'x2']],
      ['mm', ['cat:0', 'w:0'], ['x1', 'x2']],
      ['bn', ['mm:0', 'w:0', null, 'w:0'], ['x1', 'x2', 'bias', 'offset_w']],
    ]);
  });

  test('names: with a colon, and outputs other than the first', () => {
    const nodes = [
      data('a:0', 'float32', [4]),
      node('a', 'SplitD', { x: 'a:0:0' }, { split_dim: { kind: 'int', value: 0 }, num_split: { kind: 'int', value: 2 } }),
      node('y', 'Add', { x1: 'a:1', x2: 'a:0:0' }),
    ];
    const read = again({
      ...graph(nodes, []),
      outputs: [
        { name: 'sum', value: 'y:0' },
        { name: 'second', value: 'a:1' },
      ],
    });
    expect(read.nodes.map(({ inputs }) => inputs)).toEqual([[null], ['a:0:0'], ['a:1', 'a:0:0']]);
    expect(read.outputs).toEqual([
      { name: 'sum', value: 'y:0' },
      { name: 'second', value: 'a:1' },
    ]);
  });
});

test('lists of numbers stay on a line, and texts stay as they are', () => {
  const given = graph([data('a [\n 1,\n 2\n]', 'float32', [1, 2])], []);
  const { json } = graphJsonOf({ ...given, outputs: [{ name: 'y', value: 'a [\n 1,\n 2\n]:0' }] }, OPTIONS);
  const text = Buffer.from(json.read()).toString();
  expect(text).toContain('"shape": [1, 2]');
  expect(JSON.parse(text).inputs[0].name).toBe('a [\n 1,\n 2\n]');
});

test('what it cannot say is said, all of it', () => {
  const nodes = [
    { ...data('x', 'float32', [1]), type: 'AippData' },
    node('a', 'If', { cond: 'x:0' }, {}, { subgraphs: ['t', 'e'] }),
    node('b', 'NoSuchOp', { x: 'x:0' }),
    node(
      'c',
      'Relu',
      { x: 'x:0' },
      { tvm_magic: { kind: 'string', value: 'm' }, _bytes: { kind: 'bytes', value: memoryBytes(new Uint8Array(1)) } },
    ),
    { ...node('d', 'Relu', { x: 'x:0' }), controlInputs: ['c'] },
    node('e', 'Relu', { other: 'x:0' }),
    node('f', 'Const', {}),
  ];
  const given = graph(nodes, ['e:0']);
  expect(() => graphJsonOf(given, OPTIONS)).toThrow(
    expect.objectContaining({
      code: 'GRAPH_INVALID',
      problems: ['x', 'f', 'a', 'b', 'c', 'c', 'd', 'e'].map((at) => expect.objectContaining({ at, fix: expect.stringContaining('.air') })),
    }),
  );
  expect(() => graphJsonOf({ ...given, dialect: 'onnx' }, OPTIONS)).toThrow('operators of ONNX');
});

test("of a compiled graph the compiler's own attributes are left out", () => {
  const relu = node(
    'y',
    'LeakyRelu',
    { x: 'x:0' },
    { tvm_magic: { kind: 'string', value: 'm' }, negative_slope: { kind: 'float', value: 0.5 } },
  );
  const { json, leftOut } = graphJsonOf(graph([data('x', 'float32', [1]), relu], ['y:0']), { ...OPTIONS, isCompiled: true });
  expect(leftOut).toEqual(['tvm_magic']);
  expect(JSON.parse(Buffer.from(json.read()).toString()).nodes[0].attrs).toEqual({ negative_slope: 0.5 });
});

test('the schema holds of what is written', async () => {
  const { graphSchema } = await import('../../src/formats/graph-json/schema.js');
  const { json } = graphJsonOf(readGraphJson(join(EXAMPLES, 'convnet', 'graph.json'), loadTensorAt), OPTIONS);
  expect(graphSchema.safeParse(JSON.parse(Buffer.from(json.read()).toString())).error).toBeUndefined();
  expect(readFileSync(join(EXAMPLES, 'convnet', 'graph.json'), 'utf8')).toContain('"nodes"');
});
