// The executable of a host bundle against ONNX Runtime itself: what it is given here is exactly what a session is given.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { locateWeights, toExecutable } from '../../src/backends/host/executable.js';
import { memoryBytes } from '../../src/base/bytes.js';
import { encode } from '../../src/base/protobuf/index.js';
import { OnnxModel, type OnnxNode, type ValueInfo } from '../../src/formats/encodings/onnx-model.js';
import type { OnnxProgram, ProgramConst } from '../../src/formats/encodings/onnx-program.js';
import { dtype } from '../../src/graph/dtype.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'executable '));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('consts are read from inside the bundle file at any offset, refreshable ones are fed', async () => {
  const w = constant('w', [16, 32], ramp(512));
  const b = constant('b', [32], ramp(32));
  const program = matmulAdd([w, b]);
  for (const startBytes of [0, 1, 2, 3, 509]) {
    const name = `büндл ${startBytes}.om`;
    writeFileSync(join(folder, name), Buffer.concat([Buffer.alloc(startBytes, 0xff), bytesOf(w)]));
    const stored = toExecutable(program, ['b'], () => ({ offset: 0, length: 2048 }));
    const session = await open(locateWeights(stored, name, startBytes));
    expect(session.inputNames).toEqual(['x', 'b']);
    const x = ramp(16);
    for (const bias of [ramp(32), new Float32Array(32)]) {
      const { y } = await session.run({ x: new OrtTensor('float32', x, [1, 16]), b: new OrtTensor('float32', bias, [32]) });
      const expected = bias.map((value, j) => value + x.reduce((sum, xi, i) => sum + xi * (i * 32 + j), 0));
      expect(y?.data).toEqual(expected);
    }
    await session.release();
  }
});

test('a const that drives shapes is inline, so that shapes can be inferred from it', async () => {
  const shape: ProgramConst = {
    constName: 'shape',
    valueName: 's',
    tensor: { dtype: dtype('int64'), shape: [2], data: memoryBytes(new Uint8Array(BigInt64Array.of(2n, -1n).buffer)) },
  };
  const program = programOf([{ opType: 'Reshape', input: ['x', 's'], output: ['y'] }], [shape], [6]);
  const session = await open(toExecutable(program, [], never));
  const { y } = await session.run({ x: new OrtTensor('float32', ramp(6), [6]) });
  expect(y?.dims).toEqual([2, 3]);
});

test('an empty const is inline', async () => {
  const empty = constant('e', [0, 4], new Float32Array(0));
  const program = programOf(
    [{ opType: 'Concat', input: ['x', 'e'], output: ['y'], attribute: [{ name: 'axis', i: 0, type: 2 }] }],
    [empty],
    [3, 4],
  );
  const session = await open(toExecutable(program, [], never));
  const { y } = await session.run({ x: new OrtTensor('float32', ramp(12), [3, 4]) });
  expect(y?.data).toEqual(ramp(12));
});

test('a const that nothing reads is left out, unless it is refreshable', async () => {
  const program = programOf(
    [{ opType: 'Relu', input: ['x'], output: ['y'] }],
    [constant('a', [400], ramp(400)), constant('b', [1], ramp(1))],
    [1],
  );
  const stored = toExecutable(program, ['b'], never);
  expect(stored.graph?.initializer).toEqual([]);
  const session = await open(stored);
  expect(session.inputNames).toEqual(['x', 'b']);
});

test('a refreshable const may itself be an output', async () => {
  const program = programOf([{ opType: 'Relu', input: ['x'], output: ['z'] }], [constant('y', [4], ramp(4))], [4]);
  const session = await open(toExecutable(program, ['y'], never));
  const { y } = await session.run({ x: new OrtTensor('float32', ramp(4), [4]), y: new OrtTensor('float32', ramp(4), [4]) });
  expect(y?.data).toEqual(ramp(4));
});

test('a const that the program does not have is refused', () => {
  expect(() => toExecutable(matmulAdd([]), ['fc.w'], never)).toThrow(
    expect.objectContaining({ code: 'CONST_NOT_FOUND', message: expect.stringContaining('fc.w') }),
  );
});

function ramp(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => i);
}

function bytesOf({ tensor }: ProgramConst): Uint8Array {
  return tensor.data.read();
}

function constant(name: string, shape: readonly number[], values: Float32Array): ProgramConst {
  return { constName: name, valueName: name, tensor: { dtype: dtype('float32'), shape, data: memoryBytes(new Uint8Array(values.buffer)) } };
}

function floats(name: string, dims?: readonly number[]): ValueInfo {
  const shape = dims === undefined ? {} : { shape: { dim: dims.map((dimValue) => ({ dimValue })) } };
  return { name, type: { tensorType: { elemType: 1, ...shape } } };
}

function programOf(node: OnnxNode[], consts: readonly ProgramConst[], xShape: readonly number[]): OnnxProgram {
  return {
    model: {
      irVersion: 10,
      opsetImport: [{ domain: '', version: 21 }],
      graph: { name: 'g', node, input: [floats('x', xShape)], output: [floats('y')] },
    },
    consts,
    inputs: [{ name: 'x', dtype: dtype('float32'), shape: xShape }],
    outputs: [{ name: 'y', dtype: dtype('float32'), shape: [-2] }],
  };
}

function matmulAdd(consts: readonly ProgramConst[]): OnnxProgram {
  return programOf(
    [
      { opType: 'MatMul', input: ['x', 'w'], output: ['p'] },
      { opType: 'Add', input: ['p', 'b'], output: ['y'] },
    ],
    consts,
    [1, 16],
  );
}

function never(): never {
  throw new Error('nothing of this model is external');
}

function open(model: OnnxModel): Promise<InferenceSession> {
  const bytes = encode(OnnxModel, model, {}).read();
  const extra = { session: { model_external_initializers_file_folder_path: folder } };
  return InferenceSession.create(bytes, { logSeverityLevel: 3, extra });
}
