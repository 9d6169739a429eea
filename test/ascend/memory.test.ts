// The memory kit on libc itself. What it reads is compared with what the system says of the same memory.
import { closeSync, openSync, readFileSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openFfi } from '../../src/backends/ascend/native/ffi.js';
import { openMemory } from '../../src/backends/ascend/native/memory.js';
import { caught } from '../support/caught.js';
import { testFolder } from '../support/folder.js';

const folder = testFolder();
const ffi = await openFfi();
const memory = openMemory(ffi);

test('a buffer stays at its address, also one that would fit into the heap of V8', () => {
  const buffers = [1, 8, 16, 64, 100_000].map((bytes) => memory.allocate(bytes));
  const before = buffers.map((buffer) => memory.addressOf(buffer));
  // Enough garbage for several collections.
  for (let i = 0; i < 200; i++) Array.from({ length: 20_000 }, (_, k) => ({ k }));
  expect(buffers.map((buffer) => memory.addressOf(buffer))).toEqual(before);
  for (const address of before) expect(address % 16n).toBe(0n);
});

test('bytes are read and written at addresses', () => {
  const buffer = memory.allocate(32);
  buffer.write('the quick brown fox');
  const address = memory.addressOf(buffer);
  expect(memory.read(address + 4n, 5).toString()).toBe('quick');
  memory.write(address + 4n, Buffer.from('QUICK'));
  expect(buffer.toString('utf8', 0, 19)).toBe('the QUICK brown fox');
  expect(memory.read(0n, 0)).toHaveLength(0);
});

test('C strings end at their NUL, and NULL is none', () => {
  const buffer = memory.allocate(64);
  buffer.write('päng\0rest');
  expect(memory.readCString(memory.addressOf(buffer))).toBe('päng');
  expect(memory.readCString(memory.addressOf(buffer), 2)).toBe('p\ufffd');
  expect(memory.readCString(0n)).toBeUndefined();
});

test('a mapped file is the file', () => {
  const path = folder.write('weights.bin', Buffer.from('0123456789'));
  const map = memory.mapFile(path, 'write');
  expect(map.length).toBe(10);
  expect(memory.read(map.address, 10).toString()).toBe('0123456789');
  memory.write(map.address + 3n, Buffer.from('abc'));
  expect(readFileSync(path, 'utf8')).toBe('012abc6789');
  writeFileSync(path, 'ABC', { flag: 'r+' });
  expect(memory.read(map.address, 4).toString()).toBe('ABCa');
  const line = new RegExp(`^${map.address.toString(16)}-.*weights\\.bin$`, 'm');
  expect(readFileSync('/proc/self/maps', 'utf8')).toMatch(line);
  map.unmap();
  expect(readFileSync('/proc/self/maps', 'utf8')).not.toMatch(line);
});

test('a new mapped file has its blocks before anything is written', () => {
  const path = folder.path('out.bin');
  const map = memory.createMappedFile(path, 1 << 20);
  expect(statSync(path)).toMatchObject({ size: 1 << 20, blocks: expect.toSatisfy((blocks: number) => blocks * 512 >= 1 << 20) });
  memory.write(map.address + (1n << 20n) - 3n, Buffer.from('end'));
  expect(readFileSync(path).subarray(-3).toString()).toBe('end');
  map.unmap();
});

test('a file of more than 4 GiB is mapped whole', () => {
  const path = folder.write('large.bin', '');
  const bytes = 5 * 2 ** 30;
  truncateSync(path, bytes);
  const fd = openSync(path, 'r+');
  writeSync(fd, 'end', bytes - 3);
  closeSync(fd);
  const map = memory.mapFile(path, 'read');
  expect(map.length).toBe(bytes);
  expect(memory.read(map.address + BigInt(bytes) - 4n, 4).toString()).toBe('\0end');
  map.unmap();
});

test('an empty file is a map of nothing', () => {
  expect(memory.mapFile(folder.write('empty', ''), 'read')).toMatchObject({ address: 0n, length: 0 });
  expect(memory.createMappedFile(folder.path('empty-new'), 0)).toMatchObject({ address: 0n, length: 0 });
});

test('files that cannot be mapped say why', () => {
  expect(caught(() => memory.mapFile(folder.path('missing'), 'read'))).toMatchObject({ code: 'FILE_NOT_FOUND' });
  expect(caught(() => memory.mapFile(folder.path('.'), 'read')).message).toMatch(/is a folder|could not be read \(ENODEV\)/);
  folder.write('there', 'x');
  expect(caught(() => memory.createMappedFile(folder.path('there'), 8))).toMatchObject({ code: 'FILE_IO' });
  // Larger than any disk.
  expect(caught(() => memory.createMappedFile(folder.path('huge'), 2 ** 52))).toMatchObject({ code: 'FILE_IO' });
});
