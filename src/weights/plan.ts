// What an update will do, decided before the first byte moves: every name, dtype, shape and value is compared with the bundle.
import type { Problem } from '../base/errors.js';
import { throwProblems } from '../base/problems.js';
import type { RefreshableWeight } from '../graph/refreshable.js';
import { type CompareOptions, type CompareRow, compareUpdate, type PlannedTensor, type RowStatus } from './compare.js';
import type { GivenTensor } from './given.js';
import { examineValues, type ValueReport } from './values.js';

export interface UpdatePlan extends ValueReport {
  /** New values by const name, in update order. */
  readonly tensors: ReadonlyMap<string, PlannedTensor>;
  /** Names of weights that get a new value, in update order. */
  readonly updated: readonly string[];
  /** Names of weights that keep theirs: not given, or given as an empty tensor. */
  readonly kept: readonly string[];
  /** Names that were given and that no weight has, with `ignoreExtra`. */
  readonly ignored: readonly string[];
}

export interface PlanOptions extends CompareOptions {
  /** Do not look at the values yet, which takes a look at every one: `examineValues` does. */
  readonly withoutValues?: boolean;
}

/**
 * @param given  tensors with a source; `source` is shown in messages
 * @throws all problems at once, with the code that they share, else TENSOR_MISMATCH: INPUT_REPEATED, TENSOR_MISMATCH, WEIGHT_UNKNOWN, WEIGHTS_MISSING
 */
export function planUpdate(
  weights: readonly RefreshableWeight[],
  given: readonly GivenTensor[],
  { withoutValues = false, ...options }: PlanOptions = {},
): UpdatePlan {
  const { rows, tensors } = compareUpdate(weights, given, options);
  throwProblems(problemsOf(rows), 'The update', 'TENSOR_MISMATCH');
  const named = (wanted: RowStatus): string[] => rows.filter(({ status }) => status === wanted).map(({ name }) => name);
  return {
    tensors,
    updated: [...tensors.keys()],
    kept: named('kept'),
    ignored: named('ignored'),
    ...(withoutValues ? { casts: [], warnings: [] } : examineValues(tensors)),
  };
}

const ORDER: readonly RowStatus[] = ['repeated', 'misfit', 'extra', 'missing'];

/** What is wrong with tensors before what is wrong with names, which may follow from it. */
export function problemsOf(rows: readonly CompareRow[]): readonly Problem[] {
  return ORDER.flatMap((wanted) => rows.flatMap(({ status, problem }) => (status === wanted && problem !== undefined ? [problem] : [])));
}
