// Where two graphs differ: told by hand-written pairs, and nothing where they are the same.
import { expect, test } from 'vitest';
import { memoryBytes } from '../../src/base/bytes.js';
import { diffGraphs, type GraphDiffOptions } from '../../src/graph/diff.js';
import { dtype } from '../../src/graph/dtype.js';
import type { AttrValue, Graph, Node } from '../../src/graph/graph.js';
import { constant, data, float32s, graph, node, spec } from '../support/graphs.js';

const NODES: readonly Node[] = [
  data('x', 'float32', [2, 3]),
  constant('w', float32s([1, 2, 3])),
  node('sum', 'Add', { x1: 'x:0', x2: 'w:0' }, {}, { outputDescs: [spec('float32', [2, 3])] }),
  node('y', 'LeakyRelu', { x: 'sum:0' }, { negative_slope: { kind: 'float', value: 0.5 } }),
];
const BASE = graph(NODES, ['y:0']);

function withNode(name: string, change: Partial<Node>): Graph {
  return { ...BASE, nodes: NODES.map((one) => (one.name === name ? { ...one, ...change } : one)) };
}

/** Each difference in a line. */
function lines(a: Graph, b: Graph, options?: GraphDiffOptions): readonly string[] {
  return diffGraphs(a, b, options).map(({ aspect, subgraph, node: name, part, a: one, b: other }) =>
    [subgraph, name, aspect, part, `${one} → ${other}`].filter((text) => text !== undefined).join(' | '),
  );
}

test('the same graph in another order has no differences', () => {
  expect(lines(BASE, { ...BASE, name: 'other', nodes: NODES.toReversed() })).toEqual([]);
});

test.each<[string, Graph, readonly string[]]>([
  ['a node more', { ...BASE, nodes: [...NODES, node('z', 'Relu', { x: 'y:0' })] }, ['z | node | undefined → Relu']],
  ['a node less', { ...BASE, nodes: NODES.slice(0, 3) }, ['y | node | LeakyRelu → undefined']],
  ['another operator', withNode('sum', { type: 'Sub' }), ['sum | type | Add → Sub']],
  ['another edge', withNode('sum', { inputs: ['x:0', 'x:0'] }), ['sum | input | x2 | w:0 → x:0']],
  ['an edge less', withNode('sum', { inputs: ['x:0'], inputNames: ['x1'] }), ['sum | input | x2 | w:0 → undefined']],
  ['a control edge', withNode('y', { controlInputs: ['w', 'x'] }), ['y | control inputs | undefined → w, x']],
  ['another result', withNode('sum', { outputDescs: [spec('float16', [2, 3])] }), ['sum | result | 0 | float32 [2, 3] → float16 [2, 3]']],
  ['another branch', withNode('y', { subgraphs: ['then'] }), ['y | branches | undefined → then']],
  ['another output', { ...BASE, outputs: [{ name: 'y:0', value: 'sum:0' }] }, ['output | 0 | y:0 = y:0 → y:0 = sum:0']],
  ['other operators', { ...BASE, dialect: 'onnx' }, ['type | operators of ge → operators of onnx']],
])('%s', (_, other, expected) => {
  expect(lines(BASE, other)).toEqual(expected);
  const back = expected.map((line) => line.replace(/([^|]*) → (.*)$/, (__, one: string, two: string) => ` ${two} → ${one.trim()}`));
  expect(lines(other, BASE).map((line) => line.replaceAll(' ', ''))).toEqual(back.map((line) => line.replaceAll(' ', '')));
});

const bytes = (...values: number[]): AttrValue => ({ kind: 'bytes', value: memoryBytes(Uint8Array.from(values)) });

test.each<[AttrValue, AttrValue, string | undefined]>([
  [{ kind: 'float', value: 0.5 }, { kind: 'float', value: 0.25 }, '0.5 → 0.25'],
  [{ kind: 'float', value: Number.NaN }, { kind: 'float', value: Number.NaN }, undefined],
  [{ kind: 'int', value: 1 }, { kind: 'bool', value: true }, '1 → true'],
  [{ kind: 'ints', value: [1, 2n ** 60n] }, { kind: 'ints', value: [1, 2n ** 60n] }, undefined],
  [{ kind: 'ints', value: [1, 2] }, { kind: 'ints', value: [1, 2, 3] }, '[1, 2] → [1, 2, 3]'],
  [{ kind: 'intLists', value: [[1], [2]] }, { kind: 'intLists', value: [[1], [3]] }, '[[1], [2]] → [[1], [3]]'],
  [{ kind: 'string', value: 'SAME' }, { kind: 'string', value: 'VALID' }, '"SAME" → "VALID"'],
  [{ kind: 'dtype', value: dtype('float16') }, { kind: 'dtype', value: dtype('float32') }, 'float16 → float32'],
  [bytes(1, 2), bytes(1, 2), undefined],
  [bytes(1, 2), bytes(1, 3), '2 bytes → 2 bytes (another value)'],
  [{ kind: 'tensor', value: float32s([1, 2]) }, { kind: 'tensor', value: float32s([1, 2]) }, undefined],
  [{ kind: 'tensor', value: float32s([1, 2]) }, { kind: 'tensor', value: float32s([1, 3]) }, 'float32 [2] → float32 [2] (another value)'],
  [
    { kind: 'opaque', value: { list: new Map([['t', memoryBytes(Uint8Array.of(1))]]) } },
    { kind: 'opaque', value: { list: new Map([['t', memoryBytes(Uint8Array.of(1))]]) } },
    undefined,
  ],
  [
    { kind: 'opaque', value: { list: new Map([['t', memoryBytes(Uint8Array.of(1))]]) } },
    { kind: 'opaque', value: { list: new Map([['t', memoryBytes(Uint8Array.of(2))]]) } },
    'a value of a kind of its own → a value of a kind of its own (another value)',
  ],
])('an attribute, case %#', (one, other, expected) => {
  const [a, b] = [one, other].map((value) => withNode('y', { attrs: new Map([['negative_slope', value]]) })) as [Graph, Graph];
  expect(lines(a, b)).toEqual(expected === undefined ? [] : [`y | attribute | negative_slope | ${expected}`]);
});

test('values of constants are not part of the graph; what the serializer and a compiler add need not be', () => {
  expect(lines(BASE, withNode('w', { attrs: constant('w', float32s([7], [1])).attrs }))).toEqual([]);
  const slope = NODES[3]?.attrs as Node['attrs'];
  const compiled = withNode('y', {
    attrs: new Map([...slope, ['_ir_inputs_key', { kind: 'strings', value: ['x'] }], ['tvm', { kind: 'int', value: 1 }]]),
  });
  expect(lines(BASE, compiled)).toEqual(['y | attribute | tvm | undefined → 1']);
  expect(lines(BASE, compiled, { onlyDeclared: true })).toEqual([]);
  expect(lines(BASE, withNode('y', { attrs: new Map() }), { onlyDeclared: true })).toEqual([
    'y | attribute | negative_slope | 0.5 → undefined',
  ]);
});

test('sub-graphs are compared by name', () => {
  const inner = (name: string, nodes: readonly Node[]): Graph => ({ ...graph(nodes, []), name });
  const a = { ...BASE, subgraphs: [inner('then', [node('n', 'Relu', { x: 'x:0' })]), inner('gone', [])] };
  const b = { ...BASE, subgraphs: [inner('then', [node('n', 'Tanh', { x: 'x:0' })])] };
  expect(lines(a, b)).toEqual(['then | n | type | Relu → Tanh', 'gone | subgraph | 0 nodes → undefined']);
});
