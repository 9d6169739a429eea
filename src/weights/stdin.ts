// A tensor from a pipe: read whole, because a pipe cannot be read by range.
import { readSync } from 'node:fs';
import { type Bytes, memoryBytes } from '../base/bytes.js';
import { AscendBundleError } from '../base/errors.js';
import { fileError } from '../base/file-error.js';

/** A typed array in Node 20 holds 4 GiB; more than this through a pipe is a mistake, or better a file. */
const MAX_BYTES = 2 ** 32 - 1;
const PIECE_BYTES = 1 << 20;
const STDIN = 0;

/** @throws FILE_IO */
export function readStdin(): Bytes {
  const pieces: Uint8Array[] = [];
  for (let total = 0; ; ) {
    const piece = readPiece();
    if (piece === undefined) continue;
    if (piece.length === 0) return memoryBytes(Buffer.concat(pieces));
    pieces.push(piece);
    total += piece.length;
    if (total > MAX_BYTES) {
      throw new AscendBundleError('FILE_IO', { message: 'stdin has more than 4 GiB.', fix: 'Write the data to a file and name the file.' });
    }
  }
}

/** undefined when nothing is there yet; no bytes at the end. */
function readPiece(): Uint8Array | undefined {
  const room = Buffer.allocUnsafe(PIECE_BYTES);
  try {
    return room.subarray(0, readSync(STDIN, room, 0, PIECE_BYTES, null));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'EOF') return new Uint8Array(0);
    if (code !== 'EAGAIN') throw fileError('stdin', cause, 'read');
    // A pipe that another program has set to non-blocking: wait a moment and ask again.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    return undefined;
  }
}
