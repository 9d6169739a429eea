// Every node of a graph and of its sub-graphs, in the order in which GE looks for names.
import type { Graph, Node } from './graph.js';

export interface PlacedNode {
  /** The root or one of its sub-graphs. */
  readonly graph: Graph;
  readonly node: Node;
}

/**
 * The nodes of all levels: each node is followed by the nodes of its own sub-graphs, as in GE's `GetAllNodes`
 * (the first of equal names is the one that a lookup by name finds). Sub-graphs that no node names come last.
 */
export function* allNodes(root: Graph): Generator<PlacedNode> {
  const waiting = new Map(root.subgraphs.map((graph) => [graph.name, graph]));
  yield* nodesOf(root, waiting);
  for (const graph of root.subgraphs) {
    if (waiting.delete(graph.name)) yield* nodesOf(graph, waiting);
  }
}

/** Takes each sub-graph out of `waiting` on its way, so that a sub-graph that names itself cannot go round for ever. */
function* nodesOf(graph: Graph, waiting: Map<string, Graph>): Generator<PlacedNode> {
  // A stack of iterators and not recursion: the depth is the file's choice.
  const stack: { readonly graph: Graph; readonly nodes: Iterator<Node> }[] = [{ graph, nodes: graph.nodes.values() }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const { value: node, done } = top.nodes.next();
    if (done === true) {
      stack.pop();
      continue;
    }
    yield { graph: top.graph, node };
    for (const name of [...(node.subgraphs ?? [])].reverse()) {
      const inner = waiting.get(name);
      if (inner === undefined) continue;
      waiting.delete(name);
      stack.push({ graph: inner, nodes: inner.nodes.values() });
    }
  }
}
