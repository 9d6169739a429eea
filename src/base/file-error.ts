// A failure of the file system in words.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { AscendBundleError } from './errors.js';

/** Turns a failure of the file system into an error that names the path and a way out. */
export function fileError(path: string, cause: unknown, doing: 'read' | 'write'): AscendBundleError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' && path === '') {
    return new AscendBundleError('FILE_NOT_FOUND', {
      message: 'The path of a file is empty.',
      fix: 'Give one; a variable of a script may not be set.',
      cause,
    });
  }
  if (code === 'ENOENT' && path === '-' && doing === 'read') {
    return new AscendBundleError('FILE_NOT_FOUND', {
      message: '- does not exist, and stdin is not taken here: the file is read by range.',
      fix: 'Write it to a file, and give the path of that.',
      cause,
    });
  }
  if (code === 'ENOENT' && doing === 'write' && existsSync(dirname(path))) {
    return new AscendBundleError('FILE_IO', {
      message: `${path} could not be made: the system says "no such file or directory" (ENOENT), although the folder for it is there.`,
      fix: 'Write to another folder: this one (as /proc is) may be none in which programs make files.',
      cause,
    });
  }
  if (code === 'ENOENT') {
    return new AscendBundleError('FILE_NOT_FOUND', {
      message: doing === 'read' ? `${path} does not exist.` : `The folder of ${path} does not exist.`,
      fix: doing === 'read' ? 'Check the path; it is taken from the current folder.' : 'Make the folder first.',
      cause,
    });
  }
  const reasons: Record<string, [string, string]> = {
    EACCES: [`may not be ${doing === 'read' ? 'read' : 'written'}`, 'Check its permissions and those of its folder.'],
    EISDIR: ['is a folder', 'Give the path of a file.'],
    EFBIG: ['is larger than files may be here', 'Raise the limit (ulimit -f), or write to another file system.'],
    EIO: [`could not be ${doing === 'read' ? 'read' : 'written'}: the device failed`, 'Check the disk.'],
    ELOOP: ['is a link that leads to itself', 'Check the path.'],
    EMFILE: ['could not be opened: too many files are open', 'Raise the limit (ulimit -n).'],
    ENAMETOOLONG: ['is longer than a path can be', 'Check the path.'],
    ENOSPC: ['does not fit: the disk is full', 'Free some space, or write to another disk.'],
    ENOTDIR: ['has a file where a folder is expected', 'Check the path.'],
    EROFS: ['is on a read-only file system', 'Write to another folder.'],
  };
  const [why, fix] = reasons[code ?? ''] ?? [`could not be ${doing === 'read' ? 'read' : 'written'} (${code ?? String(cause)})`, undefined];
  return new AscendBundleError('FILE_IO', { message: `${path} ${why}.`, fix, cause });
}
