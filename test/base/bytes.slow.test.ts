import { closeSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openFile } from '../../src/base/open-file.js';
import { testFolder } from '../support/folder.js';

const folder = testFolder();

test('a file is read in one piece of more than 2 GiB by as many reads as that takes', () => {
  const path = folder.path('sparse');
  writeFileSync(path, '');
  const size = 2 ** 31 + 5;
  truncateSync(path, size);
  const fd = openSync(path, 'r+');
  writeSync(fd, 'x', size - 1);
  closeSync(fd);
  using file = openFile(path);
  const raw = file.read();
  expect([raw.length, raw[0], raw[size - 1]]).toEqual([size, 0, 0x78]);
});
