// The library's types stand on their own: what they reach needs neither a bundled package nor Node's types.
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const TYPES = resolve(import.meta.dirname, '../../dist/types');

/** By path below dist/types. */
function reached(path: string, found = new Map<string, string>()): ReadonlyMap<string, string> {
  if (found.has(path)) return found;
  const text = readFileSync(join(TYPES, path), 'utf8').replace(/\/\*.*?\*\//gs, '');
  found.set(path, text);
  for (const [, from, inline] of text.matchAll(/\bfrom '(\.[^']+)'|\bimport\("(\.[^"]+)"\)/g)) {
    reached(join(dirname(path), (from ?? inline ?? '').replace(/\.js$/, '.d.ts')), found);
  }
  return found;
}

test('the types that index.d.ts reaches import no package, and nothing of Node', () => {
  const files = reached('index.d.ts');
  expect(files.size).toBeGreaterThan(20);
  const foreign = [...files].filter(([, text]) => /\bfrom '[^.']|\bimport\("[^."]|\bNodeJS\./.test(text));
  expect(foreign.map(([path]) => path)).toEqual([]);
});
