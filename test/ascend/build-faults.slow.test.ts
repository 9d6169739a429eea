// Everything that goes wrong between the command line and a bundle: each with its exit status, its words, and nothing left behind.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { writeAir } from '../../src/formats/air.js';
import { AscendWorkplace } from '../support/ascend-build.js';
import { hasStandin } from '../support/cann/standin.js';
import { linearGraph } from '../support/linear.js';

/** As the stand-in calls them, with what they are called in errors. */
const CALLS = [
  ['aclgrphBuildInitialize', 'aclgrphBuildInitialize'],
  ['Graph::LoadFromFile', 'Graph.LoadFromFile'],
  ['aclgrphConvertToWeightRefreshableGraphs', 'aclgrphConvertToWeightRefreshableGraphs'],
  ['aclgrphBundleBuildModel', 'aclgrphBundleBuildModel'],
  ['aclgrphBundleSaveModel', 'aclgrphBundleSaveModel'],
] as const;

const FAILED = 0xffffffff;

describe.skipIf(!hasStandin)('a build by GE', () => {
  let place: AscendWorkplace;
  beforeEach(() => {
    place = new AscendWorkplace();
    writeFileSync(place.path('net.air'), writeAir(linearGraph()).read());
  });

  const ARGS = ['net.air', '--consts', 'w', '--backend', 'ascend', '-o', 'm.om'];

  /** The processes that this test's native processes have left. */
  const orphans = (): string[] =>
    readdirSync('/proc').filter((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(join('/proc', pid, 'environ'), 'latin1').includes(`TMPDIR=${place.path('tmp')}\0`);
      } catch {
        return false;
      }
    });

  test.each(CALLS)('%s fails, with words and without', async (call, name) => {
    const said = await place.build(ARGS, { faults: [`${call}=text:${FAILED}:the moon is too near`] });
    expect([said.document.exitCode, said.document.error?.code]).toEqual([6, 'NATIVE_CALL']);
    expect(said.document.error?.message).toContain(name);
    expect(said.document.error?.message).toContain('the moon is too near');
    const silent = await place.build(ARGS, { faults: [`${call}=status:50331649`] });
    expect([silent.document.exitCode, silent.document.error?.code]).toEqual([6, 'NATIVE_CALL']);
    expect(silent.document.error?.message).toMatch(new RegExp(`${name}.*50331649`));
    for (const { document, calls, jobs } of [said, silent]) {
      expect(document.error?.fix).toBeTruthy();
      // Finalized once, where it had been initialized.
      expect(calls.filter((one) => one.call === 'aclgrphBuildFinalize')).toHaveLength(name === 'aclgrphBuildInitialize' ? 0 : 1);
      expect(jobs.length).toBeGreaterThan(0);
    }
    expect(place.files()).toEqual(['net.air']);
    expect(orphans()).toEqual([]);
  });

  test.each(CALLS)('%s crashes', async (call, name) => {
    for (const [fault, word] of [
      ['segv', 'SIGSEGV'],
      ['abort', 'SIGABRT'],
      ['throw', 'SIGABRT'],
    ]) {
      const { document } = await place.build(ARGS, { faults: [`${call}=${fault}`] });
      expect([document.exitCode, document.error?.code]).toEqual([10, 'NATIVE_CRASH']);
      expect(document.error?.message).toContain(word);
      expect(document.error?.message).toContain(name);
    }
    expect(place.files()).toEqual(['net.air']);
    expect(orphans()).toEqual([]);
  });

  test.each(CALLS)('%s hangs', async (call, name) => {
    const { document } = await place.build([...ARGS, '--timeout', '1.5'], { faults: [`${call}=hang`] });
    expect([document.exitCode, document.error?.code]).toEqual([9, 'NATIVE_TIMEOUT']);
    expect(document.error?.message).toContain(name);
    expect(place.files()).toEqual(['net.air']);
    expect(orphans()).toEqual([]);
  });

  test.each([
    ['a second bundle', 'second', 6, 'SAVE_UNCLEAR'],
    ['no bundle', 'nofile', 6, 'SAVE_UNCLEAR'],
    ['a full disk', 'enospc', 6, 'NATIVE_CALL'],
  ] as const)('%s where the bundle was to be', async (_, fault, exit, code) => {
    writeFileSync(place.path('m.om'), 'precious');
    const { document } = await place.build([...ARGS, '--force'], { faults: [`aclgrphBundleSaveModel=${fault}`] });
    expect([document.exitCode, document.error?.code]).toEqual([exit, code]);
    expect(document.error?.fix).toBeTruthy();
    expect(readFileSync(place.path('m.om'), 'utf8')).toBe('precious');
    expect(place.files()).toEqual(['m.om', 'net.air']);
  });

  test.each([
    ['segv', 'aclgrphBuildFinalize ended the process (SIGSEGV)'],
    ['throw', 'aclgrphBuildFinalize ended the process (SIGABRT)'],
  ])('GE that crashes at its end (%s) has built all the same', async (fault, words) => {
    const { document, jobs } = await place.build(ARGS, { faults: [`aclgrphBuildFinalize=${fault}`] });
    expect([document.error, document.result.bundle.path, jobs]).toEqual([null, 'm.om', []]);
    expect(document.warnings).toContainEqual(expect.objectContaining({ code: 'RELEASE_FAILED', message: expect.stringContaining(words) }));
    expect(place.files()).toEqual(['m.om', 'net.air']);
    expect(orphans()).toEqual([]);
  });

  test('a bundle that GE saves under another name is taken all the same', async () => {
    const { document } = await place.build(ARGS, { faults: ['aclgrphBundleSaveModel=rename:strange.om'] });
    expect([document.error, document.result.bundle.path, document.result.bundle.hostEnv]).toEqual([null, 'm.om', null]);
    expect(document.warnings.map(({ code }) => code)).toContain('SAVED_NAME');
    expect(place.files()).toEqual(['m.om', 'net.air']);
  });

  test('100 MB of chatter change nothing', async () => {
    const { document, jobs } = await place.build(ARGS, { faults: ['aclgrphBundleBuildModel=flood:100000000'] });
    expect([document.error, jobs]).toEqual([null, []]);
  });

  test('a folder that is not there is told before GE starts', async () => {
    const { document, calls } = await place.build([...ARGS.slice(0, -1), 'gone/m.om']);
    expect([document.exitCode, document.error?.code, calls]).toEqual([7, 'FILE_NOT_FOUND', []]);
    expect(existsSync(place.path('gone'))).toBe(false);
  });

  test('graphs that were asked for stay away when the bundle does', async () => {
    const { document } = await place.build([...ARGS, '--emit-graphs', 'g'], { faults: ['aclgrphBundleSaveModel=nofile'] });
    expect(document.exitCode).toBe(6);
    expect(place.files()).toEqual(['net.air']);
  });
});
