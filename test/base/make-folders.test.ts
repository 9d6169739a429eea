import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeFolders } from '../../src/base/make-folders.js';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'ascend-bundle-folders-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('what is missing is made, and the outermost of it named', () => {
  const base = folder();
  expect(makeFolders(join(base, 'a/b/c'))).toBe(join(base, 'a'));
  expect(statSync(join(base, 'a/b/c')).isDirectory()).toBe(true);
  expect(makeFolders(join(base, 'a/b/d/'))).toBe(join(base, 'a/b/d/'));
});

test('where all of it is there, nothing is made', () => {
  const base = folder();
  mkdirSync(join(base, 'a'));
  symlinkSync(join(base, 'a'), join(base, 'link'));
  for (const path of [base, join(base, 'a'), join(base, 'link'), '.', '/']) expect(makeFolders(path)).toBeUndefined();
});

test('a file and a link that leads nowhere are in the way', () => {
  const base = folder();
  writeFileSync(join(base, 'file'), '');
  symlinkSync(join(base, 'gone/away'), join(base, 'link'));
  expect(() => makeFolders(join(base, 'file'))).toThrow('EEXIST');
  for (const below of ['file/below', 'file/below/it']) {
    expect(() => makeFolders(join(base, below))).toThrow(
      expect.objectContaining({ code: 'FILE_IO', message: expect.stringContaining('file/below') }),
    );
  }
  expect(() => makeFolders(join(base, 'link'))).toThrow();
});

test.runIf(process.platform === 'linux')('a system that makes no folders is an error, and not an endless loop', () => {
  const refusal = '/proc/ascend-bundle could not be made: the system says "no such file or directory" (ENOENT)';
  expect(() => makeFolders('/proc/ascend-bundle')).toThrow(refusal);
  expect(() => makeFolders('/proc/ascend-bundle/below')).toThrow(refusal);
});
