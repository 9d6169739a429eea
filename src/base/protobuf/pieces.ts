// Collects the parts of one raw field. Numbers that come one tag each (an old writer, or malice) are packed together here:
// a range per number would cost a hundred times its size.
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

  /** At most ten bytes. */
  addSmall(bytes: Uint8Array): void {
    if (this.#used + bytes.length > this.#block.length) {
      this.#flush();
      this.#block = new Uint8Array(this.#done.length === 0 ? 64 : BLOCK_BYTES);
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
