// Comparison of results: NaN equals NaN, infinities equal themselves, integers are exact by the absolute tolerance alone.
import { expect } from 'vitest';

export interface Tolerance {
  readonly relative?: number;
  readonly absolute?: number;
}

type Numbers = ArrayLike<number | bigint | string>;

/** The first place where the lists differ, or undefined. */
export function firstDifference(got: Numbers, want: Numbers, { relative = 1e-4, absolute = 1e-5 }: Tolerance = {}): string | undefined {
  if (got.length !== want.length) return `${got.length} elements, not ${want.length}`;
  for (let i = 0; i < want.length; i++) {
    const [a, b] = [Number(got[i]), Number(want[i])];
    if (Object.is(a, b) || a === b) continue;
    if (!(Math.abs(a - b) <= absolute + relative * Math.abs(b))) return `element ${i} is ${a}, not ${b}`;
  }
  return undefined;
}

export function expectClose(got: Numbers | undefined, want: Numbers, tolerance?: Tolerance): void {
  expect(got).toBeDefined();
  expect(firstDifference(got as Numbers, want, tolerance)).toBeUndefined();
}
