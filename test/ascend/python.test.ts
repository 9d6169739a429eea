// The Python of the operator compiler, asked with the environment that GE would have: made-up ones, and the machine's own.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { inspectPython, type PythonState } from '../../src/backends/ascend/cann/python.js';
import { pythonChecks } from '../../src/backends/ascend/cann/python-checks.js';
import { write } from '../support/cann-trees.js';
import { testFolder } from '../support/folder.js';

const folder = testFolder();
const hasPython = spawnSync('/usr/bin/python3', ['-V']).status === 0;

/** A program of that name that prints these lines, as the only one in PATH. */
function pathWith(name: string, script: string): { PATH: string } {
  const path = folder.path('bin', name);
  write(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return { PATH: dirname(path) };
}

const answer = (more: object): string =>
  `echo '${JSON.stringify({ executable: '/my/python3', version: [3, 11, 2], missing: [], library: '/my/lib.so', ...more })}'`;

const codes = (state: PythonState): string[] => pythonChecks(state).map(({ status, code }) => `${status} ${code}`);

test('one that has all', async () => {
  const state = await inspectPython(pathWith('python3', answer({})));
  expect(state).toEqual({ executable: '/my/python3', version: '3.11.2', sharedLibrary: '/my/lib.so', missing: [], failure: null });
  expect(codes(state)).toEqual(['ok PYTHON_FOUND']);
});

test('everything that can be wrong with it is a warning, with the command that mends it', async () => {
  const state = await inspectPython(
    pathWith('python3', answer({ version: [3, 6, 9], missing: ['attr', 'google.protobuf', 'yaml', 'tbe'], library: null })),
  );
  expect(codes(state)).toEqual(['warning PYTHON_TOO_OLD', 'warning PYTHON_NOT_SHARED', 'warning PYTHON_MODULES_MISSING']);
  const [, shared, modules] = pythonChecks(state);
  expect(shared?.message).toContain('libpython3.6.so.1.0');
  expect(modules?.message).toContain('attrs, protobuf, pyyaml');
  expect(modules?.fix).toBe("python3 -m pip install attrs 'protobuf==3.20.*' pyyaml");
});

test('where there is no python3, python is asked, as GE does', async () => {
  expect(await inspectPython(pathWith('python', answer({})))).toMatchObject({ version: '3.11.2', failure: null });
});

test.each([
  ['prints a traceback', "echo 'ModuleNotFoundError: No module named encodings' >&2; exit 1", /ModuleNotFoundError/],
  ['prints nonsense', 'echo hello', /no answer/],
  ['prints something else that is JSON', 'echo 7', /no answer/],
  ['prints without end', 'while :; do echo 0123456789012345678901234567890123456789; done', /maxBuffer|does not work/],
])('one that %s is a warning', async (_, script, words) => {
  const state = await inspectPython(pathWith('python3', script));
  expect(state.failure).toMatch(words);
  expect(codes(state)).toEqual(['warning PYTHON_NOT_FOUND']);
});

test('none at all', async () => {
  mkdirSync(folder.path('empty'));
  const state = await inspectPython({ PATH: folder.path('empty') });
  expect(state.failure).toBe('there is no python3 in PATH');
});

test('noise before the answer is passed over', async () => {
  expect(await inspectPython(pathWith('python3', `echo 'a site customisation'; ${answer({})}`))).toMatchObject({ failure: null });
});

test.skipIf(!hasPython)('a real one: its version, its modules, also those that PYTHONPATH adds', async () => {
  const env = { PATH: '/usr/bin:/bin' };
  const version = execFileSync('/usr/bin/python3', ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])'], {
    env,
    encoding: 'utf8',
  });
  const state = await inspectPython(env);
  expect([state.version, state.failure]).toEqual([version.trim(), null]);
  write(folder.path('modules/pathlib2.py'));
  write(folder.path('modules/broken/__init__.py'), 'raise SystemExit(3)');
  const more = await inspectPython({ ...env, PYTHONPATH: folder.path('modules') });
  expect(more.missing).not.toContain('pathlib2');
  expect(more.missing).toEqual(state.missing.filter((name) => name !== 'pathlib2'));
});
