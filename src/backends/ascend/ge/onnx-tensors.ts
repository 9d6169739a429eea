// Tensors of an ONNX model that GE's parser would lose: a Constant that keeps its value in another attribute than `value` becomes a
// Const without bytes, and external data with a checksum fails the parse (cann-api §10).
import { basename } from 'node:path';
import {
  ATTRIBUTE_TYPE,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
} from '../../../formats/encodings/onnx-model.js';
import { constantTensor, holdsNumbers, isConstant } from '../../../formats/onnx/constant-value.js';

/** @returns the graph with all sub-graphs adapted; undefined when nothing had to change */
export function adaptTensors(graph: OnnxGraph, path: string): OnnxGraph | undefined {
  const adapted = adaptGraph(graph, basename(path));
  return adapted === graph ? undefined : adapted;
}

function adaptGraph(graph: OnnxGraph, what: string): OnnxGraph {
  const node = mapChanged(graph.node, (one) => adaptNode(one, what));
  const initializer = mapChanged(graph.initializer, withoutChecksum);
  return node === graph.node && initializer === graph.initializer
    ? graph
    : { ...graph, ...(node && { node }), ...(initializer && { initializer }) };
}

function adaptNode(node: OnnxNode, what: string): OnnxNode {
  const folded = foldedValue(node, what);
  if (folded !== undefined) return { ...node, attribute: [folded] };
  const attribute = mapChanged(node.attribute, (one) => adaptAttribute(one, what));
  return attribute === node.attribute || attribute === undefined ? node : { ...node, attribute };
}

/** `value_float` and its like as a tensor, which is the same by ONNX's own definition. */
function foldedValue(node: OnnxNode, what: string): OnnxAttribute | undefined {
  const hasTensor = (node.attribute ?? []).some(({ name, t }) => name === 'value' && t !== undefined);
  if (!isConstant(node) || hasTensor || !holdsNumbers(node)) return undefined;
  const { dtype, shape, data } = constantTensor(node, node.name ?? node.output?.[0] ?? '', { what });
  const t: OnnxTensor = { ...(shape.length === 0 ? {} : { dims: [...shape] }), dataType: dtype.onnx ?? 0, rawData: data };
  return { name: 'value', type: ATTRIBUTE_TYPE.t, t };
}

function adaptAttribute(attribute: OnnxAttribute, what: string): OnnxAttribute {
  const g = attribute.g === undefined ? undefined : adaptGraph(attribute.g, what);
  const graphs = mapChanged(attribute.graphs, (graph) => adaptGraph(graph, what));
  const t = attribute.t === undefined ? undefined : withoutChecksum(attribute.t);
  if (g === attribute.g && graphs === attribute.graphs && t === attribute.t) return attribute;
  return { ...attribute, ...(g && { g }), ...(graphs && { graphs }), ...(t && { t }) };
}

function withoutChecksum(tensor: OnnxTensor): OnnxTensor {
  const externalData = tensor.externalData?.filter(({ key }) => key !== 'checksum');
  return externalData === undefined || externalData.length === tensor.externalData?.length ? tensor : { ...tensor, externalData };
}

/** The same list when no element changes. */
function mapChanged<T>(list: T[] | undefined, change: (one: T) => T): T[] | undefined {
  const changed = list?.map(change);
  return changed?.some((one, i) => one !== list?.[i]) === true ? changed : list;
}

/** Initializers and the tensors of attributes, those of sub-graphs too. */
export function allTensors({ initializer = [], node = [] }: OnnxGraph): readonly OnnxTensor[] {
  const attributes = node.flatMap(({ attribute = [] }) => attribute);
  return [
    ...initializer,
    ...attributes.flatMap(({ t, tensors = [], g, graphs = [] }) => [
      ...(t === undefined ? tensors : [t, ...tensors]),
      ...(g === undefined ? graphs : [g, ...graphs]).flatMap(allTensors),
    ]),
  ];
}
