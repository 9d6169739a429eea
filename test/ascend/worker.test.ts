// The native process with nothing native in it but libc: starting, asking, and that nothing of it remains.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { launchWorker, startWorker } from '../../src/backends/ascend/worker/client.js';
import { crashError } from '../../src/backends/ascend/worker/failures.js';

const parentFolder = mkdtempSync(join(tmpdir(), 'ascend-bundle-test-'));
afterAll(() => rmSync(parentFolder, { recursive: true }));

const env = { PATH: process.env['PATH'] ?? '' };

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

test('a probe of a machine without CANN says of each library why it does not open, and knows no function of it', async () => {
  const worker = await startWorker({ env, libraryFolders: ['/nowhere'], parentFolder });
  const { libraries, functions, usable } = await worker.request({ kind: 'probe', libraries: ['libge_compiler.so', 'libm.so.6'] });
  expect(libraries[0]).toMatchObject({
    name: 'libge_compiler.so',
    path: null,
    reason: expect.stringContaining('cannot open shared object'),
  });
  expect(libraries[1]?.path).toMatch(/libm\.so\.6$/);
  expect(functions.find(({ name }) => name === 'aclmdlExecute')).toMatchObject({ path: null, use: 'run' });
  // The only one that is not CANN's.
  expect(functions.find(({ name }) => name === 'insertAndRebalance')?.path).toMatch(/libstdc\+\+/);
  expect(usable).toEqual([]);
  await worker.close();
  expect(isAlive(worker.pid)).toBe(false);
  expect(existsSync(dirname(worker.folder))).toBe(false);
  expect(readdirSync(parentFolder)).toEqual([]);
});

const OPTIONS = { env, libraryFolders: ['/nowhere'], parentFolder };
const PROBE = { kind: 'probe', libraries: [] } as const;

test('one that is not wanted after all leaves nothing, and has had a folder from the beginning', async () => {
  const launched = launchWorker(OPTIONS);
  expect(existsSync(launched.folder)).toBe(true);
  await launched.close();
  expect(readdirSync(parentFolder)).toEqual([]);
  await expect(launched.ready()).rejects.toThrow('the native process was closed');
});

test('one that has ended keeps its folder until it is closed, and answers nothing more', async () => {
  const worker = await startWorker(OPTIONS);
  await worker.end();
  expect(isAlive(worker.pid)).toBe(false);
  expect(existsSync(worker.folder)).toBe(true);
  await expect(worker.request(PROBE)).rejects.toThrow('the native process was closed');
  await worker.close();
  expect(readdirSync(parentFolder)).toEqual([]);
});

test('an answer that waits to be read when the time is over is no timeout', async () => {
  await using worker = await startWorker(OPTIONS);
  const answered = worker.request(PROBE, { timeoutMs: 100 });
  // This thread has other work, as in the reading of a large graph.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
  expect((await answered).usable).toEqual([]);
});

test.each([
  ['aclgrphBundleBuildModel', true],
  ['aclmdlBundleLoadFromFile', false],
])('of a process that was killed in %s, fewer compilers are advised: %s', (call, isAdvised) => {
  const { message, fix } = crashError({ code: null, signal: 'SIGKILL', underWay: { call, arguments: {} }, output: [], folder: '/f' });
  expect(message).toContain(call);
  expect(fix).toContain('memory');
  expect(fix?.includes('TE_PARALLEL_COMPILER')).toBe(isAdvised);
});
