// Control flow, functions and sequences through build → update → run; what they capture from around them may be refreshable.
import { expect, test } from 'vitest';
import { readOnnx } from '../../src/formats/onnx/index.js';
import { build, openBundle, type TensorData } from '../../src/index.js';
import { tensorOf } from '../support/library.js';
import { floats, int64s, type ModelParts, modelFile, node, value } from '../support/onnx-models.js';
import { elements } from '../support/ort.js';

const BOOL = 9;
const INT64 = 7;

test('both branches of an If read a refreshable constant around them', async () => {
  const branch = (opType: string) => ({ graph: { name: opType, node: [node(opType, 'x w', 'r')], output: [value('r')] } });
  const parts: ModelParts = {
    nodes: [
      node('ReduceSum', 'x', 's', { keepdims: 0 }),
      node('Greater', 's zero', 'c'),
      node('If', 'c', 'y', { then_branch: branch('Add'), else_branch: branch('Mul') }),
    ],
    initializers: [floats('w', [2], [10, 20]), floats('zero', [], [0])],
    inputs: [value('x', [2])],
    outputs: [value('y')],
  };
  expect(await run(parts, ['w'], [1, 2])).toEqual([11, 22]);
  expect(await run(parts, ['w'], [-1, -2])).toEqual([-10, -40]);
  expect(await run(parts, ['w'], [1, 2], { w: [3, 4] })).toEqual([4, 6]);
  expect(await run(parts, ['w'], [-1, -2], { w: [3, 4] })).toEqual([-3, -8]);
});

test('a Loop reads a refreshable constant two graphs further out', async () => {
  const then = { graph: { name: 'then', node: [node('Mul', 'state w', 'r')], output: [value('r')] } };
  const other = { graph: { name: 'else', node: [node('Identity', 'state', 'r')], output: [value('r')] } };
  const body = {
    name: 'body',
    input: [value('i', [], INT64), value('go', [], BOOL), value('state', [2])],
    node: [
      node('Greater', 'i first', 'later'),
      node('If', 'later', 'next', { then_branch: then, else_branch: other }),
      node('Identity', 'go', 'on'),
    ],
    initializer: [int64s('first', [], [0])],
    output: [value('on', [], BOOL), value('next', [2])],
  };
  const parts: ModelParts = {
    nodes: [node('Loop', 'trips _ x', 'y', { body: { graph: body } })],
    initializers: [floats('w', [2], [2, 3]), int64s('trips', [], [3])],
    inputs: [value('x', [2])],
    outputs: [value('y')],
  };
  expect(await run(parts, ['w'], [1, 1])).toEqual([4, 9]);
  expect(await run(parts, ['w'], [1, 1], { w: [5, 6] })).toEqual([25, 36]);
  const { graph } = readOnnx(modelFile(parts));
  expect(graph.subgraphs.map(({ name }) => name)).toEqual([
    '/Loop_0/body/If_0/then_branch',
    '/Loop_0/body/If_0/else_branch',
    '/Loop_0/body',
  ]);
  expect(graph.nodes.find(({ type }) => type === 'Loop')?.inputs).toEqual(['trips:0', null, 'x:0', 'w:0']);
});

test('a Scan reads a refreshable constant', async () => {
  const body = {
    name: 'body',
    input: [value('sum', [1]), value('one', [1])],
    node: [node('Mul', 'one w', 'p'), node('Add', 'sum p', 'total'), node('Identity', 'total', 'out')],
    output: [value('total', [1]), value('out', [1])],
  };
  const parts: ModelParts = {
    nodes: [node('Reshape', 'x column', 'xs'), node('Scan', 'start xs', 'last y', { body: { graph: body }, num_scan_inputs: 1 })],
    initializers: [floats('w', [1], [2]), floats('start', [1], [0]), int64s('column', [2], [-1, 1])],
    inputs: [value('x', [3])],
    outputs: [value('y')],
  };
  expect(await run(parts, ['w', 'start'], [1, 2, 3])).toEqual([2, 6, 12]);
  expect(await run(parts, ['w', 'start'], [1, 2, 3], { w: [-1], start: [100] })).toEqual([99, 97, 94]);
});

test('a function of the model takes a refreshable constant', async () => {
  const imports = [
    { domain: '', version: 21 },
    { domain: 'my', version: 1 },
  ];
  const scale = { name: 'Scale', domain: 'my', input: ['a', 'b'], output: ['c'], opsetImport: imports.slice(0, 1) };
  const body = [node('Constant', '', 'two', { value_float: { float: 2 } }), node('Mul', 'a b', 'p'), node('Mul', 'p two', 'c')];
  const parts: ModelParts = {
    nodes: [{ ...node('Scale', 'x w', 'y'), domain: 'my' }],
    initializers: [floats('w', [2], [3, 4])],
    inputs: [value('x', [2])],
    outputs: [value('y')],
    model: { opsetImport: imports, functions: [{ ...scale, node: body }] },
  };
  expect(await run(parts, ['w'], [1, 10])).toEqual([6, 80]);
  expect(await run(parts, ['w'], [1, 10], { w: [1, 1] })).toEqual([2, 20]);
});

test('sequences inside the graph are ONNX Runtime’s business', async () => {
  const parts: ModelParts = {
    nodes: [node('SequenceConstruct', 'x w', 's'), node('ConcatFromSequence', 's', 'y', { axis: 0 })],
    initializers: [floats('w', [1], [7])],
    inputs: [value('x', [2])],
    outputs: [value('y')],
  };
  expect(await run(parts, ['w'], [1, 2])).toEqual([1, 2, 7]);
});

test('nodes in any order are read', async () => {
  const parts: ModelParts = {
    nodes: [node('Relu', 'p', 'y'), node('Add', 'x w', 'p')],
    initializers: [floats('w', [2], [1, -5])],
    inputs: [value('x', [2])],
    outputs: [value('y')],
  };
  expect(await run(parts, ['w'], [1, 2])).toEqual([2, 0]);
});

/** Builds a bundle with `weights` refreshable, updates some and runs it; `y` as numbers. */
async function run(
  parts: ModelParts,
  weights: readonly string[],
  x: readonly number[],
  changed: Readonly<Record<string, readonly number[]>> = {},
): Promise<number[]> {
  const path = modelFile(parts);
  await build(path, { consts: weights, output: `${path}.om`, backend: 'host' });
  await using bundle = await openBundle(`${path}.om`);
  await bundle.update(Object.fromEntries(Object.entries(changed).map(([name, values]) => [name, tensor(values)])));
  const { y } = await bundle.run({ x: tensor(x) });
  return [...(elements(tensorOf(y as TensorData)) as Float32Array)];
}

function tensor(values: readonly number[]): TensorData {
  return { dtype: 'float32', shape: [values.length], data: Float32Array.from(values) };
}
