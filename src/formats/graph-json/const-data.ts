// The data of a const: nested numbers, a file, a fill, seeded random values.
import { type Bytes, memoryBytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { openInside } from '../../base/inside-folder.js';
import type { JsonPath } from '../../base/json-text.js';
import { encodeElements, hasElements, isFloat, isInteger } from '../../graph/elements.js';
import { repeatedBytes } from '../../graph/fill.js';
import { randomBytes } from '../../graph/random.js';
import { describeSpec, elementCount, sameShape, type Tensor, type TensorSpec, tensorBytes } from '../../graph/tensor.js';
import { namedFloat } from './attrs.js';
import type { Problems } from './problems.js';
import type { ConstJson } from './schema.js';

/**
 * Reads a tensor from a file: .npy, .npz (`key`), .safetensors (`key`), else raw little-endian bytes of `spec` from `offset` on.
 * Given by the caller, because formats do not know each other.
 */
export type LoadTensor = (path: string, key: string | undefined, offset: number | undefined, spec: TensorSpec) => Tensor;

export interface DataSources {
  /** Of the graph file; a const's file is inside it. */
  readonly folder: string;
  readonly loadTensor: LoadTensor;
}

/** @returns undefined, with problems reported, where there is no such data */
export function readConstData(
  json: ConstJson,
  spec: TensorSpec,
  path: JsonPath,
  sources: DataSources,
  problems: Problems,
): Bytes | undefined {
  const at = [...path, 'data'];
  if (!Number.isSafeInteger(elementCount(spec.shape)) || !Number.isSafeInteger(tensorBytes(spec.dtype, spec.shape))) {
    problems.add([...path, 'shape'], `Const "${json.name}" is ${describeSpec(spec)}, which is more than any file holds.`);
    return undefined;
  }
  const { data } = json;
  try {
    if (typeof data !== 'object' || Array.isArray(data)) return nestedValues(data, json.name, spec, at, problems);
    if ('file' in data) return fromFile(data, json.name, spec, sources);
    if ('random' in data) return randomBytes(spec.dtype, spec.shape, data.random);
    return filled(data.fill, json.name, spec, [...at, 'fill'], problems);
  } catch (error) {
    if (!(error instanceof AscendBundleError)) throw error;
    problems.addError(at, error);
    return undefined;
  }
}

function fromFile(
  data: { readonly file: string; readonly key?: string | undefined; readonly offset?: number | undefined },
  name: string,
  spec: TensorSpec,
  sources: DataSources,
): Bytes {
  using opened = openInside(sources.folder, data.file, `Const "${name}"`);
  const tensor = sources.loadTensor(opened.path, data.key, data.offset, spec);
  if (tensor.dtype !== spec.dtype || !sameShape(tensor.shape, spec.shape)) {
    throw new AscendBundleError('TENSOR_MISMATCH', {
      message: `Const "${name}" is declared as ${describeSpec(spec)}; ${data.file} has ${describeSpec(tensor)}.`,
      fix: 'Correct dtype and shape of the const, or the file.',
    });
  }
  return tensor.data;
}

function filled(value: number | string | boolean, name: string, spec: TensorSpec, at: JsonPath, problems: Problems): Bytes | undefined {
  const element = encode([value], name, { ...spec, shape: [] }, () => at, problems);
  if (element === undefined) return undefined;
  return repeatedBytes(element, tensorBytes(spec.dtype, spec.shape));
}

function nestedValues(data: unknown, name: string, spec: TensorSpec, at: JsonPath, problems: Problems): Bytes | undefined {
  const values: unknown[] = [];
  const report = (path: JsonPath, why: string): void =>
    problems.add(path, `Const "${name}" is ${describeSpec(spec)}, but its data has ${why}.`, 'Correct the shape, or the data.');
  if (!flatten(data, spec.shape, at, values, report)) return undefined;
  const raw = encode(values, name, spec, (index) => [...at, ...indices(index, spec.shape)], problems);
  return raw === undefined ? undefined : memoryBytes(raw);
}

/** Collects the elements in row-major order; stops at the first list that is not as `shape` says. */
function flatten(
  data: unknown,
  shape: readonly number[],
  at: JsonPath,
  out: unknown[],
  report: (path: JsonPath, why: string) => void,
): boolean {
  const [length, ...inner] = shape;
  if (length === undefined) {
    if (Array.isArray(data)) report(at, 'a list where a value is due');
    else out.push(data);
    return !Array.isArray(data);
  }
  if (!Array.isArray(data) || data.length !== length) {
    report(at, Array.isArray(data) ? `a list of ${data.length} where ${length} are due` : `a value where a list of ${length} is due`);
    return false;
  }
  return data.every((element, i) => flatten(element, inner, [...at, i], out, report));
}

/** Where element `index` stands in the nested lists. */
function indices(index: number, shape: readonly number[]): number[] {
  const out: number[] = [];
  let rest = index;
  for (const dim of [...shape].reverse()) {
    out.unshift(rest % dim);
    rest = Math.floor(rest / dim);
  }
  return out;
}

class Unfit extends Error {}

/** Elements to bytes; strings stand for the numbers that JSON cannot write. */
function encode(
  values: readonly unknown[],
  name: string,
  spec: TensorSpec,
  at: (index: number) => JsonPath,
  problems: Problems,
): Uint8Array | undefined {
  const { dtype } = spec;
  if (!hasElements(dtype)) {
    problems.add(
      at(0),
      `Const "${name}" is ${dtype.name}, whose elements cannot be written as numbers.`,
      'Give its bytes in a file: {"file": "w.bin"}.',
      'DTYPE_UNSUPPORTED',
    );
    return undefined;
  }
  const read = (value: unknown): unknown => {
    if (typeof value !== 'string') return value;
    if (isFloat(dtype)) return namedFloat(value) ?? value;
    return isInteger(dtype) && /^-?\d{1,20}$/.test(value) ? BigInt(value) : value;
  };
  const hasStrings = values.some((value) => typeof value === 'string');
  try {
    return encodeElements(dtype, hasStrings ? values.map(read) : values, (index, why) => {
      const shown = JSON.stringify(values[index]) ?? 'nothing';
      const strings = isFloat(dtype) ? 'Strings are "nan", "inf" and "-inf".' : undefined;
      problems.add(
        at(index),
        `Const "${name}": ${shown.length > 40 ? `${shown.slice(0, 37)}…` : shown} ${why}.`,
        typeof values[index] === 'string' ? strings : undefined,
      );
      throw new Unfit();
    });
  } catch (error) {
    // The problem has been reported where the place was known.
    if (error instanceof Unfit) return undefined;
    throw error;
  }
}
