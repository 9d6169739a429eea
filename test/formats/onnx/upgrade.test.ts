// Old operators, upgraded and executed by ONNX Runtime; the expected numbers come from a plain formula of the old meaning.
import { expect, test } from 'vitest';
import { memoryBytes } from '../../../src/base/bytes.js';
import type { OnnxTensor } from '../../../src/formats/encodings/onnx-model.js';
import { readOnnx } from '../../../src/formats/onnx/index.js';
import { dtype } from '../../../src/graph/dtype.js';
import { expectClose } from '../../support/close.js';
import { filesIn, floats, int64s, type ModelParts, modelFile, node, value } from '../../support/onnx-models.js';
import { openProgram } from '../../support/program.js';

const A = [1, -2, 3, 4, 5, -6, 7, 8, 9, 10, 11, 12]; // [2, 3, 2]
const CHANNELS = [0.5, -2, 3];

/** The channel (axis 1) of element i of [2, 3, 2]. */
function channel(i: number): number {
  return CHANNELS[Math.floor(i / 2) % 3] as number;
}

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Pow: (a, b) => a ** b,
};

test.each(Object.keys(ARITHMETIC))('%s broadcasts along its axis', async (opType) => {
  const got = await run({
    nodes: [node(opType, 'x b', 'y', { broadcast: 1, axis: 1 })],
    initializers: [floats('b', [3], CHANNELS)],
    inputs: [value('x', [2, 3, 2])],
  });
  expectClose(
    got,
    A.map((a, i) => (ARITHMETIC[opType] as (a: number, b: number) => number)(a, channel(i))),
  );
});

test.each([
  ['Greater', (a: number, b: number) => a > b],
  ['Less', (a: number, b: number) => a < b],
])('%s broadcasts along its axis', async (opType, formula) => {
  const got = await run({
    nodes: [node(opType, 'x b', 'c', { broadcast: 1, axis: 1 }), node('Cast', 'c', 'y', { to: 1 })],
    initializers: [floats('b', [3], CHANNELS)],
    inputs: [value('x', [2, 3, 2])],
  });
  expect([...got]).toEqual(A.map((a, i) => Number(formula(a, channel(i)))));
});

test.each([
  ['And', (a: boolean, b: boolean) => a && b],
  ['Or', (a: boolean, b: boolean) => a || b],
  ['Xor', (a: boolean, b: boolean) => a !== b],
  ['Equal', (a: boolean, b: boolean) => a === b],
])('%s broadcasts along its axis', async (opType, formula) => {
  const got = await run({
    nodes: [node('Cast', 'x', 'a', { to: 9 }), node(opType, 'a b', 'c', { broadcast: 1, axis: 0 }), node('Cast', 'c', 'y', { to: 1 })],
    initializers: [{ name: 'b', dims: [2], dataType: 9, rawData: memoryBytes(Uint8Array.of(1, 0)) }],
    inputs: [value('x', [2, 3, 2])],
    x: A.map((a) => Math.max(a, 0)),
  });
  expect([...got]).toEqual(A.map((a, i) => Number(formula(a >= 0, i < 6))));
});

test('a negative axis counts from the end; without an axis the last dimensions align', async () => {
  const parts = { initializers: [floats('b', [2], [10, 20])], inputs: [value('x', [2, 3, 2])] };
  const expected = A.map((a, i) => a + (i % 2 === 0 ? 10 : 20));
  expectClose(await run({ ...parts, nodes: [node('Add', 'x b', 'y', { broadcast: 1, axis: -1 })] }), expected);
  expectClose(await run({ ...parts, nodes: [node('Add', 'x b', 'y', { broadcast: 1 })] }), expected);
});

test('the rank of a value that the model does not describe is followed from the input', async () => {
  const parts = (between: ModelParts['nodes']): Parts => ({
    nodes: [...between, node('Add', 'm b', 'y', { broadcast: 1, axis: 1 })],
    initializers: [floats('b', [3], CHANNELS), int64s('s', [3], [2, 3, 2]), floats('k', [3, 3, 1], [1, 0, 0, 0, 1, 0, 0, 0, 1])],
    inputs: [value('x', [2, 3, 2])],
    opset: 6,
  });
  const expected = A.map((a, i) => Math.max(a, 0) + channel(i));
  for (const between of [
    [node('Relu', 'x', 'm')],
    [node('Conv', 'x k', 'c'), node('Relu', 'c', 'm')],
    [node('Flatten', 'x', 'f'), node('Reshape', 'f s', 'r'), node('Relu', 'r', 'm')],
    [node('Unsqueeze', 'x', 'u', { axes: [0] }), node('Squeeze', 'u', 'v', { axes: [0] }), node('Relu', 'v', 'm')],
    [node('Unsqueeze', 'x', 'u', { axes: [0] }), node('ReduceSum', 'u', 'r', { axes: [0], keepdims: 0 }), node('Relu', 'r', 'm')],
  ]) {
    expectClose(await run(parts(between)), expected);
  }
});

test('an axis whose meaning cannot be found out is refused by name', () => {
  const parts: ModelParts = {
    opset: 6,
    nodes: [node('Mystery', 'x', 'm'), node('Add', 'm b', 'y', { broadcast: 1, axis: 1 }, 'bias')],
    initializers: [floats('b', [3], CHANNELS)],
    inputs: [value('x', [2, 3, 2])],
    outputs: [value('y')],
  };
  expect(() => readOnnx(modelFile(parts))).toThrow(
    expect.objectContaining({
      code: 'OP_UNSUPPORTED',
      message: expect.stringContaining(
        'Node "bias" (Add, opset 6) of model.onnx broadcasts along axis 1, and the rank of "m" is not known',
      ),
      at: '/graph/node/1',
    }),
  );
});

test.each([2, 4, -5, 2n ** 62n, -(2n ** 62n)])('an axis where the second operand does not fit is refused: %s', (axis) => {
  const add = node('Add', 'x b', 'y', { broadcast: 1 });
  const parts: ModelParts = {
    opset: 6,
    nodes: [{ ...add, attribute: [...(add.attribute ?? []), { name: 'axis', type: 2, i: axis }] }],
    initializers: [floats('b', [3, 2], [1, 2, 3, 4, 5, 6])],
    inputs: [value('x', [2, 3, 2])],
    outputs: [value('y')],
  };
  expect(() => readOnnx(modelFile(parts))).toThrow(
    expect.objectContaining({ code: 'OP_UNSUPPORTED', message: expect.stringContaining('does not fit') }),
  );
});

test('PRelu takes its slope per channel', async () => {
  const got = await run({
    nodes: [node('PRelu', 'x s', 'y')],
    initializers: [floats('s', [3], CHANNELS)],
    inputs: [value('x', [2, 3, 2])],
  });
  expectClose(
    got,
    A.map((a, i) => (a < 0 ? a * channel(i) : a)),
  );
});

test('Gemm takes a bias with and without broadcast', async () => {
  const w = [1, 2, 3, 4, 5, 6]; // [2, 3]
  for (const [bias, dims] of [
    [[1, 2, 3], [3]],
    [
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18],
      [6, 3],
    ],
  ] as const) {
    const got = await run({
      nodes: [node('Gemm', 'x w b', 'y', { broadcast: dims.length === 1 ? 1 : 0, alpha: { float: 0.5 } })],
      initializers: [floats('w', [2, 3], w), floats('b', dims, bias)],
      inputs: [value('x', [6, 2])],
    });
    const expected = Array.from({ length: 18 }, (_, i) => {
      const [row, column] = [Math.floor(i / 3), i % 3];
      const dot = (A[row * 2] as number) * (w[column] as number) + (A[row * 2 + 1] as number) * (w[3 + column] as number);
      return 0.5 * dot + (bias[i % bias.length] as number);
    });
    expectClose(got, expected);
  }
});

test.each([
  ['with one output', 'y', {}],
  ['with is_test and statistics that nothing reads', 'y m v sm sv', { is_test: 1 }],
  ['with consumed_inputs', 'y', { is_test: 1, consumed_inputs: [0, 0, 0, 1, 1], epsilon: { float: 0.5 } }],
])('BatchNormalization %s uses the given statistics', async (_, outputs, attrs) => {
  const got = await run({
    nodes: [node('BatchNormalization', 'x s b m0 v0', outputs, attrs)],
    initializers: [floats('s', [3], [1, 2, 3]), floats('b', [3], [0, 1, 2]), floats('m0', [3], [1, 1, -1]), floats('v0', [3], [4, 1, 9])],
    inputs: [value('x', [2, 3, 2])],
  });
  const epsilon = 'epsilon' in attrs ? 0.5 : 1e-5;
  const at = (list: readonly number[], i: number): number => list[Math.floor(i / 2) % 3] as number;
  expectClose(
    got,
    A.map((a, i) => ((a - at([1, 1, -1], i)) / Math.sqrt(at([4, 1, 9], i) + epsilon)) * at([1, 2, 3], i) + at([0, 1, 2], i)),
  );
});

test.each([
  ['computes its statistics', 'y m v sm sv', {}, 'training form'],
  ['has its statistics read', 'y z', { is_test: 1 }, 'gives "z"'],
])('a BatchNormalization that %s is refused', (_, outputs, attrs, words) => {
  const parts: ModelParts = {
    opset: 6,
    nodes: [node('BatchNormalization', 'x s s s s', outputs, attrs)],
    initializers: [floats('s', [3], [1, 2, 3])],
    inputs: [value('x', [2, 3, 2])],
    outputs: [value('y'), value(outputs.split(' ')[1] ?? '')],
  };
  expect(() => readOnnx(modelFile(parts))).toThrow(
    expect.objectContaining({ code: 'OP_UNSUPPORTED', message: expect.stringContaining(words) }),
  );
});

test('Dropout gives its input, whatever is_test says', async () => {
  for (const attrs of [{ is_test: 1 }, { is_test: 0, ratio: { float: 0.9 } }, {}]) {
    expectClose(await run({ nodes: [node('Dropout', 'x', 'y mask', attrs)], inputs: [value('x', [2, 3, 2])] }), A);
  }
});

test('Upsample has its scales by name', async () => {
  const got = await run({
    nodes: [node('Upsample', 'x', 'y', { height_scale: { float: 2 }, width_scale: { float: 1 }, mode: 'nearest' })],
    inputs: [value('x', [1, 1, 2, 3])],
    x: [1, 2, 3, 4, 5, 6],
  });
  expectClose(got, [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]);
});

test('recurrent operators lose output_sequence', async () => {
  // One GRU step from h = 0 with all weights 0 and biases 0: z = 0.5, candidate = 0, so h = 0.
  const got = await run({
    nodes: [
      node('GRU', 'x W R', '_ h', { hidden_size: 1, output_sequence: 0, linear_before_reset: 1 }),
      node('Squeeze', 'h', 'y', { axes: [0] }),
    ],
    initializers: [floats('W', [1, 3, 2], [0, 0, 0, 0, 1, 1]), floats('R', [1, 3, 1], [0, 0, 0])],
    inputs: [value('x', [1, 1, 2])],
    x: [0.25, 0.5],
  });
  expectClose(got, [0.5 * Math.tanh(0.75)]);
});

test.each([
  ['Reshape-1', 1, [node('Reshape', 'x', 'y', { shape: [0, -1] })], A],
  ['Cast-1', 5, [node('Cast', 'x', 'i', { to: 'INT32' }), node('Cast', 'i', 'y', { to: 'FLOAT' })], A.map(Math.trunc)],
  ['Concat-1', 3, [node('Concat', 'x x', 'y')], [...A.slice(0, 6), ...A.slice(0, 6), ...A.slice(6), ...A.slice(6)]],
  [
    'Pad-1',
    1,
    [node('Pad', 'x', 'y', { paddings: [0, 0, 0, 0, 0, 1], value: { float: 7 } })],
    A.flatMap((a, i) => (i % 2 === 1 ? [a, 7] : [a])),
  ],
  ['Selu-1', 5, [node('Selu', 'x', 'y')], A.map((a) => 1.0507 * (a > 0 ? a : 1.6732 * (Math.exp(a) - 1)))],
  ['Relu-1 in place', 5, [node('Relu', 'x', 'y', { consumed_inputs: [1] })], A.map((a) => Math.max(a, 0))],
] as const)('%s', async (_, opset, nodes, expected) => {
  expectClose(await run({ opset, nodes, inputs: [value('x', [2, 3, 2])] }), expected);
});

test('operators in sub-graphs are upgraded too, with the ranks of values around them', async () => {
  const branch = { graph: { name: 'b', node: [node('Add', 'x b', 'r', { broadcast: 1, axis: 1 })], output: [value('r')] } };
  const got = await run({
    opset: 6,
    nodes: [node('If', 'yes', 'y', { then_branch: branch, else_branch: branch })],
    initializers: [floats('b', [3], CHANNELS), { name: 'yes', dims: [], dataType: 9, rawData: memoryBytes(Uint8Array.of(1)) }],
    inputs: [value('x', [2, 3, 2])],
  });
  expectClose(
    got,
    A.map((a, i) => a + channel(i)),
  );
});

test('a model of opset 7 or later is left as it is', () => {
  const nodes = [node('Dropout', 'x', 'y', { is_test: 1 })];
  const { model } = readOnnx(modelFile({ opset: 7, nodes, inputs: [value('x', [1])], outputs: [value('y')] }));
  expect(model.graph?.node?.[0]?.attribute?.map(({ name }) => name)).toEqual(['is_test']);
  expect(model.opsetImport).toEqual([{ domain: '', version: 7 }]);
});

type Parts = Omit<ModelParts, 'outputs'> & { readonly x?: readonly number[] };

/** Reads the model as opset 6 (or what it says), runs it, and gives `y`. Every float const is fed, as a refreshable one. */
async function run({ x = A, ...parts }: Parts): Promise<Float32Array> {
  const program = readOnnx(
    modelFile({ opset: 6, ir: 3, ...parts, inputs: [...(parts.inputs ?? []), ...describe(parts.initializers)], outputs: [value('y')] }),
  );
  const floatNames = program.consts.filter(({ tensor }) => tensor.dtype.name === 'float32').map(({ constName }) => constName);
  await using session = await openProgram(program, floatNames, filesIn({}));
  const data = memoryBytes(new Uint8Array(Float32Array.from(x).buffer));
  const shape = program.inputs[0]?.shape ?? [];
  return (await session.run(new Map([['x', { dtype: dtype('float32'), shape, data }]]))).get('y') as Float32Array;
}

/** IR version 3 wants every initializer among the inputs. */
function describe(initializers: readonly OnnxTensor[] = []): ReturnType<typeof value>[] {
  return initializers.map(({ name = '', dims = [], dataType }) => value(name, dims.map(Number), dataType));
}
