// Ranges of bytes that are read on demand, from memory, from a file of any size (open-file.ts), or computed.
// Everything large in this tool (a weight, a partition, a whole bundle) is a `Bytes`, so nothing has to be held whole.

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

const CHUNK_BYTES = 4 << 20;
/** Two of them fit the cache of a processor, where they are compared. */
const COMPARED_BYTES = 256 << 10;

/** Walks a range in pieces of at most `sizeBytes`. A piece may be overwritten by the next: use it before asking for that. */
export function* chunks(bytes: Bytes, sizeBytes = CHUNK_BYTES): Generator<Uint8Array> {
  yield* walk(bytes, sizeBytes, [pieceReader()]);
}

/** The same, with every piece left as it is until the one after the next is asked for. */
export function* chunksInTurn(bytes: Bytes, sizeBytes: number): Generator<Uint8Array> {
  yield* walk(bytes, sizeBytes, [pieceReader(), pieceReader()]);
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

/** How computed bytes come about. */
interface Maker {
  /** Is called with start < end and must give end - start bytes. */
  readonly produce: (start: number, end: number) => Uint8Array;
  readonly fill: (target: Uint8Array, start: number) => void;
  readonly fillLater: (target: Uint8Array, start: number) => Promise<void>;
}

class ComputedBytes<M extends Pick<Maker, 'produce'>> implements Bytes {
  constructor(
    protected readonly maker: M,
    protected readonly offset: number,
    readonly length: number,
  ) {}
  read(start = 0, end = this.length): Uint8Array {
    checkRange(start, end, this.length);
    return start === end ? new Uint8Array(0) : this.maker.produce(this.offset + start, this.offset + end);
  }
  slice(start: number, end = this.length): Bytes {
    checkRange(start, end, this.length);
    return this.range(this.offset + start, end - start);
  }
  protected range(offset: number, length: number): Bytes {
    return new ComputedBytes(this.maker, offset, length);
  }
}

class FilledBytes<M extends Omit<Maker, 'fillLater'>> extends ComputedBytes<M> {
  readInto(target: Uint8Array, start: number): void {
    checkRange(start, start + target.length, this.length);
    if (target.length > 0) this.maker.fill(target, this.offset + start);
  }
  protected override range(offset: number, length: number): Bytes {
    return new FilledBytes(this.maker, offset, length);
  }
}

class LaterFilledBytes extends FilledBytes<Maker> {
  async readLater(target: Uint8Array, start: number): Promise<void> {
    checkRange(start, start + target.length, this.length);
    if (target.length > 0) await this.maker.fillLater(target, this.offset + start);
  }
  protected override range(offset: number, length: number): Bytes {
    return new LaterFilledBytes(this.maker, offset, length);
  }
}

/**
 * Bytes that `produce(start, end)` makes when they are asked for. It is called with start < end and must give end - start bytes.
 *
 * @param fill  makes those from `start` on in memory that is there, where that is cheaper
 * @param fillLater  the same, while the program goes on
 */
export function computedBytes(length: number, produce: Maker['produce'], fill?: Maker['fill'], fillLater?: Maker['fillLater']): Bytes {
  if (fill === undefined) return new ComputedBytes({ produce }, 0, length);
  return fillLater === undefined
    ? new FilledBytes({ produce, fill }, 0, length)
    : new LaterFilledBytes({ produce, fill, fillLater }, 0, length);
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
      fillFrom(part, room, from);
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
      fillFrom(bytes, target, start);
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

function fillFrom(bytes: Bytes, target: Uint8Array, start: number): void {
  if (bytes.readInto === undefined) target.set(bytes.read(start, start + target.length));
  else bytes.readInto(target, start);
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
