// What a model was given, in the words of `verify` and `predict`.
import type { Tensor } from '../../graph/tensor.js';

export interface InputFields {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Of an input that was not given: as in `rand:SEED`. */
  readonly seed: number | null;
}

export function inputFields(inputs: ReadonlyMap<string, Tensor>, seeds: ReadonlyMap<string, number>): readonly InputFields[] {
  return [...inputs].map(([name, { dtype, shape }]) => ({ name, dtype: dtype.name, shape: [...shape], seed: seeds.get(name) ?? null }));
}
