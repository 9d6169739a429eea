// C structures as tables: each field has an offset and a type, and one small interpreter reads and writes them.
// Offsets are given, not computed, because the files we read are what a 64-bit little-endian C compiler laid out.
import type { Bytes } from './bytes.js';

type FieldType = 'u8' | 'u16' | 'u32' | 'i32' | 'u64' | 'i64' | `char[${number}]` | `bytes[${number}]`;

export type StructTable = Readonly<Record<string, readonly [offset: number, type: FieldType]>>;

/** u64 and i64 are numbers; a value beyond 2^53 is clamped to Infinity, which no length check lets pass. */
export type StructValue<T extends StructTable> = {
  -readonly [K in keyof T]: T[K][1] extends `char[${number}]` ? string : T[K][1] extends `bytes[${number}]` ? Uint8Array : number;
};

export function readStruct<T extends StructTable>(table: T, bytes: Bytes, offset = 0): StructValue<T> {
  const out: Record<string, unknown> = {};
  const raw = bytes.read(offset, offset + sizeOf(table));
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  for (const [name, [at, type]] of Object.entries(table)) out[name] = readField(view, at, type);
  return out as StructValue<T>;
}

/** A structure of `size` bytes; fields not given are zero. */
export function writeStruct<T extends StructTable>(table: T, size: number, values: Partial<StructValue<T>>): Uint8Array {
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  for (const [name, [at, type]] of Object.entries(table)) {
    const value = (values as Record<string, unknown>)[name];
    if (value !== undefined) writeField(view, at, type, value);
  }
  return out;
}

function sizeOf(table: StructTable): number {
  return Math.max(0, ...Object.values(table).map(([at, type]) => at + fieldSize(type)));
}

const SCALAR_BYTES: Record<string, number> = { u8: 1, u16: 2, u32: 4, i32: 4, u64: 8, i64: 8 };

function fieldSize(type: FieldType): number {
  return SCALAR_BYTES[type] ?? arrayLength(type);
}

function arrayLength(type: string): number {
  return Number(type.slice(type.indexOf('[') + 1, -1));
}

function readField(view: DataView, at: number, type: FieldType): number | string | Uint8Array {
  switch (type) {
    case 'u8':
      return view.getUint8(at);
    case 'u16':
      return view.getUint16(at, true);
    case 'u32':
      return view.getUint32(at, true);
    case 'i32':
      return view.getInt32(at, true);
    case 'u64':
      return safeNumber(view.getBigUint64(at, true));
    case 'i64':
      return safeNumber(view.getBigInt64(at, true));
  }
  const raw = new Uint8Array(view.buffer, view.byteOffset + at, arrayLength(type));
  if (type.startsWith('bytes')) return raw.slice();
  const end = raw.indexOf(0);
  return new TextDecoder().decode(end < 0 ? raw : raw.subarray(0, end));
}

function safeNumber(value: bigint): number {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : number < 0 ? -Infinity : Infinity;
}

function writeField(view: DataView, at: number, type: FieldType, value: unknown): void {
  switch (type) {
    case 'u8':
      return view.setUint8(at, value as number);
    case 'u16':
      return view.setUint16(at, value as number, true);
    case 'u32':
      return view.setUint32(at, value as number, true);
    case 'i32':
      return view.setInt32(at, value as number, true);
    case 'u64':
      return view.setBigUint64(at, BigInt(value as number), true);
    case 'i64':
      return view.setBigInt64(at, BigInt(value as number), true);
  }
  const room = new Uint8Array(view.buffer, view.byteOffset + at, arrayLength(type));
  const raw = typeof value === 'string' ? truncateUtf8(value, room.length - 1) : (value as Uint8Array);
  room.set(raw.subarray(0, room.length));
}

/** At most `max` bytes, cut between characters. */
function truncateUtf8(text: string, max: number): Uint8Array {
  const raw = new TextEncoder().encode(text);
  let end = Math.min(raw.length, max);
  while (end > 0 && end < raw.length && ((raw[end] as number) & 0xc0) === 0x80) end--;
  return raw.subarray(0, end);
}
