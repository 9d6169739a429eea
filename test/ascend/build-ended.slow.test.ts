// A build that is ended from outside leaves nothing, whatever ends it; and a dry run names the calls that a build then makes.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { memoryBytes } from '../../src/base/bytes.js';
import { AscendWorkplace } from '../support/ascend-build.js';
import { hasStandin, readRecord, standinEnv } from '../support/cann/standin.js';
import { BIN } from '../support/cli.js';
import { modelBytes, node, value } from '../support/onnx-models.js';

const ARGS = ['examples/linear/graph.json', '--consts', 'const_1,const_2', '-o', 'm.om', '--soc-version', 'Ascend310P3'];
const ONNX_ARGS = ['m.onnx', '--consts', 'w', '-o', 'm.om', '--soc-version', 'Ascend310P3'];

/** A place with the ONNX model, and a bundle of before that `--force` would replace. */
function workplace(): AscendWorkplace {
  const place = new AscendWorkplace();
  const initializers = [{ name: 'w', dims: [2, 2], dataType: 1, rawData: memoryBytes(Buffer.alloc(16, 1)) }];
  const model = modelBytes({
    nodes: [node('MatMul', 'x w', 'y')],
    initializers,
    inputs: [value('x', [1, 2])],
    outputs: [value('y', [1, 2])],
  });
  writeFileSync(place.path('m.onnx'), model);
  writeFileSync(place.path('m.om'), 'what was there');
  return place;
}

/** Native processes and what they started: all have this place in their environment. */
function processesIn(place: AscendWorkplace): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`TMPDIR=${place.path('tmp')}`);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** The shell that waits for the end of the command line has the folder that it looks after among its arguments. */
function isGuarded(place: AscendWorkplace): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return line.includes('ascend-bundle-guard\0') && line.includes(place.path('tmp'));
    } catch {
      return false;
    }
  });
}

describe.skipIf(!hasStandin)('a dry run', () => {
  test.each([
    ['a graph', ARGS],
    ['an ONNX model', ONNX_ARGS],
  ])('of %s names the calls and their arguments that the trace of the build then has', async (_, args) => {
    const place = workplace();
    const dry = await place.build([...args, '--force', '--dry-run']);
    const built = await place.build([...args, '--force', '--trace', 't.jsonl']);
    expect(built.document.exitCode).toBe(0);
    const lines = readFileSync(place.path('t.jsonl'), 'utf8').trim().split('\n');
    // What differs is the folder of the job, which a dry run does not make.
    const told = (calls: readonly object[]): object[] =>
      calls.map((call) =>
        JSON.parse(JSON.stringify(call).replaceAll(/"[^"]*\/([^/"]+)"/g, '"$1"'), (key, value) =>
          ['t', 'ms', 'status', 'results'].includes(key) ? undefined : value,
        ),
      );
    expect(told(dry.document.result.calls ?? [])).toEqual(told(lines.map((line) => JSON.parse(line))));
    expect(lines.length).toBeGreaterThan(6);
  });
});

describe.skipIf(!hasStandin)('a build that GE has not been asked for', () => {
  test('ends with the signal itself, and nothing is left of the native process that was on its way', async () => {
    const place = workplace();
    const child = spawn(process.execPath, [BIN, 'build', 'm.onnx', '--consts', '@-', '-o', 'new.om', '--soc-version', 'Ascend310P3'], {
      cwd: place.folder,
      env: {
        PATH: process.env['PATH'],
        HOME: place.folder,
        TMPDIR: place.path('tmp'),
        ...standinEnv({ record: place.path('record-0.jsonl') }),
      },
      // Names are awaited, and never come.
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const ended = new Promise<NodeJS.Signals | null>((resolve) => void child.on('close', (_, signal) => resolve(signal)));
    // The native process has started when its guard has.
    while (!isGuarded(place)) await wait(20);
    child.kill('SIGINT');
    expect(await ended).toBe('SIGINT');
    const began = performance.now();
    while ((processesIn(place).length > 0 || readdirSync(place.path('tmp')).length > 0) && performance.now() - began < 5000) await wait(20);
    expect([processesIn(place), readdirSync(place.path('tmp')), place.files()]).toEqual([[], [], ['m.om', 'm.onnx']]);
  });

  test('has not begun the trace: a file of that name is as it was', async () => {
    const place = workplace();
    writeFileSync(place.path('t.jsonl'), 'of before');
    const { document, jobs } = await place.build([
      'm.onnx',
      '--consts',
      'nobody',
      '-o',
      'new.om',
      '--soc-version',
      'Ascend310P3',
      '--trace',
      't.jsonl',
    ]);
    expect([document.error?.code, jobs]).toEqual(['CONST_NOT_FOUND', []]);
    expect(readFileSync(place.path('t.jsonl'), 'utf8')).toBe('of before');
  });
});

describe.skipIf(!hasStandin)('a build that is under way in GE', () => {
  test.each([
    ['SIGINT', 130, 'INTERRUPTED'],
    ['SIGTERM', 143, 'TERMINATED'],
    ['SIGKILL', null, null],
  ] as const)('ends with %s, and nothing is left', async (signal, exitCode, code) => {
    const place = workplace();
    const record = place.path('record-0.jsonl');
    const child = spawn(process.execPath, [BIN, 'build', ...ARGS, '--force', '--json'], {
      cwd: place.folder,
      env: {
        PATH: process.env['PATH'],
        HOME: place.folder,
        TMPDIR: place.path('tmp'),
        ...standinEnv({ record, faults: ['aclgrphBundleBuildModel=hang'] }),
      },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let stdout = '';
    child.stdout.on('data', (piece) => {
      stdout += piece;
    });
    const ended = new Promise<number | null>((resolve) => void child.on('close', resolve));
    while (!readRecord(record).calls.some(({ call }) => call === 'aclgrphBundleBuildModel')) await wait(20);
    expect(processesIn(place)).toHaveLength(2);
    child.kill(signal);
    expect(await ended).toBe(exitCode);
    if (code !== null) expect(JSON.parse(stdout)).toMatchObject({ ok: false, exitCode, error: { class: 'interrupted', code } });
    // After a SIGKILL it is the guard that cleans up.
    const began = performance.now();
    while ((processesIn(place).length > 0 || readdirSync(place.path('tmp')).length > 0) && performance.now() - began < 5000) await wait(20);
    expect([processesIn(place), readdirSync(place.path('tmp')), place.files()]).toEqual([[], [], ['m.om', 'm.onnx']]);
    expect(readFileSync(place.path('m.om'), 'utf8')).toBe('what was there');
  });
});
