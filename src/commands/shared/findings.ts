// What lint finds: about the weights that a build would make, or about every constant as if it were one.
import type { Problem } from '../../base/errors.js';
import { constsByName } from '../../graph/consts.js';
import type { Graph } from '../../graph/graph.js';
import { candidatesOf, type Finding, LINT_RULES, lint, type Rule, runRules, type Severity } from '../../graph/lint.js';
import { lookUpWeights, type SelectOptions } from '../../graph/select.js';

export interface FindingFields {
  /** The id of the rule. */
  readonly code: string;
  readonly severity: Severity;
  readonly const: string;
  /** Further constants that it is about in the same way. */
  readonly others: readonly string[];
  readonly message: string;
  readonly fix: string | null;
  /** The sub-graph that the constant is in; null for the main graph. */
  readonly subgraph: string | null;
  /** JSON pointer of the constant; null where the format has none. */
  readonly pointer: string | null;
}

interface RuleText {
  readonly severity: Severity;
  readonly description: string;
}

/** What a build refuses before any rule is asked: errors whose codes are those of the error. */
const REFUSALS: Readonly<Record<string, RuleText>> = {
  CONST_NOT_FOUND: { severity: 'error', description: 'A name that no Const of the graph has.' },
  CONST_REPEATED: { severity: 'error', description: 'A constant is named twice.' },
  CONST_UNFIT: { severity: 'error', description: 'A constant without a value, or of a type that no variable can hold.' },
};

/** Every rule by its id, the refusals first. */
export const FINDING_RULES: Readonly<Record<string, RuleText>> = { ...REFUSALS, ...(LINT_RULES as Readonly<Record<string, Rule>>) };

/** @param names  what a build would be given */
export function findingsOfWeights(graph: Graph, names: readonly string[], options: SelectOptions): readonly FindingFields[] {
  const { weights, problems } = lookUpWeights(graph, names, options);
  // The static update graph has no condition that a scalar of 0 could fail.
  const isMeant = ({ code }: Finding): boolean => options.updateGraph !== 'static' || code !== 'SCALAR_WEIGHT';
  const refused = problems.map((problem) => ({ ...problem, severity: 'error' as const, constName: problem.at ?? '' }));
  return toFields(graph, [...refused, ...lint(graph, weights).filter(isMeant)]);
}

export function findingsOfGraph(graph: Graph): readonly FindingFields[] {
  return toFields(graph, runRules({ graph, candidates: [...candidatesOf(graph).values()] }, { wholeGraph: true }));
}

function toFields(
  graph: Graph,
  findings: readonly (Problem & Pick<Finding, 'severity' | 'constName' | 'others'>)[],
): readonly FindingFields[] {
  const consts = constsByName(graph);
  return findings.map(({ code, severity, constName, others = [], message, fix }) => {
    const placed = consts.get(constName);
    return {
      code,
      severity,
      const: constName,
      others: [...others],
      message,
      fix: fix ?? null,
      subgraph: placed === undefined || placed.graph === graph ? null : placed.graph.name,
      pointer: placed?.node.at ?? null,
    };
  });
}
