// What reading an ONNX model gives: names, constants, edges.
import { expect, test } from 'vitest';
import { readOnnx } from '../../../src/formats/onnx/index.js';
import { describeSpec } from '../../../src/graph/tensor.js';
import { floats, int64s, modelFile, node, value } from '../../support/onnx-models.js';
import { elements } from '../../support/ort.js';

test('initializers are consts, the rest of the inputs are inputs, whatever the IR version', () => {
  for (const ir of [3, 8]) {
    const source = readOnnx(
      modelFile({
        ir,
        opset: 8,
        nodes: [node('MatMul', 'x w', 'p'), node('Add', 'p b', 'y')],
        initializers: [floats('w', [2, 3], [1, 2, 3, 4, 5, 6]), floats('b', [3], [0, 0, 1])],
        inputs: [value('x', ['N', 2]), value('w', [2, 3]), value('b', [3])],
        outputs: [value('y', ['N', 3])],
      }),
    );
    expect(source.inputs.map((input) => `${input.name} ${describeSpec(input)}`)).toEqual(['x float32 [?, 2]']);
    expect(source.outputs.map((output) => `${output.name} ${describeSpec(output)}`)).toEqual(['y float32 [?, 3]']);
    expect(source.consts.map(({ constName, tensor }) => [constName, describeSpec(tensor), [...elements(tensor)]])).toEqual([
      ['w', 'float32 [2, 3]', [1, 2, 3, 4, 5, 6]],
      ['b', 'float32 [3]', [0, 0, 1]],
    ]);
    expect(source.model.graph?.input?.map(({ name }) => name)).toEqual(['x']);
    expect(source.model.graph?.initializer).toBeUndefined();
    expect(source.model.irVersion).toBe(Math.max(ir, 4));
  }
});

test('the graph has a Data per input, a Const per const, and edges between nodes', () => {
  const { graph } = readOnnx(
    modelFile({
      nodes: [node('MatMul', 'x w', 'p'), node('Clip', 'p _ top', 'c'), node('Split', 'c', 'y z', { axis: 0, num_outputs: 2 }, 'halves')],
      initializers: [floats('w', [2, 3], [1, 2, 3, 4, 5, 6]), floats('top', [], [6])],
      inputs: [value('x', [2, 2])],
      outputs: [value('z'), value('y')],
    }),
  );
  expect(graph.dialect).toBe('onnx');
  expect(graph.nodes.map(({ name, type, inputs }) => [name, type, inputs])).toEqual([
    ['x', 'Data', []],
    ['w', 'Const', []],
    ['top', 'Const', []],
    ['MatMul_0', 'MatMul', ['x:0', 'w:0']],
    ['Clip_0', 'Clip', ['MatMul_0:0', null, 'top:0']],
    ['halves', 'Split', ['Clip_0:0']],
  ]);
  expect(graph.outputs).toEqual([
    { name: 'z', value: 'halves:1' },
    { name: 'y', value: 'halves:0' },
  ]);
});

test('nodes get names of their own, consts and inputs keep theirs', () => {
  const {
    graph,
    consts,
    model: read,
  } = readOnnx(
    modelFile({
      nodes: [
        node('Constant', '', 'c1', { value: { tensor: floats('', [1], [1]) } }, 'scale'),
        node('Constant', '', 'c2', { value: { tensor: floats('', [1], [2]) } }),
        node('Constant', '', 'c3', { value: { tensor: floats('', [1], [3]) } }, 'x'),
        node('Mul', 'x c1', 'a', {}, 'scale'),
        node('Mul', 'a c2', 'b', {}, 'twin'),
        node('Mul', 'b c3', 'y', {}, 'twin'),
      ],
      inputs: [value('x', [1])],
      outputs: [value('y')],
    }),
  );
  expect(consts.map(({ constName, valueName }) => [constName, valueName])).toEqual([
    ['scale', 'c1'],
    ['c2', 'c2'],
    ['c3', 'c3'],
  ]);
  expect(graph.nodes.map(({ name }) => name)).toEqual(['x', 'scale', 'c2', 'c3', 'Mul_0', 'twin', 'Mul_1']);
  expect(read.graph?.node?.map(({ name }) => name)).toEqual(['Mul_0', 'twin', 'Mul_1']);
});

test('every attribute of Constant that holds numbers gives a const', () => {
  const attrs = {
    value: { tensor: int64s('', [2], [7, -8]) },
    value_float: { float: 0.5 },
    value_floats: { floats: [1.5, -2] },
    value_int: -3,
    value_ints: [4, 5, 6],
  };
  const nodes = Object.entries(attrs).map(([name, attr]) => node('Constant', '', name, { [name]: attr }));
  const { consts } = readOnnx(modelFile({ nodes, outputs: [value('value', [2], 7)] }));
  expect(consts.map(({ constName, tensor }) => [constName, describeSpec(tensor), [...elements(tensor)].map(Number)])).toEqual([
    ['value', 'int64 [2]', [7, -8]],
    ['value_float', 'float32 []', [0.5]],
    ['value_floats', 'float32 [2]', [1.5, -2]],
    ['value_int', 'int64 []', [-3]],
    ['value_ints', 'int64 [3]', [4, 5, 6]],
  ]);
});

test('what a sub-graph takes from around it is an input of its node, and its own constants are not refreshable', () => {
  const branch = (inner: string) => ({
    graph: {
      name: inner,
      node: [node(inner, 'x w', 'p'), node('Add', 'p k', 'r')],
      initializer: [floats('k', [1], [9])],
      output: [value('r')],
    },
  });
  const { graph, consts } = readOnnx(
    modelFile({
      nodes: [node('If', 'flag', 'y', { then_branch: branch('Add'), else_branch: branch('Mul') })],
      initializers: [floats('w', [1], [2])],
      inputs: [value('x', [1]), value('flag', [], 9)],
      outputs: [value('y')],
    }),
  );
  expect(consts.map(({ constName }) => constName)).toEqual(['w']);
  const chosen = graph.nodes.find(({ type }) => type === 'If');
  expect(chosen?.inputs).toEqual(['flag:0', 'x:0', 'w:0']);
  expect(chosen?.subgraphs).toEqual(['/If_0/then_branch', '/If_0/else_branch']);
  expect(graph.subgraphs.map(({ name, nodes }) => [name, ...nodes.map((one) => `${one.name} ${one.type} ${one.inputs}`)])).toEqual([
    ['/If_0/then_branch', 'k Constant ', 'x Data ', 'w Data ', 'Add_0 Add x:0,w:0', 'Add_1 Add Add_0:0,k:0'],
    ['/If_0/else_branch', 'k Constant ', 'x Data ', 'w Data ', 'Mul_0 Mul x:0,w:0', 'Add_0 Add Mul_0:0,k:0'],
  ]);
});

test('functions and what no table knows are kept', () => {
  const functions = [{ name: 'Twice', domain: 'my', input: ['a'], output: ['b'], node: [node('Add', 'a a', 'b')] }];
  const path = modelFile({
    nodes: [{ ...node('Twice', 'x', 'y'), domain: 'my' }],
    inputs: [value('x', [1])],
    outputs: [value('y', [1])],
    model: { functions, producerName: 'test' },
  });
  const { model: read, graph } = readOnnx(path);
  expect(read.functions?.map(({ name }) => name)).toEqual(['Twice']);
  expect(read.producerName).toBe('test');
  expect(graph.nodes.map(({ type }) => type)).toEqual(['Data', 'my.Twice']);
});
