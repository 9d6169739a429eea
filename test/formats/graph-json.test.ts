// graph.json: what the contract (design §4) says of each form, and what a person is told who writes it wrongly.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AscendBundleError } from '../../src/base/errors.js';
import { openFile } from '../../src/base/open-file.js';
import { type LoadTensor, parseGraphJson, readGraphJson } from '../../src/formats/graph-json.js';
import { checkGraph } from '../../src/graph/check.js';
import { constValue, type Graph, type Node } from '../../src/graph/graph.js';
import { tensorBytes } from '../../src/graph/tensor.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'graph-json-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Raw files only; the formats of tensors have tests of their own. */
const loadRaw: LoadTensor = (path, _key, offset = 0, spec) => ({
  ...spec,
  data: openFile(path).slice(offset, offset + tensorBytes(spec.dtype, spec.shape)),
});

const parse = (json: unknown): Graph => parseGraphJson(JSON.stringify(json), { folder, name: 'net.json', loadTensor: loadRaw });

const linear = {
  schema: 'ascend-bundle/graph@1',
  name: 'linear',
  inputs: [{ name: 'x', dtype: 'float32', shape: [2, 3] }],
  consts: [
    { name: 'const_1', dtype: 'float32', shape: [3, 1], data: [[1], [2], [3]] },
    { name: 'const_2', dtype: 'float32', shape: [1], data: [0.5] },
  ],
  nodes: [
    { name: 'matmul', type: 'MatMul', inputs: ['x', 'const_1'] },
    { name: 'add', type: 'Add', inputs: { x2: 'const_2', x1: 'matmul:0' } },
  ],
  outputs: ['add'],
};

function node(graph: Graph, name: string): Node {
  const found = graph.nodes.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no node ${name}`);
  return found;
}

function failure(json: unknown): AscendBundleError {
  try {
    typeof json === 'string' ? parseGraphJson(json, { folder, name: 'net.json', loadTensor: loadRaw }) : parse(json);
  } catch (error) {
    if (error instanceof AscendBundleError) return error;
    throw error;
  }
  throw new Error('was read without an error');
}

/** `/nodes/0/type: …` of every problem. */
const problemsOf = (json: unknown): string[] =>
  failure(json).problems.map(({ at, message, fix }) => `${at}: ${message}${fix === undefined ? '' : ` | ${fix}`}`);

const withConst = (constant: object) => ({ ...linear, consts: [{ name: 'c', ...constant }], nodes: [], outputs: ['c'] });
const withNode = (one: object, outputs: unknown = ['n']) => ({ ...linear, nodes: [{ name: 'n', ...one }], outputs });

describe('a graph', () => {
  test('has Data, Const and operator nodes with the slots that an .air file has', () => {
    const graph = parse(linear);
    expect(graph.name).toBe('linear');
    expect(graph.nodes.map(({ name, type, inputs, inputNames }) => ({ name, type, inputs, inputNames }))).toEqual([
      { name: 'x', type: 'Data', inputs: [null], inputNames: ['x'] },
      { name: 'const_1', type: 'Const', inputs: [], inputNames: [] },
      { name: 'const_2', type: 'Const', inputs: [], inputNames: [] },
      { name: 'matmul', type: 'MatMul', inputs: ['x:0', 'const_1:0'], inputNames: ['x1', 'x2'] },
      { name: 'add', type: 'Add', inputs: ['matmul:0', 'const_2:0'], inputNames: ['x1', 'x2'] },
    ]);
    expect(graph.outputs).toEqual([{ name: 'add', value: 'add:0' }]);
    expect(node(graph, 'x').attrs.get('index')).toEqual({ kind: 'int', value: 0 });
    expect(node(graph, 'matmul').at).toBe('/nodes/0');
  });

  test('passes the check, which fills in the names of outputs', () => {
    const checked = checkGraph(parse(linear));
    expect(checked.spec('const_1:0')).toMatchObject({ dtype: { name: 'float32' }, shape: [3, 1] });
    expect(checked.nodes.at(-1)).toMatchObject({ name: 'add', outputNames: ['y'] });
  });

  test('without a name is called like its file', () => {
    const { name: _, ...unnamed } = linear;
    expect(parse(unnamed).name).toBe('net');
  });

  test('keeps a memory format, as the one that the graph was written in too', () => {
    const inputs = [{ name: 'a', dtype: 'float32', shape: [1, 3, 4, 4], format: 'NCHW' }];
    const [desc] = node(parse({ inputs, nodes: [], outputs: ['a'] }), 'a').outputDescs;
    expect(desc).toMatchObject({ format: 'NCHW', attrs: new Map([['origin_format', { kind: 'string', value: 'NCHW' }]]) });
  });

  test('numbers its inputs in the order of the file', () => {
    const inputs = ['b', 'a'].map((name) => ({ name, dtype: 'float32', shape: [-1, 2], format: 'ND' }));
    const graph = parse({ inputs, nodes: [{ name: 'n', type: 'Add', inputs: ['a', 'b'] }], outputs: ['n'] });
    expect(node(graph, 'a').attrs.get('index')).toEqual({ kind: 'int', value: 1 });
  });

  test('is read from a file with its folder', () => {
    writeFileSync(join(folder, 'w.bin'), Buffer.from(Float32Array.of(9, 1, 2, 3).buffer));
    writeFileSync(
      join(folder, 'g.json'),
      `\uFEFF${JSON.stringify({ ...linear, consts: [{ ...linear.consts[0], data: { file: 'w.bin', offset: 4 } }, linear.consts[1]] })}`,
    );
    const value = constValue(node(readGraphJson(join(folder, 'g.json'), loadRaw), 'const_1'));
    expect([...(value?.data.read() ?? [])]).toEqual([...new Uint8Array(Float32Array.of(1, 2, 3).buffer)]);
  });
});

describe('refs', () => {
  test('a ref equal to a declared name is its output 0, colons or not', () => {
    const inputs = [
      { name: 'a', dtype: 'float32', shape: [2] },
      { name: 'a:0', dtype: 'float32', shape: [2] },
    ];
    const graph = parse({ inputs, nodes: [{ name: 'n', type: 'Add', inputs: ['a', 'a:0'] }], outputs: ['n'] });
    expect(node(graph, 'n').inputs).toEqual(['a:0', 'a:0:0']);
  });

  test('are split at the last colon else', () => {
    const nodes = [
      { name: 'my:top', type: 'TopK', inputs: ['x', 'k'] },
      { name: 'n', type: 'Neg', inputs: ['my:top:1'] },
    ];
    const consts = [{ name: 'k', dtype: 'int32', shape: [], data: 2 }];
    const graph = parse({ ...linear, consts, nodes, outputs: ['my:top:1', { name: 'top', value: 'my:top' }] });
    expect(node(graph, 'n').inputs).toEqual(['my:top:1']);
    expect(graph.outputs).toEqual([
      { name: 'my:top:1', value: 'my:top:1' },
      { name: 'top', value: 'my:top:0' },
    ]);
  });

  test('to nothing, to no output, and with no number are told apart', () => {
    const found = problemsOf(withNode({ type: 'Add', inputs: ['y', 'const_1:3'] }, ['n:1', 'const_1:a', 'const_l']));
    expect(found).toEqual([
      expect.stringMatching('^/nodes/0/inputs/0: "y" is no input, const or node'),
      '/nodes/0/inputs/1: "const_1:3" is not there: "const_1" has one output, 0. | Write "const_1", or the number of an output that exists.',
      '/outputs/0: "n:1" is not there: "n" has one output, 0. | Write "n", or the number of an output that exists.',
      '/outputs/1: "const_1:a" has "a" after the colon, which is not the number of an output. | Write "const_1:0", or "const_1".',
      '/outputs/2: "const_l" is no input, const or node of the graph. | Did you mean "const_1" or "const_2"?',
    ]);
  });
});

describe('slots', () => {
  const conv = (inputs: unknown) => withNode({ type: 'Conv2D', inputs, attrs: { strides: [1, 1, 1, 1], pads: [0, 0, 0, 0] } });

  test('null leaves an optional slot open', () => {
    const graph = parse(conv(['x', 'const_1', null, 'const_2']));
    expect(node(graph, 'n')).toMatchObject({
      inputNames: ['x', 'filter', 'bias', 'offset_w'],
      inputs: ['x:0', 'const_1:0', null, 'const_2:0'],
    });
  });

  test('optional slots at the end may be left out', () => {
    expect(node(parse(conv({ filter: 'const_1', x: 'x', bias: null })), 'n').inputNames).toEqual(['x', 'filter']);
  });

  test('a dynamic slot takes a list', () => {
    const graph = parse(withNode({ type: 'ConcatV2', inputs: [['x', 'const_1'], 'const_2'], attrs: { N: 2 } }));
    expect(node(graph, 'n')).toMatchObject({ inputNames: ['x0', 'x1', 'concat_dim'], inputs: ['x:0', 'const_1:0', 'const_2:0'] });
  });

  test.each([
    [{ type: 'Add', inputs: ['x'] }, '/nodes/0/inputs: Node "n" (Add) needs the input "x2". | Connect it.'],
    [{ type: 'Add', inputs: ['x', null] }, '/nodes/0/inputs/1: Node "n" (Add) needs the input "x2". | Connect it.'],
    [{ type: 'Neg', inputs: ['x', 'x'] }, '/nodes/0/inputs/1: Node "n" has 2 inputs; Neg has the inputs x.'],
    [{ type: 'Neg', inputs: [['x']] }, '/nodes/0/inputs/0: The input "x" of Neg takes one ref, not a list. | Write "x".'],
    [{ type: 'AddN', inputs: ['x'], attrs: { N: 1 } }, '/nodes/0/inputs/0: The input "x" of AddN takes a list. | Write ["x", …] for it.'],
    [
      { type: 'MatMul', inputs: { x1: 'x', x2: 'x', bais: 'x' } },
      '/nodes/0/inputs/bais: MatMul has no input "bais". | Did you mean "bias"?',
    ],
    [{ type: 'Neg', inputs: 5 }, '/nodes/0/inputs: The inputs of a node cannot be 5. | Give a list of refs'],
  ])('%j is refused', (one, problem) => {
    expect(problemsOf(withNode(one))).toEqual([expect.stringContaining(problem)]);
  });
});

describe('operators', () => {
  test.each([
    ['MatMull', '/nodes/0/type: Node "n": "MatMull" is no built-in operator of GE. | Did you mean "MatMul"'],
    ['Softmax', 'Did you mean "SoftmaxV2"'],
    ['Const', '/nodes/0/type: Node "n" is a Const, which is not written as a node. | List it under "consts".'],
    ['NetOutput', 'list its inputs under "outputs"'],
    ['__proto__', 'is no built-in operator'],
  ])('%s is refused', (type, problem) => {
    expect(problemsOf(withNode({ type, inputs: ['x'] }))).toEqual([expect.stringContaining(problem)]);
  });

  test('with sub-graphs are refused by name', () => {
    const error = failure(withNode({ type: 'If', inputs: ['x', ['x']] }));
    expect(error).toMatchObject({ code: 'OP_UNSUPPORTED', at: '/nodes/0/type' });
    expect(error.message).toContain('If has sub-graphs');
    expect(error.fix).toContain('ONNX');
  });

  test('may say what they give', () => {
    const graph = parse(withNode({ type: 'NonZero', inputs: ['x'], outputs: [{ dtype: 'int64', shape: [2, -1], format: 'ND' }] }));
    expect(node(graph, 'n').outputDescs).toMatchObject([{ dtype: { name: 'int64' }, shape: [2, -1], format: 'ND' }]);
  });
});

describe('attributes', () => {
  const attrOf = (type: string, inputs: unknown, attrs: Record<string, unknown>, name: string) =>
    node(parse(withNode({ type, inputs, attrs })), 'n').attrs.get(name);

  test('take the kind that the prototype declares', () => {
    expect(attrOf('MatMul', ['x', 'x'], { transpose_x1: true }, 'transpose_x1')).toEqual({ kind: 'bool', value: true });
    expect(attrOf('LeakyRelu', ['x'], { negative_slope: 1 }, 'negative_slope')).toEqual({ kind: 'float', value: 1 });
    expect(attrOf('LeakyRelu', ['x'], { negative_slope: '-inf' }, 'negative_slope')).toEqual({
      kind: 'float',
      value: Number.NEGATIVE_INFINITY,
    });
    expect(attrOf('SoftmaxV2', ['x'], { axes: [-1] }, 'axes')).toEqual({ kind: 'ints', value: [-1] });
    expect(attrOf('Reshape', ['x', 'x'], { axis: '9007199254740993' }, 'axis')).toEqual({ kind: 'int', value: 9007199254740993n });
  });

  test('of type dtype are named as numpy names them, Cast.dst_type too', () => {
    expect(attrOf('ArgMaxV2', ['x', 'x'], { dtype: 'int64' }, 'dtype')).toMatchObject({ kind: 'dtype', value: { name: 'int64' } });
    // GE keeps Cast.dst_type as the number of ge::DataType: DT_FLOAT16 is 1, DT_BF16 is 27.
    expect(attrOf('Cast', ['x'], { dst_type: 'float16' }, 'dst_type')).toEqual({ kind: 'int', value: 1 });
    expect(attrOf('Cast', ['x'], { dst_type: 'bfloat16' }, 'dst_type')).toEqual({ kind: 'int', value: 27 });
  });

  test('of GE itself pass', () => {
    expect(attrOf('Neg', ['x'], { _op_impl_mode: 'high_precision' }, '_op_impl_mode')).toEqual({ kind: 'string', value: 'high_precision' });
  });

  test.each([
    [
      'MatMul',
      ['x', 'x'],
      { transpose_x: true },
      '/nodes/0/attrs/transpose_x: MatMul has no attribute "transpose_x". | Did you mean "transpose_x1"',
    ],
    [
      'MatMul',
      ['x', 'x'],
      { transpose_x1: 1 },
      '/nodes/0/attrs/transpose_x1: The attribute "transpose_x1" of MatMul is 1; it must be true or false.',
    ],
    ['Neg', ['x'], { 'a/b': 1 }, '/nodes/0/attrs/a~1b: Neg has no attribute "a/b". | Neg has no attributes; take it out.'],
    ['Cast', ['x'], { dst_type: 1 }, '/nodes/0/attrs/dst_type: The attribute "dst_type" of Cast is 1; it must be the name of a dtype'],
    ['Cast', ['x'], { dst_type: 'float' }, 'is "float"; it must be the name of a dtype'],
    ['Cast', ['x'], {}, '/nodes/0/attrs: Node "n" (Cast) needs the attribute "dst_type".'],
    ['SoftmaxV2', ['x'], { axes: [1.5] }, 'it must be a list of whole numbers'],
    ['SoftmaxV2', ['x'], { axes: {} }, '/nodes/0/attrs/axes: An attribute cannot be an object.'],
  ])('%s %j %j is refused', (type, inputs, attrs, problem) => {
    expect(problemsOf(withNode({ type, inputs, attrs }))).toEqual([expect.stringContaining(problem)]);
  });
});

test('a key __proto__ is a name like any other', () => {
  const text = JSON.stringify(withNode({ type: 'Neg', inputs: { x: 'x', PROTO: 'x' }, attrs: { PROTO: { a: 1 } } })).replaceAll(
    'PROTO',
    '__proto__',
  );
  expect(problemsOf(text)).toEqual([
    expect.stringContaining('/nodes/0/inputs/__proto__: '),
    expect.stringContaining('/nodes/0/attrs/__proto__: '),
  ]);
});

describe('data of consts', () => {
  const bytesOf = (constant: object) => [...(constValue(node(parse(withConst(constant)), 'c'))?.data.read() ?? [])];
  const littleEndian = (array: ArrayBufferView) => [...new Uint8Array(array.buffer)];

  test('nested numbers are row-major', () => {
    expect(
      bytesOf({
        dtype: 'int16',
        shape: [2, 3],
        data: [
          [1, 2, 3],
          [4, 5, -6],
        ],
      }),
    ).toEqual(littleEndian(Int16Array.of(1, 2, 3, 4, 5, -6)));
    expect(bytesOf({ dtype: 'float32', shape: [], data: 0.5 })).toEqual(littleEndian(Float32Array.of(0.5)));
    expect(bytesOf({ dtype: 'bool', shape: [2], data: [true, 0] })).toEqual([1, 0]);
    expect(bytesOf({ dtype: 'float32', shape: [2, 0], data: [[], []] })).toEqual([]);
  });

  test('what JSON cannot write is a string', () => {
    expect(bytesOf({ dtype: 'float32', shape: [3], data: ['nan', 'inf', '-inf'] })).toEqual(
      littleEndian(Float32Array.of(Number.NaN, Infinity, -Infinity)),
    );
    expect(bytesOf({ dtype: 'int64', shape: [2], data: ['9223372036854775807', -1] })).toEqual(
      littleEndian(BigInt64Array.of(2n ** 63n - 1n, -1n)),
    );
    expect(bytesOf({ dtype: 'uint64', shape: [], data: '18446744073709551615' })).toEqual(Array(8).fill(255));
  });

  test('half and bfloat16 are rounded', () => {
    // 1/3 in binary16 is 0x3555, in bfloat16 0x3eab.
    expect(bytesOf({ dtype: 'float16', shape: [1], data: [1 / 3] })).toEqual([0x55, 0x35]);
    expect(bytesOf({ dtype: 'bfloat16', shape: [1], data: [1 / 3] })).toEqual([0xab, 0x3e]);
  });

  test('a fill repeats one value, from any byte on', () => {
    const data = constValue(node(parse(withConst({ dtype: 'int32', shape: [1000], data: { fill: 0x01020304 } })), 'c'))?.data;
    expect(data?.length).toBe(4000);
    expect([...(data?.read(3997, 4000) ?? [])]).toEqual([3, 2, 1]);
  });

  test('random values are the generator’s of `rand:`', () => {
    // SplitMix64, seed 1234567: the first output is 6457827717110365317, its top 24 bits 5873234.
    const [first] = new Float32Array(Uint8Array.from(bytesOf({ dtype: 'float32', shape: [1], data: { random: 1234567 } })).buffer);
    expect(first).toBe(Number(6457827717110365317n >> 40n) * 2 ** -23 - 1);
  });

  test.each([
    [
      { dtype: 'float32', shape: [2, 2], data: [[1, 2], [3]] },
      '/consts/0/data/1: Const "c" is float32 [2, 2], but its data has a list of 1 where 2 are due.',
    ],
    [
      { dtype: 'float32', shape: [2], data: [1, [2]] },
      '/consts/0/data/1: Const "c" is float32 [2], but its data has a list where a value is due.',
    ],
    [
      { dtype: 'float32', shape: [2, 1], data: [1, 2] },
      '/consts/0/data/0: Const "c" is float32 [2, 1], but its data has a value where a list of 1 is due.',
    ],
    [
      {
        dtype: 'int8',
        shape: [2, 2],
        data: [
          [1, 2],
          [300, 4],
        ],
      },
      '/consts/0/data/1/0: Const "c": 300 is outside int8 (-128 to 127).',
    ],
    [{ dtype: 'int32', shape: [1], data: [1.5] }, '/consts/0/data/0: Const "c": 1.5 is not a whole number'],
    [{ dtype: 'int64', shape: [1], data: [2 ** 60] }, '/consts/0/data/0: Const "c": 1152921504606847000 is beyond 2^53'],
    [
      { dtype: 'float32', shape: [1], data: ['NaN'] },
      '/consts/0/data/0: Const "c": "NaN" is not a number. | Strings are "nan", "inf" and "-inf".',
    ],
    [{ dtype: 'float32', shape: [1], data: [null] }, '/consts/0/data/0: Const "c": null is not a number.'],
    [{ dtype: 'int32', shape: [1], data: { random: 1 } }, '/consts/0/data: Random values in [-1, 1) are for float dtypes'],
    [{ dtype: 'int4', shape: [1], data: [1] }, '/consts/0/data/0: Const "c" is int4, whose elements cannot be written as numbers.'],
    [{ dtype: 'float32', shape: [1], data: { fil: 1 } }, '/consts/0/data: The data of a const cannot be an object. | Give numbers nested'],
    [{ dtype: 'float32', shape: [1], data: { fill: [1] } }, '/consts/0/data/fill: The field "fill" cannot be a list.'],
    [{ dtype: 'float32', shape: [1], data: { file: 'w.npy', ky: 'w' } }, '/consts/0/data/ky: The field "ky" is not known.'],
    [{ dtype: 'float32', shape: [-1], data: [1] }, '/consts/0/shape/0: Element 0 of "shape" is -1; it must be 0 or more.'],
    [
      { dtype: 'float32', shape: [1e9, 1e9, 1e9], data: { fill: 0 } },
      '/consts/0/shape: Const "c" is float32 [1000000000, 1000000000, 1000000000], which is more than any file holds.',
    ],
    [{ dtype: 'flaot32', shape: [1], data: [1] }, '/consts/0/dtype: "flaot32" is not a dtype. | Did you mean "float32"'],
    [{ dtype: 'float32', shape: [1], format: 'NHCW', data: [1] }, '/consts/0/format: "NHCW" is no memory format of GE.'],
    [{ dtype: 'float32', shape: [1] }, '/consts/0/data: The field "data" is missing. | Add it.'],
  ])('%j is refused', (constant, problem) => {
    expect(problemsOf(withConst(constant))).toEqual([expect.stringContaining(problem)]);
  });

  test('a file may not be outside the folder of the graph', () => {
    mkdirSync(join(folder, 'inner'), { recursive: true });
    writeFileSync(join(folder, 'outside.bin'), Buffer.alloc(4));
    for (const file of ['../outside.bin', join(folder, 'outside.bin'), 'x/../../outside.bin']) {
      const text = JSON.stringify(withConst({ dtype: 'float32', shape: [1], data: { file } }));
      expect(() => parseGraphJson(text, { folder: join(folder, 'inner'), name: 'net.json', loadTensor: loadRaw })).toThrowError(
        expect.objectContaining({ code: 'PATH_ESCAPES', at: '/consts/0/data' }),
      );
    }
  });

  test('a file that is not there keeps its code', () => {
    expect(failure(withConst({ dtype: 'float32', shape: [1], data: { file: 'none.bin' } }))).toMatchObject({
      code: 'FILE_NOT_FOUND',
      at: '/consts/0/data',
    });
  });

  test('a file with another shape is refused', () => {
    writeFileSync(join(folder, 'one.bin'), Buffer.alloc(4));
    const load: LoadTensor = (path, _key, _offset, spec) => ({ ...spec, shape: [1], data: openFile(path) });
    const text = JSON.stringify(withConst({ dtype: 'float32', shape: [2, 2], data: { file: 'one.bin' } }));
    expect(() => parseGraphJson(text, { folder, name: 'net.json', loadTensor: load })).toThrowError(
      expect.objectContaining({ code: 'TENSOR_MISMATCH', message: 'Const "c" is declared as float32 [2, 2]; one.bin has float32 [1].' }),
    );
  });
});

describe('a file with problems', () => {
  test('is told all of them at once, of form and of meaning', () => {
    const found = problemsOf({
      nam: 'typo',
      inputs: [
        { name: 'x', dtype: 'float32', shape: [2] },
        { name: 'y', dtype: 'float32', shape: 'wide' },
      ],
      consts: [{ name: 'x', dtype: 'float32', shape: [1], data: [1] }],
      nodes: [
        { name: 'n', type: 'Add', inputs: ['x', 'y'] },
        { name: 'm', type: 'Ad', inputs: ['x'] },
        { type: 'Neg', inputs: ['x'] },
      ],
      outputs: ['n', 'q'],
    });
    expect(found.map((line) => line.slice(0, line.indexOf(':')))).toEqual([
      '/inputs/1/shape',
      '/nodes/2/name',
      '/nam',
      '/consts/0/name',
      '/nodes/1/type',
      '/outputs/1',
    ]);
    expect(found[2]).toContain('Did you mean "name"?');
    expect(found[3]).toContain('The name "x" is taken by /inputs/0.');
  });

  test('has GRAPH_INVALID and exit status 4', () => {
    const error = failure({ ...linear, outputs: ['a', 'b'] });
    expect(error).toMatchObject({ code: 'GRAPH_INVALID', exitCode: 4, at: '/outputs/0' });
    expect(error.message).toMatch(/^net\.json has 2 problems\. The first: /);
  });

  test('names equal outputs', () => {
    expect(problemsOf({ ...linear, outputs: ['add', 'add:0'] })).toEqual([
      expect.stringContaining('/outputs/1: The output "add" is listed at /outputs/0 already.'),
    ]);
  });

  test.each([[[]], ['text'], [null], [5]])('a document %j is no graph', (json) => {
    expect(problemsOf(JSON.stringify(json))).toEqual([expect.stringContaining('The file is')]);
  });

  test('of another version is refused', () => {
    expect(problemsOf({ ...linear, schema: 'ascend-bundle/graph@2' })).toEqual([
      expect.stringContaining('this version reads "ascend-bundle/graph@1"'),
    ]);
  });

  test('without outputs is refused', () => {
    expect(problemsOf({ ...linear, outputs: [] })).toEqual([expect.stringContaining('/outputs: The field "outputs" is empty')]);
  });

  test('that is not JSON is told line and column', () => {
    expect(failure('{\n  "name": "x",\n}')).toMatchObject({ code: 'FILE_MALFORMED', at: 'line 3, column 1' });
  });

  test('with a hundred thousand open brackets is refused, not a crash', () => {
    expect(failure('['.repeat(100_000))).toMatchObject({ code: 'FILE_MALFORMED', at: 'line 1, column 100001' });
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const text = JSON.stringify(withConst({ dtype: 'float32', shape: [1], data: 0 })).replace('"data":0', `"data":${deep}`);
    expect(failure(text).code).toBe('GRAPH_INVALID');
  });
});
