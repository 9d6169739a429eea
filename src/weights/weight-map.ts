// A map file: other names, and other orders of dimensions, for the tensors of a checkpoint.
import { openFile } from '../base/bytes.js';
import { AscendBundleError, type Problem } from '../base/errors.js';
import { jsonPointer, parseJson } from '../base/json-text.js';
import { throwProblems } from '../base/problems.js';
import { describeSpec, type NamedTensor, type Tensor } from '../graph/tensor.js';
import { transposeTensor } from '../graph/transpose.js';
import { mapSchema, type WeightMapFile } from './weight-map-schema.js';

export type MapEntry = WeightMapFile['entries'][number];

export interface WeightMap {
  /** Of the file, for messages. */
  readonly path: string;
  readonly entries: readonly MapEntry[];
}

const MAX_BYTES = 100_000_000;

/** @throws FILE_NOT_FOUND, FILE_IO, FILE_MALFORMED with the JSON pointer of each mistake */
export function readWeightMap(path: string): WeightMap {
  const bytes = openFile(path);
  if (bytes.length > MAX_BYTES) {
    throw new AscendBundleError('FILE_MALFORMED', {
      message: `${path} has ${bytes.length} bytes; a map has at most ${MAX_BYTES}.`,
      fix: 'Give a map file, not the checkpoint itself.',
    });
  }
  const checked = mapSchema.safeParse(parseJson(new TextDecoder().decode(bytes.read()), path));
  if (!checked.success) {
    const problems = checked.error.issues.map((issue) => malformed(path, issue.message, issue.path));
    throwProblems(problems, path, 'FILE_MALFORMED');
  }
  const { entries } = checked.data as WeightMapFile;
  throwProblems(repeatedTargets(entries, path), path, 'FILE_MALFORMED');
  return { path, entries };
}

function malformed(path: string, why: string, at: readonly PropertyKey[]): Problem {
  return {
    code: 'FILE_MALFORMED',
    message: `${path} is not a map: ${why}.`,
    at: jsonPointer(at),
    fix: 'Its form: {"schema": "ascend-bundle/map@1", "entries": [{"from": "key", "to": "const", "transpose": [1, 0]}]}.',
  };
}

function repeatedTargets(entries: readonly MapEntry[], path: string): Problem[] {
  const seen = new Set<string>();
  return entries.flatMap(({ to }, i) => {
    if (seen.has(to)) return [malformed(path, `"${to}" is given a second time`, ['entries', i, 'to'])];
    seen.add(to);
    return [];
  });
}

/**
 * The tensors under the names of the map, which may use one several times; those that it does not name stay as they are.
 *
 * @throws TENSOR_MISMATCH for a `transpose` that does not go with the tensor
 */
export function applyMap<T extends NamedTensor>(map: WeightMap, tensors: readonly T[]): readonly (T & { readonly key?: string })[] {
  const byKey = new Map<string, { readonly entry: MapEntry; readonly at: string }[]>();
  map.entries.forEach((entry, i) => {
    byKey.set(entry.from, [...(byKey.get(entry.from) ?? []), { entry, at: jsonPointer(['entries', i, 'transpose']) }]);
  });
  return tensors.flatMap((tensor) => {
    const uses = byKey.get(tensor.name);
    if (uses === undefined) return [tensor];
    return uses.map(({ entry, at }) => ({ ...tensor, ...turned(tensor, entry, map.path, at), name: entry.to, key: tensor.name }));
  });
}

function turned(tensor: NamedTensor, { transpose }: MapEntry, path: string, at: string): Tensor {
  if (transpose === undefined) return tensor;
  const isOrder = transpose.length === tensor.shape.length && [...transpose].sort((a, b) => a - b).every((axis, i) => axis === i);
  if (isOrder) return transposeTensor(tensor, transpose);
  throw new AscendBundleError('TENSOR_MISMATCH', {
    message: `${path} transposes "${tensor.name}" by [${transpose.join(', ')}], which is no order of the dimensions of ${describeSpec(tensor)}.`,
    at,
    fix: `Write each of 0 to ${tensor.shape.length - 1} once, or leave "transpose" out.`,
  });
}
