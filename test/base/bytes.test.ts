import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, truncateSync, writeSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Bytes,
  chunks,
  computedBytes,
  concatBytes,
  equalBytes,
  memoryBytes,
  patchedBytes,
  utf8Bytes,
  zeroBytes,
} from '../../src/base/bytes.js';
import { AscendBundleError } from '../../src/base/errors.js';
import { openFile } from '../../src/base/open-file.js';
import { testFolder } from '../support/folder.js';

const folder = testFolder();

/** Ranges of every kind with the bytes that they must give. */
const ranges: fc.Arbitrary<{ readonly bytes: Bytes; readonly content: Buffer }> = fc.letrec<{ range: { bytes: Bytes; content: Buffer } }>(
  (tie) => ({
    range: fc.oneof(
      { maxDepth: 4 },
      fc.uint8Array({ maxLength: 20 }).map((raw) => ({ bytes: memoryBytes(raw), content: Buffer.from(raw) })),
      fc
        .uint8Array({ maxLength: 20 })
        .map((raw) => ({ bytes: computedBytes(raw.length, (start, end) => raw.slice(start, end)), content: Buffer.from(raw) })),
      fc.nat(20).map((length) => ({ bytes: zeroBytes(length), content: Buffer.alloc(length) })),
      fc.array(tie('range'), { maxLength: 5 }).map((parts) => ({
        bytes: concatBytes(parts.map((part) => part.bytes)),
        content: Buffer.concat(parts.map((part) => part.content)),
      })),
      fc.tuple(tie('range'), fc.nat(), fc.nat()).map(([range, a, b]) => {
        const start = a % (range.content.length + 1);
        const end = start + (b % (range.content.length - start + 1));
        return { bytes: range.bytes.slice(start, end), content: range.content.subarray(start, end) };
      }),
    ),
  }),
).range;

describe('a range of any kind', () => {
  test('gives the bytes of any part of it', () => {
    fc.assert(
      fc.property(ranges, fc.nat(), fc.nat(), ({ bytes, content }, a, b) => {
        const start = a % (content.length + 1);
        const end = start + (b % (content.length - start + 1));
        expect(bytes.length).toBe(content.length);
        expect(Buffer.from(bytes.read())).toEqual(content);
        expect(Buffer.from(bytes.read(start, end))).toEqual(content.subarray(start, end));
        expect(Buffer.from(bytes.slice(start).read(0, end - start))).toEqual(content.subarray(start, end));
      }),
      { numRuns: 400 },
    );
  });

  test('is walked in pieces that cover it once', () => {
    fc.assert(
      fc.property(ranges, fc.integer({ min: 1, max: 9 }), ({ bytes, content }, size) => {
        // A piece is gone with the next.
        const pieces = Array.from(chunks(bytes, size), (piece) => Uint8Array.from(piece));
        expect(pieces.every((piece) => piece.length > 0 && piece.length <= size)).toBe(true);
        expect(Buffer.concat(pieces)).toEqual(content);
      }),
    );
  });

  test('is read into memory that is there, where that is offered', () => {
    fc.assert(
      fc.property(ranges, fc.nat(), fc.nat(), ({ bytes, content }, a, b) => {
        if (bytes.readInto === undefined) return;
        const [start, end] = [a % (content.length + 1), b % (content.length + 1)].sort((x, y) => x - y) as [number, number];
        const room = Buffer.alloc(end - start + 2, 7);
        bytes.readInto(room.subarray(1, -1), start);
        expect(room).toEqual(Buffer.concat([Buffer.of(7), content.subarray(start, end), Buffer.of(7)]));
        expect(() => bytes.readInto?.(new Uint8Array(content.length + 1 - start), start)).toThrow(RangeError);
      }),
    );
  });

  test('with patches has their bytes and all others of its own', () => {
    fc.assert(
      fc.property(ranges, fc.array(fc.nat(), { maxLength: 6 }), ({ bytes, content }, cuts) => {
        const places = [...new Set(cuts.map((cut) => cut % (content.length + 1)))].sort((x, y) => x - y);
        const expected = Buffer.from(content);
        const patches = places.flatMap((start, i) => {
          const end = places[i + 1];
          if (end === undefined || i % 2 === 1) return [];
          expected.fill(0xee, start, end);
          return [{ offsetBytes: start, bytes: memoryBytes(new Uint8Array(end - start).fill(0xee)) }];
        });
        expect(Buffer.from(patchedBytes(bytes, patches.reverse()).read())).toEqual(expected);
      }),
    );
  });

  test('equals another with the same bytes', () => {
    fc.assert(
      fc.property(ranges, ranges, (a, b) => {
        expect(equalBytes(a.bytes, b.bytes)).toBe(a.content.equals(b.content));
        expect(equalBytes(a.bytes, memoryBytes(a.content))).toBe(true);
      }),
    );
  });

  test('refuses what lies outside: that is a bug of the caller', () => {
    for (const bytes of [memoryBytes(new Uint8Array(4)), zeroBytes(4), concatBytes([zeroBytes(2), zeroBytes(2)])]) {
      for (const [start, end] of [
        [-1, 2],
        [3, 2],
        [0, 5],
        [Number.NaN, 2],
      ] as const) {
        expect(() => bytes.read(start, end)).toThrow(RangeError);
        expect(() => bytes.slice(start, end)).toThrow(RangeError);
      }
    }
  });
});

test('joining many ranges copies nothing, and a read finds its part', () => {
  const parts = Array.from({ length: 100_000 }, (_, i) => memoryBytes(Uint8Array.of(i & 255)));
  const joined = concatBytes(parts);
  expect([...joined.read(70_000, 70_003)]).toEqual([70_000 & 255, 70_001 & 255, 70_002 & 255]);
  const [only] = parts;
  expect(concatBytes([zeroBytes(0), only as Bytes, zeroBytes(0)])).toBe(only);
});

test('text is its UTF-8', () => {
  expect(Buffer.from(utf8Bytes('é').read()).toString('hex')).toBe('c3a9');
});

describe('a file', () => {
  test.each([
    ['over 2 GiB', 2 ** 31 + 11],
    ['over 4 GiB', 2 ** 32 + 11],
    ['over 1 TiB', 2 ** 40 + 11],
  ])('%s is read at both ends, and where a 32-bit offset would wrap', (_, size) => {
    const path = folder.path('sparse');
    const fd = openSync(path, 'w');
    writeSync(fd, 'begin', 0);
    writeSync(fd, 'middle', 2 ** 31 - 3);
    writeSync(fd, 'end', size - 3);
    closeSync(fd);
    using file = openFile(path);
    const text = (start: number, end: number) => Buffer.from(file.read(start, end)).toString('latin1');
    expect(file.length).toBe(size);
    expect(text(0, 6)).toBe('begin\0');
    expect(text(2 ** 31 - 4, 2 ** 31 + 4)).toBe('\0middle\0');
    expect(text(size - 4, size)).toBe('\0end');
    expect(
      Buffer.from(
        file
          .slice(size - 3)
          .slice(1)
          .read(),
      ).toString(),
    ).toBe('nd');
  });

  test('that shrinks is noticed when it is read', () => {
    const path = folder.write('f', '0123456789');
    using file = openFile(path);
    truncateSync(path, 4);
    expect(Buffer.from(file.read(0, 4)).toString()).toBe('0123');
    expect(() => file.read(2, 8)).toThrow(
      expect.objectContaining({ code: 'FILE_TRUNCATED', exitCode: 4, message: expect.stringContaining(`${path} ended at byte 4`) }),
    );
  });

  test('that was closed is not read again, even if its number belongs to another file now', () => {
    const file = openFile(folder.write('secret', 'aaaa'));
    const part = file.slice(1, 3);
    file[Symbol.dispose]();
    const fds = Array.from({ length: 20 }, () => openSync(folder.write('other', 'bbbb'), 'r'));
    try {
      expect(() => part.read()).toThrow(/closed/);
    } finally {
      for (const fd of fds) closeSync(fd);
    }
  });

  test('can be closed twice', () => {
    const file = openFile(folder.write('f', 'x'));
    file[Symbol.dispose]();
    expect(() => file[Symbol.dispose]()).not.toThrow();
  });
});

describe('what cannot be opened', () => {
  test('a path that does not exist', () => {
    expect(() => openFile(folder.path('no'))).toThrow(
      expect.objectContaining({
        code: 'FILE_NOT_FOUND',
        exitCode: 7,
        message: `${folder.path('no')} does not exist.`,
        fix: expect.stringContaining('current folder'),
      }),
    );
  });

  test('a folder', () => {
    mkdirSync(folder.path('d'));
    expect(() => openFile(folder.path('d'))).toThrow(
      expect.objectContaining({ code: 'FILE_IO', message: `${folder.path('d')} is a folder.` }),
    );
  });

  test('a path through a file', () => {
    expect(() => openFile(`${folder.write('f', '')}/x`)).toThrow(
      expect.objectContaining({ code: 'FILE_IO', message: expect.stringContaining('has a file where a folder is expected') }),
    );
  });

  test('a pipe, without waiting for a writer', () => {
    execFileSync('mkfifo', [folder.path('pipe')]);
    expect(() => openFile(folder.path('pipe'))).toThrow(
      expect.objectContaining({ code: 'FILE_IO', message: expect.stringContaining('is not a regular file') }),
    );
  });

  test('a path with a zero byte, or of endless length', () => {
    for (const path of ['a\0b', 'x'.repeat(5000)]) {
      expect(() => openFile(path)).toThrow(AscendBundleError);
    }
  });
});
