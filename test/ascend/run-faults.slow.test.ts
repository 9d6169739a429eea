// A run in which one native call after the other fails, crashes or hangs: each ends with the exit status and the words that say it,
// nothing leaked, no process and no output left. The calls are those that a good run has made.
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { driveBundle } from '../support/cann/bundles.js';
import { processesWith } from '../support/cann/device.js';
import type { CannLayout } from '../support/cann/libraries.js';
import { copyCann, hasStandin, type Recorded, readRecord, type StandinSettings, standinEnv } from '../support/cann/standin.js';
import { BIN, type CliResult, type ProblemFields, Workplace } from '../support/cli.js';
import { linearGraph } from '../support/linear.js';

const ARGS = ['--input', 'x=2x3xf32=1,2,3,4,5,6', '--update', 'b=7,8,9,10', '-o', 'out', '--json'];
const STATUS = 500002;
const WORDS = 'No more hands on deck.';

/** Answers that are no status: a failure of theirs is seen in what they answer. */
const NO_STATUS = /Get(?:Num|.*(?:Size|Name|DataType)|DataBuffer|Recent)|DestroyTensorDesc/;
/** After the results: the process ends, and the driver takes everything back. */
const CLOSING = ['aclmdlBundleUnload', 'aclrtResetDevice', 'aclFinalize'];
/** What stays when giving it back is what fails. */
const STAYS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  aclrtFree: { 'device memory': 1 },
  aclDestroyDataBuffer: { 'data buffer': 1 },
  aclmdlDestroyDataset: { dataset: 1 },
  aclmdlDestroyDesc: { 'model desc': 1 },
  // With the memory of its variables.
  aclmdlBundleUnload: { bundle: 1, 'device memory': 1 },
  aclrtResetDevice: { device: 1 },
  aclmdlBundleDestroyQueryInfo: { 'query info': 1 },
};

interface Ran extends CliResult, Recorded {
  readonly place: Workplace;
  readonly warnings: readonly ProblemFields[];
  readonly error: (ProblemFields & { readonly native?: { readonly folder?: string | null } | null }) | null;
  /** Ids of processes that are left. */
  readonly left: readonly number[];
}

async function run(settings: StandinSettings & { readonly args?: readonly string[]; readonly bundle?: never } = {}): Promise<Ran> {
  const place = new Workplace();
  for (const name of ['made', 'tmp']) mkdirSync(place.path(name));
  const { args = [], ...standin } = settings;
  const path = driveBundle(place.path('made'), linearGraph(), ['w', 'b'], standin.layout === undefined ? {} : { layout: standin.layout });
  const record = place.path('made/calls.jsonl');
  const env = { ...standinEnv({ ...standin, record }), TMPDIR: place.path('tmp') };
  const result = await place.call(['run', path, ...ARGS, ...args], { env });
  const { error, warnings } = JSON.parse(result.stdout) as Pick<Ran, 'error' | 'warnings'>;
  return { ...result, ...readRecord(record), place, error, warnings, left: processesWith(record) };
}

function expectNothingLeft({ place, left, violations, status, error }: Ran): void {
  expect(left).toEqual([]);
  expect(violations).toEqual([]);
  expect(existsSync(place.path('out'))).toBe(status === 0);
  // The logs of a native failure are kept and named; everything else is gone.
  const jobs = readdirSync(place.path('tmp')).filter((name) => name.startsWith('ascend-bundle-job'));
  expect(jobs).toHaveLength(status === 0 ? 0 : 1);
  if (status !== 0) expect(JSON.stringify(error)).toContain(jobs[0]);
}

/** What is told of the end; the stand-in's machine has no driver, which is told too. */
const released = ({ warnings }: Ran): readonly ProblemFields[] => warnings.filter(({ code }) => code === 'RELEASE_FAILED');

/** The calls of a good run that answer with a status or a handle; with `low`, those that it makes more. */
async function callsOf(memory: 'auto' | 'low'): Promise<readonly string[]> {
  const ran = await run({ args: ['--memory', memory] });
  expect([ran.status, ran.alive]).toEqual([0, {}]);
  expectNothingLeft(ran);
  const names = [...new Set(ran.calls.map(({ call }) => call))].filter((call) => !NO_STATUS.test(call));
  const usual = memory === 'low' ? await callsOf('auto') : [];
  return names.filter((name) => !usual.includes(name));
}

describe.skipIf(!hasStandin)('every call of a run', () => {
  test.each([
    ['auto', `status:${STATUS}`],
    ['auto', `text:${STATUS}:${WORDS}`],
    ['low', `text:${STATUS}:${WORDS}`],
  ] as const)('that fails (memory %s, %s) ends it with exit 6 and what is said of it', { timeout: 600_000 }, async (memory, fault) => {
    const calls = await callsOf(memory);
    expect(calls.length).toBeGreaterThan(memory === 'auto' ? 20 : 5);
    for (const call of calls) {
      const ran = await run({ faults: [`${call}#1=${fault}`], args: ['--memory', memory] });
      const isClosing = CLOSING.includes(call);
      expect([call, ran.status], ran.stderr).toEqual([call, isClosing ? 0 : 6]);
      expectNothingLeft(ran);
      // A process that never came to aclInit has nothing to finalize.
      expect([call, ran.alive ?? {}]).toEqual([call, STAYS[call] ?? {}]);
      if (isClosing) expect(released(ran)).toMatchObject([{ code: 'RELEASE_FAILED', message: expect.stringContaining(`${call} failed`) }]);
      if (isClosing) continue;
      expect(released(ran)).toEqual([]);
      expect(ran.error).toMatchObject({ code: 'NATIVE_CALL', at: call, message: expect.stringContaining(call) });
      const isHandle = /Create/.test(call);
      expect(ran.error?.message).toContain(fault.startsWith('text') ? WORDS : isHandle ? 'NULL' : String(STATUS));
    }
  });

  test.each([
    ['aclmdlExecute#2', 'the update'],
    ['aclmdlExecute#3', 'the inference'],
    ['aclrtMalloc#2', 'memory on the way'],
    ['aclrtMemcpy#2', 'a copy on the way'],
  ])('%s, %s: all that was taken before is given back', async (call) => {
    const ran = await run({ faults: [`${call}=text:207001:Out of memory.`] });
    expect([ran.status, ran.alive, ran.error?.message]).toEqual([6, {}, expect.stringContaining('Out of memory.')]);
    expectNothingLeft(ran);
  });

  test('that ends the process is told with the signal and the call: exit 10', { timeout: 600_000 }, async () => {
    const kinds = [
      ['segv', 'SIGSEGV'],
      ['abort', 'SIGABRT'],
      ['throw', 'SIGABRT'],
    ] as const;
    for (const [i, call] of (await callsOf('auto')).filter((name) => !CLOSING.includes(name)).entries()) {
      const [kind, signal] = kinds[i % kinds.length] as (typeof kinds)[number];
      const ran = await run({ faults: [`${call}#1=${kind}`] });
      expect([call, ran.status], ran.stderr).toEqual([call, 10]);
      expect(ran.error).toMatchObject({
        code: 'NATIVE_CRASH',
        at: call,
        message: expect.stringContaining(`crashed with ${signal} in ${call}`),
      });
      expectNothingLeft(ran);
    }
  });

  test.each(CLOSING)('a crash of %s after the results is a warning', async (call) => {
    const ran = await run({ faults: [`${call}=segv`] });
    expect([ran.status, ran.error]).toEqual([0, null]);
    expect(released(ran)).toMatchObject([
      { code: 'RELEASE_FAILED', message: expect.stringContaining(`${call} ended the process (SIGSEGV)`) },
    ]);
    expectNothingLeft(ran);
  });

  test('a device that does not come back after the results is a warning, after --timeout', async () => {
    const ran = await run({ faults: ['aclrtResetDevice=hang'], args: ['--timeout', '2'] });
    expect([ran.status, ran.error]).toEqual([0, null]);
    expect(released(ran)).toMatchObject([
      { code: 'RELEASE_FAILED', message: expect.stringContaining('aclrtResetDevice did not come back') },
    ]);
    expectNothingLeft(ran);
  });

  test.each(['aclInit', 'aclrtSetDevice', 'aclmdlBundleLoadFromFile', 'aclmdlExecute#1', 'aclmdlExecute#2', 'aclmdlExecute#3'])(
    'that hangs (%s) is given up after --timeout: exit 9',
    async (call) => {
      const ran = await run({ faults: [`${call}=hang`], args: ['--timeout', '1'] });
      expect([ran.status, ran.error]).toMatchObject([9, { code: 'NATIVE_TIMEOUT', at: call.replace(/#.*/, '') }]);
      expectNothingLeft(ran);
    },
  );

  test('may write a hundred megabytes to stdout', async () => {
    const ran = await run({ faults: ['aclmdlExecute#3=flood:104857600'] });
    expect(ran.status).toBe(0);
    expectNothingLeft(ran);
  });
});

describe.skipIf(!hasStandin)('a run that is ended from outside', () => {
  async function hanging(): Promise<{ readonly child: ChildProcess; readonly record: string; readonly place: Workplace }> {
    const place = new Workplace();
    for (const name of ['made', 'tmp']) mkdirSync(place.path(name));
    const path = driveBundle(place.path('made'), linearGraph(), ['w', 'b']);
    const record = place.path('made/calls.jsonl');
    const env = { PATH: process.env['PATH'] ?? '', HOME: place.folder, TMPDIR: place.path('tmp') };
    const child = spawn(process.execPath, [BIN, 'run', path, ...ARGS], {
      cwd: place.folder,
      env: { ...env, ...standinEnv({ record, faults: ['aclmdlExecute#3=hang'] }) },
      stdio: 'ignore',
    });
    for (let i = 0; i < 400 && readRecord(record).calls.filter(({ call }) => call === 'aclmdlExecute').length < 3; i++) await wait(50);
    expect(processesWith(record).length).toBeGreaterThan(1);
    return { child, record, place };
  }

  const ended = (child: ChildProcess): Promise<number | NodeJS.Signals | null> =>
    new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));

  async function nothingRuns(record: string): Promise<void> {
    for (let i = 0; i < 100 && processesWith(record).length > 0; i++) await wait(50);
    expect(processesWith(record)).toEqual([]);
  }

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGKILL', 'SIGKILL'],
  ] as const)('%s: %s, no process, no file', async (signal, status) => {
    const { child, record, place } = await hanging();
    child.kill(signal);
    expect(await ended(child)).toBe(status);
    await nothingRuns(record);
    for (let i = 0; i < 100 && readdirSync(place.path('tmp')).length > 0; i++) await wait(50);
    expect(readdirSync(place.path('tmp'))).toEqual([]);
    expect(existsSync(place.path('out'))).toBe(false);
  });
});

describe.skipIf(!hasStandin)('an installation that is not whole', () => {
  async function runWith(layout: CannLayout, breakIt: (root: string) => void): Promise<Ran> {
    const broken = new Workplace();
    const root = copyCann(broken.path('cann'), layout);
    breakIt(root);
    return run({ root, layout });
  }
  const lib = (root: string, name: string): string => join(root, 'lib64', name);

  test('without AscendCL: exit 5, and the way out', async () => {
    const ran = await runWith('9.2', (root) =>
      ['libascendcl.so', 'libacl_rt.so', 'libacl_mdl.so'].forEach((name) => void rmSync(lib(root, name))),
    );
    expect([ran.status, ran.error]).toMatchObject([5, { message: expect.stringContaining('libascendcl.so'), fix: expect.any(String) }]);
    expect(ran.left).toEqual([]);
  });

  test('without a library that AscendCL needs: exit 5, and its name', async () => {
    const ran = await runWith('9.2', (root) => rmSync(lib(root, 'liberror_manager.so')));
    expect([ran.status, ran.error]).toMatchObject([
      5,
      { code: 'LIBRARY_UNUSABLE', message: expect.stringContaining('liberror_manager.so') },
    ]);
    expect(ran.left).toEqual([]);
  });

  test('with functions missing: exit 5, and which', async () => {
    const ran = await runWith('8.1', (root) => {
      const [folder] = readdirSync(join(root, 'devlib/linux'));
      cpSync(join(root, 'devlib/linux', folder as string, 'libascendcl.so'), lib(root, 'libascendcl.so'));
    });
    expect([ran.status, ran.error]).toMatchObject([5, { code: 'SYMBOL_MISSING', message: expect.stringContaining('aclrtMalloc') }]);
    expect(ran.left).toEqual([]);
  });

  test('whose first call answers as a stub: exit 6, and the order of the folders as the way out', async () => {
    const ran = await run({ faults: ['aclInit=status:100039'] });
    expect([ran.status, ran.error]).toMatchObject([
      6,
      { message: expect.stringContaining('100039'), fix: expect.stringMatching(/devlib|stub/) },
    ]);
    expect(ran.left).toEqual([]);
  });

  test('of 8.1 with a bundle of 9.2: exit 6, as the loader of 8.1 answers', async () => {
    const place = new Workplace();
    const path = driveBundle(place.folder, linearGraph(), ['w', 'b'], { layout: '9.2' });
    const { status, stderr } = await place.call(['run', path, '--input', 'x=rand:1'], { env: standinEnv({ layout: '8.1' }) });
    expect([status, stderr]).toEqual([6, expect.stringContaining('aclmdlBundleLoadFromFile')]);
  });
});
