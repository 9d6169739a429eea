// From expressions to names: which constants `--select` and `--exclude` mean in one graph.
import { AscendBundleError, type Problem } from '../base/errors.js';
import { didYouMean, nearNames } from '../base/near-names.js';
import { problemsError } from '../base/problems.js';
import type { Graph } from './graph.js';
import type { Candidate } from './lint/rule.js';
import { candidatesOf, runRules } from './lint.js';
import { type SelectOptions, unfitConst } from './select.js';
import { matchesSelector, type Selectable, type Selector } from './selector.js';

export interface Expressions {
  /** What any of them matches is chosen. */
  readonly select: readonly Selector[];
  /** What any of them matches is taken away again. */
  readonly exclude: readonly Selector[];
}

export interface Choice {
  /** The names given, then what the expressions add in the order of the graph; without what is excluded. */
  readonly names: readonly string[];
  /** Of `names`, those that an expression added. */
  readonly matched: readonly string[];
  /** What an expression matches and a build refuses, with the reason: an expression never asks for the impossible. */
  readonly skipped: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/**
 * @param named  names that were given as they are; one that the graph has not is kept, for `selectWeights` to refuse
 * @throws CONST_NOT_FOUND for an expression that matches nothing; CONST_UNFIT when all that is matched must be skipped
 */
export function chooseConsts(
  graph: Graph,
  named: readonly string[],
  { select, exclude }: Expressions,
  options: SelectOptions = {},
): Choice {
  const all = [...candidatesOf(graph).values()];
  const selectables = all.map(selectableOf);
  const chosen = matchedNames(selectables, select);
  const excluded = new Set(selectables.filter((one) => exclude.some((selector) => matchesSelector(selector, one))).map(({ name }) => name));
  const given = new Set(named);
  const candidates = all.filter(({ name }) => chosen.has(name) && !excluded.has(name) && !given.has(name));
  const skipped = unfitOf(graph, candidates, options);
  const isSkipped = new Set(skipped.map(({ at }) => at));
  const matched = candidates.map(({ name }) => name).filter((name) => !isSkipped.has(name));
  const names = [...named.filter((name) => !excluded.has(name)), ...matched];
  if (names.length === 0) throw nothingLeft(skipped, excluded.size);
  return { names, matched, skipped, warnings: [...skippedWarning(skipped), ...idleExclusions(selectables, exclude)] };
}

function selectableOf({ name, content: { desc }, users }: Candidate): Selectable {
  return { name, spec: desc, users };
}

/**
 * The names that at least one expression matches.
 *
 * @throws CONST_NOT_FOUND for an expression that matches nothing
 */
export function matchedNames(all: readonly Selectable[], select: readonly Selector[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const selector of select) {
    const matches = all.filter((one) => matchesSelector(selector, one));
    if (matches.length === 0) throw nothingMatches(selector, all);
    for (const { name } of matches) names.add(name);
  }
  return names;
}

function nothingMatches(selector: Selector, all: readonly Selectable[]): AscendBundleError {
  return new AscendBundleError('CONST_NOT_FOUND', {
    message: `No constant matches '${selector.text}'; ${all.length === 1 ? 'there is one' : `there are ${all.length}`}.`,
    fix: didYouMean(meantValues(selector, all), 'The verb "consts" lists them.'),
  });
}

/** For a name or an operator that nothing has, what was likely meant. */
function meantValues({ conditions }: Selector, all: readonly Selectable[]): string[] {
  const known = { name: () => all.map(({ name }) => name), op: () => all.flatMap(({ users }) => users.map(({ type }) => type)) };
  return conditions.flatMap(({ field, operator, values }) => {
    if (operator !== '=' || (field !== 'name' && field !== 'op')) return [];
    const texts = new Set(known[field]());
    return values.filter((value) => !texts.has(value)).flatMap((value) => nearNames(value, texts).map((near) => `${field}=${near}`));
  });
}

/** One reason each, in the order of the graph. */
function unfitOf(graph: Graph, candidates: readonly Candidate[], options: SelectOptions): Problem[] {
  const reasons = new Map<string, Problem>();
  for (const { name, node } of candidates) {
    const problem = unfitConst(node, options);
    if (problem !== undefined) reasons.set(name, problem);
  }
  const rest = candidates.filter(({ name }) => !reasons.has(name));
  for (const { code, severity, message, constName, fix } of runRules({ graph, candidates: rest }, { readData: false })) {
    if (severity === 'error' && !reasons.has(constName)) reasons.set(constName, { code, message, at: constName, fix });
  }
  return candidates.flatMap(({ name }) => reasons.get(name) ?? []);
}

function nothingLeft(skipped: readonly Problem[], excluded: number): AscendBundleError {
  if (skipped.length === 0) {
    return new AscendBundleError('CONST_NOT_FOUND', {
      message: `Nothing is left of what was chosen: the exclusions match ${excluded} constants, all of it among them.`,
      fix: 'Exclude less.',
    });
  }
  return problemsError('CONST_UNFIT', skipped, 'None of the constants that match can be made updatable');
}

const SHOWN_SKIPPED = 4;

/** An expression leaves out what is impossible, but not without a word. */
function skippedWarning(skipped: readonly Problem[]): Problem[] {
  if (skipped.length === 0) return [];
  const shown = skipped.slice(0, SHOWN_SKIPPED).map(({ at, code }) => `"${at}" (${code})`);
  const more = skipped.length > SHOWN_SKIPPED ? ` and ${skipped.length - SHOWN_SKIPPED} more` : '';
  return [
    {
      code: 'CONST_UNFIT',
      message: `What matches and cannot be made updatable is left out: ${shown.join(', ')}${more}.`,
      fix: 'Name one with --const to be told why, or exclude them to be rid of this warning.',
    },
  ];
}

function idleExclusions(all: readonly Selectable[], exclude: readonly Selector[]): Problem[] {
  return exclude
    .filter((selector) => !all.some((one) => matchesSelector(selector, one)))
    .map(({ text }) => ({ code: 'CONST_NOT_FOUND', message: `No constant matches '${text}', so it excludes nothing.` }));
}
