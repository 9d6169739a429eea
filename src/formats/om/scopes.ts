// The graphs of a model and the ways between them: from an Assign back to what it writes, and to what it writes there.
import type { GraphDef, ModelDef, OpDef } from '../encodings/ge-model.js';

export interface Scope {
  readonly graph: GraphDef;
  readonly ops: ReadonlyMap<string, OpDef>;
  /** The op that the graph is a branch of. */
  readonly parent: { readonly scope: Scope; readonly op: OpDef } | undefined;
}

export interface Place {
  readonly scope: Scope;
  readonly op: OpDef;
}

const ORIGINS: ReadonlySet<string> = new Set(['Variable', 'Const', 'Constant']);

/** Longer ways than any compiler makes; a circle of edges ends here. */
const MAX_STEPS = 1000;

/** The graphs of a model, and the ways between them. */
export class Scopes {
  readonly #scopes = new Map<string, Scope>();
  readonly #root: Scope | undefined;
  /** Data ops of the root graph, with their position among each other. */
  readonly #inputs: ReadonlyMap<OpDef, number>;

  constructor(def: ModelDef) {
    const [root, ...rest] = def.graph ?? [];
    this.#inputs = new Map((root?.op ?? []).filter(({ type }) => type === 'Data').map((op, i) => [op, i]));
    if (root === undefined) return;
    const byName = new Map(rest.map((graph) => [graph.name ?? '', graph]));
    this.#root = { graph: root, ops: opsOf(root), parent: undefined };
    const waiting = [this.#root];
    for (let scope = waiting.pop(); scope !== undefined; scope = waiting.pop()) {
      for (const op of scope.graph.op ?? []) {
        for (const name of op.subgraphName ?? []) {
          const graph = byName.get(name);
          if (graph === undefined || this.#scopes.has(name)) continue;
          const inner: Scope = { graph, ops: opsOf(graph), parent: { scope, op } };
          this.#scopes.set(name, inner);
          waiting.push(inner);
        }
      }
    }
  }

  *assigns(): Generator<Place> {
    for (const scope of this.#root === undefined ? [] : [this.#root, ...this.#scopes.values()]) {
      for (const op of scope.graph.op ?? []) if (op.type === 'Assign') yield { scope, op };
    }
  }

  /**
   * Back along first inputs, through conversions and the borders of sub-graphs, to a Variable, a constant or an input of the model.
   *
   * @param passes  which ops may lie on the way; all of them unless given
   */
  origin(start: Scope, edge: string | undefined, passes: (op: OpDef) => boolean = () => true): Place | undefined {
    let scope = start;
    let next = edge;
    for (let step = 0; next !== undefined && step < MAX_STEPS; step++) {
      const { name, index } = splitEdge(next);
      const op = scope.ops.get(name);
      if (op === undefined) return undefined;
      if (ORIGINS.has(op.type ?? '')) return { scope, op };
      const slot = op.attr?.get('_parent_node_index')?.i;
      if (op.type === 'Data' && scope.parent !== undefined && slot !== undefined) {
        next = dataEdge(scope.parent.op, Number(slot));
        scope = scope.parent.scope;
      } else if (op.type === 'Data') return { scope, op };
      else {
        if (!passes(op)) return undefined;
        const inner = op.type === 'PartitionedCall' ? this.#scopes.get(op.subgraphName?.[0] ?? '') : undefined;
        next = inner === undefined ? dataEdge(op, 0) : resultEdge(inner.graph, index);
        scope = inner ?? scope;
      }
    }
    return undefined;
  }

  get inputCount(): number {
    return this.#inputs.size;
  }

  /** The place of a Data op of the root graph among the inputs of the model. */
  inputIndex(op: OpDef): number | undefined {
    const position = this.#inputs.get(op);
    if (position === undefined) return undefined;
    const index = Number(op.attr?.get('index')?.i ?? position);
    return Number.isSafeInteger(index) && index >= 0 && index < this.#inputs.size ? index : undefined;
  }
}

function opsOf(graph: GraphDef): ReadonlyMap<string, OpDef> {
  return new Map((graph.op ?? []).map((op) => [op.name ?? '', op]));
}

/** The string of a data slot; control edges come after all of them. */
export function dataEdge(op: OpDef, slot: number): string | undefined {
  const edge = op.input?.[slot];
  return edge === undefined || edge === '' || edge.endsWith(':-1') ? undefined : edge;
}

/** What a sub-graph gives as output `index` of the op that it is a branch of. */
function resultEdge(graph: GraphDef, index: number): string | undefined {
  const op = graph.op?.find(({ type }) => type === 'NetOutput');
  const slot = op?.inputDesc?.findIndex((desc) => Number(desc.attr?.get('_parent_node_index')?.i) === index) ?? -1;
  return op === undefined ? undefined : dataEdge(op, slot < 0 ? index : slot);
}

function splitEdge(edge: string): { readonly name: string; readonly index: number } {
  const colon = edge.lastIndexOf(':');
  return { name: edge.slice(0, colon), index: Number(edge.slice(colon + 1)) };
}
