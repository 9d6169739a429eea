// Attributes of a node: JSON values to the kinds that the operator's prototype declares.
import type { JsonPath } from '../../base/json-text.js';
import { findDType } from '../../graph/dtype.js';
import type { AttrValue, Int64 } from '../../graph/graph.js';
import type { AttrKind, AttrPrototype, OpPrototype } from '../../graph/ops/prototypes.js';
import type { Problems } from './problems.js';
import type { AttrJson, NodeJson } from './schema.js';

/** Attributes that are declared as Int and hold a ge::DataType: `Cast.dst_type` and its like. */
export const DTYPE_IN_INT = /(^|_)(dtype|dst_type)$|^Tout$/;

/** @throws nothing; problems are reported */
export function readAttrs(node: NodeJson, prototype: OpPrototype, path: JsonPath, problems: Problems): Map<string, AttrValue> {
  const attrs = new Map<string, AttrValue>();
  for (const [name, json] of Object.entries(node.attrs ?? {})) {
    const declared = prototype.attrs.find((attr) => attr.name === name);
    const at = [...path, 'attrs', name];
    if (declared !== undefined) {
      const value = readAttr(json, declared, node, at, problems);
      if (value !== undefined) attrs.set(name, value);
    } else if (name.startsWith('_') && name !== '__proto__') {
      // GE's own attributes (`_op_impl_mode`, …) are in no prototype. zod does not look at the value of a `__proto__`.
      attrs.set(name, ownAttr(json));
    } else {
      const names = prototype.attrs.map((attr) => attr.name);
      const otherwise =
        names.length === 0 ? `${node.type} has no attributes; take it out.` : `The attributes of ${node.type} are ${names.join(', ')}.`;
      problems.add(
        at,
        `${node.type} has no attribute "${name}".`,
        problems.suggest(name, () => names, otherwise),
      );
    }
  }
  for (const { name, kind, required } of prototype.attrs) {
    if (required && !Object.hasOwn(node.attrs ?? {}, name)) {
      problems.add([...path, 'attrs'], `Node "${node.name}" (${node.type}) needs the attribute "${name}".`, `Add it: ${WANTED[kind]}.`);
    }
  }
  return attrs;
}

const WANTED: Readonly<Record<AttrKind, string>> = {
  int: 'a whole number (beyond 2^53 as a string)',
  float: 'a number, or "nan", "inf", "-inf"',
  bool: 'true or false',
  string: 'a string',
  dtype: 'the name of a dtype, such as "float32"',
  tensor: 'a tensor',
  ints: 'a list of whole numbers',
  floats: 'a list of numbers',
  bools: 'a list of true and false',
  strings: 'a list of strings',
  dtypes: 'a list of names of dtypes',
  intLists: 'a list of lists of whole numbers',
};

function readAttr(json: AttrJson, { name, kind }: AttrPrototype, node: NodeJson, at: JsonPath, problems: Problems): AttrValue | undefined {
  if (kind === 'tensor') {
    problems.add(
      at,
      `The attribute "${name}" of ${node.type} is a tensor, which an attribute here cannot be.`,
      'Declare it under "consts".',
    );
    return undefined;
  }
  const value =
    kind === 'int' && DTYPE_IN_INT.test(name)
      ? (dtypeNumber(json) ?? (name === 'dst_type' && node.type === 'Cast' ? undefined : READERS.int(json)))
      : READERS[kind](json);
  if (value !== undefined) return { kind, value } as AttrValue;
  const wanted = kind === 'int' && DTYPE_IN_INT.test(name) ? WANTED.dtype : WANTED[kind];
  const fix =
    kind === 'dtype' && typeof json === 'string'
      ? 'Use a numpy name: float32, float16, bfloat16, int32, int64, uint8, bool, …'
      : `Give ${wanted}.`;
  problems.add(at, `The attribute "${name}" of ${node.type} is ${show(json)}; it must be ${wanted}.`, fix);
  return undefined;
}

const READERS = {
  int: readInt,
  float: readFloat,
  bool: (json: AttrJson) => (typeof json === 'boolean' ? json : undefined),
  string: (json: AttrJson) => (typeof json === 'string' ? json : undefined),
  dtype: readDType,
  ints: (json: AttrJson) => listOf(json, readInt),
  floats: (json: AttrJson) => listOf(json, readFloat),
  bools: (json: AttrJson) => listOf(json, (one) => (typeof one === 'boolean' ? one : undefined)),
  strings: (json: AttrJson) => listOf(json, (one) => (typeof one === 'string' ? one : undefined)),
  dtypes: (json: AttrJson) => listOf(json, readDType),
  intLists: (json: AttrJson) => listOf(json, (row) => listOf(row, readInt)),
} as const satisfies Readonly<Record<Exclude<AttrKind, 'tensor'>, (json: AttrJson) => unknown>>;

function listOf<T>(json: AttrJson, read: (one: AttrJson) => T | undefined): T[] | undefined {
  if (!Array.isArray(json)) return undefined;
  const values = json.map(read);
  return values.some((value) => value === undefined) ? undefined : (values as T[]);
}

const LOWEST = -(2n ** 63n);
const HIGHEST = 2n ** 63n - 1n;

function readInt(json: AttrJson): Int64 | undefined {
  if (typeof json === 'number') return Number.isSafeInteger(json) ? json : undefined;
  if (typeof json !== 'string' || !/^-?\d{1,19}$/.test(json)) return undefined;
  const value = BigInt(json);
  if (value < LOWEST || value > HIGHEST) return undefined;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function readFloat(json: AttrJson): number | undefined {
  if (typeof json === 'number') return json;
  return typeof json === 'string' ? namedFloat(json) : undefined;
}

/** The floats that JSON cannot write. */
export function namedFloat(text: string): number | undefined {
  const names: Record<string, number> = { nan: Number.NaN, inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY };
  return Object.hasOwn(names, text) ? names[text] : undefined;
}

function readDType(json: AttrJson) {
  return typeof json === 'string' ? findDType(json) : undefined;
}

/** GE keeps such an attribute as the number of ge::DataType. */
function dtypeNumber(json: AttrJson): number | undefined {
  return readDType(json)?.ge;
}

function ownAttr(json: AttrJson): AttrValue {
  if (typeof json === 'boolean') return { kind: 'bool', value: json };
  if (typeof json === 'string') return { kind: 'string', value: json };
  if (typeof json === 'number') return Number.isSafeInteger(json) ? { kind: 'int', value: json } : { kind: 'float', value: json };
  if (json.length > 0 && json.every((one) => typeof one === 'string')) return { kind: 'strings', value: json };
  if (json.length > 0 && json.every((one) => typeof one === 'boolean')) return { kind: 'bools', value: json };
  const rows = READERS.intLists(json);
  if (json.length > 0 && rows !== undefined) return { kind: 'intLists', value: rows };
  return json.every((one) => Number.isSafeInteger(one))
    ? { kind: 'ints', value: json as number[] }
    : { kind: 'floats', value: json.map(Number) };
}

function show(json: AttrJson): string {
  const text = JSON.stringify(json);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
