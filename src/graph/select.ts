// From the names that a user gives to the Consts that become weights, or to the reason why not.
import { AscendBundleError, type Problem } from '../base/errors.js';
import { didYouMean, nearNames } from '../base/near-names.js';
import { throwProblems } from '../base/problems.js';
import { constContent, constsByName, specOf } from './consts.js';
import { generatedNames } from './generated-names.js';
import type { Graph, Node } from './graph.js';
import type { RefreshableWeight } from './refreshable.js';
import { describeSpec } from './tensor.js';
import { allNodes, type PlacedNode } from './walk.js';

export interface SelectOptions {
  /** Rank-0 weights are let through, although an update of them to 0 is skipped. */
  readonly allowScalar?: boolean;
  /** The static update graph has no condition, so it takes rank-0 weights as any others. */
  readonly updateGraph?: 'ge' | 'static';
}

/**
 * The weights of a build, in the order of `names`, which is the order of the inputs of the update graph.
 *
 * @throws CONSTS_REQUIRED for no names; CONST_NOT_FOUND with the near names and why a node of that name does not qualify;
 *   CONST_REPEATED; CONST_UNFIT for a Const without a value; SCALAR_WEIGHT (design §2). Every name is looked at before.
 */
export function selectWeights(graph: Graph, names: readonly string[], options: SelectOptions = {}): readonly RefreshableWeight[] {
  if (names.length === 0) {
    throw new AscendBundleError('CONSTS_REQUIRED', {
      message: 'No constants were named, so nothing would be updatable.',
      fix: 'Name at least one Const of the graph.',
    });
  }
  const { weights, problems } = lookUpWeights(graph, names, options);
  throwProblems(problems, 'The list of constants', 'CONST_UNFIT');
  return weights;
}

/** The weights that the names mean, and what is wrong with the other names: for those who report and do not build. */
export function lookUpWeights(
  graph: Graph,
  names: readonly string[],
  options: SelectOptions = {},
): { readonly weights: readonly RefreshableWeight[]; readonly problems: readonly Problem[] } {
  const consts = constsByName(graph);
  const problems: Problem[] = [];
  const seen = new Set<string>();
  const weights = names.flatMap((name, updateIndex): RefreshableWeight[] => {
    const problem = repeated(name, seen) ?? missing(name, consts, graph) ?? unfitConst((consts.get(name) as PlacedNode).node, options);
    seen.add(name);
    if (problem !== undefined) {
      problems.push(problem);
      return [];
    }
    const { desc } = constContent((consts.get(name) as PlacedNode).node) as NonNullable<ReturnType<typeof constContent>>;
    return [{ constName: name, variableName: generatedNames(name).variable, updateIndex, spec: specOf(desc) }];
  });
  return { weights, problems };
}

function repeated(name: string, seen: ReadonlySet<string>): Problem | undefined {
  if (!seen.has(name)) return undefined;
  return {
    code: 'CONST_REPEATED',
    message: `The const "${name}" is named twice.`,
    at: name,
    fix: 'Name it once; its first place decides the order.',
  };
}

function missing(name: string, consts: ReadonlyMap<string, PlacedNode>, graph: Graph): Problem | undefined {
  if (consts.has(name)) return undefined;
  const reason = whyNot(name, graph);
  const meant = meantConst(name, consts);
  const near = meant === undefined ? nearNames(name, consts.keys()) : [meant];
  const listed =
    consts.size === 0
      ? 'The graph has no Const at all; only a Const can become a weight.'
      : `The graph has ${countOf(consts)}; the verb "consts" lists them.`;
  return {
    code: 'CONST_NOT_FOUND',
    message: `"${name}" cannot become a weight: ${reason ?? `the graph "${graph.name}" has no Const of that name.`}${reason === undefined ? nearNodes(name, graph) : ''}`,
    at: name,
    fix: didYouMean(near, listed),
  };
}

function countOf(consts: ReadonlyMap<string, PlacedNode>): string {
  return consts.size === 1 ? `one Const, "${[...consts.keys()][0]}"` : `${consts.size} Consts`;
}

/** A const that was named by its value (`w:0`) or by its variable (`w_var`). */
function meantConst(name: string, consts: ReadonlyMap<string, PlacedNode>): string | undefined {
  return [name.replace(/:0$/, ''), name.replace(/_var$/, '')].find((other) => other !== name && consts.has(other));
}

/** Why the node that has this name is no weight; undefined where there is none. */
function whyNot(name: string, graph: Graph): string | undefined {
  for (const { graph: owner, node } of allNodes(graph)) {
    if (node.name === name) return `it is ${describeType(node, owner === graph ? undefined : owner.name, graph.dialect)}`;
  }
  return undefined;
}

function describeType({ type }: Node, subgraph: string | undefined, dialect: Graph['dialect']): string {
  const where = subgraph === undefined ? '' : ` in the sub-graph "${subgraph}"`;
  switch (type) {
    case 'Constant':
      return dialect === 'onnx'
        ? `a constant inside a sub-graph${subgraph === undefined ? '' : `, "${subgraph}"`}; only those of the main graph can be replaced.`
        : `a Constant${where}, the kind of training graphs; only the type Const can be replaced.`;
    case 'FileConstant':
      return `a FileConstant${where}, whose data GE keeps in a file; only the type Const can be replaced.`;
    case 'Variable':
      return `a Variable${where} already, not a Const.`;
    case 'Data':
    case 'RefData':
    case 'AippData':
      return `an input${where === '' ? ' of the model' : where}, given at each run.`;
    default:
      return `computed by ${/^[AEIOU]/.test(type) ? 'an' : 'a'} ${type}${where}; only the type Const can be replaced.`;
  }
}

/** Nodes of a similar name that are not Consts, with the reason why they are none. */
function nearNodes(name: string, graph: Graph): string {
  const others = new Map<string, string>();
  for (const { graph: owner, node } of allNodes(graph)) {
    if (node.type !== 'Const') others.set(node.name, describeType(node, owner === graph ? undefined : owner.name, graph.dialect));
  }
  const [near] = nearNames(name, others.keys(), 1);
  return near === undefined ? '' : ` "${near}" is ${others.get(near)}`;
}

/** float16 and bfloat16 scalars have no conversion to a condition in GE's runtime (peers E.1). */
const NO_CONDITION: ReadonlySet<string> = new Set(['float16', 'bfloat16']);

/** Why a Const is no weight by itself, whatever the graph does with it; undefined when it may be one. */
export function unfitConst(node: Node, { allowScalar = false, updateGraph = 'ge' }: SelectOptions): Problem | undefined {
  const content = constContent(node);
  if (content === undefined) {
    return {
      code: 'CONST_UNFIT',
      message: `The Const "${node.name}" has no value, so nothing says what its weight is.`,
      at: node.name,
      fix: 'Give the graph file with its weights.',
    };
  }
  const { desc } = content;
  if (desc.dtype.bits === 0 || desc.dtype.name.startsWith('string')) {
    return {
      code: 'CONST_UNFIT',
      message: `The Const "${node.name}" is ${describeSpec(desc)}, which no variable can hold.`,
      at: node.name,
    };
  }
  if (desc.shape.length > 0 || updateGraph === 'static') return undefined;
  const isHopeless = NO_CONDITION.has(desc.dtype.name);
  if (allowScalar && !isHopeless) return undefined;
  return {
    code: 'SCALAR_WEIGHT',
    message: isHopeless
      ? `The Const "${node.name}" is a ${desc.dtype.name} scalar: the update graph cannot decide by it whether to update.`
      : `The Const "${node.name}" is a scalar (${desc.dtype.name}, rank 0): an update of it to 0 would be skipped without a word.`,
    at: node.name,
    fix: isHopeless ? 'Store it with the shape [1].' : 'Store it with the shape [1], or give --allow-scalar if it is never 0.',
  };
}
