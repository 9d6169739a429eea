// The graph of a model of a bundle; that of inference with its weights as the Consts that they were: the way back of GE's conversion.
import { findNode, type Graph, type Node } from '../../graph/graph.js';
import { type Replacement, replaceConsts } from '../../graph/replace-consts.js';
import { sameShape } from '../../graph/tensor.js';
import { type Bundle, type BundleWeight, findSubmodel, type Submodel } from './bundle.js';
import { type InitialValue, isBlocked, readInitialValues } from './initial-values.js';

export interface OriginalGraph {
  readonly graph: Graph;
  /** Names of weights that are still Variables: without an initial value, or compiled to another dtype or layout. */
  readonly variables: readonly string[];
}

/**
 * The graph of a model of the bundle as it can be stored alone: that of inference with its weights restored, the others as they are.
 *
 * @throws FILE_MALFORMED
 */
export function graphOfModel(bundle: Bundle, submodel: Submodel): OriginalGraph {
  const graph = withoutEmptyValues(submodel.graph);
  return submodel.role === 'infer' ? restoreWeights(bundle, graph) : { graph, variables: [] };
}

/** A compiled Variable has a `value` without bytes, which is none. */
function withoutEmptyValues(graph: Graph): Graph {
  const clean = (node: Node): Node =>
    node.type === 'Variable' && node.attrs.get('value')?.kind === 'opaque'
      ? { ...node, attrs: new Map([...node.attrs].filter(([name]) => name !== 'value')) }
      : node;
  return { ...graph, nodes: graph.nodes.map(clean), subgraphs: graph.subgraphs.map(withoutEmptyValues) };
}

function restoreWeights(bundle: Bundle, graph: Graph): OriginalGraph {
  const values = new Map(readInitialValues(bundle)?.values.map((value) => [value.weight.variableName, value]));
  const init = findSubmodel(bundle, 'init')?.graph;
  const found = bundle.weights.map((weight) => {
    const places = placesOf(graph, weight.variableName);
    const value = values.get(weight.variableName);
    const constant = init === undefined || value === undefined ? undefined : constNode(init, value);
    const isRestored = constant !== undefined && places.every(({ node }) => isWeightItself(node, weight));
    return {
      replacements: isRestored ? places.map((place) => ({ ...place, variable: constant })) : [],
      left: isRestored || places.length === 0 ? [] : [weight.constName],
    };
  });
  const replacements = found.flatMap((one) => one.replacements);
  return { graph: replaceConsts(graph, replacements), variables: found.flatMap(({ left }) => left) };
}

function placesOf(root: Graph, variable: string): readonly Pick<Replacement, 'graph' | 'node'>[] {
  return [root, ...root.subgraphs].flatMap((graph) => {
    const node = findNode(graph, variable);
    return node === undefined ? [] : [{ graph, node }];
  });
}

/** Under the weight's own name: a compiler may have merged its Const with an equal one. */
function constNode(init: Graph, { weight, constant }: InitialValue): Node | undefined {
  const graph = [init, ...init.subgraphs].find(({ name }) => name === constant.graph);
  const node = graph === undefined ? undefined : findNode(graph, constant.name);
  return node === undefined ? undefined : { ...node, name: weight.constName };
}

function isWeightItself({ outputDescs: [desc] }: Node, { spec }: BundleWeight): boolean {
  return desc !== undefined && desc.dtype === spec.dtype && sameShape(desc.shape, spec.shape) && !isBlocked(desc.format);
}
