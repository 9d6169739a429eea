// Brings the tensors that stay in the model (attributes, initializers of sub-graphs, functions) into it: their external data
// would be looked for beside the bundle, where it is not.
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor } from '../encodings/onnx-model.js';
import { type TensorSource, toTensor } from './tensor.js';

const EXTERNAL = 1;

/** Initializers of the main graph stay as they are. */
export function settleTensors(model: OnnxModel, source: TensorSource): OnnxModel {
  const { nodes } = settler(source);
  const functions = model.functions?.map((one) => ({ ...one, node: nodes(one.node) }));
  return {
    ...model,
    graph: { ...model.graph, node: nodes(model.graph?.node) },
    ...(functions === undefined ? {} : { functions }),
  };
}

/** Nodes, attributes and graphs nest in one another, so they are functions of one closure. */
function settler(source: TensorSource): { readonly nodes: (list: readonly OnnxNode[] | undefined) => OnnxNode[] } {
  const nodes = (list: readonly OnnxNode[] = []): OnnxNode[] => list.map(node);
  const node = (one: OnnxNode): OnnxNode => (one.attribute === undefined ? one : { ...one, attribute: one.attribute.map(attribute) });
  const attribute = (one: OnnxAttribute): OnnxAttribute => {
    const { t, g, tensors, graphs } = one;
    if (t === undefined && g === undefined && tensors === undefined && graphs === undefined) return one;
    return {
      ...one,
      ...(t === undefined ? {} : { t: tensor(t) }),
      ...(g === undefined ? {} : { g: graph(g) }),
      ...(tensors === undefined ? {} : { tensors: tensors.map(tensor) }),
      ...(graphs === undefined ? {} : { graphs: graphs.map(graph) }),
    };
  };
  const graph = (one: OnnxGraph): OnnxGraph => {
    const { initializer } = one;
    return { ...one, node: nodes(one.node), ...(initializer === undefined ? {} : { initializer: initializer.map(tensor) }) };
  };
  const tensor = (one: OnnxTensor): OnnxTensor => {
    if (one.dataLocation !== EXTERNAL) return one;
    const { externalData: _, dataLocation: __, ...rest } = one;
    return { ...rest, rawData: toTensor(one, source).data };
  };
  return { nodes };
}
