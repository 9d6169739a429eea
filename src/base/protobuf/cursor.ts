// Reads a range through a window, so that decoding a 1 GB model reads its structure and skips over its weights.
import { type Bytes, memoryBytes } from '../bytes.js';
import { AscendBundleError } from '../errors.js';
import { decodeUtf8 } from './utf8.js';

const WINDOW_BYTES = 1 << 16;
/** A bytes field up to this size is copied out of the window; a larger one stays a range of the source. */
const COPY_BYTES = 1 << 12;

/** JavaScript cannot hold a string of 512 MiB, and no field of text has a reason to come near. */
const MAX_TEXT_BYTES = 1 << 26;

export class Cursor {
  pos = 0;
  readonly #source: Bytes;
  #window: Buffer = Buffer.alloc(0);
  #view: DataView<ArrayBufferLike> = new DataView(new ArrayBuffer(0));
  #start = 0;
  #end = 0;

  constructor(
    source: Bytes,
    /** What is being read, for messages of errors. */
    readonly what: string,
    /** Where the source begins in its file, for the same messages. */
    readonly base = 0,
  ) {
    this.#source = source;
  }

  get length(): number {
    return this.#source.length;
  }

  byte(limit: number): number {
    if (this.pos >= limit) this.fail('a value runs past the end of its message');
    if (this.pos < this.#start || this.pos >= this.#end) this.#load(1);
    return this.#window[this.pos++ - this.#start] as number;
  }

  /** A varint of at most ten bytes as two unsigned 32-bit halves: [low, high]. */
  varint(limit: number): [low: number, high: number] {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte(limit);
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >> 4;
      } else if (shift < 64) high |= bits << (shift - 32);
      if (byte < 0x80) return [low >>> 0, high >>> 0];
    }
    return this.fail('a varint has more than ten bytes');
  }

  /**
   * The varint that begins here when it is a single byte, as nearly all are; -1 when it is not, or has to be looked for elsewhere.
   * One call instead of four: a graph has a hundred thousand, and is read before anything is compiled.
   */
  small(limit: number): number {
    const { pos } = this;
    if (pos >= limit || pos < this.#start || pos >= this.#end) return -1;
    const byte = this.#window[pos - this.#start] as number;
    if (byte >= 0x80) return -1;
    this.pos = pos + 1;
    return byte;
  }

  /** What begins a field: its number in all bits but the lowest three (`tag >>> 3`), which are the wire type. Below 2^32. */
  tag(limit: number): number {
    const at = this.pos;
    const small = this.small(limit);
    if (small >= 8) return small;
    const tag = small < 0 ? this.unsigned(limit) : small;
    const number = Math.floor(tag / 8);
    if (number === 0 || number > 0x1fffffff) this.fail(`field number ${number} is not possible`, at);
    return tag;
  }

  /** A tag or a length; anything over 2^53 cannot be true of a file. */
  unsigned(limit: number): number {
    const small = this.small(limit);
    if (small >= 0) return small;
    const [low, high] = this.varint(limit);
    return high * 0x1_0000_0000 + low;
  }

  float(limit: number): number {
    return this.#fixed(4, limit).getFloat32(this.pos - 4 - this.#start, true);
  }

  double(limit: number): number {
    return this.#fixed(8, limit).getFloat64(this.pos - 8 - this.#start, true);
  }

  fixed32(limit: number): number {
    return this.#fixed(4, limit).getUint32(this.pos - 4 - this.#start, true);
  }

  fixed64(limit: number): bigint {
    return this.#fixed(8, limit).getBigUint64(this.pos - 8 - this.#start, true);
  }

  /** The end of a length-delimited value that starts here. */
  delimited(limit: number): number {
    const at = this.pos;
    const length = this.unsigned(limit);
    if (length > limit - this.pos) this.fail(`a field claims ${length} bytes where ${limit - this.pos} are left`, at);
    return this.pos + length;
  }

  bytes(end: number): Bytes {
    const start = this.pos;
    this.pos = end;
    if (end - start > COPY_BYTES) return this.#source.slice(start, end);
    this.pos = start;
    // Not slice: that of a Buffer copies nothing, and would keep the whole window alive.
    return memoryBytes(new Uint8Array(this.view(end)));
  }

  /** The bytes up to `end`, at most 4 KiB, without a copy: gone with the next read. */
  view(end: number): Buffer {
    const start = this.pos;
    if (start < this.#start || end > this.#end) this.#load(end - start);
    this.pos = end;
    return this.#window.subarray(start - this.#start, end - this.#start);
  }

  text(end: number): string {
    if (end - this.pos > MAX_TEXT_BYTES) this.fail(`a text of ${end - this.pos} bytes is longer than any text can be`);
    if (end - this.pos > COPY_BYTES) return decodeUtf8(this.bytes(end).read());
    const raw = this.view(end);
    // In one call of V8's; the mark stands for what is not UTF-8, or for itself.
    const text = raw.toString('utf8');
    return text.includes('\ufffd') ? decodeUtf8(raw) : text;
  }

  range(start: number, end: number): Bytes {
    return this.#source.slice(start, end);
  }

  fail(why: string, at = this.pos): never {
    throw new AscendBundleError('FILE_MALFORMED', {
      message: `${this.what} is damaged: ${why}.`,
      at: `byte ${this.base + at}`,
      fix: 'The file is truncated or not what its name says; copy or export it again.',
    });
  }

  #fixed(size: number, limit: number): DataView {
    if (size > limit - this.pos) this.fail('a value runs past the end of its message');
    if (this.pos < this.#start || this.pos + size > this.#end) this.#load(size);
    this.pos += size;
    return this.#view;
  }

  #load(atLeast: number): void {
    this.#start = this.pos;
    this.#end = Math.min(this.#source.length, this.pos + Math.max(WINDOW_BYTES, atLeast));
    const { buffer, byteOffset, byteLength } = this.#source.read(this.#start, this.#end);
    this.#window = Buffer.from(buffer, byteOffset, byteLength);
    this.#view = new DataView(buffer, byteOffset, byteLength);
  }
}
