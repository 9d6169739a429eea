// Collects the parts of one field of bytes. What comes in crumbs (numbers with one tag each, unknown fields; an old writer, or malice)
// is put together here: a range for each would cost a hundred times its size.
import { type Bytes, concatBytes, memoryBytes } from '../bytes.js';

const BLOCK_BYTES = 1 << 14;

export class Pieces {
  readonly #done: Bytes[] = [];
  #block = new Uint8Array(0);
  #used = 0;

  add(range: Bytes): void {
    this.#flush();
    this.#done.push(range);
  }

  /** At most 256 bytes. */
  addSmall(bytes: Uint8Array): void {
    if (this.#used + bytes.length > this.#block.length) {
      this.#flush();
      this.#block = new Uint8Array(this.#done.length === 0 ? Math.max(64, bytes.length) : BLOCK_BYTES);
    }
    this.#block.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  finish(): Bytes {
    this.#flush();
    return concatBytes(this.#done);
  }

  #flush(): void {
    if (this.#used === 0) return;
    this.#done.push(memoryBytes(this.#block.subarray(0, this.#used)));
    this.#block = this.#block.subarray(this.#used);
    this.#used = 0;
  }
}
