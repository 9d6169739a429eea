// New weights as they were given: tensors with names, each remembering where it comes from.
import type { NamedTensor } from '../graph/tensor.js';
import type { WeightSource } from './sources.js';

export interface GivenTensor extends NamedTensor {
  /** The file, or the text of the command line, for messages. */
  readonly source: string;
  /** What it is called there, where a map gave it another name. */
  readonly key?: string;
  /** One of the constants of a graph or a bundle: that no weight has its name is no mistake. */
  readonly isIncidental?: boolean;
}

/** The tensors of a file that has names for them. */
export function tensorsOf(file: Exclude<WeightSource, { readonly kind: 'raw' | 'npy' }>): readonly GivenTensor[] {
  const isIncidental = file.kind === 'constants';
  return file.tensors.map((tensor) => ({ ...tensor, source: file.path, ...(isIncidental ? { isIncidental } : {}) }));
}
