// What the verb `consts` tells: every candidate with its size, its users and its risks.
import type { ConstUser } from './const-users.js';
import type { Graph } from './graph.js';
import { candidatesOf, type Finding, type LintOptions, runRules } from './lint.js';
import { type TensorSpec, tensorBytes } from './tensor.js';
import { allNodes } from './walk.js';

export interface ConstCandidate {
  readonly name: string;
  readonly spec: TensorSpec;
  readonly bytes: number;
  /** The sub-graph that it is in; undefined for the main graph. */
  readonly subgraph: string | undefined;
  readonly users: readonly ConstUser[];
  /** Findings of lint, as if this const alone became a weight; equal payloads and clashes of names are seen among all. */
  readonly risks: readonly Finding[];
}

/** A constant that cannot become a weight. */
export interface UnfitConst {
  readonly name: string;
  readonly type: 'Constant' | 'FileConstant' | 'Const';
  readonly subgraph: string | undefined;
}

export interface ConstList {
  /** In the order in which GE finds them. */
  readonly candidates: readonly ConstCandidate[];
  /** `Constant` and `FileConstant` nodes, and Consts without a value. */
  readonly unfit: readonly UnfitConst[];
}

/**
 * @throws FILE_IO, FILE_TRUNCATED when the data of a const cannot be read
 */
export function listConsts(graph: Graph, options: LintOptions = {}): ConstList {
  const all = candidatesOf(graph);
  const risks = new Map<string, Finding[]>();
  for (const finding of runRules({ graph, candidates: [...all.values()] }, options)) {
    for (const name of [finding.constName, ...(finding.others ?? [])]) risks.set(name, [...(risks.get(name) ?? []), finding]);
  }
  const subgraphOf = (owner: Graph): string | undefined => (owner === graph ? undefined : owner.name);
  const candidates = [...all.values()].map(({ name, graph: owner, content: { desc }, users }): ConstCandidate => {
    const { dtype, shape, format } = desc;
    const spec = { dtype, shape, ...(format === undefined ? {} : { format }) };
    return { name, spec, bytes: tensorBytes(dtype, shape), subgraph: subgraphOf(owner), users, risks: risks.get(name) ?? [] };
  });
  const unfit = [...allNodes(graph)]
    .filter(({ node: { name, type } }) => type === 'Constant' || type === 'FileConstant' || (type === 'Const' && !all.has(name)))
    .map(({ graph: owner, node: { name, type } }) => ({ name, type: type as UnfitConst['type'], subgraph: subgraphOf(owner) }));
  return { candidates, unfit };
}
