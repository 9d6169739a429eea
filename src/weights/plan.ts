// What an update will do, decided before the first byte moves: every name, dtype, shape and value is compared with the bundle.
import type { Problem } from '../base/errors.js';
import { didYouMean, nearNames } from '../base/near-names.js';
import { throwProblems } from '../base/problems.js';
import type { RefreshableWeight } from '../graph/refreshable.js';
import { describeSpec, isEmpty, type Tensor, type TensorSpec } from '../graph/tensor.js';
import { misfit } from './fit.js';
import { findNonFinite } from './non-finite.js';
import { listNames } from './read.js';
import type { GivenTensor } from './updates.js';

export interface UpdatePlan {
  /** New values by const name, in update order. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Names of weights that get a new value, in update order. */
  readonly updated: readonly string[];
  /** Names of weights that keep theirs: not given, or given as an empty tensor. */
  readonly kept: readonly string[];
  /** Names that were given and that no weight has, with `ignoreExtra`. */
  readonly ignored: readonly string[];
  readonly warnings: readonly Problem[];
}

export interface PlanOptions {
  /** Every weight must be given; one that is given as an empty tensor counts as given. */
  readonly strict?: boolean;
  /** Names that no weight has are left out instead of refused. */
  readonly ignoreExtra?: boolean;
  /** The update graph assigns every weight each time: none may be left out, and none be empty. */
  readonly isStatic?: boolean;
}

/** Near names are sought for so many names of each kind: comparing thousands with thousands would take minutes. */
const MOST_GUESSES = 5;

/**
 * @param given  tensors with a source; `source` is shown in messages
 * @throws all problems at once, with the code that they share, else TENSOR_MISMATCH: INPUT_REPEATED, TENSOR_MISMATCH, WEIGHT_UNKNOWN, WEIGHTS_MISSING
 */
export function planUpdate(
  weights: readonly RefreshableWeight[],
  given: readonly GivenTensor[],
  { strict = false, ignoreExtra = false, isStatic = false }: PlanOptions = {},
): UpdatePlan {
  const byName = new Map<string, GivenTensor>();
  const problems: Problem[] = [];
  for (const tensor of given) {
    const before = byName.get(tensor.name);
    if (before === undefined) byName.set(tensor.name, tensor);
    else problems.push(repeatedProblem(tensor, before));
  }
  const specs = new Map(weights.map((weight) => [weight.constName, weight.spec]));
  const names = [...specs.keys()];
  const extra = [...byName.values()].filter((tensor) => !specs.has(tensor.name));
  const missing = names.filter((name) => !byName.has(name));
  const tensors = new Map<string, Tensor>();
  for (const { constName, spec } of weights) {
    const tensor = byName.get(constName);
    if (tensor === undefined || (isEmpty(tensor) && !isStatic)) continue;
    const problem = misfit(`Weight "${constName}" in ${tensor.source}`, tensor, spec, 'the bundle');
    if (problem === undefined) tensors.set(constName, tensor);
    else problems.push(problem);
  }
  if (!ignoreExtra) problems.push(...extra.map((tensor, i) => extraProblem(tensor, i < MOST_GUESSES ? missing : [], names)));
  const candidates = extra.map((tensor) => tensor.name);
  if (strict || isStatic) {
    const why = isStatic ? STATIC : STRICT;
    problems.push(...missing.map((name, i) => missingProblem(name, specs.get(name), why, i < MOST_GUESSES ? candidates : [])));
  }
  throwProblems(problems, 'The update', 'TENSOR_MISMATCH');
  return {
    tensors,
    updated: names.filter((name) => tensors.has(name)),
    kept: names.filter((name) => !tensors.has(name)),
    ignored: extra.map((tensor) => tensor.name),
    warnings: [...tensors].flatMap(([name, tensor]) => nonFiniteWarning(name, tensor, byName.get(name)?.source ?? '')),
  };
}

function repeatedProblem(tensor: GivenTensor, before: GivenTensor): Problem {
  return {
    code: 'INPUT_REPEATED',
    message: `Weight "${tensor.name}" is given twice: in ${before.source} and in ${tensor.source}.`,
    fix: 'Leave one of them out.',
  };
}

function extraProblem(tensor: GivenTensor, missing: readonly string[], names: readonly string[]): Problem {
  // A weight that is still missing is the likelier meaning than one that was given.
  const near = nearNames(tensor.name, missing);
  return {
    code: 'WEIGHT_UNKNOWN',
    message: `"${tensor.name}" in ${tensor.source} (${describeSpec(tensor)}) is not an updatable weight of the bundle.`,
    fix: didYouMean(near, `Its weights are: ${listNames(names)}. --ignore-extra leaves other names out.`),
  };
}

interface WhyAll {
  readonly who: string;
  readonly fix: string;
}

const STRICT: WhyAll = { who: '--strict wants all', fix: 'Add it to the update, or leave --strict out to keep its value.' };
const STATIC: WhyAll = {
  who: 'the static update graph of this bundle takes all',
  fix: 'Add it to the update. To keep weights, build the bundle without --update-graph static.',
};

function missingProblem(name: string, spec: TensorSpec | undefined, { who, fix }: WhyAll, candidates: readonly string[]): Problem {
  return {
    code: 'WEIGHTS_MISSING',
    message: `Weight "${name}"${spec === undefined ? '' : ` (${describeSpec(spec)})`} was not given, and ${who}.`,
    fix: didYouMean(nearNames(name, candidates), fix),
  };
}

function nonFiniteWarning(name: string, tensor: Tensor, source: string): Problem[] {
  const found = findNonFinite(tensor);
  if (found === undefined) return [];
  const { count, first } = found;
  return [
    {
      code: 'WEIGHT_NOT_FINITE',
      message: `Weight "${name}" in ${source} has ${count} ${count === 1 ? 'value' : 'values'} that ${count === 1 ? 'is' : 'are'} NaN or infinite, the first at [${first.join(', ')}].`,
      fix: 'Look at how the weights were made; everything that depends on them will be NaN or infinite too.',
    },
  ];
}
