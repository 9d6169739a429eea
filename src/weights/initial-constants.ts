// The initial values of a bundle's weights as tensors with the names that the user gave them.
import type { Bytes } from '../base/bytes.js';
import { AscendBundleError, type Problem } from '../base/errors.js';
import { type Bundle, type BundleWeight, readBundle, readInitialValues } from '../formats/om/index.js';
import type { NamedTensor } from '../graph/tensor.js';

export interface InitialTensors {
  /** In update order; ranges of the bundle. */
  readonly tensors: readonly NamedTensor[];
  /** Of the others, why their value cannot be told. */
  readonly unknown: readonly Problem[];
}

/** @throws INIT_MISSING for a bundle without an init graph, and what its reader finds */
export function initialTensors(bundle: Bundle, path: string, wanted: readonly BundleWeight[] = bundle.weights): InitialTensors {
  const initial = readInitialValues(bundle) ?? initMissing(path);
  const values = new Map(initial.values.map(({ weight, constant }) => [weight, constant.tensor]));
  return {
    tensors: wanted.flatMap((weight) => {
      const { constName, spec } = weight;
      const data = values.get(weight)?.data;
      return data === undefined ? [] : [{ name: constName, dtype: spec.dtype, shape: spec.shape, data }];
    }),
    unknown: wanted.flatMap(({ constName }) => initial.unknown.get(constName) ?? []),
  };
}

/** Those of a bundle file, as a source of weights. @throws as `initialTensors` */
export function initialConstants(path: string, bytes: Bytes): readonly NamedTensor[] {
  return initialTensors(readBundle(bytes, path), path).tensors;
}

export function initMissing(path: string): never {
  throw new AscendBundleError('INIT_MISSING', {
    message: `${path} was built without an init graph, so it holds no initial values.`,
    fix: 'Give the weights at run time with run --update, from a file or the graph that it was built from; or build it again without --no-init.',
  });
}
