// Files are written beside their place under a temporary name, made durable, and only then given their name:
// a failure leaves what was there before.
import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
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

/**
 * Writes `bytes` to `path`, all or nothing. SIGINT and SIGTERM end it between two chunks, with nothing left behind.
 *
 * @throws FILE_EXISTS when `path` exists and `force` is not set; FILE_NOT_FOUND, FILE_IO, INTERRUPTED, TERMINATED
 */
export async function writeFileAtomically(
  path: string,
  bytes: Bytes,
  { force = false, verify, mode = 0o666 }: WriteOptions = {},
): Promise<void> {
  if (!force) refuseExisting(path);
  const temporary = join(dirname(path), `.${basename(path).slice(0, 100)}.${process.pid}.${Date.now().toString(36)}.tmp`);
  try {
    await writeDurably(temporary, bytes, mode);
    verify?.(temporary);
    // link refuses an existing name, so that two writers at once cannot both believe they made the file.
    if (force) renameSync(temporary, path);
    else moveWithoutReplacing(temporary, path);
    syncFolder(dirname(path));
  } catch (cause) {
    rmSync(temporary, { force: true });
    if (cause instanceof AscendBundleError || !isErrno(cause)) throw cause;
    throw fileError(path, cause, 'write');
  }
}

/** @throws FILE_EXISTS */
export function refuseExisting(path: string): void {
  if (existsSync(path)) {
    throw new AscendBundleError('FILE_EXISTS', {
      message: `${path} exists already and was left as it is.`,
      fix: 'Give another name with -o, or --force to replace it.',
    });
  }
}

async function writeDurably(path: string, bytes: Bytes, mode: number): Promise<void> {
  const fd = openSync(path, 'wx', mode);
  const interruption = listenForSignals();
  try {
    for (const chunk of chunks(bytes)) {
      for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done);
      // A signal handler can only run between turns of the event loop.
      await nextTurn();
      interruption.throwIfInterrupted(path);
    }
    fsyncSync(fd);
  } finally {
    interruption.stop();
    closeSync(fd);
  }
}

function listenForSignals(): { throwIfInterrupted(path: string): void; stop(): void } {
  let received: NodeJS.Signals | undefined;
  const note = (signal: NodeJS.Signals): void => {
    received = signal;
  };
  process.on('SIGINT', note).on('SIGTERM', note);
  return {
    throwIfInterrupted(path) {
      if (received === undefined) return;
      throw new AscendBundleError(received === 'SIGINT' ? 'INTERRUPTED' : 'TERMINATED', {
        message: `Interrupted while ${basename(path)} was written; nothing was left behind.`,
      });
    },
    stop() {
      process.off('SIGINT', note).off('SIGTERM', note);
    },
  };
}

function moveWithoutReplacing(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') return refuseExisting(to);
    // Some file systems (FAT, a few network shares) have no hard links.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw cause;
    refuseExisting(to);
    return renameSync(from, to);
  }
  rmSync(from);
}

function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } catch {
    // Not every file system can sync a folder (EINVAL); the data itself is already durable.
  } finally {
    closeSync(fd);
  }
}

function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';
}
