// A range of bytes of any size written to an open file.
import { type Bytes, chunksInTurn } from './bytes.js';
import type { FileSystem } from './file-system.js';

/** Two of them stay in the processor's cache between being read and being written. */
const CHUNK_BYTES = 1 << 20;

/** Yields the bytes of each chunk when it is written. The next one is read, or computed, in the meantime. */
export async function* writeChunks(fileSystem: FileSystem, fd: number, bytes: Bytes, offsetBytes: number | null): AsyncGenerator<number> {
  let writing: Promise<number> | undefined;
  let position = offsetBytes;
  try {
    for (const chunk of chunksInTurn(bytes, CHUNK_BYTES)) {
      if (writing !== undefined) yield await writing;
      writing = writeChunk(fileSystem, fd, chunk, position);
      // The source may fail before this is waited for.
      writing.catch(() => undefined);
      if (position !== null) position += chunk.length;
    }
    if (writing !== undefined) yield await writing;
  } finally {
    // Nothing may be under way when the file is closed: its number might be another file's by then.
    await writing?.catch(() => undefined);
  }
}

async function writeChunk(fileSystem: FileSystem, fd: number, chunk: Uint8Array, position: number | null): Promise<number> {
  for (let done = 0; done < chunk.length; ) {
    done += await fileSystem.write(fd, chunk, done, position === null ? null : position + done);
  }
  return chunk.length;
}
