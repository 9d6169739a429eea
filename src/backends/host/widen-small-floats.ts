// bfloat16 models as float32 models: ONNX Runtime has next to no bfloat16 kernels on the CPU, and its JavaScript binding
// neither takes nor gives such tensors. Every bfloat16 value is exact in float32; results carry more bits than a device's would.
// float16 likewise, where it is asked for: to know what would come out without rounding.
import { type Bytes, computedBytes } from '../../base/bytes.js';
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxType, ValueInfo } from '../../formats/encodings/onnx-model.js';
import { FreshNames } from '../../formats/onnx/fresh-names.js';
import { toTensor } from '../../formats/onnx/tensor.js';
import { widenToFloat32 } from '../../graph/convert.js';
import { dtype } from '../../graph/dtype.js';
import type { Tensor } from '../../graph/tensor.js';

const FLOAT = 1;

/** By their numbers in TensorProto.DataType. */
export const SMALL_FLOATS = { float16: 10, bfloat16: 16 } as const;
export type SmallFloat = keyof typeof SMALL_FLOATS;

/**
 * The same model with float32 in place of `narrow`: graph inputs and outputs, value infos, initializers, tensors and types in
 * attributes, functions. A Cast to `narrow` still rounds: it becomes a Cast to it and one back.
 *
 * @param taken  names of values that the graph does not have yet
 */
export function widenModel(model: OnnxModel, narrow: SmallFloat = 'bfloat16', taken: readonly string[] = []): OnnxModel {
  const { graph } = model;
  return {
    ...model,
    ...(graph === undefined ? {} : { graph: new Widening(narrow, new FreshNames(graph, taken)).graph(graph) }),
    ...mapped('functions', model.functions, (one) => {
      const { node = [], input = [], attributeProto, valueInfo } = one;
      const widening = new Widening(narrow, new FreshNames({ node }, input));
      return {
        ...one,
        node: widening.nodes(node),
        ...mapped('attributeProto', attributeProto, widening.attribute),
        ...mapped('valueInfo', valueInfo, widening.value),
      };
    }),
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

/** Attributes that name a data type: of EyeLike, RandomNormal, Bernoulli, QuantizeLinear, the windows, LayerNormalization, Attention. */
const TYPE_ATTRIBUTES = ['dtype', 'output_dtype', 'output_datatype', 'stash_type', 'softmax_precision'];

class Widening {
  readonly #name: SmallFloat;
  readonly #number: number;
  readonly #names: FreshNames;

  constructor(narrow: SmallFloat, names: FreshNames) {
    this.#name = narrow;
    this.#names = names;
    this.#number = SMALL_FLOATS[narrow];
  }

  graph = (graph: OnnxGraph): OnnxGraph => ({
    ...graph,
    node: this.nodes(graph.node ?? []),
    ...mapped('initializer', graph.initializer, this.#tensor),
    ...mapped('input', graph.input, this.value),
    ...mapped('output', graph.output, this.value),
    ...mapped('valueInfo', graph.valueInfo, this.value),
  });

  nodes(nodes: readonly OnnxNode[]): OnnxNode[] {
    return nodes.flatMap((node) => {
      const wide = { ...node, ...mapped('attribute', node.attribute, this.attribute) };
      return (node.opType === 'Cast' || node.opType === 'BitCast') && this.#isTarget(node) ? this.#roundingCast(wide) : [wide];
    });
  }

  #roundingCast(node: OnnxNode): OnnxNode[] {
    const [output = ''] = node.output ?? [];
    const rounded = this.#names.fresh(`${output}__${this.#name}`);
    // Without a name: ONNX Runtime wants no name twice, and there are others.
    return [{ ...node, output: [rounded] }, castNode('', rounded, output, FLOAT)];
  }

  #isTarget(node: OnnxNode): boolean {
    return (node.attribute ?? []).some(({ name, i }) => name === 'to' && i === this.#number);
  }

  attribute = (attribute: OnnxAttribute): OnnxAttribute => {
    const { name = '', i, t, g, tp } = attribute;
    return {
      ...attribute,
      ...(i === this.#number && TYPE_ATTRIBUTES.includes(name) ? { i: FLOAT } : {}),
      ...(t === undefined ? {} : { t: this.#tensor(t) }),
      ...(g === undefined ? {} : { g: this.graph(g) }),
      ...(tp === undefined ? {} : { tp: this.#type(tp) }),
      ...mapped('tensors', attribute.tensors, this.#tensor),
      ...mapped('graphs', attribute.graphs, this.graph),
      ...mapped('typeProtos', attribute.typeProtos, this.#type),
    };
  };

  #tensor = (proto: OnnxTensor): OnnxTensor => {
    if (proto.dataType !== this.#number) return proto;
    const { data } = widenToFloat32(toTensor(proto, { what: 'the model' }));
    const { int32Data: _, ...rest } = proto;
    return { ...rest, dataType: FLOAT, rawData: data };
  };

  value = (value: ValueInfo): ValueInfo => (value.type === undefined ? value : { ...value, type: this.#type(value.type) });

  #type = (type: OnnxType): OnnxType => {
    const { tensorType, sequenceType, optionalType, mapType } = type;
    return {
      ...type,
      ...(tensorType?.elemType === this.#number ? { tensorType: { ...tensorType, elemType: FLOAT } } : {}),
      ...(sequenceType?.elemType === undefined ? {} : { sequenceType: { ...sequenceType, elemType: this.#type(sequenceType.elemType) } }),
      ...(optionalType?.elemType === undefined ? {} : { optionalType: { ...optionalType, elemType: this.#type(optionalType.elemType) } }),
      ...(mapType?.valueType === undefined ? {} : { mapType: { ...mapType, valueType: this.#type(mapType.valueType) } }),
    };
  };
}

/** @param to  a number of TensorProto.DataType */
export function castNode(name: string, input: string, output: string, to: number): OnnxNode {
  return { opType: 'Cast', name, input: [input], output: [output], attribute: [{ name: 'to', type: 2, i: to }] };
}

/** A list field with every element changed; a field that is absent stays absent. */
function mapped<K extends string, T>(key: K, list: readonly T[] | undefined, change: (one: T) => T): { [P in K]?: T[] } {
  return list === undefined ? {} : ({ [key]: list.map(change) } as { [P in K]?: T[] });
}
