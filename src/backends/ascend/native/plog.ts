// The log that CANN writes while it works: where an error has no text of its own, its first [ERROR] line is the reason.
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** More than a failure's own lines need; a debug log has gigabytes. */
const READ_BYTES = 4 << 20;
const LINE_CHARACTERS = 400;

export interface Plog {
  /** The first [ERROR] lines written since the last call, without time and process. */
  freshErrors(most: number): readonly string[];
}

/** @param folder  ASCEND_PROCESS_LOG_PATH of the process; it need not exist yet */
export function openPlog(folder: string): Plog {
  const seen = new Map<string, number>();
  return {
    freshErrors(most) {
      const lines: string[] = [];
      for (const path of logFiles(folder)) {
        const { text, end } = readFrom(path, seen.get(path) ?? 0);
        seen.set(path, end);
        lines.push(...text.split('\n').filter((line) => line.includes('[ERROR]')));
      }
      return lines.slice(0, most).map(plainLine);
    },
  };
}

/** `[ERROR] GE(12,node):<time> [ge_ir_build.cc:99]12 Func: ErrorNo: 0 text` without what only its authors need. */
function plainLine(line: string): string {
  const plain = line.replace(/^.*?\[ERROR\] (\w+)\(\d+,[^)]*\): ?\S+ /, '$1 ').trim();
  return plain.length > LINE_CHARACTERS ? `${plain.slice(0, LINE_CHARACTERS)}…` : plain;
}

function logFiles(folder: string): readonly string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return entries
      .filter((path) => path.endsWith('.log') && path.includes('plog'))
      .sort()
      .map((path) => join(folder, path));
  } catch {
    // There is no log before the first line.
    return [];
  }
}

function readFrom(path: string, start: number): { readonly text: string; readonly end: number } {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    const length = Math.min(Math.max(fstatSync(fd).size - start, 0), READ_BYTES);
    const bytes = Buffer.alloc(length);
    const read = readSync(fd, bytes, 0, length, start);
    return { text: bytes.toString('utf8', 0, read), end: start + read };
  } catch {
    // A log that is rotated away while it is read leaves the error without these lines, and it is still the error that counts.
    return { text: '', end: start };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
