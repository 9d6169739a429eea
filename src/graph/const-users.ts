// Who uses a Const, and by which input.
import { type Graph, type Node, splitRef } from './graph.js';
import { prototypeOf } from './ops/prototypes.js';

export interface ConstUser {
  /** A node, or the name of an output of the graph. */
  readonly node: string;
  /** Its operator; `output` for an output of the graph. */
  readonly type: string;
  /** `x2`; the place in the list of inputs, as `input 1`, where slots have no names. */
  readonly slot: string;
}

/** Who uses each node of one (sub-)graph, by node name. */
export function usersOf(graph: Graph): ReadonlyMap<string, readonly ConstUser[]> {
  const users = new Map<string, ConstUser[]>();
  const add = (name: string, user: ConstUser): void => {
    const list = users.get(name);
    if (list === undefined) users.set(name, [user]);
    else list.push(user);
  };
  for (const node of graph.nodes) {
    node.inputs.forEach((ref, i) => {
      if (ref !== null) add(splitRef(ref).node, { node: node.name, type: node.type, slot: slotName(node, i, graph.dialect) });
    });
  }
  for (const { name, value } of graph.outputs) add(splitRef(value).node, { node: name, type: 'output', slot: '' });
  return users;
}

/** The name of an input slot: the node's own, else by the operator's prototype. */
export function slotName(node: Node, index: number, dialect: Graph['dialect']): string {
  const own = node.inputNames[index];
  if (own !== undefined && own !== `__input${index}`) return own;
  const slots = dialect === 'ge' ? (prototypeOf(node.type)?.inputs ?? []) : [];
  // After a dynamic slot the place in the list no longer tells the slot.
  const isTold = slots.slice(0, index + 1).every(({ kind }) => kind !== 'dynamic');
  return (isTold ? slots[index]?.name : undefined) ?? `input ${index}`;
}
