import { describe, expect, test } from 'vitest';
import { concatBytes, memoryBytes, zeroBytes } from '../../src/base/bytes.js';
import { readStruct, type StructTable, writeStruct } from '../../src/base/struct.js';

const TABLE = {
  byte: [0, 'u8'],
  short: [2, 'u16'],
  word: [4, 'u32'],
  signed: [8, 'i32'],
  long: [16, 'u64'],
  far: [24, 'i64'],
  name: [32, 'char[8]'],
  raw: [40, 'bytes[4]'],
} as const satisfies StructTable;

// Laid out by hand: little-endian, holes at 1, 12..15.
const HEX = '07 00 3412 78563412 ffffffff 00000000 0000000001000000 feffffffffffffff 6162630000000000 01020304';
const RAW = Buffer.from(HEX.replaceAll(' ', ''), 'hex');
const VALUES = {
  byte: 7,
  short: 0x1234,
  word: 0x12345678,
  signed: -1,
  long: 2 ** 32,
  far: -2,
  name: 'abc',
  raw: Uint8Array.of(1, 2, 3, 4),
};

test('fields are read from their offsets', () => {
  expect(readStruct(TABLE, memoryBytes(RAW))).toEqual(VALUES);
});

test('a structure inside a file is read at any offset', () => {
  expect(readStruct(TABLE, concatBytes([zeroBytes(3), memoryBytes(RAW)]), 3)).toEqual(VALUES);
});

test('fields are written to their offsets, and those not given are zero', () => {
  expect(Buffer.from(writeStruct(TABLE, 44, VALUES)).toString('hex')).toBe(RAW.toString('hex'));
  expect(Buffer.from(writeStruct(TABLE, 48, { word: 1 })).toString('hex')).toBe(`${'00'.repeat(4)}01${'00'.repeat(43)}`);
});

describe('numbers of 64 bits', () => {
  test.each([
    ['0000000000002000', Infinity],
    ['ffffffffffffffff', Infinity],
    ['ffffffffffff1f00', Number.MAX_SAFE_INTEGER],
  ])('u64 %s is %s', (hex, value) => {
    expect(readStruct({ v: [0, 'u64'] }, memoryBytes(Buffer.from(hex, 'hex'))).v).toBe(value);
  });
  test.each([
    ['0000000000000080', -Infinity],
    ['ffffffffffffff7f', Infinity],
    ['010000000000e0ff', Number.MIN_SAFE_INTEGER],
  ])('i64 %s is %s', (hex, value) => {
    expect(readStruct({ v: [0, 'i64'] }, memoryBytes(Buffer.from(hex, 'hex'))).v).toBe(value);
  });
});

describe('text in a field of fixed size', () => {
  const NAME = { name: [0, 'char[8]'] } as const satisfies StructTable;
  const written = (name: string) => Buffer.from(writeStruct(NAME, 8, { name })).toString('hex');

  test('keeps a zero at its end', () => {
    expect(written('abcdefghij')).toBe('6162636465666700');
  });
  test('is cut between characters, not within one', () => {
    expect(written('abcdef层')).toBe('6162636465660000');
    expect(written('abcd层x')).toBe('61626364e5b18200');
    expect(written('😀😀')).toBe('f09f988000000000');
  });
  test('may fill the field when it is read', () => {
    expect(readStruct(NAME, memoryBytes(Buffer.from('abcdefgh'))).name).toBe('abcdefgh');
    expect(readStruct(NAME, memoryBytes(Buffer.from('\0bcdefgh'))).name).toBe('');
  });
});
