// Files are written beside their place under a temporary name, made durable, and only then given their name:
// a failure leaves what was there before.
import { randomBytes } from 'node:crypto';
import { accessSync, constants, lstatSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Bytes, type Patch, patchedBytes } from './bytes.js';
import { AscendBundleError } from './errors.js';
import { fileError } from './file-error.js';
import { type FileSystem, NODE_FILE_SYSTEM } from './file-system.js';
import { Flusher } from './flusher.js';
import { openFile } from './open-file.js';
import { COMMAND_LINE_OUTPUT, type OutputNames } from './output-names.js';
import { scratchFileError } from './temporary-folder.js';
import { writeChunks } from './write-chunks.js';

export interface WriteOptions {
  /** Replace an existing file. */
  readonly force?: boolean;
  /** For messages. */
  readonly names?: OutputNames;
  /** Looks at each finished temporary file; what it throws keeps all of them from appearing. */
  readonly verify?: (temporaryPath: string, path: string) => void;
  /** Is computed while the disk makes the last file durable; what it throws keeps the files from appearing. */
  readonly meanwhile?: () => void;
  /** Permissions of a new file, less the umask. */
  readonly mode?: number;
  /** Exact permissions instead, and the owner where the process may give the file away: those of a file that this one stands for. */
  readonly like?: { readonly mode: number; readonly uid?: number; readonly gid?: number };
  readonly fileSystem?: FileSystem;
}

/**
 * A file to write: whole, or as a copy of another file in which ranges have other bytes, or another file itself, which then is gone
 * from its place. Bytes given as a function are made when the files before it are complete and have been looked at.
 */
export type OutputFile =
  | { readonly path: string; readonly bytes: Bytes | (() => Bytes) }
  | { readonly path: string; readonly copyOf: string; readonly patches: readonly Patch[] }
  | { readonly path: string; readonly moveOf: string };

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
export async function writeFilesAtomically(files: readonly OutputFile[], options: WriteOptions = {}): Promise<void> {
  const { force = false, names = COMMAND_LINE_OUTPUT, verify, fileSystem = NODE_FILE_SYSTEM } = options;
  for (const { path } of files) refuseUnfit(path, force, names);
  const interruption = listenForSignals();
  const temporaries: string[] = [];
  const placed: string[] = [];
  let current = '';
  try {
    for (const file of files) {
      current = file.path;
      const temporary = join(dirname(current), `.ascend-bundle-${randomBytes(6).toString('hex')}.tmp`);
      temporaries.push(temporary);
      await writeTemporary(temporary, file, options, () => interruption.throwIfReceived(file.path));
      verify?.(temporary, current);
    }
    // A signal that came while this ran is seen between two turns of the event loop.
    await nextTurn();
    await nextTurn();
    interruption.throwIfReceived(current);
    for (const [i, { path }] of files.entries()) {
      current = path;
      if (force) fileSystem.rename(temporaries[i] as string, path);
      else {
        moveWithoutReplacing(fileSystem, temporaries[i] as string, path, names);
        placed.push(path);
      }
    }
    for (const folder of new Set(files.map(({ path }) => dirname(path)))) syncFolder(fileSystem, folder);
  } catch (cause) {
    for (const path of [...temporaries, ...placed]) fileSystem.remove(path);
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
export function refuseOutput(
  path: string,
  { force = false, names = COMMAND_LINE_OUTPUT }: Pick<WriteOptions, 'force' | 'names'> = {},
): void {
  refuseUnfit(path, force, names);
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch (cause) {
    throw fileError(path, cause, 'write');
  }
}

function refuseUnfit(path: string, force: boolean, names: OutputNames): void {
  try {
    // A rename would put a file in the place of a device: /dev/null, say.
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory()) throw fileError(path, { code: 'EISDIR' }, 'write');
    if (!force) refuseExisting(path, names);
    if (there === undefined || there.isFile()) return;
  } catch (cause) {
    if (cause instanceof AscendBundleError) throw cause;
    throw fileError(path, cause, 'write');
  }
  throw new AscendBundleError('FILE_IO', {
    message: `${path} is not a regular file, and ${names.force} replaces only files.`,
    fix: `Give the path of a file with ${names.output}.`,
  });
}

function refuseExisting(path: string, { output, force }: OutputNames): void {
  // lstat, not exists: a link that leads nowhere is there all the same.
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  throw new AscendBundleError('FILE_EXISTS', {
    message: `${path} exists already and was left as it is.`,
    fix: `Give another name with ${output}, or ${force} to replace it.`,
  });
}

async function writeTemporary(
  temporary: string,
  file: OutputFile,
  { mode = 0o666, like, meanwhile, fileSystem = NODE_FILE_SYSTEM }: WriteOptions,
  throwIfReceived: () => void,
): Promise<void> {
  if ('moveOf' in file) return moveTemporary(temporary, file.moveOf, { mode, fileSystem });
  const isCopied = 'copyOf' in file && shareCopy(fileSystem, temporary, file.copyOf);
  const fd = fileSystem.open(temporary, isCopied ? 'r+' : 'wx', mode);
  const flusher = new Flusher(fileSystem, fd);
  try {
    for (const { offsetBytes, bytes } of partsOf(file, isCopied)) {
      for await (const written of writeChunks(fileSystem, fd, bytes, offsetBytes)) {
        flusher.written(written);
        throwIfReceived();
      }
    }
    if (like !== undefined) makeLike(fileSystem, fd, like);
    if (meanwhile !== undefined) {
      flusher.begin();
      meanwhile();
    }
    await flusher.end();
    fileSystem.fsync(fd);
  } finally {
    await flusher.settle();
    fileSystem.close(fd);
  }
}

/** The file itself where it is on the same file system: then gigabytes cost nothing. It gets the permissions of a new file. */
function moveTemporary(temporary: string, from: string, { mode, fileSystem }: Required<Pick<WriteOptions, 'mode' | 'fileSystem'>>): void {
  fileSystem.close(fileSystem.open(temporary, 'wx', mode));
  const permissions = statSync(temporary).mode & 0o7777;
  try {
    fileSystem.rename(from, temporary);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EXDEV') throw cause;
    fileSystem.remove(temporary);
    fileSystem.copy(from, temporary, false);
    fileSystem.remove(from);
  }
  fileSystem.chmod(temporary, permissions | 0o600);
  const fd = fileSystem.open(temporary, 'r+');
  try {
    fileSystem.fchmod(fd, permissions);
    fileSystem.fsync(fd);
  } finally {
    fileSystem.close(fd);
  }
}

/**
 * Writes a file that nobody keeps, for another program to read: in its place, and without waiting for the disk. SIGINT and SIGTERM end it.
 *
 * @throws FILE_IO, FILE_NOT_FOUND, INTERRUPTED, TERMINATED, and what reading `bytes` throws
 */
export async function writeScratchFile(path: string, bytes: Bytes, fileSystem: FileSystem = NODE_FILE_SYSTEM): Promise<void> {
  const interruption = listenForSignals();
  let fd: number | undefined;
  try {
    fd = fileSystem.open(path, 'wx', 0o600);
    for await (const _ of writeChunks(fileSystem, fd, bytes, null)) interruption.throwIfReceived(path);
  } catch (cause) {
    if (cause instanceof AscendBundleError || !isErrno(cause)) throw cause;
    throw scratchFileError(path, cause);
  } finally {
    if (fd !== undefined) fileSystem.close(fd);
    interruption.stop();
  }
}

/** What to write into the file, each part at its offset or after the one before. */
function partsOf(
  file: Exclude<OutputFile, { moveOf: string }>,
  isCopied: boolean,
): readonly { readonly offsetBytes: number | null; readonly bytes: Bytes }[] {
  if (!('copyOf' in file)) return [{ offsetBytes: null, bytes: typeof file.bytes === 'function' ? file.bytes() : file.bytes }];
  return isCopied ? file.patches : [{ offsetBytes: null, bytes: patchedBytes(openFile(file.copyOf), file.patches) }];
}

/**
 * As a copy that shares its blocks with the original, which costs nothing.
 *
 * @returns false where the file system has none: then the file is written once, with the patches in it
 */
function shareCopy(fileSystem: FileSystem, temporary: string, copyOf: string): boolean {
  try {
    fileSystem.copy(copyOf, temporary, true);
  } catch (cause) {
    if (['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EINVAL', 'ENOTTY'].includes((cause as NodeJS.ErrnoException).code ?? ''))
      return false;
    throw cause;
  }
  // The copy has the permissions of its source, which need not let anybody write.
  fileSystem.chmod(temporary, 0o600);
  return true;
}

function makeLike(fileSystem: FileSystem, fd: number, { mode, uid, gid }: NonNullable<WriteOptions['like']>): void {
  const isForeign = uid !== process.getuid?.() || gid !== process.getgid?.();
  if (uid !== undefined && gid !== undefined && isForeign) {
    try {
      fileSystem.fchown(fd, uid, gid);
    } catch (cause) {
      // Only root may give files away; for anybody else the file is his own, as after any editor that saves by renaming.
      if ((cause as NodeJS.ErrnoException).code !== 'EPERM') throw cause;
    }
  }
  // After the owner: a change of owner takes bits away.
  fileSystem.fchmod(fd, mode & 0o7777);
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
function moveWithoutReplacing(fileSystem: FileSystem, from: string, to: string, names: OutputNames): void {
  try {
    fileSystem.link(from, to);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') refuseExisting(to, names);
    // Some file systems (FAT, a few network shares) have no hard links.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw cause;
    refuseExisting(to, names);
    return fileSystem.rename(from, to);
  }
  fileSystem.remove(from);
}

function syncFolder(fileSystem: FileSystem, path: string): void {
  let fd: number | undefined;
  try {
    fd = fileSystem.open(path, 'r');
    fileSystem.fsync(fd);
  } catch {
    // Not every file system can sync a folder (EINVAL), and not every folder may be read; the data itself is already durable.
  } finally {
    if (fd !== undefined) fileSystem.close(fd);
  }
}

function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';
}
