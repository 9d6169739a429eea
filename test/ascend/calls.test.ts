// What becomes of a status that is not success: one error with the call, the number by name, what the vendor says of it, and its log.
// The stand-in fails as it is told, and writes its texts in the two layouts that CANN has had.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freshText } from '../../src/backends/ascend/native/error-text.js';
import type { NativeDetails } from '../../src/base/errors.js';
import type { CannLayout } from '../support/cann/libraries.js';
import { cannRoot, hasStandin, readRecord, standinEnv } from '../support/cann/standin.js';
import { testFolder } from '../support/folder.js';
import { nativeScript } from '../support/native-script.js';

const folder = testFolder();

/** Calls Initialize and IRVersion in turn, and tells what each gave or threw. */
const script = await nativeScript(`
  import { readFileSync } from 'node:fs';
  import { openNative } from './src/backends/ascend/native/native.js';
  const { lib64, folder, calls } = JSON.parse(readFileSync(0, 'utf8'));
  const journal = { underWay: folder + '/call.json', trace: folder + '/trace.jsonl' };
  const native = await openNative({ libraryFolders: [lib64], logFolder: folder + '/log', journal });
  native.libraries.open('build');
  const told = calls.map((name) => {
    try {
      const given = name === 'aclgrphBuildInitialize' ? [native.layouts.options({ 'ge.socVersion': 'Ascend310P3' })] : [];
      return { result: native.call(name, ...given) ?? null };
    } catch ({ code, message, fix, at, native }) {
      return { code, message, fix, at, native };
    }
  });
  console.log(JSON.stringify(told));
`);

interface Told {
  readonly result?: unknown;
  readonly code?: string;
  readonly message: string;
  readonly fix?: string;
  readonly native: NativeDetails;
}

function run(faults: readonly string[], calls = ['aclgrphBuildInitialize'], layout: CannLayout = '9.2'): readonly Told[] {
  const lib64 = join(cannRoot(layout), 'lib64');
  const env = {
    ...standinEnv({ layout, faults, record: folder.path('record.jsonl') }),
    LD_LIBRARY_PATH: lib64,
    ASCEND_PROCESS_LOG_PATH: folder.path('log'),
  };
  const { stdout, stderr, status } = script({ lib64, folder: folder.path(), calls }, { env });
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout.trim().split('\n').at(-1) as string) as Told[];
}

const INIT = 'aclgrphBuildInitialize';
/** The innermost line of the stand-in's trace-back. */
const WHERE = '\nIn: Assert failed in the stand-in[FUNC:Check][FILE:standin.cc][LINE:1]';

describe.skipIf(!hasStandin)('a call that fails', () => {
  test.each<CannLayout>(['8.1', '9.2'])('has the number, its name, and the text of CANN %s without its frills', (layout) => {
    const [told] = run([`${INIT}=text:50331649:Something is wrong with it.`], [INIT], layout);
    expect(told).toMatchObject({
      code: 'NATIVE_CALL',
      at: INIT,
      message: `${INIT} failed with GRAPH_PARAM_INVALID (50331649, 0x3000001): E19999: Something is wrong with it.`,
      native: {
        call: INIT,
        arguments: { globalOptions: { 'ge.socVersion': 'Ascend310P3' } },
        family: 'graphStatus',
        status: 50331649,
        name: 'GRAPH_PARAM_INVALID',
        text: `E19999: Something is wrong with it.${WHERE}`,
        log: [expect.stringContaining('Something is wrong with it.')],
        signal: null,
      },
    });
    expect(told?.fix).toMatch(/\w/);
  });

  test('without a text has the first error of the log as its reason', () => {
    // GE tells an unknown const in its log and nowhere else.
    const [, told] = run([`${INIT}#1=log:cannot find const name X in graph`, `${INIT}#2=status:50331649`], [INIT, INIT]);
    expect(told?.message).toMatch(
      /^aclgrphBuildInitialize failed with GRAPH_PARAM_INVALID \(.*\): GE .*cannot find const name X in graph$/,
    );
    expect(told?.native).toMatchObject({ text: null, log: [expect.not.stringContaining('[ERROR]')] });
  });

  test('without a text and without a log says that no reason was given', () => {
    const [told] = run([`${INIT}=status:4294967295`]);
    expect(told?.message).toBe(`${INIT} failed with GRAPH_FAILED (4294967295, 0xffffffff), and gives no reason.`);
    expect(told?.native).toMatchObject({ text: null, log: [] });
  });

  test('says what is its own, not what an earlier one said', () => {
    const told = run(
      [`${INIT}#1=text:50331649:The first.`, `${INIT}#2=text:4294967295:The second.`, `${INIT}#3=status:4294967295`],
      [INIT, INIT, INIT],
    );
    expect(told.map(({ native }) => native.text)).toEqual([`E19999: The first.${WHERE}`, `E19999: The second.${WHERE}`, null]);
    expect(told.map(({ native }) => native.log.length)).toEqual([1, 1, 0]);
  });
});

describe.skipIf(!hasStandin)('a call that succeeds', () => {
  test('gives what it filled, by name', () => {
    expect(run([], ['aclgrphGetIRVersion'])).toEqual([{ result: { major: 1, minor: 0, patch: 0 } }]);
  });

  test('is a line of the trace, with the options in place of their address', () => {
    run([`${INIT}#2=status:50331649`], [INIT, INIT, 'aclgrphGetIRVersion']);
    const lines = readFileSync(folder.path('trace.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const options = { globalOptions: { 'ge.socVersion': 'Ascend310P3' } };
    const times = { t: expect.any(Number), ms: expect.any(Number) };
    expect(lines).toEqual([
      { ...times, call: INIT, arguments: options, status: 'GRAPH_SUCCESS' },
      { ...times, call: INIT, arguments: options, status: 'GRAPH_PARAM_INVALID' },
      { ...times, call: 'aclgrphGetIRVersion', arguments: {}, results: { major: 1, minor: 0, patch: 0 }, status: 'GRAPH_SUCCESS' },
    ]);
  });

  test('is made on one thread, with those before and after it', () => {
    run([], [INIT, INIT, 'aclgrphGetIRVersion']);
    const { calls } = readRecord(folder.path('record.jsonl'));
    expect(calls.length).toBeGreaterThanOrEqual(3);
    expect(new Set(calls.map(({ tid }) => tid)).size).toBe(1);
  });
});

describe('text that was read before', () => {
  test.each([
    ['a', '', 'a'],
    ['a', 'a', ''],
    ['b\na', 'a', 'b'],
    ['b\n\na\n', 'a\n', 'b'],
    // Not the same text, though it ends alike.
    ['banana', 'ana', 'banana'],
    ['', 'a', ''],
  ])('of %j after %j is left %j', (text, before, fresh) => {
    expect(freshText(text, before)).toBe(fresh);
  });
});
