// CANN's notes about itself are small text files of `key=value` lines. Whatever is in their place must do no harm.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

const LONGEST = 64 * 1024;

/** The beginning of a text file; undefined for what is not there, is no file, or may not be read: then it tells nothing. */
export function readSmallFile(path: string): string | undefined {
  let fd: number;
  try {
    // A pipe in its place must not make us wait.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch {
    return undefined;
  }
  try {
    if (!fstatSync(fd).isFile()) return undefined;
    const bytes = Buffer.alloc(LONGEST);
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, LONGEST, 0));
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** Of the first line `key=value`; without quotes and blanks around it. */
export function keyValue(text: string, key: string): string | undefined {
  for (const line of text.split(/\r?\n/)) {
    const at = line.indexOf('=');
    if (at > 0 && line.slice(0, at).trim() === key) {
      return line
        .slice(at + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1');
    }
  }
  return undefined;
}
