// Repeated numbers that stay as bytes: packed, unpacked and mixed, as the wire format allows them. Expected bytes are written by hand.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bytes, memoryBytes } from '../../src/base/bytes.js';
import { decode, encode, many, message, one, rawFixed, rawVarints, varints } from '../../src/base/protobuf/index.js';

interface Raw {
  floats?: Bytes;
  ints?: Bytes;
  name?: string;
}
const Raw = message<Raw>('Raw', { floats: rawFixed(4, 4), ints: rawVarints(7), name: one(8, 'string') });

interface Listed {
  ints?: (number | bigint)[];
}
const Listed = message<Listed>('Listed', { ints: many(7, 'int64') });

test('numbers that come one tag each are packed together, in the order of the file', () => {
  const raw = Uint8Array.of(0x38, 1, 0x38, 0xac, 2, 0x3a, 2, 5, 6, 0x42, 1, 0x61, 0x38, 7);
  const { ints, name } = decode(Raw, memoryBytes(raw));
  expect([...(ints?.read() ?? [])]).toEqual([1, 0xac, 2, 5, 6, 7]);
  expect(name).toBe('a');
});

test('a million numbers with one tag each are read without a range for every one', () => {
  const raw = new Uint8Array(5_000_000);
  for (let i = 0; i < raw.length; i += 5) raw[i] = 0x25;
  raw[raw.length - 1] = 0x3f;
  const { floats } = decode(Raw, memoryBytes(raw));
  expect(floats?.length).toBe(4_000_000);
  expect(floats?.read(3_999_999)[0]).toBe(0x3f);
});

test('varints give the low bytes of each number, wherever a read begins', () => {
  const number = fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(-300n, 300n));
  fc.assert(
    fc.property(fc.array(number), fc.constantFrom(1, 2, 4, 8), fc.nat(), fc.nat(), (values, width, a, b) => {
      const wire = decode(Raw, encode(Listed, { ints: values })).ints ?? memoryBytes(new Uint8Array(0));
      const { count, bytes } = varints(wire, width as 1 | 2 | 4 | 8, 'test');
      const all = Buffer.concat(
        values.map((value) => {
          const eight = Buffer.alloc(8);
          eight.writeBigInt64LE(value);
          return eight.subarray(0, width);
        }),
      );
      const start = Math.min(a, all.length);
      const end = Math.min(all.length, start + b);
      expect(count).toBe(values.length);
      expect(Buffer.from(bytes.read(start, end))).toEqual(all.subarray(start, end));
    }),
  );
});

test('a range far inside a long list is found', () => {
  const wire = memoryBytes(Uint8Array.from({ length: 200_001 }, (_, i) => i % 100));
  expect(varints(wire, 8, 'test').bytes.read(131_073 * 8, 131_074 * 8)[0]).toBe(131_073 % 100);
});

test.each([
  ['ends within a number', Uint8Array.of(1, 0x80)],
  ['has a number of eleven bytes', Uint8Array.from({ length: 12 }, () => 0xff)],
])('a list that %s is malformed', (_, wire) => {
  expect(() => varints(memoryBytes(wire), 8, 'model.onnx')).toThrow(expect.objectContaining({ code: 'FILE_MALFORMED' }));
});

test('raw fields are written as they were read', () => {
  const value = { floats: memoryBytes(Uint8Array.of(0, 0, 128, 63)), ints: memoryBytes(Uint8Array.of(1, 0xac, 2)) };
  const again = decode(Raw, encode(Raw, value));
  expect([...(again.ints?.read() ?? [])]).toEqual([1, 0xac, 2]);
  expect([...(again.floats?.read() ?? [])]).toEqual([0, 0, 128, 63]);
});
