// Bytes → message, by table. Bytes fields are ranges of the source; unknown fields are kept.
import { type Bytes, concatBytes } from '../bytes.js';
import { Cursor } from './cursor.js';
import { Pieces } from './pieces.js';
import { type Field, isRaw, MAX_DEPTH, type MessageType, type ScalarKind, WIRE, wireTypeOf } from './schema.js';

type Plain = Record<string, unknown>;

/**
 * @param what  names the source in errors, for example `model.onnx`
 * @param base  where `source` begins in its file: errors give offsets in the file
 * @throws FILE_MALFORMED with the byte offset
 */
export function decode<T extends object>(type: MessageType<T>, source: Bytes, what = type.name, base = 0): T {
  const cursor = new Cursor(source, what, base);
  return decodeMessage(cursor, type, source.length, 0) as T;
}

function decodeMessage(cursor: Cursor, type: MessageType<object>, end: number, depth: number): object {
  if (depth > MAX_DEPTH) cursor.fail(`messages are nested more than ${MAX_DEPTH} deep`);
  const out: Plain = {};
  const unknown: Bytes[] = [];
  while (cursor.pos < end) {
    const start = cursor.pos;
    const tag = cursor.unsigned(end);
    const wire = tag & 7;
    const number = Math.floor(tag / 8);
    if (number === 0 || number > 0x1fffffff) cursor.fail(`field number ${number} is not possible`, start);
    const field = type.byNumber.get(number);
    if (field === undefined || !accepts(field, wire)) {
      skip(cursor, wire, number, end, depth);
      unknown.push(cursor.range(start, cursor.pos));
    } else decodeField(cursor, field, wire, end, out, depth);
  }
  for (const field of type.rawFields) {
    const pieces = out[field.name] as Pieces | undefined;
    if (pieces !== undefined) out[field.name] = pieces.finish();
  }
  if (unknown.length > 0) out['$unknown'] = concatBytes(unknown);
  return out;
}

const UNPACKED = { raw32: WIRE.fixed32, raw64: WIRE.fixed64, rawVarint: WIRE.varint } as const;

/** A repeated number may come packed or not, whatever its declaration says. */
function accepts(field: Field, wire: number): boolean {
  if (isRaw(field.kind)) return wire === WIRE.bytes || wire === UNPACKED[field.kind];
  const own = wireTypeOf(field.kind);
  return wire === own || (field.isRepeated && wire === WIRE.bytes && own !== WIRE.bytes);
}

function decodeField(cursor: Cursor, field: Field, wire: number, limit: number, out: Plain, depth: number): void {
  switch (field.kind) {
    case 'message': {
      const end = cursor.delimited(limit);
      const value = decodeMessage(cursor, (field.message as () => MessageType<object>)(), end, depth + 1);
      if (field.isRepeated) append(out, field.name, value);
      else out[field.name] = out[field.name] === undefined ? value : mergeMessages(field, out[field.name] as Plain, value as Plain);
      return;
    }
    case 'map':
      return decodeMapEntry(cursor, field, limit, out, depth);
    case 'raw32':
    case 'raw64':
    case 'rawVarint':
      return decodeRaw(cursor, field, wire, limit, out);
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

function decodeRaw(cursor: Cursor, field: Field, wire: number, limit: number, out: Plain): void {
  const pieces = (out[field.name] as Pieces | undefined) ?? new Pieces();
  out[field.name] = pieces;
  const start = cursor.pos;
  if (wire !== WIRE.bytes) {
    skip(cursor, wire, field.number, limit, 0);
    const end = cursor.pos;
    cursor.pos = start;
    pieces.addSmall(cursor.bytes(end).read());
    return;
  }
  const end = cursor.delimited(limit);
  const size = field.kind === 'raw32' ? 4 : field.kind === 'raw64' ? 8 : 1;
  if ((end - cursor.pos) % size !== 0) cursor.fail(`packed values of ${size} bytes fill ${end - cursor.pos} bytes`);
  pieces.add(cursor.bytes(end));
}

function append(out: Plain, name: string, value: unknown): void {
  const list = out[name] as unknown[] | undefined;
  if (list === undefined) out[name] = [value];
  else list.push(value);
}

/** The protobuf rule for a message field that occurs twice: scalars are replaced, lists joined, messages merged. */
function mergeMessages(field: Field, first: Plain, second: Plain): Plain {
  const type = (field.message as () => MessageType<object>)();
  const merged: Plain = { ...first };
  for (const [name, value] of Object.entries(second)) {
    const before = merged[name];
    const inner = type.fields.find((candidate) => candidate.name === name);
    if (before === undefined) merged[name] = value;
    else if (name === '$unknown' || (inner !== undefined && isRaw(inner.kind)))
      merged[name] = concatBytes([before as Bytes, value as Bytes]);
    else if (value instanceof Map) merged[name] = new Map([...(before as Map<string, unknown>), ...value]);
    else if (Array.isArray(value)) merged[name] = [...(before as unknown[]), ...value];
    else if (inner?.kind === 'message') merged[name] = mergeMessages(inner, before as Plain, value as Plain);
    else merged[name] = value;
  }
  return merged;
}

function decodeMapEntry(cursor: Cursor, field: Field, limit: number, out: Plain, depth: number): void {
  const end = cursor.delimited(limit);
  let key = '';
  let value: unknown;
  while (cursor.pos < end) {
    const tag = cursor.unsigned(end);
    const wire = tag & 7;
    if (tag === 10) key = cursor.text(cursor.delimited(end));
    else if (tag >> 3 === 2 && wire === wireTypeOf(field.value as ScalarKind)) {
      value =
        field.value === 'message'
          ? decodeMessage(cursor, (field.message as () => MessageType<object>)(), cursor.delimited(end), depth + 1)
          : decodeScalar(cursor, field.value as ScalarKind, end);
    } else skip(cursor, wire, tag >> 3, end, depth);
  }
  const map = (out[field.name] as Map<string, unknown> | undefined) ?? new Map<string, unknown>();
  out[field.name] = map;
  map.set(key, value ?? emptyValue(field.value as ScalarKind | 'message'));
}

function emptyValue(kind: ScalarKind | 'message'): unknown {
  if (kind === 'message') return {};
  if (kind === 'string') return '';
  if (kind === 'bytes') return concatBytes([]);
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
  const [low, high] = cursor.varint(limit);
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
        const tag = cursor.unsigned(limit);
        if ((tag & 7) === WIRE.endGroup) {
          if (Math.floor(tag / 8) !== number) cursor.fail('a group ends with another number than it began');
          return;
        }
        skip(cursor, tag & 7, Math.floor(tag / 8), limit, depth + 1);
      }
    default:
      cursor.fail(`wire type ${wire} is not possible`);
  }
}
