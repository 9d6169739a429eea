// Tensors of a checkpoint under the names, and in the order of dimensions, that a map gives them.
import { AscendBundleError } from '../base/errors.js';
import { jsonPointer } from '../base/json-text.js';
import { describeSpec, type NamedTensor, type Tensor } from '../graph/tensor.js';
import { transposeTensor } from '../graph/transpose.js';

/** As `mapSchema` has it; said here so that the library's types do not depend on zod's. */
export interface MapEntry {
  /** The name in the checkpoint. */
  readonly from: string;
  /** The constant of the graph, the weight of the bundle. */
  readonly to: string;
  /** Axis i of the weight is axis transpose[i] of the tensor. */
  readonly transpose?: readonly number[] | undefined;
  /** How it was found; for the reader. */
  readonly by?: string | undefined;
}

export interface WeightMap {
  /** Of the file, for messages. */
  readonly path: string;
  readonly entries: readonly MapEntry[];
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
