import { describe, expect, test } from 'vitest';
import { type Bytes, computedBytes, concatBytes, memoryBytes } from '../../src/base/bytes.js';
import { AscendBundleError } from '../../src/base/errors.js';
import { readNpy, writeNpy } from '../../src/formats/npy.js';
import { dtype } from '../../src/graph/dtype.js';
import { fromBase64, fromHex, plain, tensorOf, toHex } from '../support/tensors.js';

/** A file as numpy 2.4 lays it out: the dict as numpy writes it, padded to 64, then the data. */
function npy(dict: string, dataHex: string, version = 1): Bytes {
  const prefix = version === 1 ? 10 : 12;
  const length = Math.ceil((prefix + dict.length + 1) / 64) * 64 - prefix;
  const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0, length & 255, length >> 8, 0, 0]).subarray(0, prefix);
  return concatBytes([memoryBytes(Buffer.concat([start, Buffer.from(`${dict.padEnd(length - 1)}\n`, 'latin1')])), fromHex(dataHex)]);
}

function header(descr: string, shape: string, fortran = 'False'): string {
  return `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;
}

// numpy.save(f, numpy.array([[1, 2, 3], [4, 5, 6]], numpy.float32))
const FLOAT32 =
  'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAg' +
  'ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAIA/AAAAQAAAQEAAAIBAAACgQAAAwEA=';

test('a file of numpy is read', () => {
  expect(plain(readNpy(fromBase64(FLOAT32), 'x.npy'))).toEqual({ dtype: 'float32', shape: [2, 3], values: [1, 2, 3, 4, 5, 6] });
});

test('a tensor is written as numpy writes it', () => {
  const written = writeNpy(tensorOf('float32', [2, 3], [1, 2, 3, 4, 5, 6]));
  expect(Buffer.from(written.read()).toString('base64')).toBe(FLOAT32);
});

describe('reading', () => {
  // Headers and data as numpy 2.4 wrote them; bfloat16 as ml_dtypes 0.5 did.
  test.each([
    ['rank 0', npy(header('<f4', '()'), '00002040'), 'float32', [], [2.5]],
    ['no elements', npy(header('<f4', '(0, 3)'), ''), 'float32', [0, 3], []],
    ['version 2', npy(header('|u1', '(2,)'), '0102', 2), 'uint8', [2], [1, 2]],
    ['version 3', npy(header('|u1', '(2,)'), '0102', 3), 'uint8', [2], [1, 2]],
    ['bool', npy(header('|b1', '(3,)'), '010001'), 'bool', [3], [true, false, true]],
    ['big-endian float32', npy(header('>f4', '(2,)'), '3f800000bf000000'), 'float32', [2], [1, -0.5]],
    ['big-endian int64', npy(header('>i8', '(2,)'), '0000000000000001fffffffffffffffe'), 'int64', [2], [1n, -2n]],
    ['big-endian float16', npy(header('>f2', '(2,)'), '3c00c000'), 'float16', [2], [1, -2]],
    ['native order', npy(header('=i2', '(1,)'), '0100'), 'int16', [1], [1]],
    ['bfloat16 of ml_dtypes', npy(header('<V2', '(3,)'), '803f00bf4040'), 'bfloat16', [3], [1, -0.5, 3]],
    ['bfloat16 by name', npy(header('bfloat16', '(1,)'), '803f'), 'bfloat16', [1], [1]],
    ['long integers of Python 2', npy(header('<i4', '(1L, 1L)'), '07000000'), 'int32', [1, 1], [7]],
    [
      'Fortran order',
      // numpy.asfortranarray(numpy.arange(24, dtype=numpy.int16).reshape(2, 3, 4))
      npy(
        header('<i2', '(2, 3, 4)', 'True'),
        '00000c0004001000080014000100 0d000500110009001500 02000e0006001200 0a00160003000f000700 13000b001700',
      ),
      'int16',
      [2, 3, 4],
      Array.from({ length: 24 }, (_, i) => i),
    ],
    ['Fortran order, big-endian', npy(header('>i2', '(2, 2)', 'True'), '0001000300020004'), 'int16', [2, 2], [1, 2, 3, 4]],
  ])('%s', (_, bytes, type, shape, values) => {
    expect(plain(readNpy(bytes, 'x.npy'))).toEqual({ dtype: type, shape, values });
  });

  test('complex numbers in Fortran order keep their two halves together', () => {
    const file = npy(
      header('>c16', '(1, 2)', 'True').replace('(1, 2)', '(2, 2)'),
      ['3ff0', '4000', '4008', '4010', '4014', '4018', '401c', '4020'].map((top) => top.padEnd(16, '0')).join(''),
    );
    const { data } = readNpy(file, 'x.npy');
    const floats = new Float64Array(Uint8Array.from(data.read()).buffer);
    // The columns are (1+2i, 3+4i) and (5+6i, 7+8i).
    expect([...floats]).toEqual([1, 2, 5, 6, 3, 4, 7, 8]);
  });

  test('any part of swapped data can be asked for', () => {
    const { data } = readNpy(npy(header('>i4', '(2,)'), '01020304 05060708'), 'x.npy');
    expect(Buffer.from(data.read(3, 6)).toString('hex')).toBe('010807');
    expect(Buffer.from(data.slice(1).read(1, 5)).toString('hex')).toBe('02010807');
  });

  test('the data of a large array is not read', () => {
    const reads: number[] = [];
    const start = npy(header('<f4', '(1000000000,)'), '');
    const data = computedBytes(4e9, (from, to) => {
      reads.push(to - from);
      return new Uint8Array(to - from);
    });
    const tensor = readNpy(concatBytes([start, data]), 'x.npy');
    expect(reads).toEqual([]);
    expect([...tensor.data.read(3_999_999_996)]).toEqual([0, 0, 0, 0]);
  });
});

describe('writing', () => {
  test.each([
    ['float16', '<f2'],
    ['float64', '<f8'],
    ['int8', '|i1'],
    ['int64', '<i8'],
    ['uint16', '<u2'],
    ['bool', '|b1'],
  ])('%s has the descr %s, and comes back', (type, descr) => {
    const tensor = tensorOf(
      type,
      [2, 1],
      [1, 0].map((value) => (type === 'int64' ? BigInt(value) : type === 'bool' ? value === 1 : value)),
    );
    const written = writeNpy(tensor);
    expect(Buffer.from(written.read(10, 100)).toString('latin1')).toContain(
      `{'descr': '${descr}', 'fortran_order': False, 'shape': (2, 1), }`,
    );
    expect(plain(readNpy(written, 'x.npy'))).toEqual(plain(tensor));
  });

  test('rank 0 and rank 1 have the shapes () and (2,)', () => {
    expect(Buffer.from(writeNpy(tensorOf('uint8', [], [1])).read(10, 80)).toString('latin1')).toContain("'shape': (), }");
    expect(toHex(writeNpy(tensorOf('uint8', [2], [1, 2])))).toBe(toHex(npy(header('|u1', '(2,)'), '0102')));
  });

  test('bfloat16 is refused by name', () => {
    expect(() => writeNpy(tensorOf('bfloat16', [1], [1]))).toThrow(
      expect.objectContaining({ code: 'DTYPE_UNSUPPORTED', message: expect.stringContaining('bfloat16') }),
    );
  });
});

describe('refused', () => {
  test.each([
    ['an empty file', fromHex(''), 'FILE_KIND', 'does not begin with'],
    ['another file', fromHex('504b0304000000000000'), 'FILE_KIND', 'does not begin with'],
    ['a file cut in its prefix', fromHex('934e554d505901'), 'FILE_TRUNCATED', 'ends at byte 7'],
    ['a file cut in its header', npy(header('<f4', '(2,)'), '').slice(0, 60), 'FILE_TRUNCATED', 'asks for 128 bytes'],
    ['a file cut in its data', npy(header('<f4', '(2,)'), '00000000'), 'FILE_TRUNCATED', 'ends at byte 132; its header asks for 136'],
    ['bytes after the data', npy(header('<f4', '(1,)'), '0000000000'), 'FILE_MALFORMED', '1 bytes after its data'],
    ['another version', fromHex('934e554d50590900 0000'), 'FILE_MALFORMED', 'version 9'],
    ['a huge header', fromHex('934e554d50590200 ffffffff'), 'FILE_MALFORMED', 'header of 4294967295 bytes'],
    ['strings', npy(header('<U2', '(1,)'), ''), 'DTYPE_UNSUPPORTED', 'strings ("<U2")'],
    ['byte strings', npy(header('|S2', '(1,)'), ''), 'DTYPE_UNSUPPORTED', 'byte strings'],
    ['objects', npy(header('|O', '(1,)'), ''), 'DTYPE_UNSUPPORTED', 'Python objects'],
    ['dates', npy(header('<M8[D]', '(1,)'), ''), 'DTYPE_UNSUPPORTED', 'dates'],
    ['float8 of ml_dtypes', npy(header('<V1', '(1,)'), ''), 'DTYPE_UNSUPPORTED', 'raw bytes ("<V1")'],
    ['float128', npy(header('<f16', '(1,)'), ''), 'DTYPE_UNSUPPORTED', '"<f16"'],
    [
      'a structured array',
      npy("{'descr': [('a', '<i4'), ('b', '<f4')], 'fortran_order': False, 'shape': (1,), }", ''),
      'DTYPE_UNSUPPORTED',
      'a structured array',
    ],
    ['a negative dimension', npy(header('<f4', '(-1,)'), ''), 'FILE_MALFORMED', 'a shape with -1'],
    ['an impossible product', npy(header('<f4', '(9007199254740991, 9007199254740991)'), ''), 'FILE_MALFORMED', 'impossible shape'],
    ['a product hidden behind a 0', npy(header('<f4', '(0, 9007199254740991, 99)'), ''), 'FILE_MALFORMED', 'impossible shape'],
    ['a number for a shape', npy(header('<f4', '(3)'), ''), 'FILE_MALFORMED', 'no shape'],
    ['no order', npy("{'descr': '<f4', 'shape': (), }", ''), 'FILE_MALFORMED', 'no fortran_order'],
    ['a list for a header', npy('[1, 2]', ''), 'FILE_MALFORMED', 'not a dict'],
    ['an expression', npy("{'descr': __import__('os'), }", ''), 'FILE_MALFORMED', '"__import__" where a value is expected'],
    ['a string without an end', npy("{'descr", ''), 'FILE_MALFORMED', 'a string without an end'],
    ['something after the dict', npy('{} + 1', ''), 'FILE_MALFORMED', 'goes on with "+"'],
    ['deep nesting', npy('('.repeat(100), ''), 'FILE_MALFORMED', 'nested more than'],
  ])('%s', (_, bytes, code, words) => {
    expect(() => readNpy(bytes, 'x.npy')).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) }));
    expect(() => readNpy(bytes, 'x.npy')).toThrow('x.npy');
  });

  test('an array in Fortran order over 2 GiB names the way out', () => {
    const file = concatBytes([npy(header('<f4', '(30000, 30000)', 'True'), ''), computedBytes(3.6e9, (a, b) => new Uint8Array(b - a))]);
    expect(() => readNpy(file, 'x.npy')).toThrow(
      expect.objectContaining({ code: 'FILE_KIND', fix: expect.stringContaining('ascontiguousarray') }),
    );
  });
});

test('no damage to a file gives anything but an error of ours', () => {
  const whole = Buffer.from(FLOAT32, 'base64');
  for (let at = 0; at < whole.length; at++) {
    for (const byte of [0, 0x27, 0x28, 0x7b, 0xff]) {
      const damaged = Buffer.from(whole);
      damaged[at] = byte;
      try {
        expect(readNpy(memoryBytes(damaged), 'x.npy').dtype.bits % 8).toBe(0);
      } catch (error) {
        expect(error).toBeInstanceOf(AscendBundleError);
      }
    }
    expect(() => readNpy(memoryBytes(whole.subarray(0, at)), 'x.npy')).toThrow(AscendBundleError);
  }
});

test('a dtype of two-byte voids is bfloat16', () => {
  expect(readNpy(npy(header('|V2', '(1,)'), '803f'), 'x.npy').dtype).toBe(dtype('bfloat16'));
});
