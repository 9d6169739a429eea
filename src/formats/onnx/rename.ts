// Other names for values of a graph. A sub-graph sees the values around it unless it has its own of that name.
import type { OnnxGraph, OnnxNode, ValueInfo } from '../encodings/onnx-model.js';
import { mapInnerGraphs } from './attributes.js';

type Names = ReadonlyMap<string, string>;

/** The nodes and the described values of `graph` with new names; its inputs, outputs and initializers stay as they are. */
export function renameValues(graph: OnnxGraph, names: Names): OnnxGraph {
  if (names.size === 0) return graph;
  return {
    ...graph,
    node: (graph.node ?? []).map((node) => renameNode(node, names)),
    ...(graph.valueInfo === undefined ? {} : { valueInfo: renameInfos(graph.valueInfo, names) }),
  };
}

function renameNode(node: OnnxNode, names: Names): OnnxNode {
  const renamed = (list: readonly string[]): string[] => list.map((name) => names.get(name) ?? name);
  return {
    ...mapInnerGraphs(node, (inner) => renameInner(inner, names)),
    ...(node.input === undefined ? {} : { input: renamed(node.input) }),
    ...(node.output === undefined ? {} : { output: renamed(node.output) }),
  };
}

function renameInner(graph: OnnxGraph, outer: Names): OnnxGraph {
  const own = new Set([
    ...[...(graph.input ?? []), ...(graph.initializer ?? [])].map(({ name = '' }) => name),
    ...(graph.node ?? []).flatMap(({ output = [] }) => output),
  ]);
  const names = new Map([...outer].filter(([name]) => !own.has(name)));
  const renamed = renameValues(graph, names);
  return graph.output === undefined ? renamed : { ...renamed, output: renameInfos(graph.output, names) };
}

function renameInfos(infos: readonly ValueInfo[], names: Names): ValueInfo[] {
  return infos.map((info) => ({ ...info, name: names.get(info.name ?? '') ?? info.name ?? '' }));
}
