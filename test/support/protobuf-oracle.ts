// One message with a field of every form, three times: as a table of ours, as a descriptor for @bufbuild/protobuf, and as
// an arbitrary that makes values of it. The descriptor is put together at run time; nothing is generated.
import {
  create,
  createFileRegistry,
  type DescMessage,
  fromBinary,
  type Message,
  type MessageInitShape,
  toBinary,
} from '@bufbuild/protobuf';
import {
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { type Bytes, memoryBytes } from '../../src/base/bytes.js';
import {
  type MessageType,
  many,
  manyMessages,
  manyUnpacked,
  mapOf,
  message,
  one,
  oneMessage,
  type Unknown,
} from '../../src/base/protobuf/index.js';
import type { ScalarKind } from '../../src/base/protobuf/schema.js';

/** A message in our form; fields by name. */
export type Value = Unknown & Record<string, unknown>;

interface Kind {
  readonly type: Type;
  readonly values: fc.Arbitrary<unknown>;
}

/** Where a number becomes a bigint, and where one half of the 64 bits is full. */
const EDGES = [2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 52n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n];
const int64 = (min: bigint, max: bigint) =>
  fc
    .oneof(fc.bigInt(min, max), fc.constantFrom(min, max, 0n, 1n, ...EDGES, ...EDGES.map((edge) => -edge)))
    .filter((value) => value >= min && value <= max)
    .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value));
const int = (min: number, max: number) => fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max, 0, 1));
const bytes = fc.uint8Array({ maxLength: 40 });

/** The enum of the descriptor has these values. */
const ENUM = [0, 1, 150, -1];

export const KINDS: Readonly<Record<ScalarKind, Kind>> = {
  int32: { type: Type.INT32, values: int(-(2 ** 31), 2 ** 31 - 1) },
  int64: { type: Type.INT64, values: int64(-(2n ** 63n), 2n ** 63n - 1n) },
  uint32: { type: Type.UINT32, values: int(0, 2 ** 32 - 1) },
  uint64: { type: Type.UINT64, values: int64(0n, 2n ** 64n - 1n) },
  sint32: { type: Type.SINT32, values: int(-(2 ** 31), 2 ** 31 - 1) },
  sint64: { type: Type.SINT64, values: int64(-(2n ** 63n), 2n ** 63n - 1n) },
  bool: { type: Type.BOOL, values: fc.boolean() },
  enum: { type: Type.ENUM, values: fc.constantFrom(...ENUM) },
  float: { type: Type.FLOAT, values: fc.float() },
  double: { type: Type.DOUBLE, values: fc.double() },
  fixed32: { type: Type.FIXED32, values: int(0, 2 ** 32 - 1) },
  fixed64: { type: Type.FIXED64, values: int64(0n, 2n ** 64n - 1n) },
  string: { type: Type.STRING, values: fc.string({ unit: 'binary', maxLength: 40 }) },
  bytes: { type: Type.BYTES, values: bytes },
};
const kinds = Object.entries(KINDS) as [ScalarKind, Kind][];

/** Field numbers: one, two and three bytes of tag. */
const ONE = 1;
const PACKED = 101;
const UNPACKED = 301;
const MAP = 5001;
const [INNER, INNERS, MAP_OF_INNER] = [16, 2047, 536870911];

function fieldSpecs(hasPacked: boolean) {
  const repeated = hasPacked ? many : manyUnpacked;
  return {
    ...Object.fromEntries(kinds.map(([kind], i) => [`one_${kind}`, one(ONE + i, kind)])),
    ...Object.fromEntries(kinds.map(([kind], i) => [`packed_${kind}`, repeated(PACKED + i, kind)])),
    ...Object.fromEntries(kinds.map(([kind], i) => [`unpacked_${kind}`, manyUnpacked(UNPACKED + i, kind)])),
    ...Object.fromEntries(kinds.map(([kind], i) => [`map_${kind}`, mapOf(MAP + i, kind)])),
    inner: oneMessage(INNER, () => All),
    inners: manyMessages(INNERS, () => All),
    map_inner: mapOf(MAP_OF_INNER, () => All),
  };
}
export const ALL_FIELDS = fieldSpecs(true);
export const All: MessageType<Value> = message<Value>('All', ALL_FIELDS as never);
/** Writes one tag per element where `All` packs. */
export const AllUnpacked: MessageType<Value> = message<Value>('All', fieldSpecs(false) as never);

type FieldInit = Exclude<MessageInitShape<typeof FieldDescriptorProtoSchema>, FieldDescriptorProto>;

function field(name: string, number: number, type: Type, label: Label, extra: Partial<FieldInit> = {}) {
  return create(FieldDescriptorProtoSchema, {
    name,
    number,
    type,
    label,
    ...(type === Type.ENUM ? { typeName: '.t.E' } : {}),
    ...(type === Type.MESSAGE ? { typeName: '.t.All' } : {}),
    ...extra,
  });
}

const canPack = (type: Type) => type !== Type.STRING && type !== Type.BYTES;
/** proto names are in lower case with underscores, and bufbuild's are camelCase: without underscores both are one. */
export const plainName = (name: string) => name.replaceAll('_', '');

const mapTypes = [
  ...kinds.map(([kind, { type }], i) => ({ name: `map_${kind}`, number: MAP + i, type })),
  { name: 'map_inner', number: MAP_OF_INNER, type: Type.MESSAGE },
];
const entryName = (name: string) => `${plainName(name).charAt(0).toUpperCase()}${plainName(name).slice(1)}Entry`;

export const AllDesc: DescMessage = (() => {
  const file = create(FileDescriptorProtoSchema, {
    name: 't.proto',
    package: 't',
    syntax: 'proto2',
    enumType: [{ name: 'E', value: ENUM.map((number, i) => ({ name: `V${i}`, number })) }],
    messageType: [
      {
        name: 'All',
        field: [
          ...kinds.map(([kind, { type }], i) => field(plainName(`one_${kind}`), ONE + i, type, Label.OPTIONAL)),
          ...kinds.map(([kind, { type }], i) =>
            field(
              plainName(`packed_${kind}`),
              PACKED + i,
              type,
              Label.REPEATED,
              canPack(type) ? ({ options: { packed: true } } as never) : {},
            ),
          ),
          ...kinds.map(([kind, { type }], i) => field(plainName(`unpacked_${kind}`), UNPACKED + i, type, Label.REPEATED)),
          ...mapTypes.map(({ name, number }) =>
            field(plainName(name), number, Type.MESSAGE, Label.REPEATED, { typeName: `.t.All.${entryName(name)}` }),
          ),
          field('inner', INNER, Type.MESSAGE, Label.OPTIONAL),
          field('inners', INNERS, Type.MESSAGE, Label.REPEATED),
        ],
        nestedType: mapTypes.map(({ name, type }) => ({
          name: entryName(name),
          options: { mapEntry: true },
          field: [field('key', 1, Type.STRING, Label.OPTIONAL), field('value', 2, type, Label.OPTIONAL)],
        })),
      },
    ],
  });
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [file] })).getMessage('t.All') as DescMessage;
})();

/** Random messages in our form, nested up to three deep. */
export const allValues: fc.Arbitrary<Value> = fc.letrec<{ message: Value }>((tie) => {
  const scalar = (prefix: string, make: (values: fc.Arbitrary<unknown>) => fc.Arbitrary<unknown>) =>
    Object.fromEntries(
      kinds.map(([kind, { values }]) => [
        `${prefix}_${kind}`,
        make(kind === 'bytes' ? values.map((raw) => memoryBytes(raw as Uint8Array)) : values),
      ]),
    );
  const mapFrom = (values: fc.Arbitrary<unknown>) =>
    fc
      .uniqueArray(fc.tuple(fc.string({ maxLength: 5 }), values), { minLength: 1, maxLength: 3, selector: ([key]) => key })
      .map((entries) => new Map(entries));
  const some = (values: fc.Arbitrary<unknown>) => fc.array(values, { minLength: 1, maxLength: 4 });
  const fields: Record<string, fc.Arbitrary<unknown>> = {
    ...scalar('one', (values) => values),
    ...scalar('packed', some),
    ...scalar('unpacked', some),
    ...scalar('map', mapFrom),
    inner: tie('message'),
    inners: fc.array(tie('message'), { minLength: 1, maxLength: 2 }),
    map_inner: mapFrom(tie('message')),
  };
  const names = Object.keys(fields);
  const leaf = fc.subarray(
    names.filter((name) => !name.includes('inner')),
    { maxLength: 8 },
  );
  const any = fc.subarray(names, { maxLength: 8 });
  const build = (chosen: fc.Arbitrary<string[]>) =>
    chosen.chain(
      (list) => fc.record(Object.fromEntries(list.map((name) => [name, fields[name] as fc.Arbitrary<unknown>]))) as fc.Arbitrary<Value>,
    );
  return { message: fc.oneof({ maxDepth: 3, depthIdentifier: 'all' }, build(leaf), build(any)) as fc.Arbitrary<Value> };
}).message;

/** A value of ours as bufbuild's message. */
export function toTheirs(value: Value): Message {
  const init: Record<string, unknown> = {};
  for (const [name, content] of Object.entries(value)) init[plainName(name)] = convert(name, content);
  return create(AllDesc, init as never);
}

function convert(name: string, content: unknown): unknown {
  if (content instanceof Map) return Object.fromEntries([...content].map(([key, value]) => [key, convertOne(name, value)]));
  return Array.isArray(content) ? content.map((value) => convertOne(name, value)) : convertOne(name, content);
}

function convertOne(name: string, value: unknown): unknown {
  if (/(?:int|fixed)64$/.test(name)) return BigInt(value as number);
  if (name.endsWith('bytes')) return (value as Bytes).read();
  return name.includes('inner') ? toTheirs(value as Value) : value;
}

export const theirBytes = (value: Value): Uint8Array => toBinary(AllDesc, toTheirs(value));
export const readByThem = (raw: Uint8Array): Message => fromBinary(AllDesc, raw);

/** A value as plain data: ranges as hex, NaN kept apart from null by vitest itself. */
export function comparable(value: unknown): unknown {
  if (value instanceof Map) return new Map([...value].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, comparable(inner)]));
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  if ('read' in value) return `0x${Buffer.from((value as Bytes).read()).toString('hex')}`;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, comparable(inner)]));
}
