// A folder, with those above it.
import { mkdirSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileError } from './file-error.js';

/**
 * Not Node's own `recursive`: it makes the folder above and tries again, without end where the system says "not there" of a folder whose
 * parent is there, as /proc does.
 *
 * @returns the outermost folder that was made; undefined where all were there
 * @throws FILE_IO, FILE_NOT_FOUND of the folder that cannot be made
 */
export function makeFolders(path: string): string | undefined {
  if (isFolder(path)) return undefined;
  const above = dirname(path);
  const there = statusOf(above);
  // What Node 20 says of a folder below a file; newer Node says that nothing is there.
  if (there?.isDirectory() === false) throw fileError(path, { code: 'ENOTDIR' }, 'write');
  const outermost = there === undefined ? makeFolders(above) : undefined;
  try {
    mkdirSync(path);
  } catch (cause) {
    // Somebody else was faster.
    if (isFolder(path)) return outermost;
    throw fileError(path, cause, 'write');
  }
  return outermost ?? path;
}

function isFolder(path: string): boolean {
  return statusOf(path)?.isDirectory() ?? false;
}

function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    // Below a file, or of a folder that may not be looked into.
    throw fileError(path, cause, 'write');
  }
}
