// bfloat16 models after widening, executed by ONNX Runtime. bfloat16 values in the tests are float32 with the low half cleared.
import { expect, test } from 'vitest';
import { toExecutable } from '../../src/backends/host/executable.js';
import { widenTensor } from '../../src/backends/host/widen-small-floats.js';
import { memoryBytes } from '../../src/base/bytes.js';
import type { OnnxTensor } from '../../src/formats/encodings/onnx-model.js';
import { readOnnx } from '../../src/formats/onnx/index.js';
import { dtype } from '../../src/graph/dtype.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { filesIn, type ModelParts, modelFile, node, value } from '../support/onnx-models.js';
import type { elements } from '../support/ort.js';
import { openProgram } from '../support/program.js';

const BFLOAT16 = 16;

test('a bfloat16 layer computes in float32, its consts and values seen as the user has them', async () => {
  const program = readOnnx(
    modelFile({
      nodes: [node('MatMul', 'x w', 'p'), node('Add', 'p b', 's'), node('Relu', 's', 'y')],
      initializers: [bfloats('w', [2, 2], [1.5, -2, 0.25, 3]), bfloats('b', [2], [0.5, -1])],
      inputs: [value('x', [1, 2], BFLOAT16)],
      outputs: [value('y', [1, 2], BFLOAT16)],
      graph: { valueInfo: [value('p', [1, 2], BFLOAT16)] },
    }),
  );
  expect(program.consts.map(({ tensor }) => tensor.dtype.name)).toEqual(['bfloat16', 'bfloat16']);
  await using session = await openProgram(program, ['w'], filesIn({}));
  const x = float32s([1, 2], [4, 8]);
  expect(await session.run(new Map([['x', x]]))).toEqual(new Map([['y', Float32Array.of(4 * 1.5 + 8 * 0.25 + 0.5, 4 * -2 + 8 * 3 - 1)]]));
});

test('a Cast to bfloat16 still rounds', async () => {
  const y = await runWide({
    nodes: [node('Cast', 'x', 'n', { to: BFLOAT16 }), node('Add', 'n one', 's'), node('Cast', 's', 'y', { to: 1 })],
    initializers: [bfloats('one', [1], [1])],
    inputs: [value('x', [3])],
    outputs: [value('y', [3])],
    x: [1.0039, 1.0041, -Math.PI],
  });
  // bfloat16 has 8 significant bits: steps of 2^-7 between 1 and 2, of 2^-6 between 2 and 4; 1 + 2^-8 is the middle.
  expect([...y]).toEqual([2, 2.0078125, -2.140625]);
});

test('names that the widening would give may be there already', async () => {
  const y = await runWide({
    nodes: [
      node('Cast', 'x', 'n', { to: BFLOAT16 }, 'c'),
      node('Mul', 'n w', 'n__bfloat16', {}, 'c__widen'),
      node('Add', 'n__bfloat16 w__bfloat16', 's', {}, 'w__widen'),
      node('Cast', 's', 'y', { to: 1 }),
    ],
    initializers: [bfloats('w', [1200], Array(1200).fill(2)), bfloats('w__bfloat16', [1200], Array(1200).fill(1))],
    inputs: [value('x', [1200])],
    outputs: [value('y', [1200])],
    x: Array(1200).fill(3),
  });
  expect(new Set(Array.from(y, Number))).toEqual(new Set([3 * 2 + 1]));
});

test('bfloat16 is widened in constants of nodes, in type attributes, in sub-graphs and in functions', async () => {
  const branch = {
    graph: {
      name: 'b',
      node: [node('Constant', '', 'k', { value: { tensor: bfloats('', [1], [0.5]) } }), node('Add', 'v k', 'p'), node('Add', 'p i', 'r')],
      initializer: [bfloats('i', [1], [16])],
      output: [value('r', [2], BFLOAT16)],
    },
  };
  const double = { name: 'Twice', domain: 'my', input: ['a'], output: ['b'], opsetImport: [{ domain: '', version: 21 }] };
  const parts: ModelParts & { x: readonly number[] } = {
    nodes: [
      node('Cast', 'x', 'n', { to: BFLOAT16 }),
      node('Shape', 'x', 'shape'),
      node('ConstantOfShape', 'shape', 'c', { value: { tensor: bfloats('', [1], [32]) } }),
      node('Add', 'n c', 'v'),
      node('If', 'yes', 'w', { then_branch: branch, else_branch: branch }),
      { ...node('Twice', 'w', 't'), domain: 'my' },
      node('Cast', 't', 'y', { to: 1 }),
    ],
    initializers: [{ name: 'yes', dims: [], dataType: 9, rawData: memoryBytes(Uint8Array.of(1)) }],
    inputs: [value('x', [2])],
    outputs: [value('y', [2])],
    x: [1, 2],
    model: {
      opsetImport: [
        { domain: '', version: 21 },
        { domain: 'my', version: 1 },
      ],
      functions: [
        {
          ...double,
          node: [node('Constant', '', 'two', { value: { tensor: bfloats('', [], [2]) } }), node('Mul', 'a two', 'b')],
        },
      ],
    },
  };
  expect([...(await runWide(parts))]).toEqual([2 * (1 + 32 + 16.5), 2 * (2 + 32 + 16.5)]);
});

test('a large bfloat16 const stays bfloat16 in the file', async () => {
  const values = Array.from({ length: 1200 }, (_, i) => i % 200);
  const program = readOnnx(
    modelFile({
      nodes: [node('Mul', 'x w', 'y')],
      initializers: [bfloats('w', [1200], values)],
      inputs: [value('x', [1200])],
      outputs: [value('y', [1200])],
    }),
  );
  const lengths: number[] = [];
  toExecutable(program, [], ({ tensor }) => {
    lengths.push(tensor.data.length);
    return { offset: 0, length: tensor.data.length };
  });
  expect(lengths).toEqual([2400]);
  await using session = await openProgram(program, [], filesIn({}));
  const x = float32s(
    [1200],
    values.map(() => 0.5),
  );
  const { y } = Object.fromEntries(await session.run(new Map([['x', x]])));
  expect([...(y ?? [])]).toEqual(values.map((one) => one / 2));
});

test('a part of a widened tensor is computed alone', () => {
  const { rawData } = bfloats('w', [3], [1, -2, 3]);
  const { data } = widenTensor({ dtype: dtype('bfloat16'), shape: [3], data: rawData ?? memoryBytes(new Uint8Array(0)) });
  const whole = Buffer.from(Float32Array.of(1, -2, 3).buffer);
  for (let start = 0; start <= 12; start++) {
    for (let end = start; end <= 12; end++) expect(Buffer.from(data.read(start, end))).toEqual(whole.subarray(start, end));
  }
});

function bfloats(name: string, dims: readonly number[], values: readonly number[]): OnnxTensor {
  const halves = Uint16Array.from(new Uint32Array(Float32Array.from(values).buffer), (bits) => bits >>> 16);
  return { name, dims: [...dims], dataType: BFLOAT16, rawData: memoryBytes(new Uint8Array(halves.buffer)) };
}

function float32s(shape: readonly number[], values: readonly number[]): Tensor {
  return { dtype: dtype('float32'), shape, data: memoryBytes(new Uint8Array(Float32Array.from(values).buffer)) };
}

async function runWide({ x, ...parts }: ModelParts & { readonly x: readonly number[] }): Promise<ReturnType<typeof elements>> {
  await using session = await openProgram(readOnnx(modelFile(parts)), [], filesIn({}));
  const results = await session.run(new Map([['x', float32s([x.length], x)]]));
  return results.get('y') as Float32Array;
}
