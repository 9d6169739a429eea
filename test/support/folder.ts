// A fresh folder per test.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Bytes } from '../../src/base/bytes.js';

export interface TestFolder {
  path(...parts: string[]): string;
  /** Writes a file and gives its path. */
  write(name: string, content: Bytes | string | Uint8Array): string;
}

/** Makes the folder before each test of the file (or the `describe`) and removes it afterwards. */
export function testFolder(): TestFolder {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'ascend-bundle-test-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });
  const path = (...parts: string[]) => join(root, ...parts);
  return {
    path,
    write(name, content) {
      writeFileSync(path(name), typeof content === 'object' && 'read' in content ? content.read() : content);
      return path(name);
    },
  };
}
