// A graph as a graph.json, where it can be said as one: GE operators that are built in, no sub-graphs, no control edges.
import { type Bytes, utf8Bytes } from '../../base/bytes.js';
import { AscendBundleError, type Problem } from '../../base/errors.js';
import { throwProblems } from '../../base/problems.js';
import { decodeElements, type Element, hasElements } from '../../graph/elements.js';
import { constValue, dataNodes, type Graph, type Node, splitRef, type TensorDesc, type ValueRef } from '../../graph/graph.js';
import { type OpPrototype, prototypeOf, type SlotPrototype } from '../../graph/ops/prototypes.js';
import { outputRules } from '../../graph/ops/rules/index.js';
import { elementCount, type NamedTensor, type Shape, type Tensor } from '../../graph/tensor.js';
import { attrJson, META_ATTRS } from './attrs-write.js';
import { type ConstJson, GRAPH_SCHEMA_ID, type InputJson, type NodeJson, type OutputJson, type SlotJson, type SpecJson } from './schema.js';

export interface GraphJsonFiles {
  readonly json: Bytes;
  /** Values too many to write as numbers, for the file that `json` names. */
  readonly weights: readonly NamedTensor[];
  /** Names of attributes that were left out: what a compiler noted for itself. */
  readonly leftOut: readonly string[];
}

export interface GraphJsonWriteOptions {
  /** A .safetensors beside the graph file, for values of more than a few elements. */
  readonly weightsFile: string;
  /** Whether a compiler has been over the graph: then attributes that no operator declares are its own, and left out. */
  readonly isCompiled?: boolean;
}

/** So many numbers a person still likes to see. */
const MOST_NUMBERS = 32;

/** @throws GRAPH_INVALID with everything that a graph.json cannot say */
export function graphJsonOf(graph: Graph, options: GraphJsonWriteOptions): GraphJsonFiles {
  if (graph.dialect !== 'ge') {
    throw new AscendBundleError('GRAPH_INVALID', {
      message: `Graph "${graph.name}" has the operators of ONNX; a graph.json has those of GE.`,
      fix: 'Give the ONNX model itself, and extract its weights with --weights.',
    });
  }
  const writer = new GraphWriter(graph, options);
  const json = {
    schema: GRAPH_SCHEMA_ID,
    ...(graph.name === '' ? {} : { name: graph.name }),
    inputs: writer.inputs(),
    consts: writer.consts(),
    nodes: writer.nodes(),
    outputs: writer.outputs(),
  };
  throwProblems(writer.problems, `Graph "${graph.name}"`, 'GRAPH_INVALID');
  return { json: utf8Bytes(`${textOf(json)}\n`), weights: writer.weights, leftOut: [...writer.leftOut] };
}

const INPUT_TYPES: ReadonlySet<string> = new Set(['Data', 'AippData', 'RefData']);
const CONST_TYPES: ReadonlySet<string> = new Set(['Const', 'Constant']);

class GraphWriter {
  readonly problems: Problem[] = [];
  readonly weights: NamedTensor[] = [];
  readonly leftOut = new Set<string>();
  readonly #names: ReadonlySet<string>;

  constructor(
    readonly graph: Graph,
    readonly options: GraphJsonWriteOptions,
  ) {
    this.#names = new Set(graph.nodes.map(({ name }) => name));
    if (graph.outputs.length === 0) this.#refuse(undefined, 'it has no outputs');
  }

  inputs(): InputJson[] {
    return dataNodes(this.graph).flatMap((node) => {
      const desc = node.outputDescs[0] ?? node.inputDescs[0];
      if (node.type !== 'Data') this.#refuse(node, `an input can only be Data`);
      return desc === undefined ? [] : [{ name: node.name, ...specJson(desc) }];
    });
  }

  consts(): ConstJson[] {
    return this.graph.nodes.flatMap((node) => {
      if (!CONST_TYPES.has(node.type)) return [];
      const tensor = constValue(node);
      const isSayable = tensor !== undefined && (hasElements(tensor.dtype) || tensor.dtype.safetensors !== undefined);
      if (!isSayable) this.#refuse(node, tensor === undefined ? 'it has no value' : `values of ${tensor.dtype.name} cannot be written`);
      return tensor === undefined ? [] : [{ name: node.name, ...specJson(tensor), data: this.#data(node.name, tensor) }];
    });
  }

  #data(name: string, tensor: Tensor): ConstJson['data'] {
    const values = hasElements(tensor.dtype) && elementCount(tensor.shape) <= MOST_NUMBERS ? decodeElements(tensor) : undefined;
    // The sign of a zero and the bits of a NaN are lost in JSON.
    if (values?.every((value) => typeof value !== 'number' || (Number.isFinite(value) && !Object.is(value, -0)))) {
      return nested(tensor.shape, values.map(elementJson));
    }
    this.weights.push({ name, ...tensor });
    return { file: this.options.weightsFile, key: name };
  }

  nodes(): NodeJson[] {
    return this.graph.nodes.filter(({ type }) => !INPUT_TYPES.has(type) && !CONST_TYPES.has(type)).flatMap((node) => this.#node(node));
  }

  #node(node: Node): NodeJson[] {
    const prototype = prototypeOf(node.type);
    if (prototype === undefined) return this.#refuse(node, `it is no built-in operator of GE`);
    if (prototype.subgraphs.length > 0 || (node.subgraphs ?? []).length > 0) return this.#refuse(node, 'it has sub-graphs');
    if ((node.controlInputs ?? []).length > 0) this.#refuse(node, 'it waits for other nodes without a value (control edges)');
    const attrs = this.#attrs(node, prototype);
    const isOpen = !Object.hasOwn(outputRules, node.type) && node.outputDescs.length > 0;
    return [
      {
        name: node.name,
        type: node.type,
        inputs: this.#slots(node, prototype),
        ...(Object.keys(attrs).length === 0 ? {} : { attrs }),
        ...(isOpen ? { outputs: node.outputDescs.map(specJson) } : {}),
      },
    ];
  }

  #slots(node: Node, { inputs }: OpPrototype): Record<string, SlotJson> {
    const slots: Record<string, SlotJson> = {};
    for (const [i, ref] of node.inputs.entries()) {
      if (ref === null) continue;
      const slot = slotOf(node, i, inputs);
      if (slot === undefined) this.#refuse(node, `its input ${i} is none that the operator has`);
      else if (slot.kind !== 'dynamic') slots[slot.name] = this.#ref(ref);
      else slots[slot.name] = [...((slots[slot.name] as string[] | undefined) ?? []), this.#ref(ref)];
    }
    return slots;
  }

  #attrs(node: Node, prototype: OpPrototype): Record<string, NonNullable<NodeJson['attrs']>[string]> {
    const attrs: Record<string, NonNullable<NodeJson['attrs']>[string]> = {};
    for (const [name, value] of node.attrs) {
      if (META_ATTRS.has(name)) continue;
      const isDeclared = prototype.attrs.some((attr) => attr.name === name);
      if (!isDeclared && this.options.isCompiled) {
        this.leftOut.add(name);
        continue;
      }
      const json = isDeclared || name.startsWith('_') ? attrJson(name, value, node.type) : undefined;
      if (json === undefined) this.#refuse(node, `its attribute "${name}" is none that a graph.json can have`);
      else attrs[name] = json;
    }
    return attrs;
  }

  outputs(): OutputJson[] {
    return this.graph.outputs.map(({ name, value }) => ({ name, value: this.#ref(value) }));
  }

  /** The short form, unless another thing has that name. */
  #ref(ref: ValueRef): string {
    const { node, output } = splitRef(ref);
    return output === 0 && this.#names.has(node) ? node : ref;
  }

  #refuse(node: Node | undefined, why: string): [] {
    this.problems.push({
      code: 'GRAPH_INVALID',
      message: node === undefined ? `It cannot be said as a graph.json: ${why}.` : `Node "${node.name}" (${node.type}): ${why}.`,
      at: node?.name,
      fix: 'Extract it as an .air file, which can hold any graph of GE.',
    });
    return [];
  }
}

/** By the slot's own name, by that of an element of a dynamic slot, and by place where GE has left slots without names. */
function slotOf({ inputNames }: Node, index: number, slots: readonly SlotPrototype[]): SlotPrototype | undefined {
  const name = inputNames[index] ?? '';
  const own = slots.find((slot) =>
    slot.kind === 'dynamic' ? name.startsWith(slot.name) && /^\d+$/.test(name.slice(slot.name.length)) : slot.name === name,
  );
  if (own !== undefined || !/^__input\d+$/.test(name)) return own;
  const dynamic = slots.findIndex(({ kind }) => kind === 'dynamic');
  // Behind a dynamic slot the place no longer tells which one it is.
  if (dynamic < 0 || index < dynamic) return slots[index];
  return dynamic === slots.length - 1 ? slots[dynamic] : undefined;
}

function specJson({ dtype, shape, format }: TensorDesc): SpecJson {
  return { dtype: dtype.name, shape: [...shape], ...(format === undefined || format === 'ND' ? {} : { format }) };
}

function nested(shape: Shape, values: readonly unknown[], start = 0): ConstJson['data'] {
  const [size, ...rest] = shape;
  if (size === undefined) return values[start] as ConstJson['data'];
  const step = elementCount(rest);
  return Array.from({ length: size }, (_, i) => nested(rest, values, start + i * step));
}

function elementJson(value: Element): number | string | boolean {
  return typeof value === 'bigint' && !Number.isSafeInteger(Number(value))
    ? String(value)
    : typeof value === 'bigint'
      ? Number(value)
      : value;
}

/** Lists of numbers stay on a line: a shape on four lines is no easier to read. No text has a line feed in JSON. */
function textOf(json: object): string {
  return JSON.stringify(json, null, 2).replace(/\[\n\s+([^[\]{}]*?)\n\s+\]/g, (_, inner: string) => `[${inner.replace(/,\n\s+/g, ', ')}]`);
}
