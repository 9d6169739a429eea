// The graph as GE has it: `Data`, `Const` and `Variable` are ordinary nodes, edges are refs such as "conv1:0",
// sub-graphs are a flat list and found by name. One type for graphs from every format and for the graphs after the split.
import type { Bytes } from '../base/bytes.js';
import type { DType } from './dtype.js';
import type { Tensor, TensorSpec } from './tensor.js';

/** `producer:outputIndex`; split at the last colon, because names may hold colons. */
export type ValueRef = string;

export function valueRef(node: string, output = 0): ValueRef {
  return `${node}:${output}`;
}

export function splitRef(ref: ValueRef): { readonly node: string; readonly output: number } {
  const colon = ref.lastIndexOf(':');
  return { node: ref.slice(0, colon), output: Number(ref.slice(colon + 1)) };
}

/** A 64-bit integer: a number while it is exact, a bigint beyond ±2^53. */
export type Int64 = number | bigint;

/** An attribute with its type: GE's AttrDef kinds, which cover ONNX's. `opaque` is kept for writing and not looked into. */
export type AttrValue =
  | { readonly kind: 'int'; readonly value: Int64 }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'bytes'; readonly value: Bytes }
  | { readonly kind: 'dtype'; readonly value: DType }
  | { readonly kind: 'tensor'; readonly value: Tensor; readonly desc?: TensorDesc }
  | { readonly kind: 'ints'; readonly value: readonly Int64[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'bools'; readonly value: readonly boolean[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'dtypes'; readonly value: readonly DType[] }
  | { readonly kind: 'intLists'; readonly value: readonly (readonly Int64[])[] }
  | { readonly kind: 'opaque'; readonly value: unknown };

export type Attrs = ReadonlyMap<string, AttrValue>;

/** What a node says of one of its values. */
export interface TensorDesc extends TensorSpec {
  /** Attributes such as `origin_shape` and `format_for_int`. */
  readonly attrs?: Attrs;
}

export interface Node {
  /** Unique in its graph. */
  readonly name: string;
  /** A GE operator type, or an ONNX one in a graph of the ONNX dialect. */
  readonly type: string;
  /** One entry per data slot, in slot order; null is an unconnected (optional) slot. */
  readonly inputs: readonly (ValueRef | null)[];
  /** Slot names: `x1`, `filter`, `x0`, `x1`, … for a dynamic slot `x`. As long as `inputs`. */
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputDescs: readonly TensorDesc[];
  /** One entry per output. A dtype of `undefined` and the unknown rank where nothing is known yet. */
  readonly outputDescs: readonly TensorDesc[];
  readonly attrs: Attrs;
  /** Producers that must have run before, without a value. */
  readonly controlInputs?: readonly string[];
  /** Names of sub-graphs in `Graph.subgraphs`, by index of the operator's branches. */
  readonly subgraphs?: readonly string[];
  /** Where the node stands in its file, for messages: a JSON pointer. */
  readonly at?: string;
}

export interface GraphOutput {
  readonly name: string;
  readonly value: ValueRef;
}

export interface Graph {
  readonly name: string;
  /** Whose operators these are. */
  readonly dialect: 'ge' | 'onnx';
  /** In any order; `check` sorts. A `NetOutput` node is not among them: `outputs` says it. */
  readonly nodes: readonly Node[];
  readonly outputs: readonly GraphOutput[];
  /** All sub-graphs of all levels, flat; empty in most graphs. */
  readonly subgraphs: readonly Graph[];
}

/** The value of a Const or Constant node, if it has one. */
export function constValue(node: Node): Tensor | undefined {
  const value = node.attrs.get('value');
  return value?.kind === 'tensor' ? value.value : undefined;
}

export function findNode(graph: Graph, name: string): Node | undefined {
  return graph.nodes.find((node) => node.name === name);
}

/** Data nodes in the order of the model's inputs: by `index`, else by appearance. */
export function dataNodes(graph: Graph): readonly Node[] {
  const data = graph.nodes.filter((node) => node.type === 'Data' || node.type === 'AippData' || node.type === 'RefData');
  const index = (node: Node): number => {
    const attr = node.attrs.get('index');
    return attr?.kind === 'int' ? Number(attr.value) : 0;
  };
  // The sort is stable, so equal indices (none given) keep the order of appearance.
  return [...data].sort((a, b) => index(a) - index(b));
}
