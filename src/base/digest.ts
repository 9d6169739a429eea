// The sha256 of ranges of any size.
import { createHash } from 'node:crypto';
import { type Bytes, chunks } from './bytes.js';

/** In hex. Reads all of the range, in pieces; about half a gigabyte a second. */
export function sha256(bytes: Bytes): string {
  const hash = createHash('sha256');
  for (const chunk of chunks(bytes)) hash.update(chunk);
  return hash.digest('hex');
}
