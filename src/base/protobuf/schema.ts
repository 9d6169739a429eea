// Protobuf messages as tables. A message is a plain object: an absent field is undefined, so that a field that is
// present with its default value (a oneof member, a proto2 optional) is written again as it was read.
import type { Bytes } from '../bytes.js';

/** A 64-bit integer: a number while it is exact, a bigint beyond ±2^53. */
export type Int64 = number | bigint;

export type ScalarKind =
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'sint32'
  | 'sint64'
  | 'bool'
  | 'enum'
  | 'float'
  | 'double'
  | 'fixed32'
  | 'fixed64'
  | 'string'
  | 'bytes';

/** Repeated numbers that are kept as their bytes on the wire. */
export type RawKind = 'raw32' | 'raw64' | 'rawVarint';

export interface Field {
  readonly number: number;
  readonly name: string;
  readonly kind: ScalarKind | 'message' | 'map' | RawKind;
  /** For messages, and for the values of a map when they are messages. A function, because messages nest in circles. */
  readonly message?: () => MessageType<object>;
  /** The kind of a map's values. */
  readonly value?: ScalarKind | 'message';
  readonly isRepeated: boolean;
  readonly isPacked: boolean;
}

/** What every decoded message may carry: fields that its table does not know, tag included, in order of appearance. */
export interface Unknown {
  $unknown?: Bytes;
}

export interface MessageType<T extends object> {
  readonly name: string;
  readonly fields: readonly Field[];
  readonly byNumber: ReadonlyMap<number, Field>;
  /** Only for the compiler: the shape of the decoded object. */
  readonly $type?: T;
}

type FieldSpec = Omit<Field, 'name'>;

/** The table must name exactly the fields of the interface. */
export function message<T extends object>(
  name: string,
  specs: { readonly [K in Exclude<keyof T, '$unknown'>]-?: FieldSpec },
): MessageType<T> {
  const fields = Object.entries<FieldSpec>(specs)
    .map(([fieldName, spec]) => ({ ...spec, name: fieldName }))
    .sort((a, b) => a.number - b.number);
  return { name, fields, byNumber: new Map(fields.map((field) => [field.number, field])) };
}

export function one(number: number, kind: ScalarKind): FieldSpec {
  return { number, kind, isRepeated: false, isPacked: false };
}

/** A repeated scalar in the proto3 form: packed when it is a number. */
export function many(number: number, kind: ScalarKind): FieldSpec {
  return { number, kind, isRepeated: true, isPacked: kind !== 'string' && kind !== 'bytes' };
}

/** A repeated scalar in the proto2 form: one tag per element. */
export function manyUnpacked(number: number, kind: ScalarKind): FieldSpec {
  return { number, kind, isRepeated: true, isPacked: false };
}

export function oneMessage<T extends object>(number: number, type: () => MessageType<T>): FieldSpec {
  return { number, kind: 'message', message: type as () => MessageType<object>, isRepeated: false, isPacked: false };
}

export function manyMessages<T extends object>(number: number, type: () => MessageType<T>): FieldSpec {
  return { number, kind: 'message', message: type as () => MessageType<object>, isRepeated: true, isPacked: false };
}

/** map<string, V>: a JavaScript Map in the order of the wire. */
export function mapOf<T extends object>(number: number, value: ScalarKind | (() => MessageType<T>)): FieldSpec {
  const base = { number, kind: 'map', isRepeated: true, isPacked: false } as const;
  return typeof value === 'string' ? { ...base, value } : { ...base, value: 'message', message: value as () => MessageType<object> };
}

/**
 * A packed repeated float (4) or double (8) kept as its little-endian bytes: a tensor's float_data may be large,
 * and stays in the file.
 */
export function rawFixed(number: number, bytesPerElement: 4 | 8): FieldSpec {
  return { number, kind: bytesPerElement === 4 ? 'raw32' : 'raw64', isRepeated: false, isPacked: true };
}

/** A packed repeated integer kept as its varints, for the same reason; `varints` reads them. */
export function rawVarints(number: number): FieldSpec {
  return { number, kind: 'rawVarint', isRepeated: false, isPacked: true };
}

export function isRaw(kind: Field['kind']): kind is RawKind {
  return kind === 'raw32' || kind === 'raw64' || kind === 'rawVarint';
}

export const WIRE = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

export function wireTypeOf(kind: Field['kind']): number {
  switch (kind) {
    case 'float':
    case 'fixed32':
      return WIRE.fixed32;
    case 'double':
    case 'fixed64':
      return WIRE.fixed64;
    case 'string':
    case 'bytes':
    case 'message':
    case 'map':
    case 'raw32':
    case 'raw64':
    case 'rawVarint':
      return WIRE.bytes;
    default:
      return WIRE.varint;
  }
}

/** Nesting that a decoder follows; the limit of the common protobuf libraries. */
export const MAX_DEPTH = 100;
