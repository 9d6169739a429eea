import { expect, test } from 'vitest';
import { memoryBytes } from '../../src/base/bytes.js';
import { decode, encode, many, mapOf, message, one, oneMessage } from '../../src/base/protobuf/index.js';

interface Inner {
  a?: number;
}
interface Outer {
  name?: string;
  big?: number | bigint;
  list?: number[];
  inner?: Inner;
  map?: Map<string, Inner>;
}
const Inner = message<Inner>('Inner', { a: one(1, 'int32') });
const Outer = message<Outer>('Outer', {
  name: one(1, 'string'),
  big: one(2, 'int64'),
  list: many(3, 'int64'),
  inner: oneMessage(4, () => Inner),
  map: mapOf(5, () => Inner),
});

test('a message comes back as it was written', () => {
  const value: Outer = { name: 'x', big: -(2n ** 62n), list: [0, -1, 300], inner: { a: 0 }, map: new Map([['k', { a: 7 }]]) };
  expect(decode(Outer, encode(Outer, value))).toEqual(value);
});

test('unknown fields survive reading and writing', () => {
  const raw = Uint8Array.of(0x0a, 1, 0x61, 0x78, 5);
  expect(Uint8Array.from(encode(Outer, decode(Outer, memoryBytes(raw))).read())).toEqual(raw);
});
