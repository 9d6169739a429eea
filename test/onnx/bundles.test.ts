// ONNX models through the library: what only shows in a whole bundle.
import { expect, test } from 'vitest';
import { memoryBytes } from '../../src/base/bytes.js';
import type { OnnxTensor } from '../../src/formats/encodings/onnx-model.js';
import { build, openBundle, type TensorData } from '../../src/index.js';
import { expectClose } from '../support/close.js';
import { floats, type ModelParts, modelFile, node, value } from '../support/onnx-models.js';

const BFLOAT16 = 16;

test.each(Array.from({ length: 26 }, (_, i) => i + 1))('a model of opset %i is built, run and updated', async (opset) => {
  const parts: ModelParts = {
    opset,
    ir: opset < 9 ? 3 : 8,
    nodes: [node('MatMul', 'x w', 'p'), node('Add', 'p b', 's', opset < 7 ? { broadcast: 1 } : {}), node('Relu', 's', 'y')],
    initializers: [floats('w', [2, 2], [1, -2, 3, 4]), floats('b', [2], [0.5, 1])],
    inputs: [value('x', [1, 2]), value('w', [2, 2]), value('b', [2])],
    outputs: [value('y', [1, 2])],
  };
  const path = modelFile(parts);
  await build(path, { consts: ['w'], output: `${path}.om`, backend: 'host' });
  await using bundle = await openBundle(`${path}.om`);
  const x = float32s([1, 2], [2, 1]);
  expectClose(numbers((await bundle.run({ x }))['y']), [2 + 3 + 0.5, Math.max(0, -4 + 4 + 1)]);
  await bundle.update({ w: float32s([2, 2], [0, 1, 0, 1]) });
  expectClose(numbers((await bundle.run({ x }))['y']), [0.5, 4]);
});

test('a bfloat16 bundle takes, keeps and gives bfloat16', async () => {
  const side = 40;
  const fixed = Array.from({ length: side * side }, (_, i) => (i % (side + 1) === 0 ? 2 : 0));
  const path = modelFile({
    nodes: [node('MatMul', 'x two', 'p'), node('Mul', 'p w', 'y')],
    initializers: [bfloats('two', [side, side], fixed), bfloats('w', [side], Array(side).fill(1.5))],
    inputs: [value('x', [1, side], BFLOAT16)],
    outputs: [value('y', [1, side], BFLOAT16)],
  });
  await build(path, { consts: ['w'], output: `${path}.om`, backend: 'host' });
  await using bundle = await openBundle(`${path}.om`);
  expect([...bundle.inputs, ...bundle.outputs, ...bundle.weights].map(({ dtype }) => dtype)).toEqual(['bfloat16', 'bfloat16', 'bfloat16']);
  const x = { dtype: 'bfloat16', shape: [1, side], data: halves(Array.from({ length: side }, (_, i) => i)) };
  const { y } = await bundle.run({ x });
  expect(y?.dtype).toBe('bfloat16');
  expect(y?.data).toEqual(halves(Array.from({ length: side }, (_, i) => i * 3)));
  await bundle.update({ w: { dtype: 'bfloat16', shape: [side], data: halves(Array(side).fill(-0.25)) } });
  const again = (await bundle.run({ x }))['y'];
  expect(again?.data).toEqual(halves(Array.from({ length: side }, (_, i) => i * -0.5)));
});

test('a constant inside a sub-graph cannot be refreshable, and the error says so', async () => {
  const branch = {
    graph: { name: 'b', node: [node('Add', 'x inner', 'r')], initializer: [floats('inner', [1], [1])], output: [value('r')] },
  };
  const path = modelFile({
    nodes: [node('If', 'flag', 'y', { then_branch: branch, else_branch: branch })],
    inputs: [value('x', [1]), value('flag', [], 9)],
    outputs: [value('y')],
  });
  const refused = build(path, { consts: ['inner'], output: `${path}.om`, backend: 'host' });
  await expect(refused).rejects.toMatchObject({
    code: 'CONST_NOT_FOUND',
    message: expect.stringContaining('"inner" cannot become a weight: it is a constant inside a sub-graph'),
  });
});

function float32s(shape: readonly number[], values: readonly number[]): TensorData {
  return { dtype: 'float32', shape, data: Float32Array.from(values) };
}

function numbers(tensor: TensorData | undefined): Float32Array {
  return new Float32Array(bytesOf(tensor?.data as ArrayBufferView).slice().buffer);
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength).slice();
}

/** float32 values that are exact in bfloat16, by their upper halves. */
function halves(values: readonly number[]): Uint16Array {
  return Uint16Array.from(new Uint32Array(Float32Array.from(values).buffer), (bits) => bits >>> 16);
}

function bfloats(name: string, dims: readonly number[], values: readonly number[]): OnnxTensor {
  return { name, dims: [...dims], dataType: BFLOAT16, rawData: memoryBytes(bytesOf(halves(values))) };
}
