// The split of a small graph, with what om-format §5 says of names, order and edges written out by hand.
import { describe, expect, test } from 'vitest';
import { memoryBytes } from '../../src/base/bytes.js';
import { dtype } from '../../src/graph/dtype.js';
import type { Graph, Node, TensorDesc } from '../../src/graph/graph.js';
import { type RefreshOptions, refreshSplit } from '../../src/graph/refresh.js';

const desc = (shape: readonly number[]): TensorDesc => ({ dtype: dtype('float32'), shape, format: 'ND' });

function constant(name: string, shape: readonly number[]): Node {
  const bytes = shape.reduce((a, b) => a * b, 4);
  const value = { dtype: dtype('float32'), shape, format: 'ND', data: memoryBytes(new Uint8Array(bytes).fill(7)) };
  return {
    name,
    type: 'Const',
    inputs: [],
    inputNames: [],
    outputNames: ['y'],
    inputDescs: [],
    outputDescs: [desc(shape)],
    attrs: new Map([['value', { kind: 'tensor', value }]]),
  };
}

function op(name: string, type: string, inputs: readonly string[], extra: Partial<Node> = {}): Node {
  return {
    name,
    type,
    inputs,
    inputNames: inputs.map((_, i) => `x${i + 1}`),
    outputNames: ['y'],
    inputDescs: inputs.map(() => desc([2])),
    outputDescs: [desc([2])],
    attrs: new Map(),
    ...extra,
  };
}

const data: Node = { ...op('x', 'Data', []), inputs: [null], inputNames: ['x'], inputDescs: [desc([2])] };

const graph: Graph = {
  name: 'g',
  dialect: 'ge',
  nodes: [
    data,
    constant('a', [2]),
    constant('b', [2]),
    op('s', 'Add', ['x:0', 'a:0'], { controlInputs: ['b'] }),
    op('t', 'Mul', ['s:0', 'b:0']),
  ],
  outputs: [
    { name: 't', value: 't:0' },
    { name: 'raw', value: 'a:0' },
  ],
  subgraphs: [],
};

function split(from: Graph, names: readonly string[], options?: RefreshOptions) {
  const weights = names.map((constName, updateIndex) => ({ constName, variableName: `${constName}_var`, updateIndex, spec: desc([2]) }));
  return refreshSplit(from, weights, options);
}

const outline = ({ nodes }: Graph) => nodes.map((node) => `${node.name}:${node.type}(${node.inputs.map((ref) => ref ?? '-').join(' ')})`);

describe('the inference graph', () => {
  test('has a Variable after all copied nodes in place of each named Const', () => {
    const { infer } = split(graph, ['b', 'a']);
    expect(infer.name).toBe('var_infer_graph');
    expect(outline(infer)).toEqual(['x:Data(-)', 's:Add(x:0 a_var:0)', 't:Mul(s:0 b_var:0)', 'b_var:Variable(-)', 'a_var:Variable(-)']);
  });

  test('moves outputs and control edges to the Variable', () => {
    const { infer } = split(graph, ['a', 'b']);
    expect(infer.outputs).toEqual([
      { name: 't', value: 't:0' },
      { name: 'raw', value: 'a_var:0' },
    ]);
    expect(infer.nodes.find((node) => node.name === 's')?.controlInputs).toEqual(['b_var']);
  });

  test('keeps Consts that are not named', () => {
    expect(outline(split(graph, ['a']).infer)).toContain('b:Const()');
  });

  test('leaves the graph that it was given as it was', () => {
    const before = JSON.stringify(outline(graph));
    split(graph, ['a', 'b']);
    expect(JSON.stringify(outline(graph))).toBe(before);
  });
});

test('the init graph assigns each Const to its Variable, in the order of the names', () => {
  const { varInit } = split(graph, ['b', 'a']);
  expect(varInit.name).toBe('var_init_graph');
  expect(varInit.outputs).toEqual([]);
  expect(outline(varInit)).toEqual([
    'b_var:Variable(-)',
    'b:Const()',
    'b_assign:Assign(b_var:0 b:0)',
    'a_var:Variable(-)',
    'a:Const()',
    'a_assign:Assign(a_var:0 a:0)',
  ]);
});

test('the update graph has an If per weight, fed twice by Data of unknown rank', () => {
  const { varUpdate } = split(graph, ['b', 'a']);
  expect(outline(varUpdate)).toEqual([
    'b_var_data:Data(-)',
    'b_var_if:If(b_var_data:0 b_var_data:0)',
    'a_var_data:Data(-)',
    'a_var_if:If(a_var_data:0 a_var_data:0)',
  ]);
  expect(varUpdate.nodes[2]?.attrs.get('index')).toEqual({ kind: 'int', value: 1 });
  expect(varUpdate.nodes[0]?.outputDescs[0]?.shape).toEqual([-2]);
  expect(varUpdate.subgraphs.map(({ name }) => name)).toEqual([
    'b_var_then_graph',
    'b_var_else_graph',
    'a_var_then_graph',
    'a_var_else_graph',
  ]);
  expect(outline(varUpdate.subgraphs[0] as Graph)).toEqual([
    'b_var:Variable(-)',
    'b_var_then_data:Data(-)',
    'b_var_then_assign:Assign(b_var:0 b_var_then_data:0)',
  ]);
});

test('the static update graph assigns Data of the static shape', () => {
  const { varUpdate } = split(graph, ['a'], { updateGraph: 'static' });
  expect(outline(varUpdate)).toEqual(['a_var_data:Data(-)', 'a_var:Variable(-)', 'a_update_assign:Assign(a_var:0 a_var_data:0)']);
  expect(varUpdate.subgraphs).toEqual([]);
  expect(varUpdate.nodes[0]?.outputDescs[0]?.shape).toEqual([2]);
});

describe('sub-graphs', () => {
  const branch = (name: string, nodes: readonly Node[]): Graph => ({ name, dialect: 'ge', nodes, outputs: [], subgraphs: [] });
  const withBranches = (inThen: readonly Node[], root: readonly Node[] = []): Graph => ({
    name: 'g',
    dialect: 'ge',
    nodes: [data, op('if', 'If', ['x:0'], { subgraphs: ['then', 'else'] }), ...root],
    outputs: [],
    subgraphs: [branch('then', inThen), branch('else', [constant('w', [2]), op('e', 'Neg', ['w:0'])])],
  });

  test('a Const in a sub-graph becomes a Variable there', () => {
    const { infer } = split(withBranches([op('p', 'Neg', ['x:0'])]), ['w']);
    expect(outline(infer.subgraphs[1] as Graph)).toEqual(['e:Neg(w_var:0)', 'w_var:Variable(-)']);
  });

  test('of Consts of one name, the first in GE’s order is taken', () => {
    const twice = withBranches([constant('w', [2]), op('p', 'Neg', ['w:0'])], [constant('w', [2])]);
    const { infer } = split(twice, ['w']);
    expect(infer.subgraphs.map(outline)).toEqual([
      ['p:Neg(w_var:0)', 'w_var:Variable(-)'],
      ['w:Const()', 'e:Neg(w:0)'],
    ]);
    expect(outline(infer)).toContain('w:Const()');
  });
});

test('a name that is no Const is refused', () => {
  expect(() => split(graph, ['s'])).toThrowError(expect.objectContaining({ code: 'CONST_NOT_FOUND' }));
});
