// Ranges of bytes that are read on demand, from memory, from a file of any size, or computed.
// Everything large in this tool (a weight, a partition, a whole bundle) is a `Bytes`, so nothing has to be held whole.
import { closeSync, constants, fstatSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { AscendBundleError } from './errors.js';

export interface Bytes {
  /** In bytes; up to 2^53, files over 4 GiB included. */
  readonly length: number;
  /**
   * The bytes [start, end). May be a view of shared memory: read it, do not write to it. Its byteOffset is not aligned.
   * Ask for pieces that fit in memory; `chunks` walks a large range.
   */
  read(start?: number, end?: number): Uint8Array;
  /** The same bytes as a range of their own; reads nothing. */
  slice(start: number, end?: number): Bytes;
  /**
   * Fills `target` with the bytes from `start` on. Absent where `read` costs nothing (memory); memory that is used again saves
   * half of the time of reading a large file.
   */
  readInto?(target: Uint8Array, start: number): void;
  /** The same while the program goes on. Present only where it pays: in files. */
  readLater?(target: Uint8Array, start: number): Promise<void>;
}

const readAtOnce = promisify(read);

const CHUNK_BYTES = 4 << 20;
/** Two of them fit the cache of a processor, where they are compared. */
const COMPARED_BYTES = 256 << 10;

/** Walks a range in pieces of at most `sizeBytes`. A piece may be overwritten by the next: use it before asking for that. */
export function* chunks(bytes: Bytes, sizeBytes = CHUNK_BYTES): Generator<Uint8Array> {
  yield* walk(bytes, sizeBytes, [pieceReader()]);
}

/** The same, with every piece left as it is until the one after the next is asked for. */
export function* chunksInTurn(bytes: Bytes): Generator<Uint8Array> {
  yield* walk(bytes, CHUNK_BYTES, [pieceReader(), pieceReader()]);
}

type PieceReader = (bytes: Bytes, start: number, end: number) => Uint8Array;

function* walk(bytes: Bytes, sizeBytes: number, readers: readonly PieceReader[]): Generator<Uint8Array> {
  for (let pos = 0, turn = 0; pos < bytes.length; pos += sizeBytes, turn++) {
    const read = readers[turn % readers.length] as PieceReader;
    yield read(bytes, pos, Math.min(bytes.length, pos + sizeBytes));
  }
}

/** Reads pieces into memory that it uses again: each is gone with the next. */
function pieceReader(): PieceReader {
  let memory: Uint8Array | undefined;
  return (bytes, start, end) => {
    if (bytes.readInto === undefined) return bytes.read(start, end);
    if (memory === undefined || memory.length < end - start) memory = Buffer.allocUnsafeSlow(end - start);
    const piece = memory.subarray(0, end - start);
    bytes.readInto(piece, start);
    return piece;
  };
}

class MemoryBytes implements Bytes {
  constructor(readonly view: Uint8Array) {}
  get length(): number {
    return this.view.length;
  }
  read(start = 0, end = this.view.length): Uint8Array {
    checkRange(start, end, this.length);
    return start === 0 && end === this.view.length ? this.view : this.view.subarray(start, end);
  }
  slice(start: number, end = this.view.length): Bytes {
    return new MemoryBytes(this.read(start, end));
  }
}

export function memoryBytes(view: Uint8Array): Bytes {
  return new MemoryBytes(view);
}

export const EMPTY_BYTES: Bytes = memoryBytes(new Uint8Array(0));

export function utf8Bytes(text: string): Bytes {
  return memoryBytes(new TextEncoder().encode(text));
}

/**
 * Bytes that `produce(start, end)` makes when they are asked for. It is called with start < end and must give end - start bytes.
 *
 * @param fill  makes those from `start` on in memory that is there, where that is cheaper
 * @param fillLater  the same, while the program goes on
 */
export function computedBytes(
  length: number,
  produce: (start: number, end: number) => Uint8Array,
  fill?: (target: Uint8Array, start: number) => void,
  fillLater?: (target: Uint8Array, start: number) => Promise<void>,
): Bytes {
  const range = (offset: number, size: number): Bytes => ({
    ...(fill === undefined
      ? {}
      : {
          readInto(target: Uint8Array, start: number) {
            checkRange(start, start + target.length, size);
            if (target.length > 0) fill(target, offset + start);
          },
        }),
    ...(fillLater === undefined
      ? {}
      : {
          async readLater(target: Uint8Array, start: number) {
            checkRange(start, start + target.length, size);
            if (target.length > 0) await fillLater(target, offset + start);
          },
        }),
    length: size,
    read(start = 0, end = size) {
      checkRange(start, end, size);
      return start === end ? new Uint8Array(0) : produce(offset + start, offset + end);
    },
    slice(start, end = size) {
      checkRange(start, end, size);
      return range(offset + start, end - start);
    },
  });
  return range(0, length);
}

export function zeroBytes(length: number): Bytes {
  return computedBytes(
    length,
    (start, end) => new Uint8Array(end - start),
    (target) => target.fill(0),
  );
}

/** Several ranges one after the other; nothing is copied until it is read. */
export function concatBytes(parts: readonly Bytes[]): Bytes {
  const filled = parts.filter((part) => part.length > 0);
  const [first] = filled;
  if (first === undefined) return EMPTY_BYTES;
  if (filled.length === 1) return first;
  const starts: number[] = [];
  let total = 0;
  for (const part of filled) {
    starts.push(total);
    total += part.length;
  }
  const fill = (target: Uint8Array, start: number): void => {
    let i = lastAtMost(starts, start);
    for (let pos = start; pos < start + target.length; i++) {
      const part = filled[i] as Bytes;
      const from = pos - (starts[i] as number);
      const to = Math.min(part.length, start + target.length - (starts[i] as number));
      const room = target.subarray(pos - start, pos - start + to - from);
      if (part.readInto === undefined) room.set(part.read(from, to));
      else part.readInto(room, from);
      pos += to - from;
    }
  };
  const produce = (start: number, end: number): Uint8Array => {
    const i = lastAtMost(starts, start);
    const whole = filled[i] as Bytes;
    const offset = starts[i] as number;
    if (end - offset <= whole.length) return whole.read(start - offset, end - offset);
    const out = new Uint8Array(end - start);
    fill(out, start);
    return out;
  };
  return computedBytes(total, produce, fill);
}

/** New bytes for a range of as many. */
export interface Patch {
  readonly offsetBytes: number;
  readonly bytes: Bytes;
}

/** The same bytes; `watch` sees each piece when it is read, and where it begins. */
export function watchedBytes(bytes: Bytes, watch: (piece: Uint8Array, start: number) => void): Bytes {
  return computedBytes(
    bytes.length,
    (start, end) => {
      const piece = bytes.read(start, end);
      watch(piece, start);
      return piece;
    },
    (target, start) => {
      if (bytes.readInto === undefined) target.set(bytes.read(start, start + target.length));
      else bytes.readInto(target, start);
      watch(target, start);
    },
  );
}

/** The same bytes but for the patches, which do not overlap. */
export function patchedBytes(bytes: Bytes, patches: readonly Patch[]): Bytes {
  const pieces: Bytes[] = [];
  let end = 0;
  for (const patch of [...patches].sort((a, b) => a.offsetBytes - b.offsetBytes)) {
    pieces.push(bytes.slice(end, patch.offsetBytes), patch.bytes);
    end = patch.offsetBytes + patch.bytes.length;
  }
  return concatBytes([...pieces, bytes.slice(end)]);
}

function lastAtMost(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((sorted[middle] as number) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

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

/** Turns a failure of the file system into an error that names the path and a way out. */
export function fileError(path: string, cause: unknown, doing: 'read' | 'write'): AscendBundleError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') {
    return new AscendBundleError('FILE_NOT_FOUND', {
      message: doing === 'read' ? `${path} does not exist.` : `The folder of ${path} does not exist.`,
      fix: doing === 'read' ? 'Check the path; it is taken from the current folder.' : 'Make the folder first.',
      cause,
    });
  }
  const reasons: Record<string, [string, string]> = {
    EACCES: [`may not be ${doing === 'read' ? 'read' : 'written'}`, 'Check its permissions and those of its folder.'],
    EISDIR: ['is a folder', 'Give the path of a file.'],
    EFBIG: ['is larger than files may be here', 'Raise the limit (ulimit -f), or write to another file system.'],
    EIO: [`could not be ${doing === 'read' ? 'read' : 'written'}: the device failed`, 'Check the disk.'],
    ELOOP: ['is a link that leads to itself', 'Check the path.'],
    EMFILE: ['could not be opened: too many files are open', 'Raise the limit (ulimit -n).'],
    ENAMETOOLONG: ['is longer than a path can be', 'Check the path.'],
    ENOSPC: ['does not fit: the disk is full', 'Free some space, or write to another disk.'],
    ENOTDIR: ['has a file where a folder is expected', 'Check the path.'],
    EROFS: ['is on a read-only file system', 'Write to another folder.'],
  };
  const [why, fix] = reasons[code ?? ''] ?? [`could not be ${doing === 'read' ? 'read' : 'written'} (${code ?? String(cause)})`, undefined];
  return new AscendBundleError('FILE_IO', { message: `${path} ${why}.`, fix, cause });
}

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

function checkRange(start: number, end: number, length: number): void {
  if (start >= 0 && start <= end && end <= length) return;
  // Reaching this is a bug of ours: lengths from files are checked by the format that reads them.
  throw new RangeError(`Range [${start}, ${end}) of ${length} bytes`);
}

/** Whether two ranges hold the same bytes; stops at the first difference. */
export function equalBytes(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && firstDifference(a, b) === undefined;
}

/** Where two ranges of one length differ first; undefined when they do not. */
export function firstDifference(a: Bytes, b: Bytes): number | undefined {
  const [readOne, readOther] = [pieceReader(), pieceReader()];
  for (let pos = 0; pos < a.length; pos += COMPARED_BYTES) {
    const end = Math.min(a.length, pos + COMPARED_BYTES);
    const [one, other] = [readOne(a, pos, end), readOther(b, pos, end)];
    if (Buffer.compare(one, other) !== 0) return pos + one.findIndex((byte, i) => byte !== other[i]);
  }
  return undefined;
}
