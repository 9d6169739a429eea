// The folder for temporary files is wherever a variable of the user leads, so what fails there names the variable.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { AscendBundleError } from './errors.js';
import { fileError } from './file-error.js';

/** For its owner alone. @throws FILE_NOT_FOUND, FILE_IO */
export function makeTemporaryFolder(name: string): string {
  try {
    return mkdtempSync(join(tmpdir(), `${name}-`));
  } catch (cause) {
    throw temporaryFolderError(cause);
  }
}

/** Of a folder that could not be made there. */
export function temporaryFolderError(cause: unknown): AscendBundleError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  const why = REASONS[code] ?? `could not be written (${code})`;
  // As os.tmpdir() asks them.
  const variable = ['TMPDIR', 'TMP', 'TEMP'].find((name) => process.env[name]);
  return new AscendBundleError(code === 'ENOENT' ? 'FILE_NOT_FOUND' : 'FILE_IO', {
    message:
      variable === undefined
        ? `The folder for temporary files, ${tmpdir()}, ${why}; TMPDIR is not set.`
        : `The folder for temporary files, ${tmpdir()}, ${why}; ${variable} leads there: ${variable}=${process.env[variable]}.`,
    fix: `Set TMPDIR to a folder that exists, may be written and has room${variable === undefined ? '' : `, or unset ${variable}`}.`,
    cause,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'may not be written',
  EDQUOT: 'has no room left for this user',
  ENOENT: 'does not exist',
  ENOSPC: 'is full',
  ENOTDIR: 'is not a folder',
  EPERM: 'may not be written',
  EROFS: 'is on a read-only file system',
};

/** Of a file that could not be written, wherever it was to be: only where there is no room, another folder would help. */
export function scratchFileError(path: string, cause: unknown): AscendBundleError {
  const isFull = ['ENOSPC', 'EDQUOT'].includes((cause as NodeJS.ErrnoException).code ?? '');
  return isFull && path.startsWith(tmpdir() + sep) ? temporaryFolderError(cause) : fileError(path, cause, 'write');
}
