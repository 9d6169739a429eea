// Changes to a decoded ONNX model, made without the reader under test: what the references are.
import { memoryBytes } from '../../src/base/bytes.js';
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor } from '../../src/formats/encodings/onnx-model.js';
import type { OnnxProgram } from '../../src/formats/encodings/onnx-program.js';
import type { Tensor } from '../../src/graph/tensor.js';

/** The model with another value for the initializer `name`, or for the Constant node that has this name or output. */
export function withConst(model: OnnxModel, name: string, tensor: Tensor): OnnxModel {
  const graph = model.graph as OnnxGraph;
  const initializer = (graph.initializer ?? []).map((one) => (one.name === name ? toProto(name, tensor) : one));
  const node = (graph.node ?? []).map((one) => (isConstantNamed(one, name) ? constantOf(one, tensor) : one));
  return { ...model, graph: { ...graph, initializer, node } };
}

/** The model with its input `name` turned into an initializer; IR version 3 keeps it among the inputs. */
export function withInputAsConst(model: OnnxModel, name: string, tensor: Tensor): OnnxModel {
  const graph = model.graph as OnnxGraph;
  return { ...model, graph: { ...graph, initializer: [...(graph.initializer ?? []), toProto(name, tensor)] } };
}

/** The whole model of a program, for the models that ONNX Runtime only executes after the upgrade. */
export function wholeModel({ model, consts }: OnnxProgram): OnnxModel {
  const initializer = consts.map(({ valueName, tensor }) => toProto(valueName, tensor));
  return { ...model, graph: { ...model.graph, initializer } };
}

function isConstantNamed({ opType, name, output }: OnnxNode, wanted: string): boolean {
  return opType === 'Constant' && (name === wanted || output?.[0] === wanted);
}

function constantOf(node: OnnxNode, tensor: Tensor): OnnxNode {
  return { ...node, attribute: [{ name: 'value', type: 4, t: toProto('', tensor) }] };
}

function toProto(name: string, { dtype, shape, data }: Tensor): OnnxTensor {
  return { name, dims: [...shape], dataType: dtype.onnx as number, rawData: memoryBytes(new Uint8Array(data.read())) };
}
