// The inference graph of the split: Variables in place of Consts, in whatever graph a Const is.
import { type Graph, type GraphOutput, type Node, splitRef, type ValueRef, valueRef } from './graph.js';

export interface Replacement {
  /** The graph that holds the Const: the root or one of its sub-graphs. */
  readonly graph: Graph;
  readonly node: Node;
  readonly variable: Node;
}

/** Old node name → new node name, as far as a graph sees them. */
type Renames = ReadonlyMap<string, string>;

/**
 * `root` without the Consts of `replacements`; their users take the Variables, which stand after all other nodes, in
 * the order of `replacements`. Control edges move along.
 */
export function replaceConsts(root: Graph, replacements: readonly Replacement[]): Graph {
  const own = (graph: Graph): Renames =>
    new Map(replacements.filter((one) => one.graph === graph).map(({ node, variable }) => [node.name, variable.name]));
  const visible = root.dialect === 'onnx' ? lexicalRenames(root, own) : undefined;
  const replaceIn = (graph: Graph): Graph => replaceInGraph(graph, visible?.get(graph) ?? own(graph), replacements);
  return { ...replaceIn(root), subgraphs: root.subgraphs.map(replaceIn) };
}

function replaceInGraph(graph: Graph, renames: Renames, replacements: readonly Replacement[]): Graph {
  const here = replacements.filter((one) => one.graph === graph);
  if (renames.size === 0 && here.length === 0) return graph;
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

/** In ONNX a sub-graph sees the values around it, unless it has a node of the same name itself. */
function lexicalRenames(root: Graph, own: (graph: Graph) => Renames): Map<Graph, Renames> {
  const byName = new Map(root.subgraphs.map((graph) => [graph.name, graph]));
  const visible = new Map<Graph, Renames>();
  const waiting: [Graph, Renames][] = [[root, new Map()]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [graph, around] = next;
    if (visible.has(graph)) continue;
    const names = new Set(graph.nodes.map((node) => node.name));
    const renames = new Map([...[...around].filter(([name]) => !names.has(name)), ...own(graph)]);
    visible.set(graph, renames);
    for (const name of graph.nodes.flatMap((node) => node.subgraphs ?? [])) {
      const inner = byName.get(name);
      if (inner !== undefined) waiting.push([inner, renames]);
    }
  }
  return visible;
}
