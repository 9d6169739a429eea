import { mkdirSync, truncateSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { writeNpy } from '../../src/formats/npy.js';
import { writeNpz } from '../../src/formats/npz.js';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import { dtype } from '../../src/graph/dtype.js';
import { loadTensorAt, readTensorFile } from '../../src/weights/read.js';
import { testFolder } from '../support/folder.js';
import { bundleScript } from '../support/script.js';
import { named, plain, tensorOf } from '../support/tensors.js';

const folder = testFolder();
const A = named('a', tensorOf('float32', [2], [1, 2]));
const B = named('b', tensorOf('int8', [1], [3]));

describe('a file of tensors is known by its content, whatever its name', () => {
  test('npy', () => {
    expect(readTensorFile(folder.write('w.safetensors', writeNpy(A))).map(plain)).toEqual([plain({ ...A, name: '' })]);
  });
  test('npz', () => {
    expect(readTensorFile(folder.write('w.npy', writeNpz([A, B]))).map(plain)).toEqual([plain(A), plain(B)]);
  });
  test('safetensors', () => {
    expect(readTensorFile(folder.write('w.bin', writeSafetensors([B, A]))).map(plain)).toEqual([plain(A), plain(B)]);
  });
  test('an index of shards', () => {
    mkdirSync(folder.path('s'));
    folder.write('s/1', writeSafetensors([A]));
    folder.write('s/2', writeSafetensors([B]));
    const index = folder.write('index', JSON.stringify({ metadata: {}, weight_map: { a: 's/1', b: 's/2' } }));
    expect(readTensorFile(index).map(plain)).toEqual([plain(A), plain(B)]);
  });
  test('raw bytes are not one, and the error says how to give them', () => {
    expect(() => readTensorFile(folder.write('w.bin', new Uint8Array(8)))).toThrow(
      expect.objectContaining({ code: 'FILE_KIND', exitCode: 4, fix: expect.stringContaining('w=128x10xf16=@w.bin') }),
    );
  });
});

test('opening a safetensors file of 6 GiB reads its header only', () => {
  const json = JSON.stringify({ w: { dtype: 'F32', shape: [3 * 2 ** 29], data_offsets: [0, 6 * 2 ** 30] } });
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(json.length));
  const path = folder.write('large.safetensors', Buffer.concat([start, Buffer.from(json)]));
  truncateSync(path, 8 + json.length + 6 * 2 ** 30);
  const before = process.memoryUsage().arrayBuffers;
  const [tensor] = readTensorFile(path);
  expect(tensor!.data.length).toBe(6 * 2 ** 30);
  expect([...tensor!.data.read(6 * 2 ** 30 - 4)]).toEqual([0, 0, 0, 0]);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 << 20);
});

describe('one tensor of a file', () => {
  const spec = { dtype: dtype('float32'), shape: [2] };
  test('by its key, or without one where there is only one', () => {
    const both = folder.write('w.npz', writeNpz([A, B]));
    expect(plain(loadTensorAt(both, 'b', undefined, spec))).toEqual({ dtype: 'int8', shape: [1], values: [3] });
    expect(plain(loadTensorAt(folder.write('a', writeSafetensors([A])), undefined, undefined, spec))).toEqual({
      dtype: 'float32',
      shape: [2],
      values: [1, 2],
    });
    expect(() => loadTensorAt(both, undefined, undefined, spec)).toThrow(
      expect.objectContaining({ code: 'TENSOR_NOT_FOUND', message: expect.stringContaining('has 2 tensors; one must be named') }),
    );
    expect(() => loadTensorAt(both, 'c', undefined, spec)).toThrow(expect.objectContaining({ code: 'TENSOR_NOT_FOUND' }));
    expect(() => loadTensorAt(folder.write('x', writeNpy(A)), 'c', undefined, spec)).toThrow('without a name');
  });

  test('of raw bytes, from an offset', () => {
    const raw = folder.write('w.bin', Buffer.concat([Buffer.alloc(3), Buffer.from(A.data.read()), Buffer.alloc(5)]));
    expect(plain(loadTensorAt(raw, undefined, 3, spec))).toEqual({ dtype: 'float32', shape: [2], values: [1, 2] });
    expect(() => loadTensorAt(raw, undefined, 9, spec)).toThrow(
      expect.objectContaining({
        code: 'TENSOR_MISMATCH',
        message: expect.stringContaining('has 16 bytes; float32 [2] from byte 9 on needs 17'),
      }),
    );
    expect(() => loadTensorAt(raw, undefined, undefined, spec)).toThrow('has 16 bytes; float32 [2] needs 8');
  });
});

describe('stdin', async () => {
  const script = `
    import { readTensorFile } from './src/weights/read.js';
    try {
      for (const { name, shape, data } of readTensorFile('-')) console.log(JSON.stringify([name, shape, data.length]));
    } catch (error) { console.log(error.code, error.message); }`;
  const run = await bundleScript(script);

  test('gives tensors, also more than a pipe holds at once', () => {
    const big = named('big', tensorOf('uint8', [300_000], Array(300_000).fill(1)));
    expect(run(writeSafetensors([big]).read())).toBe('["big",[300000],300000]');
    expect(run(writeNpy(A).read())).toBe('["",[2],8]');
  });

  test('that is empty is an error', () => {
    expect(run(new Uint8Array(0))).toContain('FILE_EMPTY stdin is empty');
  });
});
