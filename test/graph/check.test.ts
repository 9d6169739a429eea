import { expect, test } from 'vitest';
import { zeroBytes } from '../../src/base/bytes.js';
import { AscendBundleError } from '../../src/base/errors.js';
import { type CheckOptions, checkGraph } from '../../src/graph/check.js';
import { dtype } from '../../src/graph/dtype.js';
import type { Graph, Node } from '../../src/graph/graph.js';
import { constant, data, float32s, graph, int64s, node, spec } from '../support/graphs.js';

function problemsOf(given: Graph, options?: CheckOptions) {
  try {
    checkGraph(given, options);
  } catch (error) {
    if (error instanceof AscendBundleError && error.code === 'GRAPH_INVALID') return error.problems;
    throw error;
  }
  return [];
}

const x = data('x', 'float32', [2, 3]);
const aipp = (name: string, input: string, rest: Partial<Node> = {}): Node =>
  node(name, 'Acos', { x: input }, {}, { outputDescs: [spec('float32', [2, 3])], ...rest });

test('nodes come out in execution order, whatever order they stand in', () => {
  const checked = checkGraph(graph([aipp('c', 'b:0'), aipp('b', 'a:0'), aipp('a', 'x:0'), x], ['c:0']));
  expect(checked.nodes.map(({ name }) => name)).toEqual(['x', 'a', 'b', 'c']);
});

test('a graph that is in order keeps its order', () => {
  const nodes = [x, aipp('z', 'x:0'), aipp('a', 'x:0'), aipp('m', 'a:0')];
  expect(checkGraph(graph(nodes, ['m:0', 'z:0'])).nodes.map(({ name }) => name)).toEqual(['x', 'z', 'a', 'm']);
});

test('a control input orders nodes too', () => {
  const nodes = [aipp('late', 'x:0', { controlInputs: ['early'] }), x, aipp('early', 'x:0')];
  expect(checkGraph(graph(nodes, ['late:0'])).nodes.map(({ name }) => name)).toEqual(['x', 'early', 'late']);
});

test('a cycle is named along its nodes', () => {
  const [problem] = problemsOf(graph([x, aipp('a', 'c:0'), aipp('b', 'a:0'), aipp('c', 'b:0')], ['c:0']));
  expect(problem?.message).toContain('depends on itself');
  expect(problem?.message).toMatch(/a → b → c → a|b → c → a → b|c → a → b → c/);
});

test('a chain of 50,000 nodes and a cycle over it end quickly', () => {
  const chain = Array.from({ length: 50_000 }, (_, i) => aipp(`n${i}`, i === 0 ? 'n49999:0' : `n${i - 1}:0`));
  expect(problemsOf(graph(chain, ['n0:0']))).toHaveLength(1);
});

test('every problem is reported at once, each with its place', () => {
  const problems = problemsOf(
    graph(
      [
        x,
        node('a', 'Matmul', { x1: 'x:0' }, {}, { at: '/nodes/0' }),
        node('b', 'MatMul', { x1: 'x:0', y: 'x:0' }, {}, { at: '/nodes/1' }),
        node('c', 'Conv2D', { x: 'x:0', filter: 'nowhere:0' }, { strides: { kind: 'int', value: 1 } }, { at: '/nodes/2' }),
        aipp('d', 'x:7', { at: '/nodes/3' }),
        aipp('d', 'x:0', { at: '/nodes/4' }),
      ],
      ['d:0', 'gone:0'],
    ),
  );
  const texts = problems.map(({ at, message }) => `${at}: ${message}`);
  expect(texts).toEqual([
    '/nodes/4: Node "d" (Acos) has a name that another node has too.',
    '/nodes/0: Node "a" (Matmul) is no built-in operator of GE.',
    '/nodes/1: Node "b" (MatMul) has no input "y".',
    '/nodes/1: Node "b" (MatMul) needs the input "x2".',
    '/nodes/2: Node "c" (Conv2D) gets "nowhere:0" as filter, but no node is called "nowhere".',
    '/nodes/2: Node "c" (Conv2D) has the attribute "strides" as int; Conv2D takes ints.',
    '/nodes/2: Node "c" (Conv2D) needs the attribute "pads" (ints).',
    '/nodes/3: Node "d" (Acos) gets "x:7" as x, but "x" has one output.',
    'undefined: The output "gone:0" of graph "g" is "gone:0", but no node is called "gone".',
  ]);
});

test.each([
  ['Matmul', 'MatMul'],
  ['Conv2d', 'Conv2D'],
  ['Softmax', 'SoftmaxV2'],
  ['BatchMatmul', 'BatchMatMul'],
])('an unknown operator %s leads to %s', (wrong, right) => {
  const [problem] = problemsOf(graph([x, node('a', wrong, { x: 'x:0' })], ['a:0']));
  expect(problem?.fix).toContain(`"${right}"`);
});

test('a misspelled attribute leads to the declared one', () => {
  const [problem] = problemsOf(
    graph([x, node('m', 'MatMul', { x1: 'x:0', x2: 'x:0' }, { transpose_x: { kind: 'bool', value: true } })], ['m:0']),
  );
  expect(problem?.message).toBe('Node "m" (MatMul) has no attribute "transpose_x".');
  expect(problem?.fix).toContain('"transpose_x1"');
});

test('attributes and operators of GE itself pass when the graph comes from GE', () => {
  const inner = [
    x,
    node('t', 'MyOwnOp', { x: 'x:0' }, {}, { outputNames: ['y'], outputDescs: [spec('float32', [2])] }),
    aipp('a', 't:0', { attrs: new Map([['OUTPUT_NUM', { kind: 'int', value: 1 }]]) }),
  ];
  expect(problemsOf(graph(inner, ['a:0']), { fromGe: true })).toEqual([]);
  expect(problemsOf(graph(inner, ['a:0']))).toHaveLength(2);
});

test('an optional input may be left open or out, a required one not', () => {
  const conv = (inputs: Record<string, string | null>): Graph => {
    const attrs = { strides: { kind: 'ints', value: [1, 1, 1, 1] }, pads: { kind: 'ints', value: [0, 0, 0, 0] } } as const;
    return graph(
      [data('x', 'float32', [1, 1, 4, 4]), node('c', 'Conv2D', inputs, attrs, { outputDescs: [spec('float32', [1, 1, 4, 4])] })],
      ['c:0'],
    );
  };
  expect(problemsOf(conv({ x: 'x:0', filter: 'x:0', bias: null })).filter(({ message }) => message.includes('"bias"'))).toEqual([]);
  expect(problemsOf(conv({ x: 'x:0', filter: null })).map(({ message }) => message)).toEqual([
    'Node "c" (Conv2D) needs the input "filter".',
  ]);
});

test('the value of a Const gives its spec', () => {
  expect(checkGraph(graph([constant('w', float32s([1, 2, 3, 4], [2, 2]))], ['w:0'])).spec('w:0')).toEqual(spec('float32', [2, 2]));
});

test('a Const whose bytes do not fit its shape is named with both numbers', () => {
  const short = { dtype: dtype('float32'), shape: [2, 2], data: zeroBytes(12) };
  const [problem] = problemsOf(graph([constant('w', short)], ['w:0']));
  expect(problem?.message).toBe('Node "w" (Const) is float32 [2, 2] and has 12 bytes of data instead of 16.');
});

test('an operator without a rule has the outputs that the file gives, or unknown ones', () => {
  const checked = checkGraph(graph([x, node('a', 'Bucketize', { x: 'x:0' }, { boundaries: { kind: 'floats', value: [1] } })], ['a:0']));
  expect(checked.spec('a:0').dtype.name).toBe('undefined');
  expect(checked.spec('a:0').shape).toEqual([-2]);
});

test('a chain of 20,000 nodes is checked without running out of stack', () => {
  const nodes = [x, ...Array.from({ length: 20_000 }, (_, i) => aipp(`n${i}`, i === 0 ? 'x:0' : `n${i - 1}:0`))];
  expect(checkGraph(graph(nodes, ['n19999:0'])).nodes).toHaveLength(20_001);
});

const withOutputs = (name: string, shape: readonly number[], dtypeName = 'float32'): Node =>
  node(name, 'Abs', { x: 'x:0' }, {}, { outputDescs: [spec(dtypeName, shape)] });

test('outputs that the file gives must agree with what the operator makes', () => {
  expect(problemsOf(graph([x, withOutputs('a', [2, 3])], ['a:0']))).toEqual([]);
  expect(problemsOf(graph([x, withOutputs('a', [-1, 3])], ['a:0']))).toEqual([]);
  const [shape] = problemsOf(graph([x, withOutputs('a', [2, 4])], ['a:0']));
  expect(shape?.message).toBe('Node "a" (Abs) has the output "y" given as float32 [2, 4], but it makes float32 [2, 3].');
  const [type] = problemsOf(graph([x, withOutputs('a', [2, 3], 'int32')], ['a:0']));
  expect(type?.message).toContain('given as int32 [2, 3], but it makes float32 [2, 3]');
});

test('what the file gives fills in what the operator leaves open', () => {
  const open = data('x', 'float32', [-2]);
  const checked = checkGraph(graph([open, withOutputs('a', [2, 3]), node('b', 'Neg', { x: 'a:0' })], ['b:0']));
  expect(checked.spec('b:0')).toEqual(spec('float32', [2, 3]));
});

test('in a graph of GE the operator overrules the file, whose descriptors may be placeholders', () => {
  const checked = checkGraph(graph([x, withOutputs('a', []), node('b', 'Neg', { x: 'a:0' })], ['b:0']), { fromGe: true });
  expect(checked.spec('a:0')).toEqual(spec('float32', [2, 3]));
  expect(checked.spec('b:0')).toEqual(spec('float32', [2, 3]));
  expect(checked.nodes.find(({ name }) => name === 'a')?.outputDescs).toEqual([spec('float32', [])]);
});

test('a checked node says all that is known of its values', () => {
  const [, a] = checkGraph(graph([x, node('a', 'Abs', { x: 'x:0' })], ['a:0'])).nodes;
  expect(a).toMatchObject({ outputNames: ['y'], outputDescs: [spec('float32', [2, 3])], inputDescs: [spec('float32', [2, 3])] });
});

test('nothing follows from the value of a refreshable Const', () => {
  const axes = constant('axes', int64s([1]));
  const checked = checkGraph(graph([x, axes, node('r', 'ReduceSum', { x: 'x:0', axes: 'axes:0' })], ['r:0']));
  expect(checked.spec('r:0')).toEqual(spec('float32', [2]));
  expect(checked.constant('axes:0')?.shape).toEqual([1]);
  const open = checked.withRefreshable(['axes']);
  expect(open.spec('r:0')).toEqual(spec('float32', [-1]));
  expect(open.constant('axes:0')).toBeUndefined();
});

test('slots that GE named by number are those of the prototype, in order', () => {
  const numbered = node(
    'm',
    'MatMul',
    { __input0: 'x:0', __input1: 'w:0' },
    {},
    { outputNames: ['__output0'], outputDescs: [spec('float32', [])] },
  );
  const listed = node(
    'l',
    'AddN',
    { __input0: 'm:0', __input1: 'm:0' },
    { N: { kind: 'int', value: 2 } },
    { outputDescs: [spec('float32', [])] },
  );
  const w = constant('w', float32s([1, 2, 3], [3, 1]));
  const checked = checkGraph(graph([x, w, numbered, listed], ['l:0']), { fromGe: true });
  expect(checked.nodes[2]).toMatchObject({ inputNames: ['x1', 'x2'], outputNames: ['y'] });
  expect(checked.nodes[3]).toMatchObject({ inputNames: ['x0', 'x1'] });
  expect(checked.spec('l:0')).toEqual(spec('float32', [2, 1]));
  expect(problemsOf(graph([x, w, numbered], ['m:0'])).map(({ message }) => message)).toContain(
    'Node "m" (MatMul) has no input "__input0".',
  );
});

test('sub-graphs are checked, and an operator has as many as it declares', () => {
  const branch = (name: string, nodes: readonly Node[]): Graph => ({ ...graph(nodes, []), name });
  const choose = (subgraphs: readonly string[]): Node =>
    node('if', 'If', { cond: 'x:0', input0: 'x:0' }, {}, { subgraphs, outputNames: ['output0'], outputDescs: [spec('float32', [2, 3])] });
  const whole = (names: readonly string[], inner: readonly Node[]): Graph => ({
    ...graph([x, choose(names)], ['if:0']),
    subgraphs: [branch('then', inner), branch('else', [x])],
  });
  expect(problemsOf(whole(['then', 'else'], [x]))).toEqual([]);
  expect(problemsOf(whole(['then'], [x])).map(({ message }) => message)).toEqual([
    'Node "if" (If) has 1 sub-graphs; it needs then_branch, else_branch.',
  ]);
  expect(problemsOf(whole(['then', 'other'], [x])).map(({ message }) => message)).toEqual([
    'Node "if" (If) names the sub-graph "other", which the file does not have.',
  ]);
  expect(problemsOf(whole(['then', 'else'], [x, aipp('a', 'gone:0')])).map(({ message }) => message)).toEqual([
    'Node "a" (Acos) gets "gone:0" as x, but no node is called "gone".',
  ]);
});

test('what a rule objects to is a problem of a graph.json and a doubt about a graph of GE', () => {
  const odd = node('a', 'Add', { x1: 'x:0', x2: 'i:0' }, {}, { outputNames: ['y'], outputDescs: [spec('float32', [2, 3])] });
  const given = graph([x, data('i', 'int32', [2, 3]), odd], ['a:0']);
  expect(problemsOf(given)).toHaveLength(1);
  const checked = checkGraph(given, { fromGe: true });
  expect(checked.doubts.get('a')?.message).toContain('their dtypes must be equal');
  expect(checked.spec('a:0')).toEqual(spec('float32', [2, 3]));
});
