// The Consts of a graph, by name, and what they hold.
import type { Graph, Node, TensorDesc } from './graph.js';
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
