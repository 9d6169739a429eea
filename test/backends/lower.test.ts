import { expect, test } from 'vitest';
import { lowerGraph } from '../../src/backends/host/lower/lower.js';
import { checkGraph } from '../../src/graph/check.js';
import type { Graph, Node } from '../../src/graph/graph.js';
import { caught } from '../support/caught.js';
import { constant, data, float32s, graph, int64s, node, spec } from '../support/graphs.js';
import { numbersOf, runGraph, t } from '../support/op-vectors.js';

const x = data('x', 'float32', [3]);
const w = constant('w', float32s([1, 2, 3]));
const add = (name: string, x1: string, x2: string): Node => node(name, 'Add', { x1, x2 });

const failureOf = (given: Graph) => caught(() => lowerGraph(checkGraph(given)));

test('inputs and consts have the names of their nodes, outputs those of the graph', () => {
  const given: Graph = { ...graph([x, w, add('a', 'x:0', 'w:0'), add('b', 'a:0', 'w:0')], []), outputs: [{ name: 'y', value: 'b:0' }] };
  const { model, consts, inputs, outputs } = lowerGraph(checkGraph(given));
  expect(model.graph?.input?.map(({ name }) => name)).toEqual(['x']);
  expect(model.graph?.output?.map(({ name }) => name)).toEqual(['y']);
  expect(model.graph?.node?.map(({ input, output }) => [input, output])).toEqual([
    [['x', 'w'], ['a:0']],
    [['a:0', 'w'], ['y']],
  ]);
  expect(consts.map(({ constName, valueName }) => [constName, valueName])).toEqual([['w', 'w']]);
  expect(model.graph?.initializer).toEqual([]);
  expect(inputs).toEqual([{ name: 'x', ...spec('float32', [3]) }]);
  expect(outputs).toEqual([{ name: 'y', ...spec('float32', [3]) }]);
});

test('an output that is an input, a Const, or listed twice is a value of its own', async () => {
  const outputs = ['x:0', 'w:0', 'a:0', 'a:0'].map((value, i) => ({ name: `y${i}`, value }));
  const checked = checkGraph({ ...graph([x, w, add('a', 'x:0', 'w:0')], []), outputs });
  const results = await runGraph(checked, new Map([['x', t('float32', [3], [10, 20, 30])]]));
  expect(results.map(numbersOf)).toEqual([
    [10, 20, 30],
    [1, 2, 3],
    [11, 22, 33],
    [11, 22, 33],
  ]);
});

test('names that would meet in ONNX are kept apart', async () => {
  // A Data called like another node's value, an output called like an input.
  const given: Graph = {
    ...graph([data('a:0', 'float32', [3]), w, add('a', 'a:0:0', 'w:0'), add('b', 'a:0', 'w:0')], []),
    outputs: [{ name: 'w', value: 'b:0' }],
  };
  const [result] = await runGraph(checkGraph(given), new Map([['a:0', t('float32', [3], [10, 20, 30])]]));
  expect(result === undefined ? [] : numbersOf(result)).toEqual([12, 24, 36]);
});

test('inputs come in the order of their index', () => {
  const indexed = (name: string, value: number): Node => ({
    ...data(name, 'float32', [3]),
    attrs: new Map([['index', { kind: 'int', value }]]),
  });
  const { inputs } = lowerGraph(checkGraph(graph([indexed('second', 1), indexed('first', 0)], ['first:0'])));
  expect(inputs.map(({ name }) => name)).toEqual(['first', 'second']);
});

test('bfloat16 is float32 in the program and bfloat16 for the user', () => {
  const given = graph([data('x', 'bfloat16', [2]), node('n', 'Abs', { x: 'x:0' })], ['n:0']);
  const { model, inputs, outputs } = lowerGraph(checkGraph(given));
  const types = [...(model.graph?.input ?? []), ...(model.graph?.output ?? [])].map(({ type }) => type?.tensorType?.elemType);
  expect(types).toEqual([1, 1]);
  expect([...inputs, ...outputs].map(({ dtype }) => dtype.name)).toEqual(['bfloat16', 'bfloat16']);
});

test('every operator that the host does not have is named, with the nearest that it has', () => {
  const error = failureOf(
    graph(
      [
        data('x', 'float32', [2, 2]),
        node('u', 'Dawsn', { x: 'x:0' }, {}, { at: '/nodes/0' }),
        node('v', 'Digamma', { x: 'x:0' }, {}, { at: '/nodes/1' }),
      ],
      ['u:0'],
    ),
  );
  expect(error.code).toBe('OP_UNSUPPORTED');
  expect(error.problems.map(({ at }) => at)).toEqual(['/nodes/0', '/nodes/1']);
  expect(error.problems[0]?.message).toContain('Node "u" (Dawsn)');
  expect(error.problems[0]?.fix).toContain('--backend ascend');
});

test('a dtype that the host does not compute with is named', () => {
  const error = failureOf(graph([data('x', 'int4', [2]), node('n', 'Abs', { x: 'x:0' })], ['n:0']));
  expect(error.code).toBe('DTYPE_UNSUPPORTED');
  expect(error.problems[0]?.message).toContain('int4');
  expect(error.problems[0]?.message).toContain('not on the host backend');
});

test('a dtype without a kernel is refused where no other one is exact', () => {
  const error = failureOf(graph([data('x', 'float64', [2]), node('n', 'Tan', { x: 'x:0' })], ['n:0']));
  expect(error.code).toBe('OP_UNSUPPORTED');
  expect(error.message).toContain('Node "n" (Tan) cannot be computed in float64');
});

test('a chain of 5,000 nodes is lowered node by node', () => {
  const nodes = [x, w, ...Array.from({ length: 5_000 }, (_, i) => add(`n${i}`, i === 0 ? 'x:0' : `n${i - 1}:0`, 'w:0'))];
  const checked = checkGraph(graph(nodes, ['n4999:0']));
  expect(lowerGraph(checked).model.graph?.node).toHaveLength(5_000);
});

test('the host refuses a node that a rule objects to, also in a graph of GE', () => {
  const given = graph([x, data('i', 'int32', [3]), add('a', 'x:0', 'i:0')], ['a:0']);
  expect(() => lowerGraph(checkGraph(given, { fromGe: true }))).toThrow(
    expect.objectContaining({ code: 'OP_UNSUPPORTED', message: expect.stringContaining('their dtypes must be equal') }),
  );
});

test('a refreshable Const is not built into the program', async () => {
  const axes = constant('axes', int64s([1]));
  const sum = node('s', 'ReduceSum', { x: 'm:0', axes: 'axes:0' });
  const checked = checkGraph(graph([data('m', 'float32', [2, 3]), axes, sum], ['s:0']));
  const baked = lowerGraph(checked).model.graph;
  expect(baked?.node?.flatMap(({ input }) => input)).not.toContain('axes');
  const open = lowerGraph(checked, ['axes']).model.graph;
  expect(open?.node?.flatMap(({ input }) => input)).toContain('axes');
  expect(open?.output?.[0]?.type?.tensorType?.shape?.dim).toEqual([{}]);
});

test('a dtype that the operator itself does not have is refused when the bundle is built, not when it runs', () => {
  const logical = failureOf(graph([data('i', 'int32', [2]), node('n', 'LogicalNot', { x: 'i:0' })], ['n:0']));
  expect(logical.message).toContain('Node "n" (LogicalNot) cannot be computed in int32');
  const bits = failureOf(graph([data('f', 'float32', [2]), node('n', 'Invert', { x: 'f:0' })], ['n:0']));
  expect(bits.message).toContain('Node "n" (Invert) cannot be computed in float32');
});
