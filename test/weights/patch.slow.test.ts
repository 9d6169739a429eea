// A process that is killed while it replaces a bundle, before each of its system calls in turn.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { build } from '../../src/index.js';
import { EXAMPLES } from '../support/cli.js';
import { testFolder } from '../support/folder.js';
import { bundleScript } from '../support/script.js';

const folder = testFolder();

const SCRIPT = `
import { openFile } from './src/base/open-file.js';
import { fileIdentity, NODE_FILE_SYSTEM } from './src/base/file-system.js';
import { readBundle } from './src/formats/om/index.js';
import { preparePatch, writePatch } from './src/weights/patch.js';
import { readUpdates } from './src/weights/updates.js';

const { BUNDLE: path, LAST: last } = process.env;
let calls = 0;
const fileSystem = Object.fromEntries(Object.entries(NODE_FILE_SYSTEM).map(([name, call]) => [name, (...args) => {
  if (calls++ === Number(last)) process.kill(process.pid, 'SIGKILL');
  return call(...args);
}]));
const identity = fileIdentity(path);
const file = openFile(path);
const bundle = readBundle(file, path);
const given = await readUpdates(['const_1=splat:7', 'const_2=splat:8'], bundle.weights);
await writePatch(preparePatch({ file, bundle, path, given }), { from: path, to: path, identity, inPlace: true, fileSystem });
console.log(calls);
`;
const run = await bundleScript(SCRIPT);

test('leaves the old bundle or the new one', async () => {
  const path = folder.path('b.om');
  await build(join(EXAMPLES, 'linear/graph.json'), { consts: ['const_1', 'const_2'], output: path, backend: 'host' });
  const old = readFileSync(path);
  const attempt = (last: number): string => run(undefined, `BUNDLE=${path} LAST=${last}`);
  const count = Number(attempt(-1));
  const patched = readFileSync(path);
  expect(patched.equals(old)).toBe(false);
  expect(count).toBeGreaterThan(8);
  const kept = Array.from({ length: count }, (_, last) => {
    writeFileSync(path, old);
    expect(() => attempt(last)).toThrow('the script failed');
    const now = readFileSync(path);
    expect(now.equals(old) || now.equals(patched), `killed before call ${last}`).toBe(true);
    return now.equals(old);
  });
  // The old one, up to the one call that makes it the new one.
  expect(kept).toEqual([...kept].sort((a, b) => Number(b) - Number(a)));
  expect(kept).toContain(false);
  expect(readdirSync(folder.path()).filter((name) => !name.endsWith('.tmp'))).toEqual(['b.om']);
});
