// Bytes → message, by table. Bytes fields are ranges of the source; unknown fields are kept.
import { type Bytes, EMPTY_BYTES } from '../bytes.js';
import { Cursor } from './cursor.js';
import { Pieces } from './pieces.js';
import { type Field, isRaw, MAX_DEPTH, type MessageType, type ScalarKind, WIRE, wireTypeOf } from './schema.js';

type Plain = Record<string, unknown>;

interface Reading {
  readonly cursor: Cursor;
  /** Fields that still collect their pieces: a message may come in several parts, and each may add to them. */
  readonly open: { readonly out: Plain; readonly name: string }[];
}

/**
 * @param what  names the source in errors, for example `model.onnx`
 * @param base  where `source` begins in its file: errors give offsets in the file
 * @throws FILE_MALFORMED with the byte offset
 */
export function decode<T extends object>(type: MessageType<T>, source: Bytes, what = type.name, base = 0): T {
  const reading: Reading = { cursor: new Cursor(source, what, base), open: [] };
  const value = decodeMessage(reading, type, source.length, 0);
  for (const { out, name } of reading.open) out[name] = (out[name] as Pieces).finish();
  return value as T;
}

/**
 * @param out  the message so far, when it comes in several parts. The rule of protobuf is that scalars are replaced, lists joined
 *   and messages merged, which is what reading on into the same object does, in time proportional to what is read.
 */
function decodeMessage(reading: Reading, type: MessageType<object>, end: number, depth: number, out: Plain = {}): object {
  const { cursor } = reading;
  if (depth > MAX_DEPTH) cursor.fail(`messages are nested more than ${MAX_DEPTH} deep`);
  while (cursor.pos < end) {
    const start = cursor.pos;
    const tag = cursor.tag(end);
    const number = tag >>> 3;
    const wire = tag & 7;
    const field = type.byNumber.get(number);
    if (field !== undefined && accepts(field, wire)) decodeField(reading, field, wire, end, out, depth);
    else {
      skip(cursor, wire, number, end, depth);
      const after = cursor.pos;
      cursor.pos = start;
      addRange(cursor, piecesOf(reading, out, '$unknown'), after);
    }
  }
  return out;
}

const UNPACKED = { raw32: WIRE.fixed32, raw64: WIRE.fixed64, rawVarint: WIRE.varint } as const;

/** A repeated number may come packed or not, whatever its declaration says. */
function accepts(field: Field, wire: number): boolean {
  if (isRaw(field.kind)) return wire === WIRE.bytes || wire === UNPACKED[field.kind];
  const own = wireTypeOf(field.kind);
  return wire === own || (field.isRepeated && wire === WIRE.bytes && own !== WIRE.bytes);
}

function decodeField(reading: Reading, field: Field, wire: number, limit: number, out: Plain, depth: number): void {
  const { cursor } = reading;
  switch (field.kind) {
    case 'message': {
      const end = cursor.delimited(limit);
      const before = field.isRepeated ? undefined : (out[field.name] as Plain | undefined);
      const value = decodeMessage(reading, (field.message as () => MessageType<object>)(), end, depth + 1, before);
      if (field.isRepeated) append(out, field.name, value);
      else out[field.name] = value;
      return;
    }
    case 'map':
      return decodeMapEntry(reading, field, limit, out, depth);
    case 'raw32':
    case 'raw64':
    case 'rawVarint':
      return decodeRaw(reading, field, wire, limit, out);
  }
  if (!field.isRepeated) {
    out[field.name] = decodeScalar(cursor, field.kind, limit);
  } else if (wire === WIRE.bytes && wireTypeOf(field.kind) !== WIRE.bytes) {
    const end = cursor.delimited(limit);
    const list = (out[field.name] as unknown[] | undefined) ?? [];
    out[field.name] = list;
    while (cursor.pos < end) list.push(decodeScalar(cursor, field.kind, end));
  } else append(out, field.name, decodeScalar(cursor, field.kind, limit));
}

function decodeRaw(reading: Reading, field: Field, wire: number, limit: number, out: Plain): void {
  const { cursor } = reading;
  const start = cursor.pos;
  if (wire !== WIRE.bytes) {
    skip(cursor, wire, field.number, limit, 0);
    const end = cursor.pos;
    cursor.pos = start;
    piecesOf(reading, out, field.name).addSmall(cursor.view(end));
    return;
  }
  const end = cursor.delimited(limit);
  const size = field.kind === 'raw32' ? 4 : field.kind === 'raw64' ? 8 : 1;
  if ((end - cursor.pos) % size !== 0) cursor.fail(`packed values of ${size} bytes fill ${end - cursor.pos} bytes`);
  addRange(cursor, piecesOf(reading, out, field.name), end);
}

function piecesOf({ open }: Reading, out: Plain, name: string): Pieces {
  const before = out[name] as Pieces | undefined;
  if (before !== undefined) return before;
  const pieces = new Pieces();
  out[name] = pieces;
  open.push({ out, name });
  return pieces;
}

/** A range of its own for every few bytes would cost a hundred times their size. */
const SMALL_BYTES = 256;

function addRange(cursor: Cursor, pieces: Pieces, end: number): void {
  if (end - cursor.pos <= SMALL_BYTES) pieces.addSmall(cursor.view(end));
  else pieces.add(cursor.bytes(end));
}

function append(out: Plain, name: string, value: unknown): void {
  const list = out[name] as unknown[] | undefined;
  if (list === undefined) out[name] = [value];
  else list.push(value);
}

function decodeMapEntry(reading: Reading, field: Field, limit: number, out: Plain, depth: number): void {
  const { cursor } = reading;
  const end = cursor.delimited(limit);
  const kind = field.value as ScalarKind | 'message';
  let key = '';
  let value: unknown;
  while (cursor.pos < end) {
    const tag = cursor.tag(end);
    const number = tag >>> 3;
    const wire = tag & 7;
    if (number === 1 && wire === WIRE.bytes) key = cursor.text(cursor.delimited(end));
    else if (number === 2 && wire === wireTypeOf(kind)) {
      value =
        kind === 'message'
          ? decodeMessage(
              reading,
              (field.message as () => MessageType<object>)(),
              cursor.delimited(end),
              depth + 1,
              value as Plain | undefined,
            )
          : decodeScalar(cursor, kind, end);
    } else skip(cursor, wire, number, end, depth);
  }
  const map = (out[field.name] as Map<string, unknown> | undefined) ?? new Map<string, unknown>();
  out[field.name] = map;
  map.set(key, value ?? emptyValue(kind));
}

function emptyValue(kind: ScalarKind | 'message'): unknown {
  if (kind === 'message') return {};
  if (kind === 'string') return '';
  if (kind === 'bytes') return EMPTY_BYTES;
  return kind === 'bool' ? false : 0;
}

function decodeScalar(cursor: Cursor, kind: ScalarKind, limit: number): unknown {
  switch (kind) {
    case 'string':
      return cursor.text(cursor.delimited(limit));
    case 'bytes':
      return cursor.bytes(cursor.delimited(limit));
    case 'float':
      return cursor.float(limit);
    case 'double':
      return cursor.double(limit);
    case 'fixed32':
      return cursor.fixed32(limit);
    case 'fixed64':
      return narrow(cursor.fixed64(limit));
  }
  const small = cursor.small(limit);
  const [low, high] = small < 0 ? cursor.varint(limit) : ([small, 0] as const);
  switch (kind) {
    case 'bool':
      return low !== 0 || high !== 0;
    case 'uint32':
      return low;
    case 'int32':
    case 'enum':
      return low | 0;
    case 'sint32':
      return (low >>> 1) ^ -(low & 1);
    case 'uint64':
      return high < 0x20_0000 ? high * 0x1_0000_0000 + low : (BigInt(high) << 32n) | BigInt(low);
    case 'int64':
      return signed64(low, high);
    case 'sint64': {
      const raw = (BigInt(high) << 32n) | BigInt(low);
      return narrow((raw >> 1n) ^ -(raw & 1n));
    }
  }
}

function signed64(low: number, high: number): number | bigint {
  if (high < 0x20_0000) return high * 0x1_0000_0000 + low;
  if (high >= 0xffe0_0000) {
    const value = (high - 0x1_0000_0000) * 0x1_0000_0000 + low;
    if (Number.isSafeInteger(value)) return value;
  }
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function skip(cursor: Cursor, wire: number, number: number, limit: number, depth: number): void {
  switch (wire) {
    case WIRE.varint:
      cursor.varint(limit);
      return;
    case WIRE.fixed64:
    case WIRE.fixed32: {
      const size = wire === WIRE.fixed64 ? 8 : 4;
      if (size > limit - cursor.pos) cursor.fail('a value runs past the end of its message');
      cursor.pos += size;
      return;
    }
    case WIRE.bytes:
      cursor.pos = cursor.delimited(limit);
      return;
    case WIRE.startGroup:
      if (depth > MAX_DEPTH) cursor.fail(`groups are nested more than ${MAX_DEPTH} deep`);
      for (;;) {
        const tag = cursor.tag(limit);
        if ((tag & 7) === WIRE.endGroup) {
          if (tag >>> 3 !== number) cursor.fail('a group ends with another number than it began');
          return;
        }
        skip(cursor, tag & 7, tag >>> 3, limit, depth + 1);
      }
    default:
      cursor.fail(`wire type ${wire} is not possible`);
  }
}
