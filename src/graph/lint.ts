// What may go wrong with weights, before anything is built. `build` and `consts` use it.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { PAUSE } from '../base/pauses.js';
import { type ConstUser, usersOf } from './const-users.js';
import { constContent, constsByName } from './consts.js';
import type { Graph } from './graph.js';
import { equalPayload, nonFinite } from './lint/data-rules.js';
import { duplicateName, nameReused, nameTaken } from './lint/name-rules.js';
import type { Candidate, Finding, Lint, Rule } from './lint/rule.js';
import { shapeDrivers } from './lint/shape-slots.js';
import type { RefreshableWeight } from './refreshable.js';
import { elementCount } from './tensor.js';
import { allNodes } from './walk.js';

export type { Finding, Rule, Severity } from './lint/rule.js';

const scalarWeight: Rule = {
  severity: 'warning',
  description: 'A weight of rank 0: an update of it to 0 is skipped.',
  *check({ candidates }) {
    for (const { name, content } of candidates) {
      if (content.desc.shape.length > 0) continue;
      yield {
        constName: name,
        message: `"${name}" is a scalar (${content.desc.dtype.name}, rank 0): an update of it to 0 is skipped.`,
        fix: 'Store it with the shape [1].',
      };
    }
  },
};

const emptyWeight: Rule = {
  severity: 'warning',
  description: 'A weight without elements: there is nothing to update.',
  *check({ candidates }) {
    for (const { name, content } of candidates) {
      if (elementCount(content.desc.shape) > 0) continue;
      yield { constName: name, message: `"${name}" has no elements; an empty tensor in an update means "keep".`, fix: 'Leave it out.' };
    }
  },
};

const shapeDriving: Rule = {
  severity: 'error',
  description: 'The value decides shapes of the graph, which are fixed when it is compiled.',
  *check({ candidates }) {
    const drivers = new Map<Graph, ReturnType<typeof shapeDrivers>>();
    for (const { name, graph } of candidates) {
      const known = drivers.get(graph) ?? shapeDrivers(graph);
      drivers.set(graph, known);
      const use = known.get(name);
      if (use === undefined) continue;
      yield {
        constName: name,
        message: `"${name}" decides the shape of what "${use.node.name}" (${use.node.type}, ${use.slot}) gives; shapes are fixed by the build.`,
        fix: 'Leave it out of the weights.',
      };
    }
  },
};

const unused: Rule = {
  severity: 'warning',
  description: 'Nothing uses the weight, so that an update changes nothing.',
  *check({ candidates }) {
    for (const { name, users } of candidates) {
      if (users.length === 0)
        yield { constName: name, message: `Nothing uses "${name}"; an update of it changes nothing.`, fix: 'Leave it out.' };
    }
  },
};

const notRefreshable: Rule = {
  severity: 'warning',
  description: 'A constant of a type that cannot become a weight.',
  isAboutGraph: true,
  *check({ graph }) {
    for (const { node } of allNodes(graph)) {
      if (node.type !== 'Constant' && node.type !== 'FileConstant') continue;
      yield {
        constName: node.name,
        message: `"${node.name}" is a ${node.type}; only the type Const can become a weight.`,
        fix: 'Store it as a Const where it is to be updated.',
      };
    }
  },
};

/** Rule id → rule. An id stays the same in text, JSON and SARIF. */
export const LINT_RULES = {
  SCALAR_WEIGHT: scalarWeight,
  EMPTY_WEIGHT: emptyWeight,
  SHAPE_DRIVING_CONST: shapeDriving,
  UNUSED_CONST: unused,
  DUPLICATE_NAME: duplicateName,
  GENERATED_NAME_TAKEN: nameTaken,
  GENERATED_NAME_REUSED: nameReused,
  EQUAL_PAYLOAD: equalPayload,
  NON_FINITE: nonFinite,
  NOT_REFRESHABLE: notRefreshable,
} as const satisfies Readonly<Record<string, Rule>>;

export interface LintOptions {
  /** false leaves out the rules that read the data of the consts; 1 GB takes them about a second. */
  readonly readData?: boolean;
  /** true adds the rules about the graph as a whole. */
  readonly wholeGraph?: boolean;
}

/**
 * The findings about `weights`, in the order of the rules, then of the weights. A finding's code is the id of its rule.
 *
 * @throws FILE_IO, FILE_TRUNCATED when the data of a const cannot be read
 */
export function lint(graph: Graph, weights: readonly RefreshableWeight[], options: LintOptions = {}): readonly Finding[] {
  return runRules({ graph, candidates: chosen(graph, weights) }, options);
}

function chosen(graph: Graph, weights: readonly RefreshableWeight[]): readonly Candidate[] {
  const all = candidatesOf(graph);
  return weights.map(({ constName }) => all.get(constName)).filter((one) => one !== undefined);
}

/**
 * What the rules that read data find, for weights without an error. Takes turns with whatever else this process does.
 *
 * @param signal  gives it up
 * @throws FILE_IO, FILE_TRUNCATED
 */
export async function* lintData(graph: Graph, weights: readonly RefreshableWeight[], signal?: AbortSignal): AsyncGenerator<Finding> {
  const rules = Object.entries<Rule>(LINT_RULES).filter(([, { readsData }]) => readsData);
  for (const found of findingsOf(rules, { graph, candidates: chosen(graph, weights) })) {
    if (found === PAUSE) await nextTurn();
    else yield found;
    if (signal?.aborted) return;
  }
}

export function runRules(subject: Lint, { readData = true, wholeGraph = false }: LintOptions): readonly Finding[] {
  const rules = Object.entries<Rule>(LINT_RULES).filter(([, rule]) => (readData || !rule.readsData) && (wholeGraph || !rule.isAboutGraph));
  return [...findingsOf(rules, subject)].filter((found) => found !== PAUSE);
}

/** Data is read only of what has no error already. */
function* findingsOf(rules: readonly (readonly [code: string, Rule])[], { graph, candidates }: Lint): Generator<Finding | typeof PAUSE> {
  const refused = new Set<string>();
  for (const [code, rule] of rules) {
    const subject = rule.readsData ? candidates.filter(({ name }) => !refused.has(name)) : candidates;
    for (const found of rule.check({ graph, candidates: subject })) {
      if (found === PAUSE) yield PAUSE;
      else {
        if (rule.severity === 'error') refused.add(found.constName);
        yield { ...found, code, severity: rule.severity, at: found.constName };
      }
    }
  }
}

/** Every Const with a value, by name. */
export function candidatesOf(graph: Graph): ReadonlyMap<string, Candidate> {
  const users = new Map<Graph, ReadonlyMap<string, readonly ConstUser[]>>();
  const candidates = new Map<string, Candidate>();
  for (const [name, placed] of constsByName(graph)) {
    const content = constContent(placed.node);
    if (content === undefined) continue;
    const known = users.get(placed.graph) ?? usersOf(placed.graph);
    users.set(placed.graph, known);
    candidates.set(name, { name, ...placed, content, users: known.get(name) ?? [] });
  }
  return candidates;
}
