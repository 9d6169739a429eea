import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { computedBytes, memoryBytes } from '../../src/base/bytes.js';
import { dtype } from '../../src/graph/dtype.js';
import { fileNameOf } from '../../src/weights/file-names.js';
import { previewTensor } from '../../src/weights/preview.js';
import { readTensorFile } from '../../src/weights/read.js';
import { OUT_FORMATS, writeTensors } from '../../src/weights/write.js';
import { testFolder } from '../support/folder.js';
import { named, plain, tensorOf } from '../support/tensors.js';

const folder = testFolder();
const A = named('a/b:0', tensorOf('float32', [2], [1, -2.5]));
const B = named('b', tensorOf('bfloat16', [1, 1], [0.5]));

describe('files', () => {
  test('npy: one file each, bfloat16 as float32', async () => {
    const written = await writeTensors(folder.path('out'), [A, B], 'npy');
    expect(readdirSync(folder.path('out'))).toEqual(['a%2Fb%3A0.npy', 'b.npy']);
    expect(written).toEqual([
      { name: 'a/b:0', dtype: A.dtype, shape: [2], bytes: 8, path: folder.path('out', 'a%2Fb%3A0.npy'), writtenDtype: A.dtype },
      { name: 'b', dtype: B.dtype, shape: [1, 1], bytes: 4, path: folder.path('out', 'b.npy'), writtenDtype: dtype('float32') },
    ]);
    expect(written.flatMap(({ path }) => readTensorFile(path)).map(plain)).toEqual([
      { name: '', dtype: 'float32', shape: [2], values: [1, -2.5] },
      { name: '', dtype: 'float32', shape: [1, 1], values: [0.5] },
    ]);
  });

  test('bin: the bytes as they are', async () => {
    const written = await writeTensors(folder.path('out'), [A, B], 'bin');
    expect(written.map(({ path }) => readFileSync(path).toString('hex'))).toEqual(['0000803f000020c0', '003f']);
    expect(written[1]).toMatchObject({ bytes: 2, writtenDtype: dtype('bfloat16') });
  });

  test('npz and safetensors: one file with the names as they are', async () => {
    const npz = await writeTensors(folder.path('out'), [A, B], 'npz');
    const safetensors = await writeTensors(folder.path('out'), [A, B], 'safetensors');
    expect(readdirSync(folder.path('out'))).toEqual(['outputs.npz', 'outputs.safetensors']);
    expect(readTensorFile(npz[0]!.path).map(plain)).toEqual([plain(A), { name: 'b', dtype: 'float32', shape: [1, 1], values: [0.5] }]);
    expect(readTensorFile(safetensors[1]!.path).map(plain)).toEqual([plain(A), plain(B)]);
  });

  test('json: nested lists, exact integers, names for what JSON has no number for', async () => {
    const tensors = [
      named('f', tensorOf('float32', [2, 3], [0.1, 1 / 3, Number.NaN, Infinity, -Infinity, -0])),
      named('i', tensorOf('int64', [2], [2n ** 53n - 1n, 2n ** 53n])),
      named('b', tensorOf('bool', [1, 2, 1], [true, false])),
      named('s', tensorOf('float16', [], [0.1])),
      named('e', tensorOf('float32', [2, 0, 3], [])),
      named('w', tensorOf('bfloat16', [1], [0.1])),
    ];
    const [first] = await writeTensors(folder.path('out'), tensors, 'json');
    const parsed = JSON.parse(readFileSync(first!.path, 'utf8'));
    expect(parsed).toEqual({
      schema: 'ascend-bundle/tensors@1',
      tensors: [
        {
          name: 'f',
          dtype: 'float32',
          shape: [2, 3],
          data: [
            [0.1, 0.33333334, 'nan'],
            ['inf', '-inf', -0],
          ],
        },
        { name: 'i', dtype: 'int64', shape: [2], data: [9007199254740991, '9007199254740992'] },
        { name: 'b', dtype: 'bool', shape: [1, 2, 1], data: [[[true], [false]]] },
        { name: 's', dtype: 'float16', shape: [], data: 0.1 },
        { name: 'e', dtype: 'float32', shape: [2, 0, 3], data: [[], []] },
        { name: 'w', dtype: 'float32', shape: [1], data: [0.100097656] },
      ],
    });
    expect(Math.fround(parsed.tensors[0].data[0][1])).toBe(Math.fround(1 / 3));
  });

  test('json of every float16 comes back as the same bits', async () => {
    const bits = Uint16Array.from({ length: 0x7c00 }, (_, i) => i);
    const tensor = { name: 'h', dtype: dtype('float16'), shape: [0x7c00], data: memoryBytes(new Uint8Array(bits.buffer)) };
    const [first] = await writeTensors(folder.path('out'), [tensor], 'json');
    const values = JSON.parse(readFileSync(first!.path, 'utf8')).tensors[0].data;
    expect(Buffer.compare(Buffer.from(tensor.data.read()), Buffer.from(tensorOf('float16', [0x7c00], values).data.read()))).toBe(0);
  });
});

describe('nothing is lost, nothing is left', () => {
  test.each(OUT_FORMATS)('%s: an existing file stops all, without --force', async (format) => {
    await writeTensors(folder.path('out'), [A], format);
    const before = readdirSync(folder.path('out'));
    await expect(writeTensors(folder.path('out'), [B, A], format)).rejects.toMatchObject({ code: 'FILE_EXISTS', exitCode: 7 });
    expect(readdirSync(folder.path('out'))).toEqual(before);
    await writeTensors(folder.path('out'), [B, A], format, { force: true });
  });

  test('a failure leaves neither files nor folders', async () => {
    const failing = computedBytes(8, () => {
      throw new Error('no data');
    });
    await expect(writeTensors(folder.path('new', 'out'), [A, { ...B, data: failing }], 'bin')).rejects.toThrow('no data');
    expect(readdirSync(folder.path())).toEqual([]);
  });

  test('a failure leaves a folder that was there', async () => {
    mkdirSync(folder.path('out'));
    writeFileSync(folder.path('out', 'mine'), '');
    const none = { ...A, dtype: dtype('float8_e5m2') };
    await expect(writeTensors(folder.path('out'), [none], 'npy')).rejects.toMatchObject({ code: 'DTYPE_UNSUPPORTED' });
    expect(readdirSync(folder.path('out'))).toEqual(['mine']);
  });

  test('a file where the folder should be', async () => {
    writeFileSync(folder.path('out'), 'x');
    await expect(writeTensors(folder.path('out'), [A], 'npy')).rejects.toMatchObject({
      code: 'FILE_IO',
      message: expect.stringContaining('is a file; outputs are written into a folder'),
    });
  });

  test('two outputs of one name', async () => {
    await expect(writeTensors(folder.path('out'), [A, A], 'npy')).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
    expect(readdirSync(folder.path())).toEqual([]);
  });
});

describe('names of files', () => {
  test.each([
    ['Az09._-', 'Az09._-'],
    ['a/b', 'a%2Fb'],
    ['..', '..'],
    ['%2F', '%252F'],
    ['输出', '%E8%BE%93%E5%87%BA'],
    ['', '%'],
    ['a\0b', 'a%00b'],
    // A byte that is not UTF-8, as the reader of protobuf strings keeps it.
    ['\udcff', '%FF'],
  ])('%j is %s', (name, file) => {
    expect(fileNameOf(name)).toBe(file);
  });

  test('no two names meet in one file, and none is too long or leaves the folder', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.string({ unit: 'binary', maxLength: 400 }), (a, b) => {
        const [first, second] = [fileNameOf(a), fileNameOf(b)];
        expect(first === second).toBe(a === b);
        expect(basename(`${first}.safetensors`)).toBe(`${first}.safetensors`);
        expect(Buffer.byteLength(first)).toBeLessThanOrEqual(200);
      }),
      { numRuns: 50 },
    );
    const long = 'x'.repeat(300);
    expect(fileNameOf(`${long}1`)).not.toBe(fileNameOf(`${long}2`));
  });
});

describe('a look at a tensor', () => {
  test.each([
    [tensorOf('float32', [3], [0.1, -2, 1e-7]), '0.1, -2, 1e-7'],
    [tensorOf('float32', [6], [1, 2, 3, 4, 5, 9]), '1, 2, 3, 4, …   min 1  max 9  mean 4'],
    [tensorOf('float16', [5], [0.1, 0.2, 0.3, 0.4, 0.5]), '0.1, 0.2, 0.3, 0.4, …   min 0.09998  max 0.5  mean 0.3'],
    [tensorOf('float32', [5], [1, Number.NaN, 3, -Infinity, 5]), '1, nan, 3, -inf, …   min 1  max 5  mean 3   2 NaN or infinite'],
    [tensorOf('float32', [1], [Number.NaN]), 'nan   1 NaN or infinite'],
    [tensorOf('int64', [2], [-(2n ** 63n), 7n]), '-9223372036854775808, 7'],
    [tensorOf('bool', [2], [true, false]), 'true, false'],
    [tensorOf('float32', [0], []), '(empty)'],
    [tensorOf('uint8', [], [7]), '7'],
  ])('%#', (tensor, text) => {
    expect(previewTensor(tensor)).toBe(text);
  });
});
