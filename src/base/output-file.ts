// Files are written beside their place under a temporary name, made durable, and only then given their name:
// a failure leaves what was there before.
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Bytes, chunks, fileError } from './bytes.js';
import { AscendBundleError } from './errors.js';

export interface WriteOptions {
  /** Replace an existing file. */
  readonly force?: boolean;
  /** Looks at the finished temporary file; what it throws keeps the file from appearing. */
  readonly verify?: (temporaryPath: string) => void;
  readonly mode?: number;
}

export interface OutputFile {
  readonly path: string;
  readonly bytes: Bytes;
}

/**
 * Writes `bytes` to `path`, all or nothing. SIGINT and SIGTERM end it, with nothing left behind.
 *
 * @throws FILE_EXISTS when `path` exists and `force` is not set; FILE_NOT_FOUND, FILE_IO, INTERRUPTED, TERMINATED
 */
export async function writeFileAtomically(path: string, bytes: Bytes, options: WriteOptions = {}): Promise<void> {
  await writeFilesAtomically([{ path, bytes }], options);
}

/**
 * Writes several files, all of them or none: each gets its name only when every one is complete.
 * Replaced files (`force`) are the exception: a rename that fails after others have succeeded leaves those replaced.
 *
 * @throws as `writeFileAtomically`
 */
export async function writeFilesAtomically(
  files: readonly OutputFile[],
  { force = false, verify, mode = 0o666 }: WriteOptions = {},
): Promise<void> {
  for (const { path } of files) refuseUnfit(path, force);
  const interruption = listenForSignals();
  const temporaries: string[] = [];
  const placed: string[] = [];
  let current = '';
  try {
    for (const { path, bytes } of files) {
      current = path;
      const temporary = join(dirname(path), `.ascend-bundle-${randomBytes(6).toString('hex')}.tmp`);
      const fd = openSync(temporary, 'wx', mode);
      temporaries.push(temporary);
      await writeDurably(fd, bytes, () => interruption.throwIfReceived(path));
      verify?.(temporary);
    }
    await nextTurn();
    interruption.throwIfReceived(current);
    for (const [i, { path }] of files.entries()) {
      current = path;
      if (force) renameSync(temporaries[i] as string, path);
      else {
        moveWithoutReplacing(temporaries[i] as string, path);
        placed.push(path);
      }
    }
    for (const folder of new Set(files.map(({ path }) => dirname(path)))) syncFolder(folder);
  } catch (cause) {
    for (const path of [...temporaries, ...placed]) rmSync(path, { force: true });
    if (cause instanceof AscendBundleError || !isErrno(cause)) throw cause;
    throw fileError(current, cause, 'write');
  } finally {
    interruption.stop();
  }
}

/**
 * What keeps a file from being written to `path`, as far as it shows beforehand: for saying it before the work instead of after it.
 *
 * @throws FILE_EXISTS, FILE_NOT_FOUND, FILE_IO
 */
export function refuseOutput(path: string, { force = false }: Pick<WriteOptions, 'force'> = {}): void {
  refuseUnfit(path, force);
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch (cause) {
    throw fileError(path, cause, 'write');
  }
}

function refuseUnfit(path: string, force: boolean): void {
  try {
    // A rename would put a file in the place of a device: /dev/null, say.
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory()) throw fileError(path, { code: 'EISDIR' }, 'write');
    if (!force) refuseExisting(path);
    if (there === undefined || there.isFile()) return;
  } catch (cause) {
    if (cause instanceof AscendBundleError) throw cause;
    throw fileError(path, cause, 'write');
  }
  throw new AscendBundleError('FILE_IO', {
    message: `${path} is not a regular file, and --force replaces only files.`,
    fix: 'Give the path of a file with -o.',
  });
}

function refuseExisting(path: string): void {
  // lstat, not exists: a link that leads nowhere is there all the same.
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  throw new AscendBundleError('FILE_EXISTS', {
    message: `${path} exists already and was left as it is.`,
    fix: 'Give another name with -o, or --force to replace it.',
  });
}

async function writeDurably(fd: number, bytes: Bytes, throwIfReceived: () => void): Promise<void> {
  try {
    for (const chunk of chunks(bytes)) {
      for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done);
      // A signal handler can only run between turns of the event loop.
      await nextTurn();
      throwIfReceived();
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function listenForSignals(): { throwIfReceived(path: string): void; stop(): void } {
  let received: NodeJS.Signals | undefined;
  const note = (signal: NodeJS.Signals): void => {
    received = signal;
  };
  process.on('SIGINT', note).on('SIGTERM', note);
  return {
    throwIfReceived(path) {
      if (received === undefined) return;
      throw new AscendBundleError(received === 'SIGINT' ? 'INTERRUPTED' : 'TERMINATED', {
        message: `Interrupted while ${path} was written; nothing was left behind.`,
      });
    },
    stop() {
      process.off('SIGINT', note).off('SIGTERM', note);
    },
  };
}

/** link refuses an existing name, so that two writers at once cannot both believe they made the file. */
function moveWithoutReplacing(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') refuseExisting(to);
    // Some file systems (FAT, a few network shares) have no hard links.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw cause;
    refuseExisting(to);
    return renameSync(from, to);
  }
  rmSync(from);
}

function syncFolder(path: string): void {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    fsyncSync(fd);
  } catch {
    // Not every file system can sync a folder (EINVAL), and not every folder may be read; the data itself is already durable.
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';
}
