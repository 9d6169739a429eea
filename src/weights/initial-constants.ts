// The initial values of a bundle's weights as tensors with names.
import type { Bytes } from '../base/bytes.js';
import { AscendBundleError } from '../base/errors.js';
import { readBundle, readInitialValues } from '../formats/om/index.js';
import type { NamedTensor } from '../graph/tensor.js';

/** @throws INIT_MISSING for a bundle without an init graph, and what its reader finds */
export function initialConstants(path: string, bytes: Bytes): readonly NamedTensor[] {
  const initial = readInitialValues(readBundle(bytes, path));
  if (initial !== undefined) return initial.values.map(({ weight, constant }) => ({ ...constant.tensor, name: weight.constName }));
  throw new AscendBundleError('INIT_MISSING', {
    message: `${path} was built without an init graph, so it holds no values of its weights.`,
    fix: 'Give a file of weights, or the graph that the bundle was built from.',
  });
}
