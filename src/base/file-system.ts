// The system calls that put a file in its place, as a table that can be handed in: a test lets any one of them fail, or end the process.
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  fdatasync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  write,
} from 'node:fs';
import { promisify } from 'node:util';
import { fileError } from './file-error.js';

export interface FileSystem {
  open(path: string, flags: string, mode?: number): number;
  /** @returns how many of the bytes were written; at the end of what is there where no position is given */
  write(fd: number, bytes: Uint8Array, from: number, position: number | null): Promise<number>;
  chmod(path: string, mode: number): void;
  fchmod(fd: number, mode: number): void;
  fchown(fd: number, uid: number, gid: number): void;
  fsync(fd: number): void;
  /** Begins to make durable what is written so far, while more is being written. */
  flush(fd: number): Promise<void>;
  close(fd: number): void;
  /**
   * Never over an existing file. Where the file system can share blocks between files, nothing is copied.
   *
   * @param sharedOnly  fail where it cannot
   */
  copy(from: string, to: string, sharedOnly: boolean): void;
  link(from: string, to: string): void;
  rename(from: string, to: string): void;
  /** Silent where there is nothing. */
  remove(path: string): void;
}

const writeLater = promisify(write);

export const NODE_FILE_SYSTEM: FileSystem = {
  open: (path, flags, mode) => openSync(path, flags, mode),
  write: async (fd, bytes, from, position) => (await writeLater(fd, bytes, from, bytes.length - from, position)).bytesWritten,
  chmod: chmodSync,
  fchmod: fchmodSync,
  fchown: fchownSync,
  fsync: fsyncSync,
  flush: promisify(fdatasync),
  close: closeSync,
  copy(from, to, sharedOnly) {
    const how = sharedOnly ? constants.COPYFILE_FICLONE_FORCE : constants.COPYFILE_FICLONE;
    copyFileSync(from, to, constants.COPYFILE_EXCL | how);
  },
  link: linkSync,
  rename: renameSync,
  remove: (path) => rmSync(path, { force: true }),
};

/**
 * Another text when another file has taken the name, or the file was written to.
 *
 * @throws FILE_NOT_FOUND, FILE_IO
 */
export function fileIdentity(path: string): string {
  try {
    const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs].join(' ');
  } catch (cause) {
    throw fileError(path, cause, 'read');
  }
}

/** Whatever the paths look like: `a`, `./a`, through a link. False for what cannot be looked at: reading or writing it says why. */
export function isSameFile(path: string, other: string): boolean {
  try {
    const [a, b] = [path, other].map((one) => statSync(one, { bigint: true }));
    return a?.dev === b?.dev && a?.ino === b?.ino;
  } catch {
    return false;
  }
}
