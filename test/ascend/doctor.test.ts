// doctor without CANN, and targets.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RESULT_SCHEMAS } from '../../src/cli/result-schema/index.js';
import type { TargetsResult } from '../../src/commands/targets.js';
import { ARCH, emptyMachine, installNew } from '../support/cann-trees.js';
import { type ResultDocument, Workplace } from '../support/cli.js';
import { checkOf, doctor } from '../support/doctor.js';

describe('without CANN', () => {
  test('it is said calmly, the host is shown to work, and the exit code is 0', async () => {
    const { result, exitCode } = await doctor();
    expect(exitCode).toBe(0);
    expect(result).toMatchObject({ usable: { host: true, build: false, run: false }, cann: null, python: null, soc: { detected: null } });
    expect(result.checks.map(({ code }) => code)).toEqual(['HOST_WORKS', 'CANN_NOT_FOUND']);
    expect(checkOf(result, 'HOST_WORKS').message).toContain('y = [7, 10], then [2, 1]');
  });

  test('as text, a report within 80 columns that names what is used', async () => {
    const { stdout, stderr, status } = await new Workplace().call(['doctor']);
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('error')]);
    expect(stdout).toContain(`Node ${process.version}`);
    expect(stdout).toMatch(/^ {2}none {4}CANN {7}No CANN was found\.$/m);
    expect(stdout).toMatch(/^host {5}works/m);
    expect(stdout).not.toContain('missing');
  });

  test.each(['build', 'run'])('--for %s ends with 5, with the result and the way out', async (use) => {
    const { result, exitCode, error } = await doctor({ args: ['--for', use] });
    expect([exitCode, error?.code, error?.class]).toEqual([5, 'BACKEND_UNAVAILABLE', 'backend']);
    expect(error?.fix).toContain('--ascend-home');
    expect(result.for).toBe(use);
  });

  test('a variable and an option that lead nowhere are named', async () => {
    const { result } = await doctor({ env: { ASCEND_HOME_PATH: '/opt/gone' } });
    expect(checkOf(result, 'CANN_NOT_FOUND').message).toContain('ASCEND_HOME_PATH=/opt/gone: there is no such folder');
    expect(checkOf((await doctor({ args: ['--ascend-home', '/opt/other'] })).result, 'CANN_NOT_FOUND').message).toContain('/opt/other');
  });

  test('leaves nothing behind', async () => {
    const place = new Workplace();
    await doctor({ place, env: { TMPDIR: place.folder } });
    expect(place.files()).toEqual([]);
  });
});

describe('targets', () => {
  async function targets(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ResultDocument<TargetsResult>> {
    const { stdout, status } = await new Workplace().call(['targets', ...args, '--json'], { env });
    const document = JSON.parse(stdout);
    expect(document.exitCode).toBe(status);
    if (document.result !== null) expect(RESULT_SCHEMAS.targets.safeParse(document.result).error?.issues ?? []).toEqual([]);
    return document;
  }

  test('without CANN: the chips that are known, and that this is so', async () => {
    const { result } = await targets([]);
    expect(result).toMatchObject({ source: 'known', folder: null, cann: null });
    expect(result.families.flatMap(({ names }) => names)).toContain('Ascend910B1');
    const { stdout, status } = await new Workplace().call(['targets']);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^No CANN was found/)]);
    expect(stdout).toContain('Ascend910B is a first 910');
  });

  test('of the CANN that is installed, with the folder of the list', async () => {
    const place = new Workplace();
    const [installFolder = ''] = emptyMachine(place.folder).installFolders;
    const home = installNew(installFolder);
    const { result } = await targets(['--ascend-home', home]);
    expect(result).toMatchObject({ source: 'installed', folder: join(home, `${ARCH}-linux/data/platform_config`), cann: home });
    expect(result.families.find(({ family }) => family === 'Ascend310P')?.names).toEqual(['Ascend310P1', 'Ascend310P3']);
    rmSync(join(home, `${ARCH}-linux/data`), { recursive: true });
    expect((await targets([], { ASCEND_HOME_PATH: home })).result).toMatchObject({ source: 'known', cann: home });
  });

  test('a folder that is no CANN is refused', async () => {
    expect(await targets(['--ascend-home', '/opt/gone'])).toMatchObject({ exitCode: 5, error: { code: 'BACKEND_UNAVAILABLE' } });
  });
});
