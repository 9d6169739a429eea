// Bundles through the library: whose the variables are, what an update does and does not, and every dtype and shape.
// Expected values are plain formulas on the numbers of the test.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { memoryBytes } from '../../src/base/bytes.js';
import type { OnnxTensor } from '../../src/formats/encodings/onnx-model.js';
import { type BuildOptions, build, type OpenedBundle, openBundle, type TensorData } from '../../src/index.js';
import { filesIn, floats, int64s, type ModelParts, modelFile, node, value } from '../support/onnx-models.js';

const X = f32([2, 2], [1, 2, 3, 4]);
const W = [1, 0, 0, 1];
const B = [10, 20];
/** y = x·w + b, z = Relu(y). */
const LINEAR: ModelParts = {
  nodes: [node('MatMul', 'x w', 'p'), node('Add', 'p b', 'y'), node('Relu', 'y', 'z')],
  initializers: [floats('w', [2, 2], W), floats('b', [2], B)],
  inputs: [value('x', [2, 2])],
  outputs: [value('y', [2, 2]), value('z', [2, 2])],
};

function linear([a, b, c, d]: readonly number[], [e, f]: readonly number[]): number[] {
  const rows = [
    [1, 2],
    [3, 4],
  ] as const;
  return rows.flatMap(([p, q]) => [
    p * (a as number) + q * (c as number) + (e as number),
    p * (b as number) + q * (d as number) + (f as number),
  ]);
}

function f32(shape: readonly number[], values: readonly number[]): TensorData {
  return { dtype: 'float32', shape, data: Float32Array.from(values) };
}

async function bundleOf(parts: ModelParts, consts: readonly string[], options: Partial<BuildOptions> = {}): Promise<string> {
  const path = modelFile(parts);
  await build(path, { consts, output: `${path}.om`, backend: 'host', ...options });
  return `${path}.om`;
}

function floatsOf(tensor: TensorData | undefined): Float32Array {
  expect(tensor?.data).toBeInstanceOf(Float32Array);
  return tensor?.data as Float32Array;
}

async function valuesOf(bundle: OpenedBundle, output = 'y', inputs: Record<string, TensorData> = { x: X }): Promise<number[]> {
  return [...((await bundle.run(inputs))[output]?.data ?? [])].map(Number);
}

describe('variables', () => {
  test('have the built-in values after opening, and again after init', async () => {
    await using bundle = await openBundle(await bundleOf(LINEAR, ['w', 'b']));
    expect(await valuesOf(bundle)).toEqual(linear(W, B));
    await bundle.update({ w: f32([2, 2], [0, 0, 0, 0]), b: f32([2], [1, 1]) });
    expect(await valuesOf(bundle)).toEqual([1, 1, 1, 1]);
    await bundle.initialize();
    expect(await valuesOf(bundle)).toEqual(linear(W, B));
  });

  test('belong to the opened bundle: two of one file do not share them, and the file does not change', async () => {
    const path = await bundleOf(LINEAR, ['w', 'b']);
    await using one = await openBundle(path);
    await using other = await openBundle(path);
    await one.update({ b: f32([2], [0, 0]) });
    expect(await valuesOf(one)).toEqual(linear(W, [0, 0]));
    expect(await valuesOf(other)).toEqual(linear(W, B));
    await using third = await openBundle(path);
    expect(await valuesOf(third)).toEqual(linear(W, B));
  });

  test('are copies: what the caller does with his arrays afterwards does not reach them', async () => {
    await using bundle = await openBundle(await bundleOf(LINEAR, ['b']));
    const data = Float32Array.from([1, 2]);
    await bundle.update({ b: { dtype: 'float32', shape: [2], data } });
    data.fill(1000);
    expect(await valuesOf(bundle)).toEqual(linear(W, [1, 2]));
    const first = await bundle.run({ x: X });
    floatsOf(first['y']).fill(1000);
    expect(await valuesOf(bundle)).toEqual(linear(W, [1, 2]));
  });

  test('from A to B and back to A, the outputs are bit-equal', async () => {
    const size = 64;
    const parts: ModelParts = {
      nodes: [node('MatMul', 'x w', 'p'), node('Add', 'p b', 's'), node('Tanh', 's', 'y')],
      initializers: [floats('w', [size, size], waves(size * size, 1)), floats('b', [size], waves(size, 2))],
      inputs: [value('x', [4, size])],
      outputs: [value('y', [4, size])],
    };
    await using bundle = await openBundle(await bundleOf(parts, ['w', 'b']));
    const inputs = { x: f32([4, size], waves(4 * size, 3)) };
    const [a, b] = [5, 6].map((seed) => ({ w: f32([size, size], waves(size * size, seed)), b: f32([size], waves(size, seed + 2)) }));
    const results: number[][] = [];
    for (const weights of [a, b, a]) {
      await bundle.update(weights as Record<string, TensorData>);
      results.push(await valuesOf(bundle, 'y', inputs));
    }
    expect(results[2]).toEqual(results[0]);
    expect(results[1]).not.toEqual(results[0]);
  });
});

/** Numbers in (−1, 1) without a pattern that a wrong order would keep. */
function waves(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.sin(seed * 1000 + i * 1.7));
}

describe('an update', () => {
  test('replaces what is given and keeps the rest, said in update order', async () => {
    await using bundle = await openBundle(await bundleOf(LINEAR, ['b', 'w']));
    expect(bundle.weights.map(({ name, updateIndex }) => [name, updateIndex])).toEqual([
      ['b', 0],
      ['w', 1],
    ]);
    expect(await bundle.update({ w: f32([2, 2], [2, 0, 0, 2]) })).toEqual({ updated: ['w'], kept: ['b'], warnings: [] });
    expect(await valuesOf(bundle)).toEqual(linear([2, 0, 0, 2], B));
    expect(await bundle.update({ b: f32([2], [0, 0]) })).toEqual({ updated: ['b'], kept: ['w'], warnings: [] });
    expect(await valuesOf(bundle)).toEqual(linear([2, 0, 0, 2], [0, 0]));
    expect(await bundle.update({})).toEqual({ updated: [], kept: ['b', 'w'], warnings: [] });
  });

  test('keeps a weight whose tensor is empty, of whatever rank', async () => {
    await using bundle = await openBundle(await bundleOf(LINEAR, ['w', 'b']));
    const empty = { dtype: 'float32', shape: [0], data: new Float32Array(0) };
    const report = await bundle.update({ w: { ...empty, shape: [2, 0, 2] }, b: empty });
    expect(report).toEqual({ updated: [], kept: ['w', 'b'], warnings: [] });
    expect(await valuesOf(bundle)).toEqual(linear(W, B));
  });

  test.each<[string, Record<string, TensorData>, string, RegExp]>([
    [
      'a name that no weight has',
      { w: f32([2, 2], [9, 9, 9, 9]), v: f32([2], [0, 0]) },
      'WEIGHT_UNKNOWN',
      /"v" is not an updatable weight/,
    ],
    [
      'a wrong shape',
      { w: f32([2, 2], [9, 9, 9, 9]), b: f32([1, 2], [0, 0]) },
      'TENSOR_MISMATCH',
      /"b" is float32 \[1, 2\]; the bundle has float32 \[2\]/,
    ],
    [
      'a wrong dtype, which is never cast',
      { w: f32([2, 2], [9, 9, 9, 9]), b: { dtype: 'float64', shape: [2], data: new Float64Array(2) } },
      'TENSOR_MISMATCH',
      /float64 \[2\]; the bundle has float32/,
    ],
    [
      'data that does not fill its shape',
      { w: f32([2, 2], [9, 9, 9, 9]), b: f32([2], [0, 0, 0]) },
      'TENSOR_MISMATCH',
      /"b" has 12 bytes; float32 \[2\] has 8/,
    ],
    ['a shape that is none', { b: f32([-2], [0, 0]) }, 'TENSOR_MISMATCH', /\[-2\]/],
    ['a dtype that is none', { b: { ...f32([2], [0, 0]), dtype: 'float' } }, 'DTYPE_UNSUPPORTED', /"float" is not a dtype/],
  ])('of %s changes nothing at all', async (_, weights, code, message) => {
    await using bundle = await openBundle(await bundleOf(LINEAR, ['w', 'b']));
    await bundle.update({ b: f32([2], [7, 8]) });
    const before = await valuesOf(bundle);
    await expect(bundle.update(weights)).rejects.toMatchObject({ code, message: expect.stringMatching(message), fix: expect.any(String) });
    expect(await valuesOf(bundle)).toEqual(before);
    expect(before).toEqual(linear(W, [7, 8]));
  });
});

describe('without init', () => {
  test('every weight must be given before the first inference; the error names those that were not', async () => {
    await using bundle = await openBundle(await bundleOf(LINEAR, ['w', 'b'], { init: false }));
    await expect(bundle.run({ x: X })).rejects.toMatchObject({
      code: 'WEIGHTS_NOT_INITIALIZED',
      message: expect.stringMatching(/: w, b\.$/),
    });
    await bundle.update({ w: f32([2, 2], W) });
    await expect(bundle.run({ x: X })).rejects.toMatchObject({ code: 'WEIGHTS_NOT_INITIALIZED', message: expect.stringMatching(/: b\.$/) });
    await bundle.update({ b: f32([2], [1, 2]) });
    expect(await valuesOf(bundle)).toEqual(linear(W, [1, 2]));
    await expect(bundle.initialize()).rejects.toMatchObject({
      code: 'WEIGHTS_NOT_INITIALIZED',
      message: expect.stringContaining('--no-init'),
    });
    expect(await valuesOf(bundle)).toEqual(linear(W, [1, 2]));
  });
});

describe('scalars', () => {
  const scaled = (dtypeNumber: number, scalar: OnnxTensor, extra: ModelParts['nodes'] = []): ModelParts => ({
    nodes: [node('Mul', 'x alpha', 'y'), ...extra],
    initializers: [scalar],
    inputs: [value('x', [2], dtypeNumber)],
    outputs: [value('y', [2], dtypeNumber)],
  });
  const alpha = scaled(1, floats('alpha', [], [3]));
  const x = { x: f32([2], [1, 2]) };

  test('keep their value when the new one is 0 or nearly, as on the device, and say so', async () => {
    await using bundle = await openBundle(await bundleOf(alpha, ['alpha'], { allowScalar: true }));
    expect(await valuesOf(bundle, 'y', x)).toEqual([3, 6]);
    for (const zero of [0, -0, 1e-7, -1e-7]) {
      const report = await bundle.update({ alpha: f32([], [zero]) });
      expect(report).toMatchObject({ updated: [], kept: ['alpha'], warnings: [{ code: 'SCALAR_ZERO_SKIPPED' }] });
      expect(await valuesOf(bundle, 'y', x)).toEqual([3, 6]);
    }
    expect(await bundle.update({ alpha: f32([], [-0.5]) })).toEqual({ updated: ['alpha'], kept: [], warnings: [] });
    expect(await valuesOf(bundle, 'y', x)).toEqual([-0.5, -1]);
    expect(await bundle.update({ alpha: f32([], [Number.NaN]) })).toMatchObject({ updated: ['alpha'] });
  });

  test('of integers: 0 is skipped, 1 is not', async () => {
    await using bundle = await openBundle(await bundleOf(scaled(7, int64s('alpha', [], [3])), ['alpha'], { allowScalar: true }));
    const ints = (values: number[]): TensorData => ({
      dtype: 'int64',
      shape: values.length === 1 ? [] : [values.length],
      data: BigInt64Array.from(values.map(BigInt)),
    });
    expect((await bundle.update({ alpha: ints([0]) })).warnings).toHaveLength(1);
    expect(await valuesOf(bundle, 'y', { x: ints([5, 6]) })).toEqual([15, 18]);
    expect((await bundle.update({ alpha: ints([1]) })).warnings).toHaveLength(0);
    expect(await valuesOf(bundle, 'y', { x: ints([5, 6]) })).toEqual([5, 6]);
  });

  test('of half precision are refused, with the option too; a static update graph takes them', async () => {
    const half: OnnxTensor = { name: 'alpha', dims: [], dataType: 10, rawData: memoryBytes(Uint8Array.of(0x00, 0x42)) };
    const path = modelFile(scaled(10, half));
    const options = { consts: ['alpha'], output: `${path}.om`, backend: 'host' } as const;
    await expect(build(path, { ...options, allowScalar: true })).rejects.toMatchObject({ code: 'SCALAR_WEIGHT', exitCode: 4 });
    await build(path, { ...options, updateGraph: 'static' });
    await using bundle = await openBundle(`${path}.om`);
    const halves = (...bits: number[]): TensorData => ({
      dtype: 'float16',
      shape: bits.length === 1 ? [] : [bits.length],
      data: Uint16Array.from(bits),
    });
    // 1, 2 times 3; then times 0.
    expect(await valuesOf(bundle, 'y', { x: halves(0x3c00, 0x4000) })).toEqual([0x4200, 0x4600]);
    expect(await bundle.update({ alpha: halves(0) })).toMatchObject({ updated: ['alpha'], warnings: [] });
    expect(await valuesOf(bundle, 'y', { x: halves(0x3c00, 0x4000) })).toEqual([0, 0]);
  });
});

describe('a static update graph', () => {
  test('takes scalars of 0, and weights that are not given keep their value', async () => {
    const parts: ModelParts = {
      nodes: [node('Mul', 'x alpha', 'p'), node('Add', 'p b', 'y')],
      initializers: [floats('alpha', [], [3]), floats('b', [2], [10, 20])],
      inputs: [value('x', [2])],
      outputs: [value('y', [2])],
    };
    const warnings: string[] = [];
    const path = await bundleOf(parts, ['alpha', 'b'], { updateGraph: 'static', onWarning: ({ code }) => warnings.push(code) });
    expect(warnings).toEqual([]);
    await using bundle = await openBundle(path);
    const x = { x: f32([2], [1, 2]) };
    expect(await valuesOf(bundle, 'y', x)).toEqual([13, 26]);
    const empty = { dtype: 'float32', shape: [0], data: new Float32Array(0) };
    expect(await bundle.update({ b: f32([2], [0, 0]) })).toEqual({ updated: ['b'], kept: ['alpha'], warnings: [] });
    expect(await bundle.update({ alpha: f32([], [2]), b: empty })).toEqual({ updated: ['alpha'], kept: ['b'], warnings: [] });
    expect(await valuesOf(bundle, 'y', x)).toEqual([2, 4]);
    expect(await bundle.update({ alpha: f32([], [0]), b: f32([2], [1, 2]) })).toEqual({ updated: ['alpha', 'b'], kept: [], warnings: [] });
    expect(await valuesOf(bundle, 'y', x)).toEqual([1, 2]);
  });

  test('needs each weight once that has no value yet', async () => {
    const path = await bundleOf(LINEAR, ['w', 'b'], { updateGraph: 'static', init: false });
    await using bundle = await openBundle(path);
    await expect(bundle.update({ b: f32([2], [1, 1]) })).rejects.toMatchObject({
      code: 'WEIGHTS_MISSING',
      message: expect.stringContaining('"w" (float32 [2, 2]) was not given and has no value yet'),
    });
    await bundle.update({ w: f32([2, 2], W), b: f32([2], [1, 1]) });
    await bundle.update({ b: f32([2], [2, 2]) });
    expect(await valuesOf(bundle)).toEqual(linear(W, [2, 2]));
  });
});

describe('inputs', () => {
  test.each<[string, Record<string, TensorData>, string, RegExp]>([
    ['missing', {}, 'INPUT_MISSING', /Input "x" \(float32 \[2, 2\]\) was not given/],
    ['unknown', { x: X, y: X }, 'INPUT_UNKNOWN', /"y" is not an input/],
    ['of another shape', { x: f32([4], [1, 2, 3, 4]) }, 'TENSOR_MISMATCH', /Input "x" is float32 \[4\]; the bundle has float32 \[2, 2\]/],
    ['of another dtype', { x: { dtype: 'int32', shape: [2, 2], data: new Int32Array(4) } }, 'TENSOR_MISMATCH', /int32/],
  ])('%s are refused by name', async (_, inputs, code, message) => {
    await using bundle = await openBundle(await bundleOf(LINEAR, ['w']));
    await expect(bundle.run(inputs)).rejects.toMatchObject({ code, message: expect.stringMatching(message), fix: expect.any(String) });
  });

  test('with open dimensions take any size, 0 included', async () => {
    const parts: ModelParts = { ...LINEAR, inputs: [value('x', ['N', 2])], outputs: [value('y', ['N', 2])] };
    await using bundle = await openBundle(await bundleOf(parts, ['w', 'b']));
    expect(bundle.inputs).toMatchObject([{ name: 'x', shape: [-1, 2] }]);
    for (const rows of [0, 1, 5]) {
      const { y } = await bundle.run({ x: f32([rows, 2], Array(rows * 2).fill(1)) });
      expect(y?.shape).toEqual([rows, 2]);
      expect([...(y?.data ?? [])]).toEqual(Array.from({ length: rows }, () => [11, 21]).flat());
    }
    await expect(bundle.run({ x: f32([2, 3], Array(6).fill(1)) })).rejects.toMatchObject({
      code: 'TENSOR_MISMATCH',
      message: expect.stringContaining('the bundle has float32 [?, 2]'),
    });
  });

  test('whose output the model does not describe: the tensor says what it is', async () => {
    const parts: ModelParts = { ...LINEAR, outputs: [{ name: 'y' }] };
    await using bundle = await openBundle(await bundleOf(parts, ['w']));
    expect((await bundle.run({ x: X }))['y']).toEqual({ dtype: 'float32', shape: [2, 2], data: Float32Array.from(linear(W, B)) });
  });

  test('that the operators refuse at run time give an error of the runtime, and the bundle stays usable', async () => {
    const parts: ModelParts = {
      nodes: [node('Gather', 'w i', 'y')],
      initializers: [floats('w', [3], [1, 2, 3])],
      inputs: [value('i', [2], 7)],
      outputs: [value('y', [2])],
    };
    await using bundle = await openBundle(await bundleOf(parts, ['w']));
    const indices = (...values: number[]) => ({ i: { dtype: 'int64', shape: [2], data: BigInt64Array.from(values.map(BigInt)) } });
    await expect(bundle.run(indices(0, 9))).rejects.toMatchObject({
      code: 'HOST_EXECUTION',
      exitCode: 6,
      message: expect.stringContaining('Gather'),
    });
    expect(await valuesOf(bundle, 'y', indices(2, 0))).toEqual([3, 1]);
  });
});

describe('strange graphs', () => {
  const run = async (
    parts: ModelParts,
    consts: readonly string[],
    update: Record<string, TensorData>,
    inputs: Record<string, TensorData>,
  ) => {
    await using bundle = await openBundle(await bundleOf(parts, consts));
    const before = await bundle.run(inputs);
    await bundle.update(update);
    const after = await bundle.run(inputs);
    const plain = (outputs: Record<string, TensorData>) =>
      Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, [...floatsOf(tensor)]]));
    return { before: plain(before), after: plain(after) };
  };
  const x = { x: f32([2], [1, 2]) };

  test('an output that is an input, and several of one value', async () => {
    const parts: ModelParts = {
      nodes: [node('Add', 'x w', 'y')],
      initializers: [floats('w', [2], [1, 1])],
      inputs: [value('x', [2])],
      outputs: [value('y', [2]), value('x', [2])],
    };
    expect(await run(parts, ['w'], { w: f32([2], [5, 5]) }, x)).toEqual({
      before: { y: [2, 3], x: [1, 2] },
      after: { y: [6, 7], x: [1, 2] },
    });
  });

  test('a weight that is an output itself, and stays what it is whatever the caller does with the output', async () => {
    const parts: ModelParts = {
      nodes: [node('Add', 'x w', 'y')],
      initializers: [floats('w', [2], [1, 1])],
      inputs: [value('x', [2])],
      outputs: [value('y', [2]), value('w', [2])],
    };
    await using bundle = await openBundle(await bundleOf(parts, ['w']));
    for (const [update, expected] of [
      [{}, [1, 1]],
      [{ w: f32([2], [5, 6]) }, [5, 6]],
    ] as const) {
      await bundle.update(update);
      const { w } = await bundle.run(x);
      expect([...floatsOf(w)]).toEqual(expected);
      floatsOf(w).fill(1000);
      expect([...floatsOf((await bundle.run(x))['w'])]).toEqual(expected);
    }
  });

  test('a weight that is used twice', async () => {
    const parts: ModelParts = {
      nodes: [node('Mul', 'x w', 'p'), node('Add', 'p w', 'y')],
      initializers: [floats('w', [2], [2, 3])],
      inputs: [value('x', [2])],
      outputs: [value('y', [2])],
    };
    expect(await run(parts, ['w'], { w: f32([2], [10, 100]) }, x)).toEqual({ before: { y: [4, 9] }, after: { y: [20, 300] } });
  });

  test('a weight that nothing uses can be named, is warned of, and takes updates', async () => {
    const parts: ModelParts = {
      nodes: [node('Neg', 'x', 'y')],
      initializers: [floats('w', [2], [2, 3])],
      inputs: [value('x', [2])],
      outputs: [value('y', [2])],
    };
    const warnings: string[] = [];
    await bundleOf(parts, ['w'], { onWarning: ({ code }) => warnings.push(code) });
    expect(warnings).toEqual(['UNUSED_CONST']);
    expect(await run(parts, ['w'], { w: f32([2], [0, 0]) }, x)).toEqual({ before: { y: [-1, -2] }, after: { y: [-1, -2] } });
  });

  test('two weights with equal bytes are two weights', async () => {
    const parts: ModelParts = {
      nodes: [node('Mul', 'x a', 'p'), node('Add', 'p b', 'y')],
      initializers: [floats('a', [2], [0, 0]), floats('b', [2], [0, 0])],
      inputs: [value('x', [2])],
      outputs: [value('y', [2])],
    };
    expect(await run(parts, ['a', 'b'], { b: f32([2], [7, 8]) }, x)).toEqual({ before: { y: [0, 0] }, after: { y: [7, 8] } });
  });

  test('no input at all', async () => {
    const parts: ModelParts = {
      nodes: [node('Neg', 'w', 'y')],
      initializers: [floats('w', [2], [2, 3])],
      outputs: [value('y', [2])],
    };
    expect(await run(parts, ['w'], { w: f32([2], [0.5, 1]) }, {})).toEqual({ before: { y: [-2, -3] }, after: { y: [-0.5, -1] } });
  });

  test('names of everything that a name may be', async () => {
    const [w, inputName, y] = ['a/b:0, "c"', 'größe\n重', 'constructor'] as const;
    const parts: ModelParts = {
      nodes: [{ opType: 'Add', input: [inputName, w], output: [y] }],
      initializers: [floats(w, [2], [2, 3])],
      inputs: [value(inputName, [2])],
      outputs: [value(y, [2])],
    };
    await using bundle = await openBundle(await bundleOf(parts, [w]));
    await bundle.update({ [w]: f32([2], [10, 20]) });
    const outputs = await bundle.run({ [inputName]: f32([2], [1, 2]) });
    expect(Object.keys(outputs)).toEqual([y]);
    expect([...floatsOf(outputs[y])]).toEqual([11, 22]);
  });
});

/** Per dtype: its number in ONNX, and elements a, b, c as its array holds them with a + b = c. */
const DTYPES: readonly [name: string, onnx: number, array: (values: number[]) => ArrayBufferView, a: number, b: number, c: number][] = [
  ['float32', 1, (v) => Float32Array.from(v), 1.5, 2.25, 3.75],
  ['float64', 11, (v) => Float64Array.from(v), 1 + 2 ** -40, 2, 3 + 2 ** -40],
  // Bits of 1.5, 2.25, 3.75.
  ['float16', 10, (v) => Uint16Array.from(v), 0x3e00, 0x4080, 0x4380],
  ['bfloat16', 16, (v) => Uint16Array.from(v), 0x3fc0, 0x4010, 0x4070],
  ['int8', 3, (v) => Int8Array.from(v), -100, 50, -50],
  ['int16', 5, (v) => Int16Array.from(v), -30000, 1, -29999],
  ['int32', 6, (v) => Int32Array.from(v), 2 ** 30, -1, 2 ** 30 - 1],
  ['int64', 7, (v) => BigInt64Array.from(v.map(BigInt)), -(2 ** 52), 1, -(2 ** 52) + 1],
  ['uint8', 2, (v) => Uint8Array.from(v), 200, 55, 255],
  ['uint16', 4, (v) => Uint16Array.from(v), 65000, 500, 65500],
  ['uint32', 12, (v) => Uint32Array.from(v), 2 ** 31, 2 ** 31 - 1, 2 ** 32 - 1],
  ['uint64', 13, (v) => BigUint64Array.from(v.map(BigInt)), 2 ** 52, 2 ** 52, 2 ** 53],
  ['bool', 9, (v) => Uint8Array.from(v), 1, 0, 1],
];

test.each(DTYPES)('%s: a weight, an input, an output and an update of it', async (name, onnx, array, a, b, c) => {
  const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => memoryBytes(new Uint8Array(buffer, byteOffset, byteLength));
  const tensor = (...values: number[]): TensorData => ({ dtype: name, shape: [values.length], data: array(values) });
  // ONNX Runtime adds only some of them; the others are joined.
  const adds = !['int8', 'int16', 'uint8', 'uint16', 'uint32', 'uint64', 'bool'].includes(name);
  const parts: ModelParts = {
    nodes: [adds ? node('Add', 'x w', 'y') : node('Concat', 'x w', 'y', { axis: 0 })],
    initializers: [{ name: 'w', dims: [2], dataType: onnx, rawData: bytes(array([b, b])) }],
    inputs: [value('x', [2], onnx)],
    outputs: [value('y', [adds ? 2 : 4], onnx)],
  };
  await using bundle = await openBundle(await bundleOf(parts, ['w']));
  expect([...bundle.inputs, ...bundle.outputs, ...bundle.weights].map(({ dtype }) => dtype)).toEqual([name, name, name]);
  expect((await bundle.run({ x: tensor(a, 0) }))['y']).toEqual({
    dtype: name,
    shape: [adds ? 2 : 4],
    data: array(adds ? [c, b] : [a, 0, b, b]),
  });
  await bundle.update({ w: tensor(0, a) });
  expect((await bundle.run({ x: tensor(b, b) }))['y']?.data).toEqual(array(adds ? [b, c] : [b, b, 0, a]));
});

test.each([
  ['complex64', 14, 8],
  ['float8_e4m3fn', 17, 1],
])('%s is refused by name when the bundle is built: as a weight, an input, an output', async (name, dataType, size) => {
  const parts: ModelParts = {
    nodes: [node('Identity', 'x', 'y'), node('Identity', 'w', 'z')],
    initializers: [{ name: 'w', dims: [1], dataType, rawData: memoryBytes(new Uint8Array(size)) }, floats('v', [1], [1])],
    inputs: [value('x', [2])],
    outputs: [value('y', [2]), value('z', [1], dataType)],
  };
  const refused = { code: 'DTYPE_UNSUPPORTED', exitCode: 4, fix: expect.stringContaining('--backend ascend') };
  await expect(bundleOf(parts, ['w'])).rejects.toMatchObject({
    ...refused,
    message: `Weight "w" is ${name}, which is not on the host backend.`,
  });
  await expect(bundleOf(parts, ['v'])).rejects.toMatchObject({ ...refused, message: expect.stringContaining('Output "z"') });
  const input: ModelParts = { ...parts, inputs: [value('x', [2], dataType)], outputs: [value('y', [2])] };
  await expect(bundleOf(input, ['v'])).rejects.toMatchObject({ ...refused, message: expect.stringContaining('Input "x"') });
});

describe('the file of a bundle', () => {
  test('a graph of GE operators: x·W + b before and after', async () => {
    const graph = {
      name: 'linear',
      inputs: [{ name: 'x', dtype: 'float32', shape: [2, 2] }],
      consts: [
        { name: 'w', dtype: 'float32', shape: [2, 2], data: [W.slice(0, 2), W.slice(2)] },
        { name: 'b', dtype: 'float32', shape: [2], data: B },
      ],
      nodes: [
        { name: 'm', type: 'MatMul', inputs: ['x', 'w'] },
        { name: 'a', type: 'Add', inputs: ['m', 'b'] },
      ],
      outputs: [{ name: 'y', value: 'a' }],
    };
    const folder = filesIn({ 'graph.json': Buffer.from(JSON.stringify({ schema: 'ascend-bundle/graph@1', ...graph })) });
    await build(join(folder, 'graph.json'), { consts: ['w', 'b'], output: join(folder, 'g.om'), backend: 'host' });
    await using bundle = await openBundle(join(folder, 'g.om'));
    expect(await valuesOf(bundle)).toEqual(linear(W, B));
    await bundle.update({ w: f32([2, 2], [1, 2, 3, 4]) });
    expect(await valuesOf(bundle)).toEqual(linear([1, 2, 3, 4], B));
  });

  test('may be replaced while it is open: what was opened stays', async () => {
    const fixed = waves(1000, 1);
    const parts: ModelParts = {
      nodes: [node('Mul', 'x big', 'p'), node('Add', 'p w', 'y')],
      initializers: [floats('big', [1000], fixed), floats('w', [1000], waves(1000, 2))],
      inputs: [value('x', [1])],
      outputs: [value('y', [1000])],
    };
    const path = await bundleOf(parts, ['w']);
    await using bundle = await openBundle(path);
    const other = modelFile({ ...parts, initializers: [floats('big', [1000], waves(1000, 8)), floats('w', [1000], waves(1000, 9))] });
    await build(other, { consts: ['w'], output: path, backend: 'host', force: true });
    const expected = fixed.map((v, i) => Math.fround(Math.fround(v) * 2) + Math.fround(waves(1000, 2)[i] as number));
    (await valuesOf(bundle, 'y', { x: f32([1], [2]) })).forEach((got, i) => void expect(got).toBeCloseTo(expected[i] as number, 5));
    await bundle.initialize();
    expect((await valuesOf(bundle, 'y', { x: f32([1], [2]) }))[7]).toBeCloseTo(expected[7] as number, 5);
  });

  test('that is no bundle is refused by name', async () => {
    const folder = filesIn({ 'a.om': Buffer.from('not a bundle') });
    await expect(openBundle(join(folder, 'a.om'))).rejects.toMatchObject({ code: 'FILE_KIND', exitCode: 4 });
    await expect(openBundle(join(folder, 'b.om'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND', exitCode: 7 });
    writeFileSync(join(folder, 'c.om'), '');
    await expect(openBundle(join(folder, 'c.om'))).rejects.toMatchObject({ code: 'FILE_EMPTY', exitCode: 4 });
  });

  test('after closing, everything says that it is closed; closing again does nothing', async () => {
    const bundle = await openBundle(await bundleOf(LINEAR, ['w']));
    await bundle.close();
    for (const work of [() => bundle.run({ x: X }), () => bundle.update({}), () => bundle.initialize()]) {
      await expect(work()).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('has been closed') });
    }
    await bundle.close();
  });
});
