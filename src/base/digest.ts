// The sha256 of ranges of any size.
import { createHash } from 'node:crypto';
import { type Bytes, chunks } from './bytes.js';

/** In hex. Reads all of the range, in pieces; about half a gigabyte a second. */
export function sha256(bytes: Bytes): string {
  const pieces = sha256InPieces(bytes);
  for (;;) {
    const { value, done } = pieces.next();
    if (done === true) return value;
  }
}

/** The same, with a stop after each piece. */
export function* sha256InPieces(bytes: Bytes): Generator<undefined, string> {
  const hash = createHash('sha256');
  for (const chunk of chunks(bytes)) {
    hash.update(chunk);
    yield undefined;
  }
  return hash.digest('hex');
}
