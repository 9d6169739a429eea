// Numbers, texts and lists one after the other in a range of a file, never past its end.
import type { Bytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { decodeUtf8 } from '../../base/protobuf/utf8.js';
import { readStruct, type StructTable, type StructValue } from '../../base/struct.js';

/** Names and shapes in text; real ones have tens of bytes. */
const MAX_TEXT_BYTES = 1 << 20;

/** Every way past the end is FILE_MALFORMED, with the offset in the file. */
export class BlockReader {
  #pos = 0;
  constructor(
    readonly bytes: Bytes,
    readonly what: string,
    readonly base: number,
  ) {}

  get left(): number {
    return this.bytes.length - this.#pos;
  }

  u32(): number {
    return readStruct({ value: [0, 'u32'] }, this.bytes, this.#take(4)).value;
  }

  int64(): number {
    const { value } = readStruct({ value: [0, 'i64'] }, this.bytes, this.#take(8));
    return Number.isFinite(value) ? value : this.fail('a dimension is beyond 2^53');
  }

  int64s(length: number): readonly number[] {
    if (length % 8 !== 0) this.fail(`${length} bytes are no list of 64-bit integers`);
    return Array.from({ length: this.#checked(length) / 8 }, () => this.int64());
  }

  text(length: number): string {
    if (length > MAX_TEXT_BYTES) this.fail(`a text claims ${length} bytes`);
    const start = this.#take(length);
    return decodeUtf8(this.bytes.read(start, start + length));
  }

  struct<T extends StructTable>(table: T, size: number): StructValue<T> {
    return readStruct(table, this.bytes, this.#take(size));
  }

  part(length: number): BlockReader {
    const start = this.#take(length);
    return new BlockReader(this.bytes.slice(start, start + length), this.what, this.base + start);
  }

  /** A count, then as many elements, each of at least `elementBytes`. */
  list<T>(elementBytes: number, read: () => T): T[] {
    return Array.from({ length: this.#count(elementBytes) }, read);
  }

  /** A count, then as many counts or lengths, then the content of each. */
  rows<T>(read: (size: number) => T): T[] {
    const sizes = this.list(4, () => this.u32());
    return sizes.map((size) => read(size));
  }

  end(): void {
    if (this.left > 0) this.fail(`${this.left} bytes at the end of a block are no part of it`);
  }

  fail(why: string): never {
    throw new AscendBundleError('FILE_MALFORMED', {
      message: `${this.what} is damaged: ${why}.`,
      at: `byte ${this.base + this.#pos}`,
      fix: 'Copy the file again, or compile the model again.',
    });
  }

  #count(elementBytes: number): number {
    const count = this.u32();
    if (count * elementBytes > this.left) this.fail(`a list claims ${count} elements where ${this.left} bytes are left`);
    return count;
  }

  #checked(length: number): number {
    return length > this.left ? this.fail(`a field claims ${length} bytes where ${this.left} are left`) : length;
  }

  #take(length: number): number {
    const start = this.#pos;
    this.#pos += this.#checked(length);
    return start;
  }
}
