// The sha256 of ranges of any size.
import { createHash } from 'node:crypto';
import { type Bytes, chunks } from './bytes.js';
import { atOnce, PAUSE, type Paused } from './pauses.js';

/** In hex. Reads all of the range, in pieces; about half a gigabyte a second. */
export function sha256(bytes: Bytes): string {
  return atOnce(sha256InPieces(bytes));
}

export function* sha256InPieces(bytes: Bytes): Paused<string> {
  const hash = createHash('sha256');
  for (const chunk of chunks(bytes)) {
    hash.update(chunk);
    yield PAUSE;
  }
  return hash.digest('hex');
}
