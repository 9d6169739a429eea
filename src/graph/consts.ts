// The Consts of a graph: which can become weights, of what spec, and who uses them.
import { type Graph, type Node, splitRef, type TensorDesc } from './graph.js';
import { prototypeOf } from './ops/prototypes.js';
import type { Tensor, TensorSpec } from './tensor.js';
import { allNodes, type PlacedNode } from './walk.js';

/**
 * The Consts of all levels by name. Of equal names the first counts, as in GE (om-format §5); only type `Const` does, not
 * `Constant`, `FileConstant` or `Variable`.
 */
export function constsByName(graph: Graph): ReadonlyMap<string, PlacedNode> {
  const consts = new Map<string, PlacedNode>();
  for (const placed of allNodes(graph)) {
    if (placed.node.type === 'Const' && !consts.has(placed.node.name)) consts.set(placed.node.name, placed);
  }
  return consts;
}

export interface ConstContent {
  readonly tensor: Tensor;
  /** What the Const's value says of itself; its Variable gets the same. */
  readonly desc: TensorDesc;
}

/** The value of a Const; undefined for one without. */
export function constContent(node: Node): ConstContent | undefined {
  const value = node.attrs.get('value');
  if (value?.kind !== 'tensor') return undefined;
  return { tensor: value.value, desc: value.desc ?? specOf(value.value) };
}

export function specOf({ dtype, shape, format }: TensorSpec): TensorSpec {
  return { dtype, shape, ...(format === undefined ? {} : { format }) };
}

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
