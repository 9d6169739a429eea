// Puts the nodes of a graph into an order in which every producer comes before its consumers.
import { type Graph, type Node, splitRef } from './graph.js';

export interface ExecutionOrder {
  /** All nodes; a graph that is in order already keeps its order. */
  readonly nodes: readonly Node[];
  /** Names along the first cycles that were found, in the direction of the data; empty in a sound graph. */
  readonly cycles: readonly (readonly string[])[];
}

/** A file of nothing but cycles must not cost more than a sound one. */
const MOST_CYCLES = 10;

/** Depth first with an explicit stack, because graphs are deeper than JavaScript's own. Unknown producers are passed over. */
export function executionOrder(nodes: Graph['nodes'], byName: ReadonlyMap<string, Node>): ExecutionOrder {
  const ordered: Node[] = [];
  const cycles: string[][] = [];
  const state = new Map<Node, 'open' | 'done'>();
  const path: { readonly node: Node; readonly producers: readonly Node[]; next: number }[] = [];

  const enter = (node: Node): void => {
    state.set(node, 'open');
    path.push({ node, producers: producersOf(node, byName), next: 0 });
  };
  for (const start of nodes) {
    if (!state.has(start)) enter(start);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const producer = top.producers[top.next++];
      if (producer === undefined) {
        state.set(top.node, 'done');
        ordered.push(top.node);
        path.pop();
      } else if (!state.has(producer)) {
        enter(producer);
      } else if (state.get(producer) === 'open' && cycles.length < MOST_CYCLES) {
        const from = path.findIndex(({ node }) => node === producer);
        cycles.push(
          path
            .slice(from)
            .map(({ node }) => node.name)
            .reverse(),
        );
      }
    }
  }
  return { nodes: ordered, cycles };
}

function producersOf(node: Node, byName: ReadonlyMap<string, Node>): readonly Node[] {
  const names = [...node.inputs.filter((ref) => ref !== null).map((ref) => splitRef(ref).node), ...(node.controlInputs ?? [])];
  return names.map((name) => byName.get(name)).filter((producer) => producer !== undefined);
}
