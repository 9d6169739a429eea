// Two ranges walked side by side, piece by piece; the next two pieces are read while these are looked at.
import type { Bytes } from './bytes.js';

/** Large enough that handing a piece over costs nothing beside reading it, small enough for the processor's cache. */
export const PIECE_BYTES = 1 << 20;

export interface Piecewise {
  readonly bytes: Bytes;
  readonly pieceBytes: number;
}

/** Keeps the memory of its pieces for the next walk: fresh memory costs as much as a tenth of the reading. One walk at a time. */
export class PairedReader {
  /** Of each range two: one is looked at, one is filled. */
  readonly #memory: [Uint8Array[], Uint8Array[]] = [[], []];

  /**
   * The pieces of two ranges that have as many. Each is gone with the next.
   *
   * @throws FILE_IO, FILE_TRUNCATED
   */
  async *pieces(one: Piecewise, other: Piecewise): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    const count = Math.ceil(one.bytes.length / one.pieceBytes);
    // What is a single piece has nothing to be read ahead of: at once is faster.
    const isAhead = count > 1;
    const read = (place: number): Promise<readonly [Uint8Array, Uint8Array]> => {
      const pair = Promise.all([this.#read(0, one, place, isAhead), this.#read(1, other, place, isAhead)] as const);
      // It may fail before it is waited for; who waits is told all the same.
      pair.catch(() => undefined);
      return pair;
    };
    if (count === 0) return;
    let next = read(0);
    try {
      for (let place = 1; place <= count; place++) {
        const pair = await next;
        if (place < count) next = read(place);
        yield pair;
      }
    } finally {
      // Who leaves early may close the file, or use the memory again.
      await next.catch(() => undefined);
    }
  }

  async #read(side: 0 | 1, { bytes, pieceBytes }: Piecewise, place: number, isAhead: boolean): Promise<Uint8Array> {
    const start = place * pieceBytes;
    const end = Math.min(bytes.length, start + pieceBytes);
    if (bytes.readInto === undefined) return bytes.read(start, end);
    const piece = this.#room(side, place % 2, end - start);
    if (isAhead && bytes.readLater !== undefined) await bytes.readLater(piece, start);
    else bytes.readInto(piece, start);
    return piece;
  }

  #room(side: 0 | 1, turn: number, size: number): Uint8Array {
    const kept = this.#memory[side][turn];
    const memory = kept === undefined || kept.length < size ? Buffer.allocUnsafeSlow(size) : kept;
    this.#memory[side][turn] = memory;
    return memory.subarray(0, size);
  }
}

/** Whether two ranges hold the same bytes; stops at the first piece that differs. */
export async function equalBytesAhead(one: Bytes, other: Bytes, reader = new PairedReader()): Promise<boolean> {
  if (one.length !== other.length) return false;
  const pairs = reader.pieces({ bytes: one, pieceBytes: PIECE_BYTES }, { bytes: other, pieceBytes: PIECE_BYTES });
  for await (const [a, b] of pairs) if (Buffer.compare(a, b) !== 0) return false;
  return true;
}
