// bfloat16 models as float32 models: ONNX Runtime has next to no bfloat16 kernels on the CPU, and its JavaScript binding
// neither takes nor gives such tensors. Every bfloat16 value is exact in float32; results carry more bits than a device's would.
import { type Bytes, computedBytes } from '../../base/bytes.js';
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxType, ValueInfo } from '../../formats/encodings/onnx-model.js';
import { toTensor } from '../../formats/onnx/tensor.js';
import { dtype } from '../../graph/dtype.js';
import type { Tensor } from '../../graph/tensor.js';

const FLOAT = 1;
const BFLOAT16 = 16;

/**
 * The same model with float32 in place of bfloat16: graph inputs and outputs, value infos, initializers, tensors and types in
 * attributes, functions. A Cast to bfloat16 still rounds: it becomes a Cast to bfloat16 and one back.
 */
export function widenModel(model: OnnxModel): OnnxModel {
  return {
    ...model,
    ...(model.graph === undefined ? {} : { graph: widenGraph(model.graph) }),
    ...mapped('functions', model.functions, (one) => ({
      ...one,
      node: widenNodes(one.node ?? []),
      ...mapped('attributeProto', one.attributeProto, widenAttribute),
      ...mapped('valueInfo', one.valueInfo, widenValue),
    })),
  };
}

/** A bfloat16 tensor as float32, computed when it is read; any other as it is. */
export function widenTensor(tensor: Tensor): Tensor {
  return tensor.dtype.name === 'bfloat16' ? { ...tensor, dtype: dtype('float32'), data: widenBytes(tensor.data) } : tensor;
}

function widenBytes(halves: Bytes): Bytes {
  return computedBytes(halves.length * 2, (start, end) => {
    const first = Math.floor(start / 4);
    const last = Math.ceil(end / 4);
    const source = halves.read(first * 2, last * 2);
    const out = new Uint8Array((last - first) * 4);
    for (let i = 0, at = 2; i < source.length; i += 2, at += 4) {
      out[at] = source[i] as number;
      out[at + 1] = source[i + 1] as number;
    }
    return out.subarray(start - first * 4, end - first * 4);
  });
}

function widenGraph(graph: OnnxGraph): OnnxGraph {
  return {
    ...graph,
    node: widenNodes(graph.node ?? []),
    ...mapped('initializer', graph.initializer, widenProto),
    ...mapped('input', graph.input, widenValue),
    ...mapped('output', graph.output, widenValue),
    ...mapped('valueInfo', graph.valueInfo, widenValue),
  };
}

function widenNodes(nodes: readonly OnnxNode[]): OnnxNode[] {
  return nodes.flatMap((node) => {
    const wide = { ...node, ...mapped('attribute', node.attribute, widenAttribute) };
    return (node.opType === 'Cast' || node.opType === 'BitCast') && castsToBfloat16(node) ? roundingCast(wide) : [wide];
  });
}

function castsToBfloat16(node: OnnxNode): boolean {
  return (node.attribute ?? []).some(({ name, i }) => name === 'to' && i === BFLOAT16);
}

function roundingCast(node: OnnxNode): OnnxNode[] {
  const [output = ''] = node.output ?? [];
  const narrow = `${output}__bfloat16`;
  const to: OnnxAttribute = { name: 'to', type: 2, i: FLOAT };
  return [
    { ...node, output: [narrow] },
    { opType: 'Cast', name: `${node.name ?? ''}__widen`, input: [narrow], output: [output], attribute: [to] },
  ];
}

/** Attributes that name a data type: of EyeLike, RandomNormal, Bernoulli, QuantizeLinear, the windows, LayerNormalization, Attention. */
const TYPE_ATTRIBUTES = ['dtype', 'output_dtype', 'output_datatype', 'stash_type', 'softmax_precision'];

function widenAttribute(attribute: OnnxAttribute): OnnxAttribute {
  const { name = '', i, t, g, tp } = attribute;
  return {
    ...attribute,
    ...(i === BFLOAT16 && TYPE_ATTRIBUTES.includes(name) ? { i: FLOAT } : {}),
    ...(t === undefined ? {} : { t: widenProto(t) }),
    ...(g === undefined ? {} : { g: widenGraph(g) }),
    ...(tp === undefined ? {} : { tp: widenType(tp) }),
    ...mapped('tensors', attribute.tensors, widenProto),
    ...mapped('graphs', attribute.graphs, widenGraph),
    ...mapped('typeProtos', attribute.typeProtos, widenType),
  };
}

function widenProto(proto: OnnxTensor): OnnxTensor {
  if (proto.dataType !== BFLOAT16) return proto;
  const { data } = widenTensor(toTensor(proto, { what: 'the model' }));
  const { int32Data: _, ...rest } = proto;
  return { ...rest, dataType: FLOAT, rawData: data };
}

function widenValue(value: ValueInfo): ValueInfo {
  return value.type === undefined ? value : { ...value, type: widenType(value.type) };
}

function widenType(type: OnnxType): OnnxType {
  const { tensorType, sequenceType, optionalType, mapType } = type;
  return {
    ...type,
    ...(tensorType?.elemType === BFLOAT16 ? { tensorType: { ...tensorType, elemType: FLOAT } } : {}),
    ...(sequenceType?.elemType === undefined ? {} : { sequenceType: { ...sequenceType, elemType: widenType(sequenceType.elemType) } }),
    ...(optionalType?.elemType === undefined ? {} : { optionalType: { ...optionalType, elemType: widenType(optionalType.elemType) } }),
    ...(mapType?.valueType === undefined ? {} : { mapType: { ...mapType, valueType: widenType(mapType.valueType) } }),
  };
}

/** A list field with every element changed; a field that is absent stays absent. */
function mapped<K extends string, T>(key: K, list: readonly T[] | undefined, change: (one: T) => T): { [P in K]?: T[] } {
  return list === undefined ? {} : ({ [key]: list.map(change) } as { [P in K]?: T[] });
}
