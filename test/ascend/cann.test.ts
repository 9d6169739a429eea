// Finding CANN and judging it, on made-up installations of both layouts. What set_env.sh of each sets is from the scripts of
// CANN 8.1.RC1 and 9.x; the version files are as these leave them.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileFindings } from '../../src/backends/ascend/cann/checks.js';
import {
  type Cann,
  cannVersion,
  chipFamilies,
  compareVersions,
  findCann,
  installedChips,
  type Machine,
  preflight,
  signOfCann,
} from '../../src/backends/ascend/cann/index.js';
import { lookAt } from '../../src/backends/ascend/cann/installation.js';
import { operatorPackage } from '../../src/backends/ascend/cann/operators.js';
import { ARCH, emptyMachine, installDriver, installNew, installOld, makeTree, write } from '../support/cann-trees.js';
import { caught } from '../support/caught.js';
import { testFolder } from '../support/folder.js';

const folder = testFolder();
const machine = (): Machine => emptyMachine(folder.path());
const usr = (...parts: string[]): string => folder.path('usr/local/Ascend', ...parts);
const ENV = { PATH: '/nowhere' };

function found(env: NodeJS.ProcessEnv = ENV, ascendHome?: string): Cann {
  const { found: cann } = findCann({ env, machine: machine(), ascendHome });
  return cann ?? expect.unreachable();
}

/** The codes of what is not all right, with their status. */
function troubles(env: NodeJS.ProcessEnv = ENV, ascendHome?: string): string[] {
  const checks = fileFindings(findCann({ env, machine: machine(), ascendHome }), env, machine()).checks;
  return checks.filter(({ status }) => status !== 'ok').map(({ status, code, uses }) => `${status} ${code} ${uses.join('+')}`);
}

describe('where CANN is', () => {
  test('nothing anywhere: nothing found, nothing tried, no sign', () => {
    expect(findCann({ env: ENV, machine: machine() })).toEqual({ found: undefined, tried: [] });
    expect(signOfCann({ env: ENV, machine: machine() })).toBeUndefined();
  });

  test('8.1: the folder of links, `latest`', () => {
    const latest = installOld(usr());
    expect(found()).toEqual({ home: latest, source: latest, libraryFolder: join(latest, 'lib64'), hasCompiler: true, hasRuntime: true });
  });

  test('9.x: the link `cann` is resolved, as its own script does', () => {
    const home = installNew(usr());
    expect(found()).toMatchObject({ home, source: usr('cann'), libraryFolder: join(home, 'lib64') });
  });

  test('of both layouts, the newer one is taken', () => {
    installOld(usr());
    expect(found().home).toBe(usr('ascend-toolkit/latest'));
    const home = installNew(usr());
    expect(found().home).toBe(home);
  });

  test('the order: option, variables, parent of the operator package, default folders, atc in PATH', () => {
    installNew(usr());
    const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((name) => makeTree(folder.path(name), '9.2')) as [
      string,
      string,
      string,
      string,
      string,
    ];
    const env = { PATH: `/nowhere:${join(e, 'bin')}`, ASCEND_HOME_PATH: b, ASCEND_TOOLKIT_HOME: c, ASCEND_OPP_PATH: join(d, 'opp') };
    const order = [];
    order.push(found(env, a).source);
    for (const name of ['ASCEND_HOME_PATH', 'ASCEND_TOOLKIT_HOME', 'ASCEND_OPP_PATH'] as const) {
      order.push(found(env).source);
      delete (env as NodeJS.ProcessEnv)[name];
    }
    order.push(found(env).source);
    rmSync(usr(), { recursive: true });
    order.push(found(env).source);
    expect(order).toEqual(['--ascend-home', 'ASCEND_HOME_PATH', 'ASCEND_TOOLKIT_HOME', 'ASCEND_OPP_PATH', usr('cann'), 'atc in PATH']);
    expect(found(env).home).toBe(e);
  });

  test('the option alone counts when it is given', () => {
    installNew(usr());
    const { found: cann, tried } = findCann({ env: ENV, machine: machine(), ascendHome: folder.path('wrong') });
    expect(cann).toBeUndefined();
    expect(tried).toEqual([expect.objectContaining({ source: '--ascend-home', why: 'there is no such folder' })]);
  });

  test('the folder above an installation is understood', () => {
    installOld(usr());
    for (const given of [usr(), usr('ascend-toolkit'), usr('ascend-toolkit/latest'), usr('ascend-toolkit/8.1.RC1')]) {
      expect(found(ENV, given).hasCompiler).toBe(true);
    }
  });

  test('a variable that leads nowhere is passed over, and said', () => {
    const home = installNew(usr());
    const env = { ...ENV, ASCEND_HOME_PATH: '/opt/gone' };
    expect(found(env).home).toBe(home);
    expect(troubles(env)).toEqual([
      'warning CANN_VARIABLE_IGNORED build+run',
      'warning DRIVER_NOT_FOUND run',
      'warning DEVICES_NOT_FOUND run',
    ]);
  });

  test('a variable without CANN behind it is still a sign of it: no host bundle by accident', () => {
    expect(signOfCann({ env: { ASCEND_HOME_PATH: '/opt/gone' }, machine: machine() })).toBe('ASCEND_HOME_PATH=/opt/gone');
    mkdirSync(usr('cann'), { recursive: true });
    expect(signOfCann({ env: ENV, machine: machine() })).toBe(usr('cann'));
  });

  test('another program called atc is no sign', () => {
    write(folder.path('bin/atc'));
    expect(signOfCann({ env: { PATH: folder.path('bin') }, machine: machine() })).toBeUndefined();
  });

  test('only the libraries of this processor count', () => {
    const other = ARCH === 'x86_64' ? 'aarch64' : 'x86_64';
    makeTree(usr('cann'), '9.2');
    renameSync(usr('cann', `${ARCH}-linux`), usr('cann', `${other}-linux`));
    const { tried } = findCann({ env: ENV, machine: machine() });
    expect(tried[0]?.why).toBe(`it is for ${other}, and this machine is ${ARCH}`);
  });

  test('without the link lib64, <arch>-linux/lib64 is used', () => {
    makeTree(usr('cann'), '9.2');
    unlinkSync(usr('cann/lib64'));
    expect(found().libraryFolder).toBe(usr('cann', `${ARCH}-linux/lib64`));
  });

  test('a runtime-only installation: no compiler, and the reason why a build is refused', () => {
    makeTree(usr('nnrt/latest'), '9.2');
    rmSync(usr('nnrt/latest/lib64/libge_compiler.so'));
    expect(found()).toMatchObject({ hasCompiler: false, hasRuntime: true });
    const error = caught(() => preflight('build', { env: ENV, machine: machine() }));
    expect(error).toMatchObject({ code: 'BACKEND_UNAVAILABLE', exitCode: 5, fix: expect.stringContaining('toolkit') });
    expect(preflight('run', { env: ENV, machine: machine() }).cann.home).toBe(usr('nnrt/latest'));
  });

  test('a library that is a broken link is missing; an unreadable folder is no crash', () => {
    const home = installNew(usr());
    unlinkSync(join(home, 'lib64/libgraph.so'));
    symlinkSync('gone.so', join(home, 'lib64/libgraph.so'));
    expect(troubles()).toContain('missing LIBRARY_NOT_FOUND build');
    symlinkSync('loop', usr('loop'));
    expect(findCann({ env: { ASCEND_HOME_PATH: usr('loop') }, machine: machine() }).tried[0]?.why).toBe('there is no such folder');
  });
});

describe('which CANN', () => {
  const versionOf = (home: string, ascendHome?: string) => cannVersion(found(ENV, ascendHome ?? home), ARCH);

  test('8.1, from the files that its packages leave, one after the other gone', () => {
    const home = makeTree(folder.path('cann'), '8.1');
    write(join(home, 'include/version/cann_version.h'), '#define CANN_VERSION_STR "8.1.RC1"\n#define CANN_VERSION 80100001\n');
    const files = [
      'version.cfg',
      `${ARCH}-linux/ascend_toolkit_install.info`,
      'runtime/version.info',
      'compiler/version.info',
      'opp/version.info',
    ];
    for (const file of [...files, 'include/version/cann_version.h']) {
      expect(versionOf(home)).toEqual({ text: '8.1.RC1', source: join(home, file) });
      rmSync(join(home, file));
    }
    expect(versionOf(home)).toBeUndefined();
  });

  test('9.x, from share/info of whichever package is there', () => {
    const home = makeTree(folder.path('cann'), '9.2');
    expect(versionOf(home)).toEqual({ text: '9.2.0', source: join(home, 'share/info/runtime/version.info') });
    rmSync(join(home, 'share/info'), { recursive: true });
    write(join(home, 'share/info/some-package/version.info'), 'Name=x\r\n Version = "9.2.0-beta.1" \r\n');
    expect(versionOf(home)?.text).toBe('9.2.0-beta.1');
  });

  test('from the name of the folder, also behind a folder of links', () => {
    const latest = installOld(usr());
    rmSync(usr('ascend-toolkit/8.1.RC1/version.cfg'));
    for (const name of ['runtime', 'compiler', 'opp']) rmSync(usr('ascend-toolkit/8.1.RC1', name, 'version.info'));
    rmSync(usr('ascend-toolkit/8.1.RC1', `${ARCH}-linux/ascend_toolkit_install.info`));
    expect(versionOf(latest)?.text).toBe('8.1.RC1');
    const home = installNew(usr(), '9.1.0');
    for (const path of ['share', 'opp/version.info']) rmSync(join(home, path), { recursive: true });
    expect(versionOf(home)?.text).toBe('9.1.0');
  });

  test.each([
    ['garbage', '\u0000\u0001\u0002'.repeat(100)],
    ['no version', 'Version=\nVersion=\n'],
    ['a version that is none', 'Version=9.x; rm -rf /\n'],
    ['a long word', `Version=9.0.${'0'.repeat(100_000)}`],
    ['nothing', ''],
  ])('a version file with %s tells nothing', (_, content) => {
    const home = makeTree(folder.path('cann'), '9.2');
    rmSync(join(home, 'share/info'), { recursive: true });
    rmSync(join(home, 'opp/version.info'));
    write(join(home, 'share/info/runtime/version.info'), content);
    expect(versionOf(home)).toBeUndefined();
  });

  test('a version file that is a folder, a pipe or unreadable tells nothing and holds nobody up', () => {
    const home = makeTree(folder.path('cann'), '9.2');
    rmSync(join(home, 'share/info'), { recursive: true });
    rmSync(join(home, 'opp/version.info'));
    mkdirSync(join(home, 'share/info/runtime/version.info'), { recursive: true });
    mkdirSync(join(home, 'share/info/ge-compiler'), { recursive: true });
    execFileSync('mkfifo', [join(home, 'share/info/ge-compiler/version.info')]);
    write(join(home, 'version.cfg'), 'x');
    chmodSync(join(home, 'version.cfg'), 0);
    expect(versionOf(home)).toBeUndefined();
  });

  test('versions in order', () => {
    const ordered =
      '8.0.RC2 8.0.RC3.alpha003 8.0.RC3 8.0.0 8.1.RC1.beta1 8.1.RC1 8.2.RC1 8.3.RC1 8.5.0 8.5.0.1 9.0.0-alpha.1 9.0.0-beta.1 9.0.0-beta.2 9.0.0 9.2.0-beta.1 9.2.0 10.0.0'.split(
        ' ',
      );
    expect(ordered.toReversed().sort(compareVersions)).toEqual(ordered);
    expect(compareVersions('9.0.0', '9.0')).toBe(0);
    expect(compareVersions('8.1.RC1', '8.1.rc1')).toBe(0);
  });
});

describe('what it has', () => {
  test.each(['8.1', '9.2'] as const)('%s: the chips of its list, in families', (layout) => {
    makeTree(usr('cann'), layout);
    write(usr('cann', `${ARCH}-linux/data/platform_config/notes.txt`));
    write(usr('cann', `${ARCH}-linux/data/platform_config/..ini`));
    const { names, folder: where } = installedChips(found(), ARCH) ?? expect.unreachable();
    expect(where).toBe(usr('cann', `${ARCH}-linux/data/platform_config`));
    expect(names).toEqual(expect.arrayContaining(['Ascend310P3', 'Ascend910B1', 'Ascend910_9391']));
    expect(names.some((name) => name.includes('notes'))).toBe(false);
    const families = chipFamilies(names);
    expect(families.find(({ family }) => family === 'Ascend910B')).toEqual({
      family: 'Ascend910B',
      products: 'Atlas A2',
      names: ['Ascend910B1', 'Ascend910B2', 'Ascend910B3', 'Ascend910B4'],
    });
    // The trap: the chip that is called Ascend910B is a first 910.
    expect(families.find(({ names: some }) => some.includes('Ascend910B'))?.family).toBe('Ascend910');
  });

  test('the operator package, with the chips that it is for', () => {
    installNew(usr());
    expect(operatorPackage(found())).toEqual({ folder: usr('cann-9.2.0/opp'), chips: ['ascend910b'] });
    rmSync(usr('cann-9.2.0/opp/built-in'), { recursive: true });
    expect(operatorPackage(found())).toBeUndefined();
  });

  test('nothing is wrong with a whole installation, a driver and devices', () => {
    installNew(usr());
    installDriver(usr());
    for (const name of ['davinci0', 'davinci_manager', 'devmm_svm', 'hisi_hdc']) write(folder.path('dev', name));
    expect(troubles()).toEqual([]);
  });

  test('what is missing is a warning where GE may still work', () => {
    const home = installNew(usr());
    rmSync(join(home, 'opp/built-in'), { recursive: true });
    rmSync(join(home, `${ARCH}-linux/data`), { recursive: true });
    rmSync(join(home, `${ARCH}-linux/devlib`), { recursive: true });
    for (const name of ['libacl_rt.so', 'libascendcl.so', 'libacl_mdl.so', 'libfmk_onnx_parser.so']) rmSync(join(home, 'lib64', name));
    expect(troubles()).toEqual([
      'warning LIBRARY_NOT_FOUND build',
      'warning LIBRARY_NOT_FOUND build',
      'missing LIBRARY_NOT_FOUND run',
      'warning OPERATORS_NOT_FOUND build',
      'warning CHIPS_NOT_FOUND build',
      'warning DRIVER_NOT_FOUND build',
      'warning DRIVER_NOT_FOUND run',
      'warning DEVICES_NOT_FOUND run',
    ]);
    const { warnings, chips } = preflight('build', { env: ENV, machine: machine() });
    expect(chips).toBeUndefined();
    expect(warnings.map(({ code }) => code)).toEqual(['LIBRARY_NOT_FOUND', 'LIBRARY_NOT_FOUND', 'OPERATORS_NOT_FOUND', 'DRIVER_NOT_FOUND']);
    const error = caught(() => preflight('run', { env: ENV, machine: machine() }));
    expect(error).toMatchObject({ exitCode: 5, message: expect.stringContaining('libascendcl.so or libacl_mdl.so') });
  });

  test.each([
    ['8.1', () => installOld(usr()), join('../8.1.RC1', `${ARCH}-linux/conf/error_manager/error_code.json`)],
    ['9.2', () => installNew(usr()), `${ARCH}-linux/conf/error_manager/error_code.json`],
  ] as const)('%s: the table of error texts that GE does not start without is looked for where its library does', (_, install, table) => {
    const home = install();
    const codes = (): string[] => preflight('build', { env: ENV, machine: machine() }).warnings.map(({ code }) => code);
    expect(codes()).not.toContain('ERROR_TABLE_NOT_FOUND');
    rmSync(join(home, table));
    expect(codes()).toContain('ERROR_TABLE_NOT_FOUND');
    const { message } =
      preflight('build', { env: ENV, machine: machine() }).warnings.find(({ code }) => code === 'ERROR_TABLE_NOT_FOUND') ?? {};
    expect(message).toContain(`${ARCH}-linux/conf/error_manager/error_code.json`);
    expect(message).toContain('0x50100001');
    // A run does not open GE's compiler.
    expect(preflight('run', { env: ENV, machine: machine() }).warnings.map(({ code }) => code)).not.toContain('ERROR_TABLE_NOT_FOUND');
  });

  test('nothing found: both verbs are refused, a build with the way to the host', () => {
    const error = caught(() => preflight('build', { env: ENV, machine: machine() }));
    expect(error).toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      exitCode: 5,
      fix: expect.stringMatching(/--ascend-home.*doctor --for build.*--backend host/),
    });
    expect(caught(() => preflight('run', { env: ENV, machine: machine() })).fix).not.toContain('--backend host');
    const named = caught(() => preflight('run', { env: { ...ENV, ASCEND_HOME_PATH: '/opt/gone' }, machine: machine() }));
    expect(named.message).toContain('ASCEND_HOME_PATH=/opt/gone: there is no such folder');
  });
});

describe('driver and devices', () => {
  test('the driver is where its installer noted', () => {
    installNew(usr());
    installDriver(folder.path('opt/card'));
    write(folder.path('etc/ascend_install.info'), `UserName=HwHiAiUser\nDriver_Install_Path_Param=${folder.path('opt/card')}\n`);
    const checks = fileFindings(findCann({ env: ENV, machine: machine() }), ENV, machine()).checks;
    expect(checks.find(({ code }) => code === 'DRIVER_FOUND')?.message).toBe(
      `driver 24.1.rc3, firmware 7.5.0.2.220 in ${folder.path('opt/card/driver')}`,
    );
  });

  test('a driver folder without the library, as in a container that mounts the wrong thing', () => {
    installNew(usr());
    write(usr('driver/version.info'), 'Version=24.1.rc3\n');
    const checks = fileFindings(findCann({ env: ENV, machine: machine() }), ENV, machine()).checks;
    expect(checks.find(({ code }) => code === 'DRIVER_NOT_FOUND')?.message).toContain('has no libascend_hal.so');
  });

  test('device nodes that the user may not open, with the command that mends it', () => {
    installNew(usr());
    installDriver(usr());
    for (const name of ['davinci0', 'davinci1', 'davinci_manager', 'davinci_null']) write(folder.path('dev', name));
    // As root nothing is forbidden: a link that leads nowhere cannot be opened by anybody.
    symlinkSync('gone', folder.path('dev/davinci10'));
    const checks = fileFindings(findCann({ env: ENV, machine: machine() }), ENV, machine()).checks.filter(({ area }) => area === 'devices');
    expect(checks.map(({ code }) => code)).toEqual(['DEVICES_NO_ACCESS', 'DEVICES_INCOMPLETE']);
    expect(checks[0]?.message).toBe(`This user may not read and write ${folder.path('dev/davinci10')}.`);
    expect(checks[0]?.fix).toContain('usermod -aG HwHiAiUser');
    expect(checks[1]?.message).toContain(folder.path('dev/devmm_svm'));
  });

  test('ASCEND_RT_VISIBLE_DEVICES is shown with the devices', () => {
    installNew(usr());
    write(folder.path('dev/davinci0'));
    const env = { ...ENV, ASCEND_RT_VISIBLE_DEVICES: '4' };
    const checks = fileFindings(findCann({ env, machine: machine() }), env, machine()).checks;
    expect(checks.find(({ code }) => code === 'DEVICES_FOUND')?.message).toContain('ASCEND_RT_VISIBLE_DEVICES=4');
  });
});

describe('the environment of the process', () => {
  const environment = (use: 'build' | 'run', env: NodeJS.ProcessEnv = ENV) => lookAt(found(env), env, machine()).environments[use];
  const split = (value: string | undefined): string[] => (value ?? '').split(':');

  test('9.x: what its set_env.sh sets', () => {
    const home = installNew(usr());
    installDriver(usr());
    for (const below of ['lib64/plugin/opskernel', 'tools/ccec_compiler/bin', 'tools/profiler/bin'])
      mkdirSync(join(home, below), { recursive: true });
    const { env, libraryFolders, dropped, stubs } = environment('build');
    expect(env).toMatchObject({
      ASCEND_HOME_PATH: home,
      ASCEND_TOOLKIT_HOME: home,
      ASCEND_AICPU_PATH: home,
      ASCEND_OPP_PATH: join(home, 'opp'),
      TOOLCHAIN_HOME: join(home, 'toolkit'),
    });
    expect(split(env['LD_LIBRARY_PATH'])).toEqual([
      join(home, 'lib64'),
      join(home, 'lib64/plugin/opskernel'),
      join(home, 'lib64/plugin/nnengine'),
      join(home, `opp/built-in/op_impl/ai_core/tbe/op_tiling/lib/linux/${ARCH}`),
      usr('driver/lib64'),
      usr('driver/lib64/driver'),
    ]);
    expect(split(env['PYTHONPATH'])).toEqual([join(home, 'python/site-packages'), join(home, 'opp/built-in/op_impl/ai_core/tbe')]);
    expect(split(env['PATH'])).toEqual([
      join(home, 'bin'),
      join(home, 'tools/ccec_compiler/bin'),
      join(home, 'tools/profiler/bin'),
      '/nowhere',
    ]);
    expect([libraryFolders, dropped, stubs]).toEqual([[join(home, 'lib64')], [], null]);
  });

  test('8.1: its variables lead to `latest`', () => {
    const latest = installOld(usr());
    expect(environment('run').env).toMatchObject({ ASCEND_HOME_PATH: latest, ASCEND_OPP_PATH: join(latest, 'opp') });
    expect(split(environment('run').env['LD_LIBRARY_PATH'])[0]).toBe(join(latest, 'lib64'));
  });

  test("the user's own variables stay, and so do his folders, behind CANN's", () => {
    installNew(usr());
    const env = { ...ENV, MY_VARIABLE: '1', EMPTY: '', LD_LIBRARY_PATH: '/my/lib::/my/other', PYTHONPATH: '/my/python', GONE: undefined };
    const computed = environment('build', env).env;
    expect(computed).toMatchObject({ MY_VARIABLE: '1', EMPTY: '' });
    expect('GONE' in computed).toBe(false);
    expect(split(computed['LD_LIBRARY_PATH']).slice(-3)).toEqual(['/my/lib', '/my/other', usr(`cann-9.2.0/devlib`)]);
    expect(split(computed['PYTHONPATH']).at(-1)).toBe('/my/python');
    expect(computed['LD_LIBRARY_PATH']).not.toContain('::');
  });

  test('folders of another CANN are left out of all three paths', () => {
    installNew(usr());
    const other = makeTree(folder.path('other/8.1.RC1'), '8.1');
    const env = {
      PATH: `${join(other, 'bin')}:/bin`,
      LD_LIBRARY_PATH: [join(other, 'lib64'), join(other, `${ARCH}-linux/lib64/plugin/nnengine`), '/my/lib'].join(':'),
      PYTHONPATH: join(other, 'python/site-packages'),
    };
    const { env: computed, dropped } = environment('build', env);
    expect(JSON.stringify(computed)).not.toContain(other);
    expect(dropped.map(({ variable, kind, home }) => [variable, kind, home])).toEqual([
      ['LD_LIBRARY_PATH', 'foreign', other],
      ['LD_LIBRARY_PATH', 'foreign', other],
      ['PYTHONPATH', 'foreign', other],
      ['PATH', 'foreign', other],
    ]);
    expect(troubles(env)).toContain('warning PATH_FOREIGN build+run');
  });

  test('the same CANN under another name is not another one', () => {
    installOld(usr());
    const env = { ...ENV, LD_LIBRARY_PATH: usr('ascend-toolkit/8.1.RC1/lib64') };
    expect(environment('build', env).dropped).toEqual([]);
    installNew(usr());
    const linked = { ...ENV, LD_LIBRARY_PATH: usr('cann/lib64') };
    expect(environment('build', linked).dropped).toEqual([]);
  });

  test.each(['8.1', '9.2'] as const)(
    '%s: stubs in front of the real libraries are said and taken out; without a driver they come last',
    (layout) => {
      makeTree(usr('cann'), layout);
      const devlib = layout === '8.1' ? `devlib/linux/${ARCH}` : 'devlib';
      const env = { ...ENV, LD_LIBRARY_PATH: `${usr('cann', devlib)}:${usr('cann/lib64')}` };
      const { env: computed, stubs } = environment('build', env);
      expect(stubs).toBe(usr('cann', devlib));
      const paths = split(computed['LD_LIBRARY_PATH']);
      expect(paths[0]).toBe(usr('cann/lib64'));
      expect(paths.at(-1)).toBe(usr('cann', devlib));
      expect(paths.filter((path) => path.includes('devlib'))).toHaveLength(1);
      expect(troubles(env)).toContain('warning PATH_STUBS_FIRST build+run');
      expect(troubles({ ...ENV, LD_LIBRARY_PATH: `${usr('cann/lib64')}:${usr('cann', devlib)}` })).not.toContain(
        'warning PATH_STUBS_FIRST build+run',
      );
    },
  );

  test('with a driver, and for a run, there are no stubs at all', () => {
    installNew(usr());
    expect(environment('run').stubs).toBeNull();
    expect(environment('run').env['LD_LIBRARY_PATH']).not.toContain('devlib');
    installDriver(usr());
    expect(environment('build').env['LD_LIBRARY_PATH']).not.toContain('devlib');
  });

  test("a driver's library in a folder of the user counts", () => {
    installNew(usr());
    write(folder.path('hal/libascend_hal.so'));
    expect(environment('build', { ...ENV, LD_LIBRARY_PATH: folder.path('hal') }).stubs).toBeNull();
  });

  test('ASCEND_OPP_PATH of another installation is not followed, and said', () => {
    installNew(usr());
    const opp = join(makeTree(folder.path('other'), '8.1'), 'opp');
    const env = { ...ENV, ASCEND_HOME_PATH: usr('cann'), ASCEND_OPP_PATH: opp };
    expect(environment('build', env).env['ASCEND_OPP_PATH']).toBe(usr('cann-9.2.0/opp'));
    expect(troubles(env)).toContain('warning OPP_PATH_FOREIGN build');
    expect(troubles({ ...env, ASCEND_OPP_PATH: usr('cann/opp') })).not.toContain('warning OPP_PATH_FOREIGN build');
  });
});
