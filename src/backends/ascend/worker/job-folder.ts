// The folder of a native process: its working folder, what it prints, CANN's log of it, and the call under way.
import { closeSync, fstatSync, lstatSync, mkdirSync, openSync, readdirSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileError } from '../../../base/file-error.js';
import { temporaryFolderError } from '../../../base/temporary-folder.js';

export interface JobPaths {
  /** The working folder: graph files go in, and GE drops what it likes. */
  readonly work: string;
  /** Standard output and standard error of the process. */
  readonly output: string;
  /** ASCEND_PROCESS_LOG_PATH. */
  readonly processLog: string;
  /** The call under way; see native/trace.ts. */
  readonly underWay: string;
}

export function jobPaths(folder: string): JobPaths {
  return {
    work: join(folder, 'work'),
    output: join(folder, 'native.log'),
    processLog: join(folder, 'log'),
    underWay: join(folder, 'call.json'),
  };
}

/** @param job  a word that no other job has */
export function jobFolder(parent: string, job: string): string {
  return resolve(parent, `ascend-bundle-job-${job}`);
}

/** @throws FILE_NOT_FOUND, FILE_IO */
export function makeJobFolder(folder: string): void {
  try {
    // Nobody else reads the graphs of a user.
    mkdirSync(folder, { mode: 0o700 });
    for (const path of [jobPaths(folder).work, jobPaths(folder).processLog]) mkdirSync(path);
  } catch (cause) {
    throw dirname(folder) === resolve(tmpdir()) ? temporaryFolderError(cause) : fileError(folder, cause, 'write');
  }
}

export function removeJobFolder(folder: string): void {
  try {
    // The processes that write there were killed a moment ago: what one of them made meanwhile is found in the next round.
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
  } catch {
    // A folder that stays is no reason to hide how the work ended.
  }
}

const KEPT_BYTES = 1 << 20;

/** Takes large files out of a folder that is kept for its logs: a graph has gigabytes, and nobody asked for a copy of it. */
export function dropLargeFiles(folder: string): void {
  const { work } = jobPaths(folder);
  try {
    for (const entry of readdirSync(work, { recursive: true, encoding: 'utf8' })) {
      const path = join(work, entry);
      const { size, isFile } = fileFacts(path);
      if (isFile && size > KEPT_BYTES) rmSync(path, { force: true });
    }
  } catch {
    // What cannot be listed or removed stays; the folder is named in the error.
  }
}

function fileFacts(path: string): { readonly size: number; readonly isFile: boolean } {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  return { size: facts?.size ?? 0, isFile: facts?.isFile() === true };
}

const TAIL_BYTES = 64 << 10;
const LINE_CHARACTERS = 400;

/** The last lines that the process printed. */
export function outputTail(folder: string, most: number): readonly string[] {
  let fd: number | undefined;
  try {
    fd = openSync(jobPaths(folder).output, 'r');
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const read = readSync(fd, bytes, 0, bytes.length, size - bytes.length);
    const lines = bytes.toString('utf8', 0, read).split(/\r?\n/);
    return lines
      .filter((line) => line.trim() !== '')
      .slice(-most)
      .map((line) => (line.length > LINE_CHARACTERS ? `${line.slice(0, LINE_CHARACTERS)}…` : line));
  } catch {
    // A process that printed nothing has no last words.
    return [];
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
