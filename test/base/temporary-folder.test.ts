// The folder for temporary files is the user's to choose; what is wrong with it is said with the variable that leads there.
import { readdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { launchWorker } from '../../src/backends/ascend/worker/client.js';
import { makeTemporaryFolder, scratchFileError, temporaryFolderError } from '../../src/base/temporary-folder.js';
import { caught } from '../support/caught.js';
import { Workplace } from '../support/cli.js';
import { testFolder } from '../support/folder.js';

afterEach(() => void vi.unstubAllEnvs());
const folder = testFolder();

const TO_BLAME = [
  ['is missing', () => folder.path('nowhere'), 'FILE_NOT_FOUND', 'does not exist'],
  ['is a file', () => folder.write('file', ''), 'FILE_IO', 'is not a folder'],
] as const;

test.each(TO_BLAME)(
  'where it %s, the folder of a native process cannot be made: the error has TMPDIR and a way out',
  (_, make, code, why) => {
    const path = make();
    vi.stubEnv('TMPDIR', path);
    for (const failure of [caught(() => launchWorker({ env: {}, libraryFolders: [] })), caught(() => makeTemporaryFolder('x'))]) {
      expect(failure).toMatchObject({ code, fix: 'Set TMPDIR to a folder that exists, may be written and has room, or unset TMPDIR.' });
      expect(failure?.message).toBe(`The folder for temporary files, ${path}, ${why}; TMPDIR leads there: TMPDIR=${path}.`);
    }
  },
);

test.each([
  ['EACCES', 'may not be written'],
  ['ENOSPC', 'is full'],
  ['EROFS', 'is on a read-only file system'],
  ['EMFILE', 'could not be written (EMFILE)'],
])('what the system calls %s is told as: %s', (code, why) => {
  for (const name of ['TMPDIR', 'TMP', 'TEMP']) vi.stubEnv(name, '');
  expect(temporaryFolderError({ code })).toMatchObject({
    code: 'FILE_IO',
    message: `The folder for temporary files, /tmp, ${why}; TMPDIR is not set.`,
    fix: 'Set TMPDIR to a folder that exists, may be written and has room.',
  });
  vi.stubEnv('TMP', folder.path());
  expect(temporaryFolderError({ code }).message).toContain(`TMP leads there: TMP=${folder.path()}.`);
});

test('a full disk leads to TMPDIR for what is written there, and for nothing else', () => {
  vi.stubEnv('TMPDIR', folder.path());
  const full = { code: 'ENOSPC' };
  expect(scratchFileError(folder.path('job/graph.air'), full).message).toContain('TMPDIR');
  expect(scratchFileError('/elsewhere/graph.air', full).message).toBe('/elsewhere/graph.air does not fit: the disk is full.');
  expect(scratchFileError(folder.path('job/graph.air'), { code: 'EACCES' }).message).not.toContain('TMPDIR');
});

test('a folder that was made is there, for its owner alone', () => {
  vi.stubEnv('TMPDIR', folder.path());
  const made = makeTemporaryFolder('x');
  expect([dirname(made), readdirSync(made)]).toEqual([folder.path(), []]);
  rmSync(made, { recursive: true });
});

test('doctor goes on without it, and says what is wrong', async () => {
  const place = new Workplace();
  const { stdout } = await place.call(['doctor', '--json'], { env: { TMPDIR: place.path('nowhere') } });
  const { result } = JSON.parse(stdout);
  const words = expect.stringContaining('TMPDIR');
  expect(result.usable.host).toBe(false);
  expect(result.checks[0]).toMatchObject({ status: 'missing', message: words, fix: words, uses: ['host'] });
});
