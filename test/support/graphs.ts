// Small GE graphs for tests, written as code.
import { memoryBytes } from '../../src/base/bytes.js';
import { dtype } from '../../src/graph/dtype.js';
import type { AttrValue, Graph, Node, ValueRef } from '../../src/graph/graph.js';
import type { Shape, Tensor, TensorSpec } from '../../src/graph/tensor.js';

export const spec = (name: string, shape: Shape): TensorSpec => ({ dtype: dtype(name), shape });

export const float32s = (values: readonly number[], shape: Shape = [values.length]): Tensor => ({
  dtype: dtype('float32'),
  shape,
  data: memoryBytes(new Uint8Array(Float32Array.from(values).buffer)),
});

export const int64s = (values: readonly number[], shape: Shape = [values.length]): Tensor => ({
  dtype: dtype('int64'),
  shape,
  data: memoryBytes(new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer)),
});

export const data = (name: string, type: string, shape: Shape): Node => ({
  ...node(name, 'Data', {}),
  outputNames: ['y'],
  outputDescs: [spec(type, shape)],
});

export const constant = (name: string, value: Tensor): Node => node(name, 'Const', {}, { value: { kind: 'tensor', value } });

/** A node with inputs by slot name, and what a graph file would leave open left open. */
export function node(
  name: string,
  type: string,
  inputs: Readonly<Record<string, ValueRef | null>>,
  attrs: Readonly<Record<string, AttrValue>> = {},
  rest: Partial<Node> = {},
): Node {
  return {
    name,
    type,
    inputs: Object.values(inputs),
    inputNames: Object.keys(inputs),
    outputNames: [],
    inputDescs: [],
    outputDescs: [],
    attrs: new Map(Object.entries(attrs)),
    ...rest,
  };
}

export const graph = (nodes: readonly Node[], outputs: readonly ValueRef[]): Graph => ({
  name: 'g',
  dialect: 'ge',
  nodes,
  outputs: outputs.map((value) => ({ name: value, value })),
  subgraphs: [],
});
