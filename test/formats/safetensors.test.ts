import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bytes, computedBytes, concatBytes, memoryBytes } from '../../src/base/bytes.js';
import { AscendBundleError } from '../../src/base/errors.js';
import { openFile } from '../../src/base/open-file.js';
import {
  isSafetensors,
  isSafetensorsIndex,
  readSafetensors,
  readSafetensorsIndex,
  writeSafetensors,
} from '../../src/formats/safetensors.js';
import { dtype } from '../../src/graph/dtype.js';
import { fromHex, named, plain, tensorOf } from '../support/tensors.js';

/** A file with this header, as given, and this many bytes of data. */
function file(header: unknown, dataBytes: number): Bytes {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(json.length));
  return memoryBytes(Buffer.concat([start, json, Buffer.alloc(dataBytes)]));
}

// safetensors.numpy.save({'w': [[1, 2], [3, 4]] float32, 'b': [1, -2] bfloat16, 'c.half': [0.5] float16, 'flag': True},
// {'format': 'np'}), safetensors 0.8
const REFERENCE =
  '08010000000000007b225f5f6d657461646174615f5f223a7b22666f726d6174223a226e70227d2c2277223a7b226474797065223a22463332222c22' +
  '7368617065223a5b322c325d2c22646174615f6f666673657473223a5b302c31365d7d2c2262223a7b226474797065223a2242463136222c22736861' +
  '7065223a5b325d2c22646174615f6f666673657473223a5b31362c32305d7d2c22632e68616c66223a7b226474797065223a22463136222c22736861' +
  '7065223a5b315d2c22646174615f6f666673657473223a5b32302c32325d7d2c22666c6167223a7b226474797065223a22424f4f4c222c2273686170' +
  '65223a5b5d2c22646174615f6f666673657473223a5b32322c32335d7d7d20200000803f000000400000404000008040803f00c0003801';

test('a file of the reference implementation is read', () => {
  const { tensors, metadata } = readSafetensors(fromHex(REFERENCE), 'w.safetensors');
  expect(tensors.map(plain)).toEqual([
    { name: 'w', dtype: 'float32', shape: [2, 2], values: [1, 2, 3, 4] },
    { name: 'b', dtype: 'bfloat16', shape: [2], values: [1, -2] },
    { name: 'c.half', dtype: 'float16', shape: [1], values: [0.5] },
    { name: 'flag', dtype: 'bool', shape: [], values: [true] },
  ]);
  expect([...metadata]).toEqual([['format', 'np']]);
});

// The reference implementation has its own order among dtypes of one width; here that order and the names agree.
test('the same tensors are written as the reference implementation writes them', () => {
  const { tensors, metadata } = readSafetensors(fromHex(REFERENCE), 'w.safetensors');
  const written = writeSafetensors([...tensors].reverse(), Object.fromEntries(metadata));
  expect(Buffer.from(written.read()).toString('hex')).toBe(REFERENCE);
});

test('names keep their text, numbers for names too', () => {
  const tensors = ['10', '2', 'a"b', '层', '__proto__'].map((name, i) => named(name, tensorOf('int32', [1], [i])));
  const { tensors: back } = readSafetensors(writeSafetensors(tensors), 'w.safetensors');
  expect(new Map(back.map((tensor) => [tensor.name, plain(tensor)]))).toEqual(
    new Map(tensors.map((tensor) => [tensor.name, plain(tensor)])),
  );
});

test('a file with no tensors is read', () => {
  expect(readSafetensors(writeSafetensors([]), 'w.safetensors').tensors).toEqual([]);
});

test('only the header is read of a large file', () => {
  const json = Buffer.from(JSON.stringify({ w: { dtype: 'F32', shape: [2 ** 31], data_offsets: [0, 2 ** 33] } }));
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(json.length));
  const data = computedBytes(2 ** 33, () => {
    throw new Error('read');
  });
  const [tensor] = readSafetensors(concatBytes([memoryBytes(Buffer.concat([start, json])), data]), 'w.safetensors').tensors;
  expect(tensor!.data.length).toBe(2 ** 33);
});

describe('refused', () => {
  const entry = (shape: unknown, begin: unknown, end: unknown, type: unknown = 'F32') => ({
    dtype: type,
    shape,
    data_offsets: [begin, end],
  });
  test.each([
    ['an empty file', fromHex(''), 'FILE_TRUNCATED', 'ends at byte 0'],
    ['a file cut in its header', file({ w: entry([1], 0, 4) }, 4).slice(0, 20), 'FILE_TRUNCATED', 'ends at byte 20'],
    ['a header longer than any', fromHex('ffffffffffffff7f 7b7d'), 'FILE_MALFORMED', 'claims a header of'],
    ['a header that is no JSON', file('{"w": ', 0), 'FILE_MALFORMED', 'not JSON'],
    ['a header that is no text', concatBytes([fromHex('0200000000000000'), fromHex('ff7d')]), 'FILE_MALFORMED', 'not JSON'],
    ['a header that is a list', file('[]', 0), 'FILE_MALFORMED', 'not a JSON object'],
    ['a tensor that is a number', file({ w: 1 }, 4), 'FILE_MALFORMED', '"w" that is not an object'],
    ['data that ends too early', file({ w: entry([2], 0, 8) }, 4), 'FILE_TRUNCATED', 'has 4 bytes'],
    ['a size that is not the shape', file({ w: entry([2], 0, 4) }, 4), 'FILE_MALFORMED', 'of 4 bytes; F32 [2] needs 8'],
    ['offsets backwards', file({ w: entry([1], 4, 0) }, 4), 'FILE_MALFORMED', 'data_offsets 4 and 0'],
    ['offsets that are no numbers', file({ w: entry([1], '0', 4) }, 4), 'FILE_MALFORMED', 'without two data_offsets'],
    ['no offsets', file({ w: { dtype: 'F32', shape: [1] } }, 4), 'FILE_MALFORMED', 'without two data_offsets'],
    ['a negative dimension', file({ w: entry([-1], 0, 4) }, 4), 'FILE_MALFORMED', 'shape [-1]'],
    ['a fractional dimension', file({ w: entry([0.5], 0, 2) }, 4), 'FILE_MALFORMED', 'shape [0.5]'],
    ['a product beyond counting', file({ w: entry([2 ** 50, 2 ** 50], 0, 4) }, 4), 'FILE_MALFORMED', 'shape'],
    ['one product hidden behind a 0', file({ w: entry([0, 2 ** 50, 2 ** 50], 0, 0) }, 4), 'FILE_MALFORMED', 'shape'],
    [
      'two tensors in the same bytes',
      file({ v: entry([2], 0, 8), w: entry([1], 4, 8) }, 8),
      'FILE_MALFORMED',
      '"v" and "w" in the same bytes',
    ],
    ['an unknown dtype', file({ w: entry([1], 0, 4, 'F99') }, 4), 'DTYPE_UNSUPPORTED', '"w" of dtype "F99"'],
    ['metadata that is no text', file({ __metadata__: { a: 1 } }, 0), 'FILE_MALFORMED', '"a" is not a string'],
  ])('%s', (_, bytes, code, words) => {
    expect(() => readSafetensors(bytes, 'w.safetensors')).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(words) }),
    );
    expect(() => readSafetensors(bytes, 'w.safetensors')).toThrow('w.safetensors');
  });

  test('a dtype that has no name in the format, when writing', () => {
    const tensor = { name: 'w', dtype: dtype('complex128'), shape: [0], data: memoryBytes(new Uint8Array(0)) };
    expect(() => writeSafetensors([tensor])).toThrow(expect.objectContaining({ code: 'DTYPE_UNSUPPORTED' }));
  });
});

test('no damage to a file gives anything but an error of ours', () => {
  const whole = Buffer.from(REFERENCE.replaceAll(/\s/g, ''), 'hex');
  for (let at = 0; at < whole.length; at++) {
    for (const byte of [0, 0x22, 0x2d, 0x39, 0xff]) {
      const damaged = Buffer.from(whole);
      damaged[at] = byte;
      try {
        for (const tensor of readSafetensors(memoryBytes(damaged), 'w').tensors) tensor.data.read();
      } catch (error) {
        expect(error).toBeInstanceOf(AscendBundleError);
      }
    }
    expect(() => readSafetensors(memoryBytes(whole.subarray(0, at)), 'w')).toThrow(AscendBundleError);
  }
});

describe('shards', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
    mkdirSync(join(folder, 'model'));
    mkdirSync(join(folder, 'store'));
    const one = writeSafetensors([named('a', tensorOf('float32', [1], [1])), named('unused', tensorOf('float32', [1], [9]))]);
    writeFileSync(join(folder, 'model', 'one.safetensors'), one.read());
    writeFileSync(join(folder, 'store', 'blob'), writeSafetensors([named('b', tensorOf('float32', [1], [2]))]).read());
    symlinkSync('../store/blob', join(folder, 'model', 'two.safetensors'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function index(map: unknown) {
    const path = join(folder, 'model', 'model.safetensors.index.json');
    writeFileSync(path, JSON.stringify({ metadata: { total_size: 8 }, weight_map: map }));
    const bytes = openFile(path);
    expect(isSafetensorsIndex(bytes) || typeof map !== 'object').toBe(true);
    return readSafetensorsIndex(bytes, path).tensors;
  }

  test('are found beside the index, by way of links too, and give the tensors that the index names', () => {
    expect(index({ b: 'two.safetensors', a: 'one.safetensors' }).map(plain)).toEqual([
      { name: 'b', dtype: 'float32', shape: [1], values: [2] },
      { name: 'a', dtype: 'float32', shape: [1], values: [1] },
    ]);
  });

  test.each(['../store/blob', '/etc/passwd', 'x/../../store/blob', '..\\store\\blob', 'C:\\blob', ''])('are not taken from %s', (shard) => {
    expect(() => index({ b: shard })).toThrow(expect.objectContaining({ code: 'PATH_ESCAPES', at: '/weight_map/b' }));
  });

  test.each([
    [{ b: 'one.safetensors' }, 'TENSOR_NOT_FOUND', '"b" is in one.safetensors'],
    [{ b: 'three.safetensors' }, 'FILE_NOT_FOUND', 'three.safetensors'],
    [{ b: 3 }, 'FILE_MALFORMED', 'names 3 as the shard of "b"'],
    [[], 'FILE_MALFORMED', 'weight_map'],
    ['text', 'FILE_MALFORMED', 'weight_map'],
  ])('%j is refused', (map, code, words) => {
    if (Array.isArray(map)) {
      expect(() => readSafetensorsIndex(memoryBytes(Buffer.from(JSON.stringify({ weight_map: map }))), 'i.json')).toThrow(words);
      return;
    }
    expect(() => index(map)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) }));
  });
});

test('a file is known by its first bytes', () => {
  expect(isSafetensors(writeSafetensors([]))).toBe(true);
  expect(isSafetensors(writeSafetensors([named('w', tensorOf('int8', [1], [1]))]).slice(0, 20))).toBe(true);
  // int64 data that begins with 5, 123 has a brace at the same place.
  expect(isSafetensors(fromHex('0500000000000000 7b00000000000000 0000000000000000'))).toBe(false);
  expect(isSafetensors(memoryBytes(Buffer.from('{"weight_map": {}}')))).toBe(false);
});
