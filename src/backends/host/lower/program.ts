// The ONNX program while it grows: value names, nodes, small initializers.
import { utf8Bytes } from '../../../base/bytes.js';
import {
  ATTRIBUTE_TYPE,
  type OnnxAttribute,
  type OnnxNode,
  type OnnxTensor,
  type ValueInfo,
} from '../../../formats/encodings/onnx-model.js';
import type { ValueRef } from '../../../graph/graph.js';
import { hasUnknownRank, type Tensor, type TensorSpec } from '../../../graph/tensor.js';
import type { OnnxAttr } from './context.js';
import { onnxType } from './host-dtype.js';
import { resultDType } from './result-dtype.js';

export class Program {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  readonly #taken = new Set<string>();
  readonly #nodeNames = new Set<string>();
  readonly #names = new Map<ValueRef, string>();
  readonly #dtypes = new Map<string, string>();

  /** A value name that nothing has yet: `wanted`, or `wanted` with a number. */
  fresh(wanted: string): string {
    return firstFree(this.#taken, wanted);
  }

  /** Gives the value of `ref` its ONNX name, once. */
  name(ref: ValueRef, wanted: string): string {
    const name = this.fresh(wanted);
    this.#names.set(ref, name);
    return name;
  }

  /** The ONNX name of a value of the graph; it gets its own ref as a name when nothing else was said. */
  valueName(ref: ValueRef): string {
    return this.#names.get(ref) ?? this.name(ref, ref);
  }

  hasName(ref: ValueRef): boolean {
    return this.#names.has(ref);
  }

  /** The dtype of an ONNX value, by name; undefined where it is not known. */
  dtypeOf(value: string): string | undefined {
    return this.#dtypes.get(value);
  }

  setDType(value: string, dtype: string): void {
    this.#dtypes.set(value, dtype);
  }

  emit(
    name: string,
    opType: string,
    inputs: readonly string[],
    attrs: Readonly<Record<string, OnnxAttr | undefined>>,
    outputs: readonly string[],
  ): void {
    const attribute = Object.entries(attrs).flatMap(([key, value]) => (value === undefined ? [] : [toAttribute(key, value)]));
    outputs.forEach((output, i) => {
      const dtype = resultDType(
        opType,
        i,
        inputs.map((input) => this.dtypeOf(input)),
        attrs,
      );
      if (dtype !== undefined) this.setDType(output, dtype);
    });
    // Nodes have a name space of their own, in which ONNX Runtime wants no name twice.
    const nodeName = firstFree(this.#nodeNames, name);
    this.nodes.push({ name: nodeName, opType, input: [...inputs], output: [...outputs], ...(attribute.length === 0 ? {} : { attribute }) });
  }

  /** Drops nodes and initializers from which none of `wanted` follows: ONNX Runtime would compute them all the same. */
  prune(wanted: readonly string[]): void {
    const needed = new Set(wanted);
    const kept = this.nodes.toReversed().filter(({ input, output }) => {
      if (output?.some((name) => needed.has(name)) !== true) return false;
      for (const name of input ?? []) needed.add(name);
      return true;
    });
    this.nodes.splice(0, this.nodes.length, ...kept.reverse());
    const small = this.initializers.filter(({ name }) => needed.has(name as string));
    this.initializers.splice(0, this.initializers.length, ...small);
  }

  initializer(name: string, { dtype, shape, data }: Tensor): void {
    this.setDType(name, dtype.name);
    this.initializers.push({ name, dataType: onnxType(dtype), dims: [...shape], rawData: data });
  }
}

function firstFree(taken: Set<string>, wanted: string): string {
  let name = wanted;
  for (let i = 1; taken.has(name) || name === ''; i++) name = `${wanted}#${i}`;
  taken.add(name);
  return name;
}

function toAttribute(name: string, value: OnnxAttr): OnnxAttribute {
  if (typeof value === 'number') return { name, i: value, type: ATTRIBUTE_TYPE.i };
  if (typeof value === 'string') return { name, s: utf8Bytes(value), type: ATTRIBUTE_TYPE.s };
  if ('float' in value) return { name, f: value.float, type: ATTRIBUTE_TYPE.f };
  if ('floats' in value) return { name, floats: [...value.floats], type: ATTRIBUTE_TYPE.floats };
  if (value.every((item) => typeof item === 'string')) {
    if (value.length > 0) return { name, strings: value.map(utf8Bytes), type: ATTRIBUTE_TYPE.strings };
  }
  return { name, ints: value as number[], type: ATTRIBUTE_TYPE.ints };
}

/** What the model declares of an input or output; of an unknown rank it says nothing. */
export function toValueInfo(name: string, { dtype, shape }: TensorSpec): ValueInfo {
  const dim = shape.map((size) => (size < 0 ? {} : { dimValue: size }));
  return { name, type: { tensorType: { elemType: onnxType(dtype), ...(hasUnknownRank(shape) ? {} : { shape: { dim } }) } } };
}
