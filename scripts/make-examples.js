// Makes the tensor files and the ONNX model of examples/. Plain code with nothing of src/ in it, so that the examples
// also show that files of others are read.
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bytes, int } from './protobuf.js';

const examples = resolve(import.meta.dirname, '../examples');

/** A float32 .npy file, version 1.0. */
function npy(shape, values) {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const header = Buffer.from(`${text.padEnd(64 * Math.ceil((text.length + 11) / 64) - 11)}\n`);
  const size = Buffer.alloc(2);
  size.writeUInt16LE(header.length);
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), size, header, floats(values)]);
}

function floats(values) {
  return Buffer.from(Float32Array.from(values).buffer);
}

function safetensors(tensors) {
  let end = 0;
  const entries = tensors.map(({ name, shape, values }) => {
    const start = end;
    end += values.length * 4;
    return [name, { dtype: 'F32', shape, data_offsets: [start, end] }];
  });
  const text = JSON.stringify(Object.fromEntries(entries));
  const header = Buffer.from(text.padEnd(8 * Math.ceil(text.length / 8)));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([size, header, ...tensors.map(({ values }) => floats(values))]);
}

/** A fixed sequence in [-1, 1): x → 1103515245 x + 12345 mod 2^31. */
function sequence(seed, count) {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = Number((BigInt(state) * 1103515245n + 12345n) & 0x7fffffffn);
    return Math.round((state / 2 ** 30 - 1) * 1000) / 1000;
  });
}

const message = (...parts) => Buffer.concat(parts);

const FLOAT = 1;
const dims = (shape) => message(...shape.map((dim) => bytes(1, typeof dim === 'string' ? bytes(2, dim) : int(1, dim))));
const valueInfo = (name, shape) => message(bytes(1, name), bytes(2, bytes(1, message(int(1, FLOAT), bytes(2, dims(shape))))));
const tensor = (name, shape, values) =>
  message(...shape.map((dim) => int(1, dim)), int(2, FLOAT), bytes(8, name), bytes(9, floats(values)));
const node = (name, type, inputs, outputs) =>
  message(...inputs.map((input) => bytes(1, input)), ...outputs.map((output) => bytes(2, output)), bytes(3, name), bytes(4, type));

function mlp() {
  const graph = message(
    bytes(1, node('fc1', 'Gemm', ['x', 'fc1.weight', 'fc1.bias'], ['h'])),
    bytes(1, node('relu', 'Relu', ['h'], ['a'])),
    bytes(1, node('fc2', 'Gemm', ['a', 'fc2.weight', 'fc2.bias'], ['y'])),
    bytes(2, 'mlp'),
    bytes(5, tensor('fc1.weight', [8, 16], sequence(1, 128))),
    bytes(5, tensor('fc1.bias', [16], sequence(2, 16))),
    bytes(5, tensor('fc2.weight', [16, 4], sequence(3, 64))),
    bytes(5, tensor('fc2.bias', [4], sequence(4, 4))),
    bytes(11, valueInfo('x', ['batch', 8])),
    bytes(12, valueInfo('y', ['batch', 4])),
  );
  return message(int(1, 8), bytes(2, 'ascend-bundle examples'), bytes(7, graph), bytes(8, int(2, 17)));
}

const files = {
  'linear/x.npy': npy([2, 3], [1, 2, 3, 4, 5, 6]),
  'linear/new.safetensors': safetensors([
    { name: 'const_1', shape: [3, 4], values: [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0] },
    { name: 'const_2', shape: [4], values: [10, 20, 30, 40] },
  ]),
  'convnet/image.npy': npy([1, 1, 16, 16], sequence(5, 256)),
  'convnet/new.safetensors': safetensors([{ name: 'fc_w', shape: [256, 10], values: sequence(6, 2560) }]),
  'onnx/mlp.onnx': mlp(),
  'onnx/x.npy': npy([3, 8], sequence(7, 24)),
  'onnx/new.safetensors': safetensors([
    { name: 'fc2.weight', shape: [16, 4], values: sequence(8, 64) },
    { name: 'fc2.bias', shape: [4], values: sequence(9, 4) },
  ]),
};
for (const [path, content] of Object.entries(files)) writeFileSync(join(examples, path), content);
