// Every place where a tensor's bytes may be. Expected bytes are written by hand or by DataView.
import { expect, test } from 'vitest';
import { memoryBytes } from '../../../src/base/bytes.js';
import { encode, many, message } from '../../../src/base/protobuf/index.js';
import { toTensor } from '../../../src/formats/onnx/tensor.js';
import { describeSpec } from '../../../src/graph/tensor.js';

interface List {
  values?: (number | bigint)[];
}
const List = message<List>('List', { values: many(1, 'int64') });

/** Packed varints, as the encoder of another field writes them: tag and length (below 128) cut off. */
function packed(...values: (number | bigint)[]): ReturnType<typeof memoryBytes> {
  return memoryBytes(Uint8Array.from(encode(List, { values }).read().subarray(2)));
}

function bytes(...values: number[]): ReturnType<typeof memoryBytes> {
  return memoryBytes(Uint8Array.from(values));
}

test.each([
  ['raw_data', { dataType: 1, dims: [1], rawData: bytes(0, 0, 128, 63) }, 'float32 [1]', [0, 0, 128, 63]],
  ['float_data', { dataType: 1, dims: [1], floatData: bytes(0, 0, 128, 63) }, 'float32 [1]', [0, 0, 128, 63]],
  [
    'float_data of a complex number',
    { dataType: 14, dims: [], floatData: bytes(1, 2, 3, 4, 5, 6, 7, 8) },
    'complex64 []',
    [1, 2, 3, 4, 5, 6, 7, 8],
  ],
  ['double_data', { dataType: 11, dims: [1], doubleData: bytes(0, 0, 0, 0, 0, 0, 240, 63) }, 'float64 [1]', [0, 0, 0, 0, 0, 0, 240, 63]],
  ['int32_data, int32', { dataType: 6, dims: [2], int32Data: packed(1, -2) }, 'int32 [2]', [1, 0, 0, 0, 254, 255, 255, 255]],
  [
    'int32_data, float16 by its bits',
    { dataType: 10, dims: [1, 2], int32Data: packed(0x3c00, 0xc000) },
    'float16 [1, 2]',
    [0, 0x3c, 0, 0xc0],
  ],
  [
    'int32_data, bfloat16 by its bits',
    { dataType: 16, dims: [2], int32Data: packed(0x3f80, 0xbf80) },
    'bfloat16 [2]',
    [0x80, 0x3f, 0x80, 0xbf],
  ],
  ['int32_data, int8', { dataType: 3, dims: [3], int32Data: packed(-1, 0, 127) }, 'int8 [3]', [255, 0, 127]],
  ['int32_data, uint8', { dataType: 2, dims: [2], int32Data: packed(200, 7) }, 'uint8 [2]', [200, 7]],
  ['int32_data, int16', { dataType: 5, dims: [2], int32Data: packed(-2, 258) }, 'int16 [2]', [254, 255, 2, 1]],
  ['int32_data, uint16', { dataType: 4, dims: [1], int32Data: packed(65535) }, 'uint16 [1]', [255, 255]],
  ['int32_data, bool', { dataType: 9, dims: [2], int32Data: packed(1, 0) }, 'bool [2]', [1, 0]],
  ['int32_data, two int4 per number', { dataType: 22, dims: [3], int32Data: packed(0x21, 0x03) }, 'int4 [3]', [0x21, 0x03]],
  ['int32_data, float8', { dataType: 17, dims: [1], int32Data: packed(0x38) }, 'float8_e4m3fn [1]', [0x38]],
  [
    'int64_data',
    { dataType: 7, dims: [2], int64Data: packed(-1, 2n ** 40n) },
    'int64 [2]',
    [255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 1, 0, 0],
  ],
  ['uint64_data, uint64', { dataType: 13, dims: [1], uint64Data: packed(-1) }, 'uint64 [1]', [255, 255, 255, 255, 255, 255, 255, 255]],
  ['uint64_data, uint32', { dataType: 12, dims: [1], uint64Data: packed(2 ** 32 - 2) }, 'uint32 [1]', [254, 255, 255, 255]],
  ['nowhere, because it is empty', { dataType: 1, dims: [0, 3] }, 'float32 [0, 3]', []],
])('bytes from %s', (_, proto, spec, expected) => {
  const tensor = toTensor(proto, { what: 'model.onnx' });
  expect(describeSpec(tensor)).toBe(spec);
  expect([...tensor.data.read()]).toEqual(expected);
});

test.each([
  [
    'too few bytes',
    { dataType: 1, dims: [2], rawData: bytes(0, 0, 0, 0) },
    'FILE_MALFORMED',
    'is float32 [2], 8 bytes, but its raw_data gives 4',
  ],
  ['too many numbers', { dataType: 7, dims: [1], int64Data: packed(1, 2) }, 'FILE_MALFORMED', 'int64_data gives 16'],
  ['no value', { dataType: 1, dims: [] }, 'FILE_MALFORMED', 'float_data gives 0'],
  ['a negative dimension', { dataType: 1, dims: [-1], rawData: bytes() }, 'FILE_MALFORMED', 'dimension of -1'],
  ['a dimension over 2^53', { dataType: 1, dims: [2n ** 60n], rawData: bytes() }, 'FILE_MALFORMED', 'dimension of 1152921504606846976'],
  [
    'a size over 2^53',
    { dataType: 1, dims: [2 ** 30, 2 ** 30], rawData: bytes() },
    'FILE_MALFORMED',
    'would have 4611686018427388000 bytes',
  ],
  ['an unknown type', { dataType: 99, dims: [1], rawData: bytes(0) }, 'FILE_MALFORMED', 'unknown data type 99'],
  ['no type', { dims: [1], rawData: bytes(0) }, 'FILE_MALFORMED', 'unknown data type 0'],
  ['a segment', { dataType: 1, dims: [1], segment: bytes(), rawData: bytes(0, 0, 0, 0) }, 'FILE_MALFORMED', 'segment'],
  ['text', { dataType: 8, dims: [1] }, 'DTYPE_UNSUPPORTED', 'strings'],
  ['external data where none can be', { dataType: 1, dims: [1], dataLocation: 1 }, 'FILE_MALFORMED', 'another file'],
])('%s is refused with the name of the tensor', (_, proto, code, words) => {
  expect(() => toTensor({ name: 'fc.w', ...proto }, { what: 'model.onnx' })).toThrow(
    expect.objectContaining({
      code,
      message: expect.stringMatching(new RegExp(`^Tensor "fc.w" of model.onnx .*${words.replace(/[[\]^$]/g, '\\$&')}`)),
    }),
  );
});
