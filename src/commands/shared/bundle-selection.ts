// Which weights of a bundle a command line means: names, and expressions over what the weights are.
import { AscendBundleError } from '../../base/errors.js';
import { didYouMean, nearNames } from '../../base/near-names.js';
import { throwProblems } from '../../base/problems.js';
import type { BundleWeight } from '../../formats/om/index.js';
import { matchedNames } from '../../graph/choose.js';
import { matchesSelector, parseSelector, type Selectable, type Selector } from '../../graph/selector.js';
import { readNames } from './names.js';
import type { SelectionValues } from './selection-options.js';

/**
 * In update order; all weights when nothing is asked for.
 *
 * @throws CONST_NOT_FOUND, WEIGHT_UNKNOWN, VALUE_SYNTAX, USAGE for `op`
 */
export function chooseBundleWeights(weights: readonly BundleWeight[], path: string, asked: SelectionValues): readonly BundleWeight[] {
  const [select, exclude] = [asked.select.map(parseSelector), asked.exclude.map(parseSelector)];
  refuseOperators([...select, ...exclude], path);
  const names = new Set(readNames(asked.consts, asked.const));
  refuseUnknown(names, weights, path);
  const selectables = new Map(weights.map((weight): [BundleWeight, Selectable] => [weight, selectableWeight(weight)]));
  const isAll = names.size === 0 && select.length === 0;
  const matched = select.length === 0 ? new Set<string>() : matchedNames([...selectables.values()], select);
  const chosen = weights.filter((weight) => {
    const isChosen = isAll || names.has(weight.constName) || matched.has(weight.constName);
    return isChosen && !exclude.some((selector) => matchesSelector(selector, selectables.get(weight) as Selectable));
  });
  if (chosen.length > 0) return chosen;
  throw new AscendBundleError('CONST_NOT_FOUND', {
    message: weights.length === 0 ? `${path} has no updatable weights.` : `No weight of ${path} is left after --exclude.`,
    fix: `List them: ascend-bundle consts ${path}`,
  });
}

export function selectableWeight({ constName, spec }: BundleWeight): Selectable {
  return { name: constName, spec, users: [] };
}

/** @throws USAGE for `op`: what uses a weight cannot be told after the compiler has fused it */
export function refuseOperators(selectors: readonly Selector[], path: string): void {
  if (!namesOperators(selectors)) return;
  throw new AscendBundleError('USAGE', {
    message: `${path} is a bundle, and a compiled graph does not tell which operators use a weight.`,
    fix: 'Choose by name, dtype, bytes, elements or rank, or give the graph.',
  });
}

export function namesOperators(selectors: readonly Selector[]): boolean {
  return selectors.some(({ conditions }) => conditions.some(({ field }) => field === 'op'));
}

function refuseUnknown(names: ReadonlySet<string>, weights: readonly BundleWeight[], path: string): void {
  const known = weights.map(({ constName }) => constName);
  const unknown = [...names].filter((name) => !known.includes(name));
  const problems = unknown.map((name) => ({
    code: 'WEIGHT_UNKNOWN',
    message: `${path} has no updatable weight "${name}".`,
    at: name,
    fix: didYouMean(nearNames(name, known), `List them: ascend-bundle consts ${path}`),
  }));
  throwProblems(problems, 'The selection', 'WEIGHT_UNKNOWN');
}
