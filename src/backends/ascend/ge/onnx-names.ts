// Node names that GE's parser can live with, and by which a Constant is found again. GE calls a Const `X_Initializer_<i>`, an unnamed
// node `<OpType>_<k>`, and fails when two names meet (E13009).
import type { OnnxGraph, OnnxNode } from '../../../formats/encodings/onnx-model.js';
import type { ProgramConst } from '../../../formats/encodings/onnx-program.js';
import { isConstant } from '../../../formats/onnx/constant-value.js';
import { nameNodes } from '../../../formats/onnx/names.js';

export interface NamingParts {
  readonly consts: readonly ProgramConst[];
  readonly weights: readonly string[];
  /** In byte order. */
  readonly initializers: readonly string[];
}

/** The node that GE makes of the graph's outputs. */
const NET_OUTPUT = 'Node_Output';

/** GE's name for the Const of an initializer. */
export function initializerNode(name: string, rank: number): string {
  return `${name}_Initializer_${rank}`;
}

/** @returns the graph with a name of its own for each node; undefined when its names will do */
export function nameForGe(graph: OnnxGraph, { consts, weights, initializers }: NamingParts): OnnxGraph | undefined {
  const nodes = graph.node ?? [];
  const made = initializers.map(initializerNode);
  const inputs = (graph.input ?? []).map(({ name = '' }) => name).filter((name) => !initializers.includes(name));
  const constNames = new Map(consts.map(({ constName, valueName }) => [valueName, constName]));
  const nameOf = (node: OnnxNode): string | undefined => (isConstant(node) ? constNames.get(node.output?.[0] ?? '') : undefined);
  const isLost = nodes.some((node) => {
    const name = nameOf(node);
    return name !== undefined && weights.includes(name) && node.name !== name;
  });
  if (!isLost && !meet([...made, ...inputs, NET_OUTPUT], nodes)) return undefined;
  const reserved = [...initializers, ...made, ...inputs, NET_OUTPUT, ...constNames.values()];
  const others = nameNodes(
    nodes.filter((node) => nameOf(node) === undefined),
    reserved,
  ).values();
  return { ...graph, node: nodes.map((node) => ({ ...node, name: nameOf(node) ?? (others.next().value?.name as string) })) };
}

function meet(taken: readonly string[], nodes: readonly OnnxNode[]): boolean {
  const names = new Set(taken);
  const unnamed = new Set(nodes.filter(({ name = '' }) => name === '').map(({ opType = '' }) => opType));
  for (const { name = '' } of nodes) {
    if (name === '') continue;
    if (names.has(name)) return true;
    names.add(name);
    // It may be what GE calls one of the nodes without a name.
    const numbered = /^(.+)_\d+$/.exec(name);
    if (numbered !== null && unnamed.has(numbered[1] as string)) return true;
  }
  return false;
}
