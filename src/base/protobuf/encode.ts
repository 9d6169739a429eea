// Message → bytes, by table. Written from the end to the beginning: then every length is known when its prefix is due,
// nothing is copied twice, and large ranges (weights) are taken into the result without being read.
import { type Bytes, concatBytes, memoryBytes } from '../bytes.js';
import { type Field, type Int64, isRaw, type MessageType, type ScalarKind, WIRE, wireTypeOf } from './schema.js';
import { encodeUtf8 } from './utf8.js';

type Plain = Record<string, unknown>;

export interface EncodeOptions {
  /** Write the entries of every map in the order of their keys, so that equal messages are equal bytes. */
  readonly sortMaps?: boolean;
}

/** The bytes of `value`; large bytes fields are ranges of their source, read when the result is. */
export function encode<T extends object>(type: MessageType<T>, value: T, { sortMaps = false }: EncodeOptions = {}): Bytes {
  const writer = new BackwardWriter();
  writeMessage(writer, type, value as Plain, sortMaps);
  return writer.finish();
}

const BLOCK_BYTES = 1 << 16;
/** A range longer than this is taken over as it is. */
const COPY_BYTES = 1 << 12;

class BackwardWriter {
  length = 0;
  readonly #pieces: Bytes[] = [];
  #block = Buffer.allocUnsafe(BLOCK_BYTES);
  #pos = BLOCK_BYTES;

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#pos -= bytes.length;
    this.#block.set(bytes, this.#pos);
    this.length += bytes.length;
  }

  range(bytes: Bytes): void {
    if (bytes.length <= COPY_BYTES) return this.raw(bytes.read());
    this.#flush();
    this.#pieces.push(bytes);
    this.length += bytes.length;
  }

  varint(value: Int64): void {
    if (typeof value === 'bigint' || value < 0 || value > Number.MAX_SAFE_INTEGER)
      return this.#bigVarint(BigInt.asUintN(64, BigInt(value)));
    let size = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
    this.#reserve(size);
    this.#pos -= size;
    this.length += size;
    let rest = value;
    for (let i = 0; i < size - 1; i++) {
      this.#block[this.#pos + i] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#block[this.#pos + size - 1] = rest;
  }

  fixed(size: 4 | 8, write: (block: Buffer, at: number) => void): void {
    this.#reserve(size);
    this.#pos -= size;
    this.length += size;
    write(this.#block, this.#pos);
  }

  finish(): Bytes {
    this.#flush();
    return concatBytes(this.#pieces.reverse());
  }

  #bigVarint(value: bigint): void {
    const out: number[] = [];
    let rest = value;
    for (; rest >= 0x80n; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
    out.push(Number(rest));
    this.raw(Uint8Array.from(out));
  }

  #reserve(size: number): void {
    if (size <= this.#pos) return;
    this.#flush();
    if (size > this.#pos) {
      this.#block = Buffer.allocUnsafe(Math.max(BLOCK_BYTES, size));
      this.#pos = this.#block.length;
    }
  }

  #flush(): void {
    const end = this.#block.length;
    if (this.#pos === end) return;
    this.#pieces.push(memoryBytes(this.#block.subarray(this.#pos, end)));
    // The rest of the block, before what was just written, is still free.
    this.#block = this.#block.subarray(0, this.#pos);
  }
}

function writeMessage(writer: BackwardWriter, type: MessageType<object>, value: Plain, sortMaps: boolean): void {
  const unknown = value['$unknown'] as Bytes | undefined;
  if (unknown !== undefined) writer.range(unknown);
  for (let i = type.fields.length - 1; i >= 0; i--) {
    const field = type.fields[i] as Field;
    const content = value[field.name];
    if (content !== undefined) writeField(writer, field, content, sortMaps);
  }
}

function writeField(writer: BackwardWriter, field: Field, value: unknown, sortMaps: boolean): void {
  if (field.kind === 'map') return writeMap(writer, field, value as Map<string, unknown>, sortMaps);
  if (isRaw(field.kind)) {
    if ((value as Bytes).length > 0) writeDelimited(writer, field.number, () => writer.range(value as Bytes));
    return;
  }
  if (!field.isRepeated) return writeElement(writer, field, value, sortMaps);
  const list = value as readonly unknown[];
  if (!field.isPacked) {
    for (let i = list.length - 1; i >= 0; i--) writeElement(writer, field, list[i], sortMaps);
  } else if (list.length > 0) {
    writeDelimited(writer, field.number, () => {
      for (let i = list.length - 1; i >= 0; i--) writeScalar(writer, field.kind as ScalarKind, list[i]);
    });
  }
}

function writeElement(writer: BackwardWriter, field: Field, value: unknown, sortMaps: boolean): void {
  if (field.kind === 'message') {
    writeDelimited(writer, field.number, () =>
      writeMessage(writer, (field.message as () => MessageType<object>)(), value as Plain, sortMaps),
    );
  } else {
    writeScalar(writer, field.kind as ScalarKind, value);
    writer.varint(field.number * 8 + wireTypeOf(field.kind));
  }
}

function writeMap(writer: BackwardWriter, field: Field, map: Map<string, unknown>, sortMaps: boolean): void {
  const entries = [...map].map(([key, value]) => ({ key: encodeUtf8(key), value }));
  if (sortMaps) entries.sort((a, b) => Buffer.compare(a.key, b.key));
  const valueField: Field = { ...field, number: 2, kind: field.value as ScalarKind | 'message', isRepeated: false };
  for (const { key, value } of entries.reverse()) {
    writeDelimited(writer, field.number, () => {
      writeElement(writer, valueField, value, sortMaps);
      writer.raw(key);
      writer.varint(key.length);
      writer.varint(10);
    });
  }
}

function writeDelimited(writer: BackwardWriter, number: number, content: () => void): void {
  const before = writer.length;
  content();
  writer.varint(writer.length - before);
  writer.varint(number * 8 + WIRE.bytes);
}

function writeScalar(writer: BackwardWriter, kind: ScalarKind, value: unknown): void {
  switch (kind) {
    case 'string': {
      const raw = encodeUtf8(value as string);
      writer.raw(raw);
      return writer.varint(raw.length);
    }
    case 'bytes':
      writer.range(value as Bytes);
      return writer.varint((value as Bytes).length);
    case 'bool':
      return writer.varint(value ? 1 : 0);
    case 'float':
      return writer.fixed(4, (block, at) => block.writeFloatLE(value as number, at));
    case 'double':
      return writer.fixed(8, (block, at) => block.writeDoubleLE(value as number, at));
    case 'fixed32':
      return writer.fixed(4, (block, at) => block.writeUInt32LE((value as number) >>> 0, at));
    case 'fixed64':
      return writer.fixed(8, (block, at) => block.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value as Int64)), at));
    case 'sint32':
      return writer.varint((((value as number) << 1) ^ ((value as number) >> 31)) >>> 0);
    case 'sint64': {
      const wide = BigInt(value as Int64);
      return writer.varint(BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n)));
    }
    default:
      return writer.varint(value as Int64);
  }
}
