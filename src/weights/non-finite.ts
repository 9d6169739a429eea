// NaN and infinity in a tensor, with the place of the first as a person counts it.
import { atOnce } from '../base/pauses.js';
import { nonFiniteElements } from '../graph/non-finite.js';
import type { Tensor } from '../graph/tensor.js';
import { elementIndex } from './element-index.js';

export interface NonFinite {
  readonly count: number;
  /** Index of the first one, one number per dimension. */
  readonly first: readonly number[];
}

/** undefined when all values are finite, as those of integers are. Reads the tensor in pieces. */
export function findNonFinite(tensor: Tensor): NonFinite | undefined {
  const found = atOnce(nonFiniteElements(tensor));
  return found === undefined ? undefined : { count: found.count, first: elementIndex(found.place, tensor.shape) };
}
