// Models beyond 2 GiB and 4 GiB. The files are sparse: they have their size, but take no room on the disk.
import { closeSync, openSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Bytes, chunks, concatBytes, utf8Bytes, zeroBytes } from '../../src/base/bytes.js';
import { encode } from '../../src/base/protobuf/index.js';
import { OnnxModel, type OnnxTensor } from '../../src/formats/encodings/onnx-model.js';
import { readOnnx } from '../../src/formats/onnx/index.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { filesIn, model, node, value } from '../support/onnx-models.js';

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
