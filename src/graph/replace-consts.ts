// The inference graph of the split: Variables in place of Consts, in whatever graph a Const is.
import { type Graph, type GraphOutput, type Node, splitRef, type ValueRef, valueRef } from './graph.js';

export interface Replacement {
  /** The graph that holds the Const: the root or one of its sub-graphs. */
  readonly graph: Graph;
  readonly node: Node;
  readonly variable: Node;
}

/** Old node name → new node name. A graph sees its own nodes only: what a sub-graph takes from around it comes in through Data. */
type Renames = ReadonlyMap<string, string>;

/**
 * `root` without the Consts of `replacements`; their users take the Variables, which stand after all other nodes, in
 * the order of `replacements`. Control edges move along.
 */
export function replaceConsts(root: Graph, replacements: readonly Replacement[]): Graph {
  return { ...replaceInGraph(root, replacements), subgraphs: root.subgraphs.map((graph) => replaceInGraph(graph, replacements)) };
}

function replaceInGraph(graph: Graph, replacements: readonly Replacement[]): Graph {
  const here = replacements.filter((one) => one.graph === graph);
  if (here.length === 0) return graph;
  const renames: Renames = new Map(here.map(({ node, variable }) => [node.name, variable.name]));
  const gone = new Set(here.map(({ node }) => node));
  const kept = graph.nodes.filter((node) => !gone.has(node)).map((node) => renameInputs(node, renames));
  const variables = here.map(({ node, variable }) => ({ ...variable, ...controlOf(node, renames) }));
  return { ...graph, nodes: [...kept, ...variables], outputs: graph.outputs.map((output) => renameOutput(output, renames)) };
}

function renameInputs(node: Node, renames: Renames): Node {
  return { ...node, inputs: node.inputs.map((ref) => (ref === null ? null : rename(ref, renames))), ...controlOf(node, renames) };
}

function controlOf({ controlInputs }: Node, renames: Renames): Pick<Node, 'controlInputs'> {
  return controlInputs === undefined ? {} : { controlInputs: controlInputs.map((name) => renames.get(name) ?? name) };
}

function renameOutput(output: GraphOutput, renames: Renames): GraphOutput {
  return { ...output, value: rename(output.value, renames) };
}

function rename(ref: ValueRef, renames: Renames): ValueRef {
  const { node, output } = splitRef(ref);
  const to = renames.get(node);
  return to === undefined ? ref : valueRef(to, output);
}
