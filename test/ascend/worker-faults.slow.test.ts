// Everything that vendors' code does to a process, in each call of a build: afterwards there is an error that says it, no process, and no
// file but the logs that the error names.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { AscendBundleError } from '../../src/base/errors.js';
import { writeAir } from '../../src/formats/air.js';
import { cannRoot, hasStandin, standinEnv } from '../support/cann/standin.js';
import { testFolder } from '../support/folder.js';
import { linearGraph } from '../support/linear.js';
import { bundleNative } from '../support/native-script.js';
import { type TestWorker, testWorkers } from '../support/native-worker.js';

const folder = testFolder();
const { entry: program, start } = await testWorkers();
const lib64 = hasStandin ? join(cannRoot(), 'lib64') : '';

let jobs = '';
beforeEach(() => {
  jobs = folder.path('jobs');
  mkdirSync(jobs);
});

async function worker(
  faults: readonly string[] = [],
  more: { timeoutMs?: number; trace?: string; signal?: AbortSignal } = {},
): Promise<TestWorker> {
  const env = { PATH: process.env['PATH'] ?? '', LD_LIBRARY_PATH: lib64, ...standinEnv({ faults }) };
  return start({ env, libraryFolders: [lib64], parentFolder: jobs, ...more });
}

function build(): { kind: 'build'; air: string; names: string[] } {
  return { kind: 'build', air: folder.write('linear.air', writeAir(linearGraph())), names: ['w', 'b'] };
}

/** The error that `work` must end with. */
async function failure(work: Promise<unknown>): Promise<AscendBundleError> {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(AscendBundleError);
  return error as AscendBundleError;
}

/** Those that still run. */
function leftOver(pids: readonly number[]): number[] {
  return pids.filter((pid) => {
    try {
      // A zombie has no command line; it is gone but for its parent's taking note.
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
    } catch {
      return false;
    }
  });
}

const CALLS = [
  'aclgrphBuildInitialize',
  'Graph::LoadFromFile',
  'aclgrphConvertToWeightRefreshableGraphs',
  'aclgrphBundleBuildModel',
  'aclgrphBundleSaveModel',
  'aclgrphBuildFinalize',
];

const nameOf = (call: string): string => call.replace('::', '.');

describe.skipIf(!hasStandin)('a build that goes well', () => {
  test('leaves nothing behind, floods or not', async () => {
    const one = await worker(['aclgrphBundleBuildModel=flood:104857600']);
    const memory = process.memoryUsage().rss;
    expect(await one.request(build())).toBeGreaterThan(1000);
    expect(process.memoryUsage().rss - memory).toBeLessThan(50 << 20);
    const output = join(dirname(one.folder), 'native.log');
    expect(statSync(output).size).toBeLessThanOrEqual(128 << 20);
    await one.close();
    expect(readdirSync(jobs)).toEqual([]);
    expect(leftOver([one.pid])).toEqual([]);
  });

  test('is not spoilt by a crash while it lets go of what it had', async () => {
    const one = await worker();
    await one.request({ kind: 'crashAtClose' });
    await one.close();
    expect(readdirSync(jobs)).toEqual([]);
    expect(leftOver([one.pid])).toEqual([]);
  });

  test('closing twice is closing', async () => {
    const one = await worker();
    await one.close();
    await one.close();
    await expect(one.request({ kind: 'echo' })).rejects.toThrow(/was closed/);
  });
});

describe.skipIf(!hasStandin)('a trace', () => {
  test('that does not fit on its disk ends the build with the reason', async () => {
    const one = await worker([], { trace: '/dev/full' });
    expect(await failure(one.request(build()))).toMatchObject({ code: 'FILE_IO', message: '/dev/full does not fit: the disk is full.' });
    await one.close();
    expect(readdirSync(jobs)).toEqual([]);
  });

  test('that cannot be begun is told before anything starts', async () => {
    expect(await failure(worker([], { trace: folder.path('nowhere/t.jsonl') }))).toMatchObject({ code: 'FILE_NOT_FOUND', exitCode: 7 });
    expect(readdirSync(jobs)).toEqual([]);
  });
});

describe.skipIf(!hasStandin)('a crash', () => {
  const kinds = [
    ['segv', 'SIGSEGV'],
    ['abort', 'SIGABRT'],
    ['throw', 'SIGABRT'],
  ] as const;
  test.each(CALLS.flatMap((call) => kinds.map(([kind, signal]) => [kind, call, signal] as const)))(
    '%s in %s',
    async (kind, call, signal) => {
      const one = await worker([`${call}=${kind}`]);
      const error = await failure(one.request(build()));
      expect(error).toMatchObject({
        code: 'NATIVE_CRASH',
        exitCode: 10,
        message: `The native process crashed with ${signal} in ${nameOf(call)}.`,
        native: { call: nameOf(call), signal, folder: dirname(one.folder) },
      });
      expect(error.native?.log.join('\n')).toContain(`stand-in: ${kind} in ${call}`);
      expect(leftOver([one.pid])).toEqual([]);
      await one.close();
      expect(existsSync(join(error.native?.folder as string, 'native.log'))).toBe(true);
      // Whoever asks again hears the same.
      expect(await failure(one.request(build()))).toBe(error);
    },
  );

  test('shows the arguments of the call that it was in', async () => {
    const one = await worker(['aclgrphBundleBuildModel=segv']);
    const { native } = await failure(one.request(build()));
    expect(native?.arguments).toEqual({
      graphWithOptions: [
        { graph: 'inferGraph', options: {} },
        { graph: 'initGraph', options: {} },
        { graph: 'updateGraph', options: {} },
      ],
      model: 'model#1',
    });
  });

  test('is the last line of the trace', async () => {
    const trace = folder.path('trace.jsonl');
    const one = await worker(['Graph::LoadFromFile=segv'], { trace });
    await failure(one.request(build()));
    const lines = readFileSync(trace, 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line)).map(({ call, status }) => [call, status])).toEqual([
      ['aclgrphBuildInitialize', 'GRAPH_SUCCESS'],
      ['Graph.Graph', null],
      ['Graph.LoadFromFile', 'SIGSEGV'],
    ]);
  });

  test('an exit from inside is one too', async () => {
    const one = await worker(['aclgrphBuildInitialize=exit:7']);
    expect(await failure(one.request(build()))).toMatchObject({
      code: 'NATIVE_CRASH',
      message: 'The native process ended with status 7 in aclgrphBuildInitialize.',
    });
  });
});

describe.skipIf(!hasStandin)('a hang', () => {
  test.each(CALLS)('in %s ends by the time limit', async (call) => {
    const one = await worker([`${call}=hang`], { timeoutMs: 2000 });
    const error = await failure(one.request(build()));
    expect(error).toMatchObject({ code: 'NATIVE_TIMEOUT', exitCode: 9, at: nameOf(call), native: { call: nameOf(call) } });
    expect(error.message).toBe(`${nameOf(call)} did not come back within 2 s, and was ended.`);
    expect(leftOver([one.pid])).toEqual([]);
  });
});

describe('what it starts', () => {
  test('ends with it, in its group or out of it', async () => {
    const one = await worker();
    const children = (await one.request({ kind: 'children' })) as number[];
    await wait(200);
    expect(leftOver(children)).toEqual(children);
    await one.close();
    await wait(50);
    expect(leftOver([one.pid, ...children])).toEqual([]);
    expect(readdirSync(jobs)).toEqual([]);
  });
});

/** A command line that waits for a native process which has children and hangs in a call; or does not wait for it. */
const parentProgram = await bundleNative(`
  import { readFileSync } from 'node:fs';
  import { startWorker } from './src/backends/ascend/worker/client.js';
  const { options, build, waits } = JSON.parse(readFileSync(0, 'utf8'));
  const worker = await startWorker(options);
  const children = await worker.request({ kind: 'children' });
  if (waits) setTimeout(() => console.log(JSON.stringify([worker.pid, ...children])), 300);
  else {
    console.log(JSON.stringify([worker.pid, ...children]));
    setInterval(() => undefined, 1000);
  }
  if (waits) await worker.request(build).catch(({ code, exitCode }) => {
    console.log(code);
    process.exitCode = exitCode;
  });
`);

interface Parent {
  readonly child: ChildProcess;
  readonly pids: readonly number[];
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null; readonly stdout: string }>;
}

async function parent(waits: boolean): Promise<Parent> {
  const env = { PATH: process.env['PATH'] ?? '', LD_LIBRARY_PATH: lib64, ...standinEnv({ faults: ['aclgrphBundleBuildModel=hang'] }) };
  const options = { env, libraryFolders: [lib64], parentFolder: jobs, entry: program };
  const child = spawn(process.execPath, [parentProgram], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify({ options, build: build(), waits }));
  let stdout = '';
  child.stdout.on('data', (piece) => {
    stdout += piece;
  });
  const ended = new Promise<{ code: number | null; signal: string | null; stdout: string }>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout }));
  });
  while (!stdout.includes('\n') && child.exitCode === null) await wait(10);
  const pids = JSON.parse(stdout) as number[];
  expect(leftOver(pids)).toEqual(pids);
  return { child, pids, ended };
}

describe.skipIf(!hasStandin)('the command line that waits', () => {
  test.each([
    ['SIGINT', 'INTERRUPTED', 130],
    ['SIGTERM', 'TERMINATED', 143],
  ] as const)('hears of %s, and nothing is left', async (signal, code, exitCode) => {
    const { child, pids, ended } = await parent(true);
    child.kill(signal);
    expect(await ended).toMatchObject({ code: exitCode, stdout: expect.stringContaining(code) });
    await wait(50);
    expect(leftOver(pids)).toEqual([]);
    expect(readdirSync(jobs)).toEqual([]);
  });

  test('is killed: the native process ends with all that it started, and the folder is removed', async () => {
    const { child, pids, ended } = await parent(true);
    child.kill('SIGKILL');
    await ended;
    const began = performance.now();
    while ((leftOver(pids).length > 0 || readdirSync(jobs).length > 0) && performance.now() - began < 5000) await wait(20);
    expect(leftOver(pids)).toEqual([]);
    expect(readdirSync(jobs)).toEqual([]);
  });

  test('does something else meanwhile: a signal has its usual effect, and nothing is left', async () => {
    const { child, pids, ended } = await parent(false);
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ signal: 'SIGINT' });
    const began = performance.now();
    while ((leftOver(pids).length > 0 || readdirSync(jobs).length > 0) && performance.now() - began < 5000) await wait(20);
    expect(leftOver(pids)).toEqual([]);
    expect(readdirSync(jobs)).toEqual([]);
  });
});

/** A command line that ends before its native process has begun: where that would be started, the folder is there. */
const endedEarly = await bundleNative(`
  import childProcess from 'node:child_process';
  import { readdirSync, readFileSync } from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  import { launchWorker } from './src/backends/ascend/worker/client.js';
  const { options, signal } = JSON.parse(readFileSync(0, 'utf8'));
  childProcess.fork = () => {
    console.log(readdirSync(options.parentFolder).length);
    process.kill(process.pid, signal);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
  syncBuiltinESMExports();
  launchWorker(options);
`);

test.each(['SIGKILL', 'SIGINT'])('a command line that %s ends before the native process has begun leaves no folder', async (signal) => {
  const input = JSON.stringify({ options: { env: {}, libraryFolders: [], parentFolder: jobs, entry: program }, signal });
  const ended = spawnSync(process.execPath, [endedEarly], { input, encoding: 'utf8' });
  expect([ended.signal, ended.stdout]).toEqual([signal, '1\n']);
  for (let looks = 0; looks < 250 && readdirSync(jobs).length > 0; looks++) await wait(20);
  expect(readdirSync(jobs)).toEqual([]);
});

/** A command line that may open only so many files more, from none to what a native process takes. */
const withFewFiles = await bundleNative(`
  import { closeSync, openSync, readFileSync } from 'node:fs';
  import { startWorker } from './src/backends/ascend/worker/client.js';
  const options = JSON.parse(readFileSync(0, 'utf8'));
  for (let left = 0; left < 12; left++) {
    const taken = [];
    try {
      for (;;) taken.push(openSync('/dev/null'));
    } catch {}
    for (const fd of taken.splice(0, left)) closeSync(fd);
    const ended = await startWorker(options).then((one) => one.close(), (error) => error.code ?? String(error));
    for (const fd of taken) closeSync(fd);
    console.log(ended ?? 'started');
  }
`);

test('where too many files are open, a start fails in words', () => {
  const env = { PATH: process.env['PATH'] ?? '', LD_LIBRARY_PATH: lib64, ...standinEnv() };
  const input = JSON.stringify({ env, libraryFolders: [lib64], parentFolder: jobs, entry: program });
  const { stdout, stderr } = spawnSync('/bin/sh', ['-c', `ulimit -n 64; exec "$0" "$1"`, process.execPath, withFewFiles], {
    input,
    encoding: 'utf8',
  });
  const ends = stdout.trim().split('\n');
  expect([stderr, ends.length]).toEqual(['', 12]);
  expect(new Set(ends)).toEqual(new Set(['FILE_IO', 'WORKER_FAILED', 'started']));
});

describe('errors of a handler', () => {
  test('come back as what they were', async () => {
    const one = await worker();
    expect(await failure(one.request({ kind: 'throw', code: 'CONST_NOT_FOUND', message: 'No w.' }))).toMatchObject({
      code: 'CONST_NOT_FOUND',
      message: 'No w.',
      at: 'here',
    });
    await expect(one.request({ kind: 'throw', message: 'a bug' })).rejects.toThrow('a bug');
    // And it goes on.
    expect(await one.request({ kind: 'echo', value: { big: 2n ** 64n - 1n, bytes: new Uint8Array([1, 2]) } })).toEqual({
      big: 2n ** 64n - 1n,
      bytes: new Uint8Array([1, 2]),
    });
    await one.close();
    expect(readdirSync(jobs)).toEqual([]);
  });

  test('steps are told in order', async () => {
    const one = await worker();
    const steps: string[] = [];
    await one.request({ kind: 'steps', steps: ['load', 'convert', 'compile'] }, { onStep: (step) => void steps.push(step) });
    expect(steps).toEqual(['load', 'convert', 'compile']);
    await one.close();
  });
});

test('an abort ends it, and nothing is kept', async () => {
  const controller = new AbortController();
  const one = await worker(hasStandin ? ['aclgrphBuildInitialize=hang'] : [], { signal: controller.signal });
  const asked = failure(one.request(hasStandin ? build() : { kind: 'children' }));
  setTimeout(() => controller.abort(), 300);
  expect(await asked).toMatchObject({ code: 'INTERRUPTED', exitCode: 130 });
  expect(readdirSync(jobs)).toEqual([]);
  expect(leftOver([one.pid])).toEqual([]);
});

describe('a process that cannot start', () => {
  test('says what it says', async () => {
    const { startWorker } = await import('../../src/backends/ascend/worker/client.js');
    const entry = folder.write('broken.mjs', 'import "./nothing-here.mjs";');
    expect(await failure(startWorker({ env: {}, libraryFolders: [], parentFolder: jobs, entry }))).toMatchObject({
      code: 'NATIVE_CRASH',
      native: { call: null, log: expect.arrayContaining([expect.stringContaining('nothing-here.mjs')]) },
    });
  });

  test('speaks another protocol', async () => {
    const { startWorker } = await import('../../src/backends/ascend/worker/client.js');
    const entry = folder.write('old.mjs', `process.on('message', () => process.send({ type: 'ready', protocol: 0 }));`);
    expect(await failure(startWorker({ env: {}, libraryFolders: [], parentFolder: jobs, entry }))).toMatchObject({
      code: 'WORKER_FAILED',
      exitCode: 5,
    });
    expect(readdirSync(jobs)).toEqual([]);
  });

  test('does not answer', async () => {
    const { startWorker } = await import('../../src/backends/ascend/worker/client.js');
    const entry = folder.write('silent.mjs', 'setInterval(() => undefined, 1000);');
    expect(await failure(startWorker({ env: {}, libraryFolders: [], parentFolder: jobs, entry, timeoutMs: 500 }))).toMatchObject({
      code: 'NATIVE_TIMEOUT',
    });
  });
});
