// Installations that are not whole: what is missing is named, with where it was looked for and the way out, before anything is called.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { functionsFor } from '../../src/backends/ascend/native/symbols/index.js';
import { AscendBundleError } from '../../src/base/errors.js';
import type { CannLayout } from '../support/cann/libraries.js';
import { cannRoot, copyCann, hasStandin } from '../support/cann/standin.js';
import { testFolder } from '../support/folder.js';
import { testWorkers } from '../support/native-worker.js';

const folder = testFolder();
const { start } = await testWorkers();

let lib64 = '';
let jobs = '';
beforeEach(() => {
  jobs = folder.path('jobs');
  mkdirSync(jobs);
});

/** A copy of the stand-in's libraries, to break. */
function install(layout: CannLayout = '9.2'): void {
  lib64 = join(copyCann(folder.path('cann'), layout), 'lib64');
}

/** A library of this C source in place of one of the stand-in's. */
function replace(name: string, source: string, needs: readonly string[] = []): void {
  const file = folder.write(`${name}.c`, source);
  const args = ['-shared', '-fPIC', '-w', `-Wl,-soname,${name}`, '-Wl,--no-as-needed', '-o', join(lib64, name), file, `-L${lib64}`];
  const { status, stderr } = spawnSync('gcc', [...args, ...needs.map((need) => `-l:${need}`)], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
}

async function opened(...uses: readonly string[]): Promise<AscendBundleError | undefined> {
  const worker = await start({ env: { PATH: '/usr/bin:/bin', LD_LIBRARY_PATH: lib64 }, libraryFolders: [lib64], parentFolder: jobs });
  try {
    await worker.request({ kind: 'open', uses });
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(AscendBundleError);
    return error as AscendBundleError;
  } finally {
    await worker.close();
  }
}

describe.skipIf(!hasStandin)('an installation', () => {
  test.each<CannLayout>(['8.1', '9.2'])('that is whole has every function of a build and of a run (%s)', async (layout) => {
    install(layout);
    expect(await opened('build', 'onnx', 'run')).toBeUndefined();
    expect(readdirSync(jobs)).toEqual([]);
  });

  test('without the library', async () => {
    install();
    rmSync(join(lib64, 'libge_compiler.so'));
    expect(await opened('build')).toMatchObject({
      code: 'LIBRARY_UNUSABLE',
      exitCode: 5,
      at: 'libge_compiler.so',
      message: `libge_compiler.so (GE, the compiler of CANN) was not found in ${lib64}.`,
      fix: expect.stringContaining('toolkit'),
    });
    // Nothing of the vendor's went wrong: there is nothing to keep.
    expect(readdirSync(jobs)).toEqual([]);
  });

  test('whose library needs one that is missing', async () => {
    install();
    rmSync(join(lib64, 'libge_common.so'));
    const error = await opened('build');
    expect(error).toMatchObject({ code: 'LIBRARY_UNUSABLE', fix: expect.stringContaining('doctor') });
    expect(error?.message).toContain('libge_common.so: cannot open shared object file');
  });

  test('whose library is no library', async () => {
    install();
    writeFileSync(join(lib64, 'libgraph_base.so'), 'git lfs pointer');
    expect((await opened('build'))?.message).toMatch(/libgraph_base\.so: (file too short|invalid ELF header)/);
  });

  test('of another version, without functions', async () => {
    install();
    replace('libge_compiler.so', 'int nothing;');
    expect(await opened('build')).toMatchObject({
      code: 'SYMBOL_MISSING',
      exitCode: 5,
      message: expect.stringMatching(
        /do not have aclgrphBuildInitialize, .*aclgrphBundleSaveModel \(ge\/ge_ir_build\.h, expected in .*libge_compiler\.so; looked in /,
      ),
      fix: expect.stringContaining('since 8.0'),
      at: '_ZN2ge22aclgrphBuildInitializeERSt3mapINS_12AscendStringES1_St4lessIS1_ESaISt4pairIKS1_S1_EEE',
    });
  });

  test('without AscendCL builds all the same; its error texts are what is missing', async () => {
    install();
    for (const name of ['libascendcl.so', 'libacl_rt.so', 'libacl_mdl.so']) rmSync(join(lib64, name));
    expect(await opened('build', 'onnx')).toBeUndefined();
    expect(await opened('run')).toMatchObject({
      code: 'LIBRARY_UNUSABLE',
      message: expect.stringContaining('libascendcl.so or libacl_rt.so (AscendCL)'),
    });
  });

  test('without the compatibility library runs by the two that it stood for', async () => {
    install();
    rmSync(join(lib64, 'libascendcl.so'));
    expect(await opened('run')).toBeUndefined();
  });

  test('with an empty compatibility library runs by the two that are beside it', async () => {
    install();
    replace('libascendcl.so', 'int nothing;');
    expect(await opened('run')).toBeUndefined();
  });

  test('whose library opens another, which needs what no library has: the linker ends the process, and that is recognised', async () => {
    install();
    replace('liblazy.so', 'int missing_in_every_library(void); int lazy(void) { return missing_in_every_library(); }');
    const compiler = functionsFor('build').filter(({ library }) => library === 'libge_compiler.so');
    const all = compiler.map(
      ({ symbol }, i) => `
      int f${i}(void) __asm__("${symbol}");
      int f${i}(void) { return ((int (*)(void))dlsym(dlopen("liblazy.so", RTLD_LAZY), "lazy"))(); }`,
    );
    replace('libge_compiler.so', `#include <dlfcn.h>\n${all.join('')}`);
    const worker = await start({ env: { PATH: '/usr/bin:/bin', LD_LIBRARY_PATH: lib64 }, libraryFolders: [lib64], parentFolder: jobs });
    const error = await worker.request({ kind: 'build', air: 'x.air', names: ['w'] }).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    expect(error).toMatchObject({
      code: 'SYMBOL_MISSING',
      exitCode: 5,
      at: 'missing_in_every_library',
      message: expect.stringMatching(/liblazy\.so needs the function missing_in_every_library, .* in aclgrphBuildInitialize\.$/),
    });
  });
});

test.skipIf(!hasStandin)('the shared install was not touched', () => {
  expect(readdirSync(join(cannRoot(), 'lib64'))).toContain('libge_compiler.so');
});
