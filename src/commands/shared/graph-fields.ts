// A graph that is not compiled, in the words of `inspect`.
import type { GraphSource } from '../../backends/backend.js';
import type { CheckedGraph } from '../../graph/check.js';
import { constValue, dataNodes, type Graph, splitRef } from '../../graph/graph.js';
import type { NamedSpec } from '../../graph/tensor.js';
import { type SpecFields, specFields } from './bundle.js';

export interface GraphFields {
  readonly name: string;
  readonly nodes: number;
  readonly subgraphs: number;
  /** Nodes per operator type, the most frequent first. */
  readonly operators: readonly { readonly type: string; readonly count: number }[];
  readonly inputs: readonly SpecFields[];
  readonly outputs: readonly SpecFields[];
  readonly consts: { readonly count: number; readonly bytes: number };
  /** Of an ONNX model: the operator sets it imports. */
  readonly opsets: Readonly<Record<string, number>> | null;
}

export function graphFields({ graph, checked, program }: GraphSource): GraphFields {
  const consts = [graph, ...graph.subgraphs].flatMap(({ nodes }) => nodes.flatMap((node) => constValue(node) ?? []));
  return {
    name: graph.name,
    nodes: graph.nodes.length,
    subgraphs: graph.subgraphs.length,
    operators: countOperators(graph),
    inputs: (program?.inputs ?? inputSpecs(graph)).map(specFields),
    outputs: (program?.outputs ?? outputSpecs(checked ?? graph)).map(specFields),
    consts: { count: consts.length, bytes: consts.reduce((sum, { data }) => sum + data.length, 0) },
    opsets:
      program === undefined
        ? null
        : Object.fromEntries((program.model.opsetImport ?? []).map(({ domain, version }) => [domain || 'ai.onnx', Number(version)])),
  };
}

function countOperators(graph: Graph): { type: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { type } of graph.nodes) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, count]) => ({ type, count })).sort((a, b) => b.count - a.count || (a.type < b.type ? -1 : 1));
}

/** Of a graph that is no ONNX model. */
export function inputSpecs(graph: Graph): NamedSpec[] {
  return dataNodes(graph).flatMap(({ name, outputDescs: [desc] }) =>
    desc === undefined ? [] : [{ name, dtype: desc.dtype, shape: desc.shape }],
  );
}

export function outputSpecs(graph: Graph | CheckedGraph): NamedSpec[] {
  if ('spec' in graph) return graph.outputs.map(({ name, value }) => ({ ...graph.spec(value), name }));
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  return graph.outputs.flatMap(({ name, value }) => {
    const { node, output } = splitRef(value);
    const desc = nodes.get(node)?.outputDescs[output];
    return desc === undefined ? [] : [{ name, dtype: desc.dtype, shape: desc.shape }];
  });
}
