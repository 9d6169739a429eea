// The place of an element, one number per dimension.
import type { Shape } from '../graph/tensor.js';

/** @param place  of the element in row-major order */
export function elementIndex(place: number, shape: Shape): number[] {
  const out: number[] = [];
  let rest = place;
  for (const dim of [...shape].reverse()) {
    out.unshift(rest % dim);
    rest = Math.floor(rest / dim);
  }
  return out;
}
