// Models of the user's whose values would end the process in onnxruntime-node 1.30. Expected values: numpy's, which wraps (int32 −2³¹ // −1
// is −2³¹), and the shapes that ONNX gives TopK.
import { expect, test } from 'vitest';
import { openGraphRunner } from '../../src/backends/host/graph-runner.js';
import { guardProgram } from '../../src/backends/host/guard-program.js';
import { readOnnx } from '../../src/formats/onnx/index.js';
import { elementsOf } from '../../src/graph/elements.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { int64s, type ModelParts, modelFile, node, value } from '../support/onnx-models.js';
import { tensorOf } from '../support/tensors.js';

const INT32 = 6;
const INT64 = 7;
const BOOL = 9;
const LEAST = { int32: -(2n ** 31n), int64: -(2n ** 63n) } as const;

async function run(parts: ModelParts, inputs: Readonly<Record<string, Tensor>>, weights: readonly string[] = []): Promise<Tensor[]> {
  const source = readOnnx(modelFile(parts));
  await using runner = await openGraphRunner({ program: source, graph: source.graph } as never, weights, 'own');
  return [...(await runner.run(new Map(Object.entries(inputs))))];
}

const numbers = (tensor: Tensor | undefined): unknown[] => [...elementsOf(tensor as Tensor)].map(BigInt);

/** Opset 7 is the oldest that is executed. */
test.each([
  ['int32', INT32, 7],
  ['int32', INT32, 21],
  ['int64', INT64, 7],
  ['int64', INT64, 26],
] as const)('the smallest %s divided by −1 wraps, in opset %3$i', async (type, elemType, opset) => {
  const parts: ModelParts = {
    opset,
    nodes: [node('Div', 'x by', 'y')],
    inputs: [value('x', ['N'], elemType), value('by', ['N'], elemType)],
    outputs: [value('y', ['N'], elemType)],
  };
  const least = LEAST[type];
  const [y] = await run(parts, { x: tensorOf(type, [5], [least, least, 7n, -7n, 7n]), by: tensorOf(type, [5], [-1n, 1n, -1n, -1n, -2n]) });
  expect(numbers(y)).toEqual([least, least, -7n, 7n, -3n]);
});

test.each([
  ['int32', INT32],
  ['int64', INT64],
] as const)('a remainder of the smallest %s by −1 is nothing', async (type, elemType) => {
  const parts: ModelParts = {
    nodes: [node('Mod', 'x by', 'y')],
    inputs: [value('x', ['N'], elemType), value('by', ['N'], elemType)],
    outputs: [value('y', ['N'], elemType)],
  };
  const least = LEAST[type];
  const [y] = await run(parts, { x: tensorOf(type, [4], [least, 7n, 7n, -7n]), by: tensorOf(type, [4], [-1n, -1n, -3n, 3n]) });
  expect(numbers(y)).toEqual([0n, 0n, -2n, 2n]);
});

test('a division whose dtype only follows from other operators is guarded, in a sub-graph too', async () => {
  const branch = (op: string): object => ({
    name: op,
    node: [node('Div', 'from by', op)],
    output: [value(op, ['N'], INT64)],
  });
  const parts: ModelParts = {
    nodes: [
      node('Abs', 'x', 'from'),
      node('Neg', 'one', 'by'),
      node('If', 'c', 'y', { then_branch: { graph: branch('a') }, else_branch: { graph: branch('b') } }),
    ],
    initializers: [int64s('one', [1], [1])],
    inputs: [value('x', ['N'], INT64), value('c', [], BOOL)],
    outputs: [value('y', ['N'], INT64)],
  };
  // |−2⁶³| is −2⁶³ again.
  const [y] = await run(parts, { x: tensorOf('int64', [1], [LEAST.int64]), c: tensorOf('bool', [], [1]) });
  expect(numbers(y)).toEqual([LEAST.int64]);
});

test('a divisor that is a weight is guarded, whatever its first value is', async () => {
  const parts: ModelParts = {
    nodes: [node('Div', 'x by', 'y')],
    initializers: [int64s('by', [1], [2])],
    inputs: [value('x', ['N'], INT64)],
    outputs: [value('y', ['N'], INT64)],
  };
  const source = readOnnx(modelFile(parts));
  await using runner = await openGraphRunner({ program: source, graph: source.graph } as never, ['by'], 'own');
  const inputs = new Map([['x', tensorOf('int64', [1], [LEAST.int64])]]);
  const [y] = await runner.run(inputs, new Map([['by', tensorOf('int64', [1], [-1n])]]));
  expect(numbers(y)).toEqual([LEAST.int64]);
});

test.each([
  [[0, 5], -1, [0, 2]],
  [[3, 5], -1, [3, 2]],
  [[5, 0], 0, [2, 0]],
  [[2, 5, 0], 1, [2, 2, 0]],
] as const)('TopK of %j along axis %i gives the shape %j', async (shape, axis, expected) => {
  const dims = shape.map((_, i) => `d${i}`);
  for (const opset of [11, 24]) {
    const parts: ModelParts = {
      opset,
      nodes: [node('TopK', 'x k', 'values places', { axis })],
      initializers: [int64s('k', [1], [2])],
      inputs: [value('x', dims)],
      outputs: [value('values'), value('places', undefined, INT64)],
    };
    const count = shape.reduce((product, dim) => product * dim, 1);
    const x = tensorOf(
      'float32',
      shape,
      Array.from({ length: count }, (_, i) => i),
    );
    const [values, places] = await run(parts, { x });
    expect(values?.shape).toEqual(expected);
    expect(places?.shape).toEqual(expected);
    if (count > 0) expect([...elementsOf(values as Tensor)]).toEqual([4, 3, 9, 8, 14, 13]);
  }
});

test('what cannot trap stays as it is', () => {
  const parts: ModelParts = {
    nodes: [
      node('Div', 'x x', 'a'),
      node('Shape', 'x', 's'),
      node('Div', 's two', 'b'),
      node('Mod', 'x x', 'm', { fmod: 1 }),
      node('TopK', 'x two', 'values places'),
    ],
    initializers: [int64s('two', [1], [2])],
    inputs: [value('x', [2, 3])],
    outputs: [value('a', [2, 3]), value('b', [2], INT64), value('m', [2, 3]), value('values', [2, 2])],
  };
  const program = readOnnx(modelFile(parts));
  expect(guardProgram(program, []).model.graph?.node).toEqual(program.model.graph?.node);
});
