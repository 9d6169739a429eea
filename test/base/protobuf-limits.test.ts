// What a malicious or merely large file must not do to the codec. Wire bytes are written by hand.
import { describe, expect, test } from 'vitest';
import { type Bytes, computedBytes, concatBytes, memoryBytes } from '../../src/base/bytes.js';
import {
  decode,
  encode,
  type MessageType,
  manyMessages,
  mapOf,
  message,
  one,
  oneMessage,
  rawFixed,
  type Unknown,
} from '../../src/base/protobuf/index.js';

interface Inner extends Unknown {
  number?: number;
  floats?: Bytes;
  children?: Inner[];
  map?: Map<string, number>;
}
interface Outer extends Unknown {
  name?: string;
  inner?: Inner;
  data?: Bytes;
  map?: Map<string, number>;
}
const Inner: MessageType<Inner> = message<Inner>('Inner', {
  number: one(1, 'int32'),
  floats: rawFixed(2, 4),
  children: manyMessages(3, () => Inner),
  map: mapOf(4, 'int32'),
});
const Outer: MessageType<Outer> = message<Outer>('Outer', {
  name: one(1, 'string'),
  inner: oneMessage(2, () => Inner),
  data: one(3, 'bytes'),
  map: mapOf(4, 'int32'),
});

function wire(...parts: (number | Uint8Array)[]): Bytes {
  return memoryBytes(Buffer.concat(parts.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : part))));
}
function times(count: number, ...bytes: number[]): Uint8Array {
  const out = new Uint8Array(count * bytes.length);
  for (let i = 0; i < count; i++) out.set(bytes, i * bytes.length);
  return out;
}
function lengthPrefixed(tag: number, content: Uint8Array): Buffer {
  const length: number[] = [];
  let rest = content.length;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Uint8Array.of(tag, ...length, rest), content]);
}
const malformed = (at: string, words: string) =>
  expect.objectContaining({ code: 'FILE_MALFORMED', at, message: expect.stringContaining(words) });

describe('one message in a hundred thousand pieces', () => {
  const count = 100_000;
  test('its lists are joined', () => {
    const { inner } = decode(Outer, wire(times(count, 0x12, 2, 0x1a, 0)));
    expect(inner?.children?.length).toBe(count);
  });
  test('its ranges are joined', () => {
    const { inner } = decode(Outer, wire(times(count, 0x12, 6, 0x12, 4, 1, 2, 3, 4)));
    expect(inner?.floats?.length).toBe(4 * count);
    expect([...(inner?.floats?.read(4 * count - 4) ?? [])]).toEqual([1, 2, 3, 4]);
  });
  test('its unknown fields are kept', () => {
    const { inner } = decode(Outer, wire(times(count, 0x12, 2, 0x78, 5)));
    expect(inner?.$unknown?.length).toBe(2 * count);
    expect([...(inner?.$unknown?.read(0, 4) ?? [])]).toEqual([0x78, 5, 0x78, 5]);
  });
  test('its map is joined', () => {
    expect(decode(Outer, wire(times(count, 0x12, 6, 0x22, 4, 0x0a, 0, 0x10, 7))).inner?.map).toEqual(new Map([['', 7]]));
  });
});

test('a million unknown fields between known ones do not become a million ranges', () => {
  let ranges = 0;
  const raw = wire(times(1_000_000, 0x78, 5, 0x08, 1));
  const counted: Bytes = {
    length: raw.length,
    read: (start, end) => raw.read(start, end),
    slice: (start, end) => {
      ranges++;
      return raw.slice(start, end);
    },
  };
  const { number, $unknown } = decode(Inner, counted);
  expect(number).toBe(1);
  expect(Buffer.compare(Buffer.from($unknown?.read() ?? []), times(1_000_000, 0x78, 5))).toBe(0);
  expect(ranges).toBe(0);
});

test('a megabyte of text that is no UTF-8 is read at once and written as it was', () => {
  const raw = times(1 << 20, 0xff, 0x41, 0xc3);
  const value = decode(Outer, wire(lengthPrefixed(0x0a, raw)));
  expect(value.name?.length).toBe(raw.length);
  expect(Buffer.compare(Buffer.from(encode(Outer, value).read()), lengthPrefixed(0x0a, raw))).toBe(0);
});

describe('nesting', () => {
  const nested = (depth: number): Bytes => {
    let raw: Uint8Array = new Uint8Array(0);
    for (let i = 0; i < depth; i++) raw = lengthPrefixed(0x1a, raw);
    return memoryBytes(lengthPrefixed(0x12, raw));
  };
  test('of 99 messages is read', () => {
    expect(decode(Outer, nested(99)).inner).toBeDefined();
  });
  test('of 100,000 is refused', () => {
    expect(() => decode(Outer, nested(5000), 'm.onnx')).toThrow(
      expect.objectContaining({
        code: 'FILE_MALFORMED',
        message: expect.stringContaining('m.onnx is damaged: messages are nested more than 100 deep'),
      }),
    );
  });
  test('of groups is refused too', () => {
    expect(() => decode(Outer, wire(times(100_000, 0x7b)))).toThrow(malformed('byte 102', 'groups are nested more than 100 deep'));
  });
});

describe('refused, with the byte', () => {
  test.each([
    ['a field number of 0', [0x08, 1, 0x00, 1], 'byte 2', 'field number 0'],
    ['a varint of eleven bytes', [0x78, ...Array(11).fill(0x80), 0], 'byte 11', 'a varint has more than ten bytes'],
    ['a length beyond the end', [0x0a, 5, 0x41], 'byte 1', 'a field claims 5 bytes where 1 are left'],
    ['a length beyond all numbers', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], 'byte 1', 'a field claims'],
    ['a length beyond its own message', [0x12, 2, 0x1a, 3, 0, 0, 0], 'byte 3', 'a field claims 3 bytes where 0 are left'],
    ['a wire type of 6', [0x7e], 'byte 1', 'wire type 6'],
    ['the end of a group that did not begin', [0x7c], 'byte 1', 'wire type 4'],
    ['a group that ends with another number', [0x7b, 0x74], 'byte 2', 'another number than it began'],
    ['a group without an end', [0x7b], 'byte 1', 'runs past the end'],
    ['half a float', [0x12, 4, 0x12, 2, 0, 0], 'byte 4', 'packed values of 4 bytes fill 2'],
    ['a cut fixed64 that is unknown', [0x79, 1, 2], 'byte 1', 'runs past the end'],
    ['a field number of 0 in a map', [0x22, 2, 0x00, 1], 'byte 2', 'field number 0'],
  ])('%s', (_, bytes, at, words) => {
    expect(() => decode(Outer, wire(Uint8Array.from(bytes)))).toThrow(malformed(at, words));
  });

  test('counted from the beginning of the file where the message lies inside one', () => {
    expect(() => decode(Outer, wire(0x0a, 5), 'x', 1000)).toThrow(malformed('byte 1001', ''));
  });
});

test('a map whose entry has a field with a large number is not taken for its value', () => {
  // Field 2^29 + 2 does not exist; its tag, cut to 32 bits, would be that of field 2.
  expect(() => decode(Outer, wire(0x22, 7, 0x90, 0x80, 0x80, 0x80, 0x10, 9, 0))).toThrow(malformed('byte 2', 'is not possible'));
});

test('an entry of a map without key or value has the empty ones', () => {
  expect(decode(Outer, wire(0x22, 0)).map).toEqual(new Map([['', 0]]));
});

test('small bytes are copied, so that they do not keep what was around them', () => {
  const raw = Buffer.from(wire(0x1a, 3, Uint8Array.of(1, 2, 3), times(10_000, 0x78, 5)).read());
  const source = computedBytes(raw.length, (start, end) => raw.subarray(start, end));
  expect(decode(Outer, source).data?.read().buffer.byteLength).toBe(3);
});

describe('large bytes', () => {
  const GIB = 2 ** 30;
  test('are not read by encode, whose result is read piece by piece', () => {
    let reads = 0;
    const data = computedBytes(GIB, (start, end) => {
      reads += end - start;
      return new Uint8Array(end - start).fill(7);
    });
    const before = process.memoryUsage().arrayBuffers;
    const encoded = encode(Outer, { name: 'x', data });
    expect(reads).toBe(0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
    expect(encoded.length).toBe(GIB + 3 + 6);
    expect([...encoded.read(0, 12)]).toEqual([0x0a, 1, 0x78, 0x1a, 0x80, 0x80, 0x80, 0x80, 4, 7, 7, 7]);
    expect(reads).toBeLessThan(100);
  });

  test('over 4 GiB are a range of the source', () => {
    const size = 5 * GIB;
    const data = computedBytes(size, (start, end) => Uint8Array.from({ length: end - start }, (_, i) => (start + i) % 251));
    const decoded = decode(Outer, encode(Outer, { data, name: 'behind' }));
    expect(decoded.name).toBe('behind');
    expect(decoded.data?.length).toBe(size);
    expect([...(decoded.data?.read(size - 3) ?? [])]).toEqual([size - 3, size - 2, size - 1].map((at) => at % 251));
  });

  test('are skipped by decode, which reads what lies between them', () => {
    let read = 0;
    const counted = (bytes: Bytes) =>
      computedBytes(bytes.length, (start, end) => {
        read += end - start;
        return bytes.read(start, end);
      });
    const one = encode(Outer, { data: computedBytes(GIB, (start, end) => new Uint8Array(end - start)) });
    const raw = concatBytes(Array.from({ length: 10 }, () => one));
    expect(decode(Outer, counted(raw)).data?.length).toBe(GIB);
    expect(read).toBeLessThan(11 * 65536);
  });
});
