// Models beyond 2 GiB and 4 GiB. The files are sparse: they have their size, but take no room on the disk.
import { closeSync, openSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Tensor as OrtTensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { type Bytes, chunks, concatBytes, memoryBytes, utf8Bytes, zeroBytes } from '../../src/base/bytes.js';
import { encode } from '../../src/base/protobuf/index.js';
import { OnnxModel, type OnnxTensor } from '../../src/formats/encodings/onnx-model.js';
import { readOnnx } from '../../src/formats/onnx/index.js';
import { writeOnnx } from '../../src/formats/onnx/write.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { filesIn, model, node, value } from '../support/onnx-models.js';
import { runOrt } from '../support/ort.js';

const GIB = 2 ** 30;
const ZEROS = new Uint8Array(4 << 20);

/** Bytes with a word at the beginning and one at the end. */
function marked(size: number): Bytes {
  return concatBytes([utf8Bytes('first'), zeroBytes(size - 10), utf8Bytes('last!')]);
}

test('weights inside a model of 5 GiB are ranges of the file', () => {
  const tensors = [3, 2].map((gib, i) => ({ name: `w${i}`, dims: [gib, 2 ** 28], dataType: 1, rawData: marked(gib * GIB) }));
  const path = join(filesIn({}), 'model.onnx');
  writeSparse(path, encode(OnnxModel, matmul(tensors)));
  using source = readOnnx(path);
  expect(source.consts.map(({ tensor }) => [tensor.data.length, ...words(tensor)])).toEqual([
    [3 * GIB, 'first', 'last!'],
    [2 * GIB, 'first', 'last!'],
  ]);
  expect(source.graph.outputs).toEqual([{ name: 'y', value: 'Add_0:0' }]);
});

test('external data beyond 4 GiB is read at its place', () => {
  const offset = 4 * GIB + 513;
  const entries = { location: 'w.bin', offset: String(offset), length: String(GIB) };
  const externalData = Object.entries(entries).map(([key, text]) => ({ key, value: text }));
  const tensor = (name: string): OnnxTensor => ({ name, dims: [1, 2 ** 28], dataType: 1, dataLocation: 1, externalData });
  const folder = filesIn({ 'model.onnx': encode(OnnxModel, matmul([tensor('w0'), tensor('w1')])).read() });
  writeSparse(join(folder, 'w.bin'), concatBytes([zeroBytes(offset), marked(GIB), zeroBytes(99)]));
  using source = readOnnx(join(folder, 'model.onnx'));
  expect(source.consts.map(({ tensor }) => [tensor.data.length, ...words(tensor)])).toEqual([
    [GIB, 'first', 'last!'],
    [GIB, 'first', 'last!'],
  ]);
});

test('a model of 5 GiB is written as two files, which ONNX Runtime runs', async () => {
  // Two rows and the others between them, so that ONNX Runtime reads little of it.
  const rows = 5 << 8;
  const row = (step: number): Bytes => memoryBytes(new Uint8Array(Float32Array.from({ length: 2 ** 20 }, (_, i) => i * step).buffer));
  const table = concatBytes([row(1), zeroBytes((rows - 2) * 2 ** 22), row(2)]);
  const given = model({
    nodes: [node('Gather', 'table i', 'y')],
    initializers: [{ name: 'table', dims: [rows, 2 ** 20], dataType: 1, rawData: table }],
    inputs: [value('i', [2], 7)],
    outputs: [value('y', [2, 2 ** 20])],
  });
  const { model: bytes, data } = writeOnnx(given, 'm.onnx.data');
  expect(bytes.length).toBeLessThan(1000);
  const path = join(filesIn({ 'm.onnx': bytes.read() }), 'm.onnx');
  writeSparse(`${path}.data`, data as Bytes);
  const { y } = await runOrt(path, { i: new OrtTensor('int64', BigInt64Array.of(BigInt(rows - 1), 0n), [2]) });
  const values = y?.data as Float32Array;
  expect([values[3], values[2 ** 20 - 1], values[2 ** 20 + 3]]).toEqual([6, 2 * (2 ** 20 - 1), 3]);
  using source = readOnnx(path);
  expect(source.consts.map(({ constName, tensor }) => [constName, tensor.data.length])).toEqual([['table', 5 * GIB]]);
});

function matmul(initializers: readonly OnnxTensor[]): OnnxModel {
  const nodes = [node('MatMul', 'x w0', 'p'), node('Add', 'p w1', 'y')];
  return model({ nodes, initializers, inputs: [value('x', [1, 'K'])], outputs: [value('y')] });
}

function words({ data }: Tensor): string[] {
  return [data.read(0, 5), data.read(data.length - 5)].map((bytes) => Buffer.from(bytes).toString());
}

function writeSparse(path: string, bytes: Bytes): void {
  const fd = openSync(path, 'w');
  let pos = 0;
  for (const chunk of chunks(bytes)) {
    if (Buffer.compare(chunk, ZEROS.subarray(0, chunk.length)) !== 0) writeSync(fd, chunk, 0, chunk.length, pos);
    pos += chunk.length;
  }
  closeSync(fd);
  truncateSync(path, bytes.length);
}
