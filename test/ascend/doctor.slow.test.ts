// doctor with a stand-in CANN of both layouts, and with everything that breaks one.
import { copyFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DoctorResult } from '../../src/commands/doctor.js';
import { cannRoot, copyCann, hasStandin, standinEnv } from '../support/cann/standin.js';
import { ARCH } from '../support/cann-trees.js';
import { type ResultDocument, Workplace } from '../support/cli.js';
import { checkOf, doctor } from '../support/doctor.js';

/** What is not all right, but for what the machine of the tests lacks. */
function troubles({ checks }: DoctorResult): string[] {
  const ofMachine = ['Python', 'memory', 'driver'];
  return checks.filter(({ status, area }) => status !== 'ok' && !ofMachine.includes(area)).map(({ status, code }) => `${status} ${code}`);
}

describe.skipIf(!hasStandin)('with a CANN', () => {
  test.each(['8.1', '9.2'] as const)('%s: everything is found, opened and asked', async (layout) => {
    const place = new Workplace();
    const { result, exitCode } = await doctor({ place, env: { ...standinEnv({ layout }), TMPDIR: place.folder } });
    expect(exitCode).toBe(0);
    expect(troubles(result)).toEqual([]);
    expect(result).toMatchObject({
      usable: { host: true, build: true, run: true },
      cann: { home: cannRoot(layout), source: 'ASCEND_HOME_PATH', version: { '8.1': '8.1.RC1', '9.2': '9.2.0' }[layout] },
      soc: { given: null, detected: expect.stringMatching(/^Ascend/), devices: expect.any(Number) },
    });
    expect(result.checks.filter(({ code }) => code === 'FUNCTIONS_FOUND')).toHaveLength(3);
    expect(checkOf(result, 'BUNDLE_MEMORY').message).toContain(layout === '9.2' ? 'is possible' : 'CANN 9.0');
    expect(place.files()).toEqual([]);
  });

  test('the chip that is given is held against the list and the card', async () => {
    const given = async (name: string) => (await doctor({ env: standinEnv(), args: ['--for', 'build', '--soc-version', name] })) as never;
    const wrong: ResultDocument<DoctorResult> = await given('ascend910b1');
    expect(wrong.exitCode).toBe(5);
    expect(checkOf(wrong.result, 'CHIP_UNKNOWN').fix).toBe('Write Ascend910B1.');
    const other: ResultDocument<DoctorResult> = await given('Ascend310P3');
    expect(other.exitCode).toBe(0);
    expect(troubles(other.result)).toEqual(['warning CHIP_OTHER']);
  });

  test('stubs in front and another CANN in the search paths: both work, and are said', async () => {
    const root = cannRoot('9.2');
    const env = { ...standinEnv(), LD_LIBRARY_PATH: `${join(root, 'devlib')}:${join(cannRoot('8.1'), 'lib64')}` };
    const { result } = await doctor({ env });
    expect(troubles(result)).toEqual(['warning PATH_FOREIGN', 'warning PATH_STUBS_FIRST']);
    expect(result.usable).toEqual({ host: true, build: true, run: true });
  });

  /** A copy of the stand-in, broken; what doctor says of it. */
  async function broken(layout: '8.1' | '9.2', damage: (lib64: string, root: string) => void, use: 'build' | 'run') {
    const place = new Workplace();
    const root = copyCann(place.path('cann'), layout);
    damage(join(root, `${ARCH}-linux/lib64`), root);
    return doctor({ place, env: standinEnv({ root }), args: ['--for', use] });
  }

  test('a library that is not there', async () => {
    const { result, exitCode, error } = await broken('9.2', (lib64) => rmSync(join(lib64, 'libgraph.so')), 'build');
    expect([exitCode, result.usable.build, result.usable.run]).toEqual([5, false, false]);
    expect(error?.message).toContain('libgraph.so');
  });

  test('a dependency that is not there: the linker names it', async () => {
    const { result, exitCode } = await broken('9.2', (lib64) => rmSync(join(lib64, 'liberror_manager.so')), 'build');
    expect(exitCode).toBe(5);
    const check = checkOf(result, 'LIBRARY_UNLOADABLE');
    expect(check.message).toContain('liberror_manager.so: cannot open shared object file');
    expect(check.fix).toContain('liberror_manager.so');
  });

  test('a library that is none', async () => {
    const { result } = await broken('8.1', (lib64) => writeFileSync(join(lib64, 'libgraph.so'), 'git-lfs'), 'build');
    expect(checkOf(result, 'LIBRARY_UNLOADABLE').message).toMatch(/cannot be loaded: .*libgraph\.so: (file too short|invalid ELF header)/);
    expect(result.usable.build).toBe(false);
  });

  test('functions that are not there, as in an older CANN', async () => {
    const { result, exitCode } = await broken(
      '9.2',
      (lib64) => copyFileSync(join(lib64, 'libgraph.so'), join(lib64, 'libge_compiler.so')),
      'build',
    );
    expect(exitCode).toBe(5);
    const check = checkOf(result, 'FUNCTIONS_MISSING');
    expect(check.message).toContain('aclgrphBuildInitialize');
    expect(result.usable).toMatchObject({ build: false, run: true });
  });

  test.each([
    ['a crash', 'segv', /SIGSEGV/],
    ['a hang', 'hang', /2 s|2000 ms|in time/],
    ['an error', 'status:507033', /DEV_SETUP_ERROR/],
    ['a stub', 'status:100039', /COMPILING_STUB_MODE/],
  ])('%s in AscendCL is a finding: a run is impossible, a build is not', async (_, fault, words) => {
    const place = new Workplace();
    const env = { ...standinEnv({ faults: [`aclrtGetDeviceCount=${fault}`] }), TMPDIR: place.folder };
    const { result, exitCode } = await doctor({ place, env, args: ['--for', 'run', '--timeout', '2'] });
    expect(exitCode).toBe(5);
    expect(result.usable).toEqual({ host: true, build: true, run: false });
    expect(checkOf(result, 'DEVICES_FAILED').message).toMatch(words);
    if (fault === 'status:100039') expect(checkOf(result, 'DEVICES_FAILED').fix).toContain('devlib');
    // The log of a native failure is kept, and nothing else.
    expect(readdirSync(place.folder).filter((name) => name !== 'examples')).toHaveLength(1);
  });
});
