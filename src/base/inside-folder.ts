// Files that another file names: opened by a path relative to its folder, and never outside of it.
import { realpathSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { AscendBundleError } from './errors.js';
import { fileError } from './file-error.js';
import { type FileBytes, openFile } from './open-file.js';

/**
 * Opens `path`, which a file in `folder` names. Links are followed, and must lead to a place inside the folder too.
 *
 * @param owner  what names the path, for messages: `Const "w" of model.air`
 * @throws PATH_ESCAPES, FILE_NOT_FOUND, FILE_IO
 */
export function openInside(folder: string, path: string, owner: string): FileBytes {
  if (path === '' || path.includes('\0') || isAbsolute(path) || leavesFolder(path)) throw escapes(path, owner);
  const joined = join(folder, path);
  let real: string;
  let root: string;
  try {
    root = realpathSync(folder === '' ? '.' : folder);
    real = realpathSync(joined);
  } catch (cause) {
    throw fileError(joined, cause, 'read');
  }
  if (leavesFolder(relative(root, real))) throw escapes(path, owner);
  return openFile(joined);
}

function leavesFolder(path: string): boolean {
  return isAbsolute(path) || join(path).split(sep)[0] === '..';
}

function escapes(path: string, owner: string): AscendBundleError {
  return new AscendBundleError('PATH_ESCAPES', {
    message: `${owner} keeps its bytes in "${path.replaceAll('\0', '\\0')}", which is not inside the folder of the file.`,
    fix: 'Put the data file beside the model and name it by a relative path.',
  });
}
