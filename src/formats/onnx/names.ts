// Names for nodes. ONNX lets a node have no name, or that of another; a graph needs each to be one of its own.
import type { OnnxNode } from '../encodings/onnx-model.js';

/**
 * The nodes with unique names: a node keeps its own unless that is empty, or taken by a const, an input or a node before it;
 * then it is named by its operator and a counter.
 *
 * @param reserved  names of consts and inputs, which the user knows and which never change
 */
export function nameNodes(nodes: readonly OnnxNode[], reserved: Iterable<string>): OnnxNode[] {
  const taken = new Set(reserved);
  const kept = nodes.map((node) => {
    const { name = '' } = node;
    if (name === '' || taken.has(name)) return undefined;
    taken.add(name);
    return name;
  });
  const counters = new Map<string, number>();
  return nodes.map((node, i) => ({ ...node, name: kept[i] ?? numbered(node.opType ?? '', taken, counters) }));
}

function numbered(opType: string, taken: Set<string>, counters: Map<string, number>): string {
  for (let i = counters.get(opType) ?? 0; ; i++) {
    const name = `${opType}_${i}`;
    if (taken.has(name)) continue;
    counters.set(opType, i + 1);
    taken.add(name);
    return name;
  }
}
