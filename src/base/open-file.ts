// Files as ranges of bytes.
import { closeSync, constants, fstatSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { type Bytes, computedBytes } from './bytes.js';
import { AscendBundleError } from './errors.js';
import { fileError } from './file-error.js';

export interface FileBytes extends Bytes, Disposable {
  readonly path: string;
}

/**
 * A file as a range of bytes.
 *
 * @throws FILE_NOT_FOUND, FILE_IO
 */
export function openFile(path: string): FileBytes {
  const file = new OpenFile(path);
  const bytes = computedBytes(
    file.sizeBytes,
    (start, end) => file.read(start, end),
    (target, start) => file.readInto(target, start),
    (target, start) => file.readLater(target, start),
  );
  return Object.assign(bytes, { path, [Symbol.dispose]: () => file.close() });
}

const readAtOnce = promisify(read);

/** An open file. Ranges keep it open; it is closed by `close`, or when the last range of it is gone. */
class OpenFile {
  static readonly #leftOpen = new FinalizationRegistry<number>((fd) => closeSync(fd));
  readonly #fd: number;
  #isOpen = true;
  readonly sizeBytes: number;

  constructor(readonly path: string) {
    this.#fd = openForReading(path);
    OpenFile.#leftOpen.register(this, this.#fd, this);
    this.sizeBytes = fstatSync(this.#fd).size;
  }

  read(start: number, end: number): Uint8Array {
    const out = Buffer.allocUnsafe(end - start);
    this.readInto(out, start);
    return out;
  }

  readInto(out: Uint8Array, start: number): void {
    this.#checkOpen();
    for (let done = 0; done < out.length; ) {
      done += this.#checkRead(this.#readOnce(out, done, start + done), done, out, start);
    }
  }

  async readLater(out: Uint8Array, start: number): Promise<void> {
    this.#checkOpen();
    for (let done = 0; done < out.length; ) {
      const { bytesRead } = await readAtOnce(this.#fd, out, done, pieceOf(out, done), start + done).catch((cause) => {
        throw fileError(this.path, cause, 'read');
      });
      done += this.#checkRead(bytesRead, done, out, start);
    }
  }

  #checkOpen(): void {
    // The system gives the number of a closed file to the next one that is opened: reading on would give its bytes.
    if (!this.#isOpen) throw new Error(`${this.path} was read after it was closed`);
  }

  /** @returns the bytes that were read */
  #checkRead(got: number, done: number, out: Uint8Array, start: number): number {
    if (got > 0) return got;
    throw new AscendBundleError('FILE_TRUNCATED', {
      message: `${this.path} ended at byte ${start + done} while ${out.length} bytes from ${start} were expected: the file has shrunk since it was opened.`,
      fix: 'Run again when nothing writes to the file.',
    });
  }

  #readOnce(out: Uint8Array, done: number, position: number): number {
    try {
      return readSync(this.#fd, out, done, pieceOf(out, done), position);
    } catch (cause) {
      throw fileError(this.path, cause, 'read');
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    OpenFile.#leftOpen.unregister(this);
    closeSync(this.#fd);
  }
}

/** A single read call is limited to just under 2 GiB by the kernel, so a loop is needed even without signals. */
function pieceOf(out: Uint8Array, done: number): number {
  return Math.min(out.length - done, 1 << 30);
}

function openForReading(path: string): number {
  let fd: number;
  try {
    // Without O_NONBLOCK, opening a pipe waits for a writer; on files it has no effect.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    throw fileError(path, cause, 'read');
  }
  const status = fstatSync(fd);
  if (status.isFile()) return fd;
  closeSync(fd);
  if (status.isDirectory()) throw fileError(path, { code: 'EISDIR' }, 'read');
  throw new AscendBundleError('FILE_IO', {
    message: `${path} is not a regular file.`,
    fix: 'Give the path of a file; a pipe or a device cannot be read by range.',
  });
}
