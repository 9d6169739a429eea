// Tensors inside JSON documents: a text in the grammar of `--input`, or numbers in nested lists. What JSON has no number for is a
// string ("nan", "-inf", integers beyond 2^53), in both directions.
import { AscendBundleError } from '../base/errors.js';
import { dtype as dtypeNamed } from '../graph/dtype.js';
import { DTYPE_SPELLINGS, dtypeOfSpelling } from '../graph/dtype-spelling.js';
import { type Element, elementAt, elementsOf } from '../graph/elements.js';
import type { Shape, Tensor, TensorSpec } from '../graph/tensor.js';
import { formatElement } from './elements-text.js';
import { shown } from './shown.js';
import { type DeclaredSpec, type ParsedValue, parseTensorValue } from './value-syntax.js';

/** A list as deep as this is no tensor, and a reader that follows it would run out of stack. */
const MAX_RANK = 32;

/**
 * @param given  `"@x.npy"`, `"splat:0"`, `1.5`, `[[1, 2], [3, 4]]`, or `{ dtype, shape, data }` of which dtype and shape may be left out
 * @param spec  of the input or weight of that name, where there is one: what is left out is taken from it
 * @throws VALUE_SYNTAX
 */
export function parseJsonTensor(name: string, given: unknown, spec: TensorSpec | undefined): ParsedValue {
  if (typeof given === 'string') return parseTensorValue(`${name}=${given}`, [name]);
  const { dtype, shape, data } = isRecord(given) ? readRecord(name, given) : { dtype: undefined, shape: undefined, data: given };
  const tokens: string[] = [];
  const nested = flatten(name, data, tokens, 0);
  // An empty list says "keep" of a weight, so its shape counts as well.
  const stated = shape ?? (nested.length > 1 || nested.includes(0) ? nested : undefined);
  const declared = declare(dtype ?? spec?.dtype.name, stated ?? (dtype === undefined ? undefined : (spec?.shape ?? nested)));
  return { text: shown(`${name}=${JSON.stringify(data)}`), name, declared, content: { kind: 'values', tokens } };
}

function declare(dtype: string | undefined, shape: Shape | undefined): DeclaredSpec | undefined {
  return dtype === undefined || shape === undefined ? undefined : { dtype: dtypeNamed(dtype), shape };
}

interface TensorRecord {
  readonly dtype: string | undefined;
  readonly shape: Shape | undefined;
  readonly data: unknown;
}

function isRecord(given: unknown): given is Readonly<Record<string, unknown>> {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}

function readRecord(name: string, { dtype, shape, data, ...rest }: Readonly<Record<string, unknown>>): TensorRecord {
  const [extra] = Object.keys(rest);
  if (extra !== undefined) fail(name, `has the field "${shown(extra)}"`);
  if (data === undefined) fail(name, 'has no field "data"');
  const known = dtype === undefined ? undefined : typeof dtype === 'string' ? dtypeOfSpelling(dtype) : undefined;
  if (dtype !== undefined && known === undefined)
    fail(name, `has the dtype ${shown(JSON.stringify(dtype))}`, `A dtype is ${DTYPE_SPELLINGS}.`);
  if (shape !== undefined && !isShape(shape)) fail(name, `has the shape ${shown(JSON.stringify(shape))}, not a list of sizes`);
  return { dtype: known?.name, shape, data };
}

function isShape(value: unknown): value is Shape {
  return Array.isArray(value) && value.length <= MAX_RANK && value.every((dim) => Number.isSafeInteger(dim) && dim >= 0);
}

/** Appends the numbers as tokens; gives the shape of the lists. */
function flatten(name: string, data: unknown, tokens: string[], depth: number): Shape {
  if (!Array.isArray(data)) {
    if (typeof data !== 'number' && typeof data !== 'boolean' && typeof data !== 'string') {
      fail(name, `has ${shown(JSON.stringify(data))} where a number belongs`);
    }
    tokens.push(String(data));
    return [];
  }
  if (depth === MAX_RANK) fail(name, `has lists inside lists, more than ${MAX_RANK} deep`);
  const shapes = data.map((one) => flatten(name, one, tokens, depth + 1).join());
  if (shapes.some((shape) => shape !== shapes[0])) fail(name, 'has lists of different lengths');
  const [first = ''] = shapes;
  return [data.length, ...(first === '' ? [] : first.split(',').map(Number))];
}

function fail(name: string, why: string, fix?: string): never {
  throw new AscendBundleError('VALUE_SYNTAX', {
    message: `The value of "${shown(name)}" ${why}.`,
    fix: fix ?? 'Write a text as on the command line ("@x.npy", "splat:0"), numbers in nested lists, or {"dtype", "shape", "data"}.',
  });
}

/** A tensor that fits in memory as nested lists; of rank 0, the value itself. */
export function toJsonLists(tensor: Tensor): unknown {
  const { dtype, shape } = tensor;
  const array = elementsOf(tensor);
  const build = (level: number, start: number, size: number): unknown => {
    if (level === shape.length) return jsonElement(elementAt(dtype, array, start));
    const step = size / (shape[level] as number);
    return Array.from({ length: shape[level] as number }, (_, i) => build(level + 1, start + i * step, step));
  };
  return build(0, 0, array.length);

  function jsonElement(value: Element): unknown {
    if (typeof value === 'boolean') return value;
    const text = formatElement(dtype, value);
    const isNumber = typeof value === 'bigint' ? Number.isSafeInteger(Number(value)) : Number.isFinite(value);
    return isNumber ? Number(text) : text;
  }
}
