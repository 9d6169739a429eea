// Attributes of a node as JSON values, the way back of attrs.ts.
import { dtypeOfGe } from '../../graph/dtype.js';
import type { AttrValue, Int64 } from '../../graph/graph.js';
import { DTYPE_IN_INT } from './attrs.js';
import type { AttrJson } from './schema.js';

/** What GE's serializer writes of the prototype itself; reading the graph finds it again. */
export const META_ATTRS: ReadonlySet<string> = new Set(
  '_opt_input _ir_attr_names _ir_inputs_key _ir_inputs_value _ir_outputs_key _ir_outputs_value'.split(' '),
);

/** Undefined for a kind that a graph.json does not have. */
export function attrJson(name: string, { kind, value }: AttrValue, type: string): AttrJson | undefined {
  switch (kind) {
    case 'int':
      return DTYPE_IN_INT.test(name) ? (dtypeName(value) ?? (type === 'Cast' ? undefined : intJson(value))) : intJson(value);
    case 'float':
      return floatJson(value);
    case 'bool':
    case 'string':
      return value;
    case 'dtype':
      return value.name;
    case 'ints':
      return value.map(intJson);
    case 'floats':
      return value.map(floatJson);
    case 'bools':
    case 'strings':
      return [...value];
    case 'dtypes':
      return value.map((dtype) => dtype.name);
    case 'intLists':
      return value.map((row) => row.map(intJson));
    case 'bytes':
    case 'tensor':
    case 'opaque':
      return undefined;
  }
}

function dtypeName(value: Int64): string | undefined {
  return dtypeOfGe(Number(value))?.name;
}

function intJson(value: Int64): number | string {
  return typeof value === 'number' ? value : String(value);
}

function floatJson(value: number): number | string {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}
