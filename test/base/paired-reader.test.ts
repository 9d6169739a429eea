import { truncateSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bytes, computedBytes, memoryBytes } from '../../src/base/bytes.js';
import { openFile } from '../../src/base/open-file.js';
import { equalBytesAhead, PairedReader, PIECE_BYTES } from '../../src/base/paired-reader.js';
import { caughtLater } from '../support/caught-later.js';
import { testFolder } from '../support/folder.js';

const folder = testFolder();

const contents = fc.uint8Array({ maxLength: 40 });
/** Pieces of two ranges go together: as many of each. */
const walks = fc.record({
  elements: fc.nat(20),
  step: fc.integer({ min: 1, max: 7 }),
  sizes: fc.tuple(fc.constantFrom(1, 2), fc.constantFrom(1, 2)),
});

async function walked(
  reader: PairedReader,
  one: Bytes,
  other: Bytes,
  [size, otherSize]: readonly [number, number],
): Promise<readonly Buffer[]> {
  const copies: [Buffer[], Buffer[]] = [[], []];
  for await (const [a, b] of reader.pieces({ bytes: one, pieceBytes: size }, { bytes: other, pieceBytes: otherSize })) {
    expect([a.length <= size, b.length <= otherSize]).toEqual([true, true]);
    copies[0].push(Buffer.from(a));
    copies[1].push(Buffer.from(b));
  }
  return copies.map((list) => Buffer.concat(list));
}

test('two ranges come in pieces that cover both, from files, memory or computed', async () => {
  const reader = new PairedReader();
  await fc.assert(
    fc.asyncProperty(contents, contents, walks, async (before, after, { elements, step, sizes }) => {
      const [one, other] = sizes.map((size) => Buffer.from(Array.from({ length: elements * size }, (_, i) => i * 7 + size)));
      if (one === undefined || other === undefined) return;
      using file = openFile(folder.write('f', Buffer.concat([before, one, after])));
      const inFile = file.slice(before.length, before.length + one.length);
      for (const rest of [memoryBytes(other), computedBytes(other.length, (start, end) => other.subarray(start, end)), slowly(other)]) {
        expect(await walked(reader, inFile, rest, [step * sizes[0], step * sizes[1]])).toEqual([one, other]);
        expect(await walked(reader, rest, inFile, [step * sizes[1], step * sizes[0]])).toEqual([other, one]);
      }
    }),
  );
});

/** Read later, and each piece later than the one after it. */
function slowly(content: Buffer): Bytes {
  const fill = (target: Uint8Array, start: number): void => target.set(content.subarray(start, start + target.length));
  const later = async (target: Uint8Array, start: number): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, start === 0 ? 2 : 0));
    fill(target, start);
  };
  return computedBytes(content.length, (start, end) => content.subarray(start, end), fill, later);
}

test('the next pieces are asked for before these are given', async () => {
  const asked: number[] = [];
  const bytes = computedBytes(
    6,
    () => new Uint8Array(2),
    () => undefined,
    async (_, start) => void asked.push(start),
  );
  const pieces = new PairedReader().pieces({ bytes, pieceBytes: 2 }, { bytes: memoryBytes(new Uint8Array(6)), pieceBytes: 2 });
  await pieces.next();
  expect(asked).toEqual([0, 2]);
  await pieces.next();
  expect(asked).toEqual([0, 2, 4]);
});

test('whoever leaves early leaves when nothing is read any more', async () => {
  let isReading = false;
  const bytes = computedBytes(
    6,
    () => new Uint8Array(2),
    () => undefined,
    async () => {
      isReading = true;
      await new Promise((resolve) => setTimeout(resolve, 5));
      isReading = false;
    },
  );
  for await (const _ of new PairedReader().pieces({ bytes, pieceBytes: 2 }, { bytes, pieceBytes: 2 })) break;
  expect(isReading).toBe(false);
});

test('a file that shrinks is noticed by the piece that is missing', async () => {
  const path = folder.write('f', '0123456789');
  using file = openFile(path);
  truncateSync(path, 5);
  const error = await caughtLater(walked(new PairedReader(), file, memoryBytes(new Uint8Array(10)), [2, 2]));
  expect(error).toMatchObject({ code: 'FILE_TRUNCATED', message: expect.stringContaining(`${path} ended at byte 5`) });
});

test('a piece that cannot be read after one that is not looked at further is no failure', async () => {
  const path = folder.write('f', '01234567');
  using file = openFile(path);
  truncateSync(path, 2);
  for await (const [piece] of new PairedReader().pieces({ bytes: file, pieceBytes: 2 }, { bytes: file, pieceBytes: 2 })) {
    expect(Buffer.from(piece).toString()).toBe('01');
    // Until the reading ahead has failed.
    await new Promise((resolve) => setTimeout(resolve, 20));
    break;
  }
});

test('a file that was closed is not read ahead, even if its number belongs to another file now', async () => {
  const file = openFile(folder.write('closed', 'aaaa'));
  file[Symbol.dispose]();
  using other = openFile(folder.write('other', 'bbbb'));
  await expect(file.readLater?.(new Uint8Array(4), 0)).rejects.toThrow('was read after it was closed');
  expect(other.length).toBe(4);
});

test('equal bytes are equal to the last one, whatever the number of pieces', async () => {
  const content = Buffer.alloc(2 * PIECE_BYTES + 3, 'abc');
  using file = openFile(folder.write('f', content));
  const changed = (place: number): Bytes => {
    const copy = Buffer.from(content);
    copy[place] = 0;
    return memoryBytes(copy);
  };
  expect(await equalBytesAhead(file, memoryBytes(content))).toBe(true);
  for (const place of [0, PIECE_BYTES - 1, PIECE_BYTES, content.length - 1])
    expect(await equalBytesAhead(file, changed(place))).toBe(false);
  expect(await equalBytesAhead(file, memoryBytes(content.subarray(1)))).toBe(false);
  expect(await equalBytesAhead(memoryBytes(Buffer.alloc(0)), memoryBytes(Buffer.alloc(0)))).toBe(true);
});
