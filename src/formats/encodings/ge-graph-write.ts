// Graph → ModelDef, as GE loads it (om-format §6.2) and, in `ge` style, as GE's own serializer writes it.

import { AscendBundleError } from '../../base/errors.js';
import type { Int64 } from '../../base/protobuf/index.js';
import { UNDEFINED_DTYPE } from '../../graph/dtype.js';
import { type Attrs, dataNodes, type Graph, type Node, splitRef, type TensorDesc, type ValueRef } from '../../graph/graph.js';
import { isStatic, type Tensor, tensorBytes, UNKNOWN_RANK } from '../../graph/tensor.js';
import { defFromAttr, defFromDesc, defFromTensor, defsFromAttrs, type GeStyle, reservedDesc } from './ge-attr.js';
import { defaultOutputName } from './ge-graph.js';
import { type AttrDef, type GraphDef, LIST_TYPE, type ModelDef, type OpDef, type TensorDescriptor } from './ge-model.js';

/** Where the bytes of a Const's value go. */
export type ConstPlace =
  | { readonly kind: 'inline' }
  /** At this offset of the WEIGHTS_DATA partition. */
  | { readonly kind: 'weights'; readonly offsetBytes: number }
  /** In a file of their own: a path relative to the folder of the model. */
  | { readonly kind: 'file'; readonly location: string };

export interface ModelDefOptions {
  /** `ge` unless given: with the attributes that GE's serializer adds. `plain` is the smallest form that GE loads. */
  readonly style?: GeStyle;
  readonly name?: string;
  readonly version?: number;
  readonly customVersion?: string;
  /** Attributes of the model. */
  readonly attrs?: Attrs;
  /** Inline unless given. `graph` is the (sub-)graph that holds the node. */
  readonly placeConst?: (node: Node, tensor: Tensor, graph: Graph) => ConstPlace;
  /** The logical address of a Variable in a compiled model: task_gen_variable_addr + offset. */
  readonly variableAddress?: (node: Node, graph: Graph) => number | undefined;
}

/**
 * @throws GRAPH_INVALID for a graph that is not of GE, an edge to a node that does not exist, an attribute that GE has no kind for
 */
export function modelDefFromGraph(graph: Graph, options: ModelDefOptions = {}): ModelDef {
  if (graph.dialect !== 'ge') {
    throw new AscendBundleError('GRAPH_INVALID', {
      message: `Graph "${graph.name}" has ONNX operators; a model of GE holds GE's.`,
      fix: 'Convert it with the tool that made it, or give the ONNX file itself.',
    });
  }
  const style = options.style ?? 'ge';
  const attrs = new Map<string, AttrDef>(style === 'ge' ? GE_MODEL_ATTRS : []);
  const names = graph.outputs.map(({ name, value }, i) => (name === defaultOutputName(value, i) ? value : `${value}:${name}`));
  if (names.some((name, i) => name !== graph.outputs[i]?.value)) {
    attrs.set('attr_model_out_nodes_name', { list: { s: names, valType: LIST_TYPE.string } });
  }
  for (const [name, value] of options.attrs ?? []) attrs.set(name, defFromAttr(value, style));
  return {
    ...(options.name ? { name: options.name } : {}),
    ...(options.version ? { version: options.version } : {}),
    ...(options.customVersion ? { customVersion: options.customVersion } : {}),
    graph: [new GraphWriter(graph, options, true), ...graph.subgraphs.map((sub) => new GraphWriter(sub, options, false))].map((writer) =>
      writer.graph(),
    ),
    ...(attrs.size === 0 ? {} : { attr: attrs }),
  };
}

/** What SaveToFile puts on every model (§6.1). */
const GE_MODEL_ATTRS: ReadonlyMap<string, AttrDef> = new Map<string, AttrDef>([
  ...['memory_size', 'p2p_memory_size', 'stream_num', 'event_num', 'label_num', 'weight_size'].map((name) => [name, { i: 0 }] as const),
  ['target_type', { s: 'MINI' }],
]);

/** One (sub-)graph on its way. */
class GraphWriter {
  readonly #graph: Graph;
  readonly #options: ModelDefOptions;
  readonly #style: GeStyle;
  readonly #isRoot: boolean;
  readonly #nodes: ReadonlyMap<string, Node>;
  /** The place of each Data node among the inputs. */
  readonly #dataIndex: ReadonlyMap<Node, number>;
  readonly #places: ReadonlyMap<Node, ConstPlace>;
  readonly #constOffsets = new Map<string, number>();

  constructor(graph: Graph, options: ModelDefOptions, isRoot: boolean) {
    this.#graph = graph;
    this.#options = options;
    this.#style = options.style ?? 'ge';
    this.#isRoot = isRoot;
    this.#nodes = new Map(graph.nodes.map((node) => [node.name, node]));
    this.#dataIndex = new Map(dataNodes(graph).map((node, i) => [node, i]));
    this.#places = new Map(graph.nodes.map((node) => [node, placeOf(node, graph, options)]));
    for (const [node, place] of this.#places) {
      if (place.kind === 'weights') this.#constOffsets.set(node.name, place.offsetBytes);
    }
  }

  graph(): GraphDef {
    const ops = this.#graph.nodes.map((node, i) => this.#op(node, i));
    if (this.#graph.outputs.length > 0) ops.push(this.#netOutput(ops.length));
    const inputs = [...this.#dataIndex.keys()].map((node) => `${node.name}:0`);
    return { name: this.#graph.name, ...(inputs.length === 0 ? {} : { input: inputs }), op: ops };
  }

  #op(node: Node, id: number): OpDef {
    const isData = this.#dataIndex.has(node);
    // GE's Data has a slot that nothing feeds; graphs from other formats need not have it.
    const inputs = isData && node.inputs.length === 0 ? [null] : node.inputs;
    const inputNames = isData && node.inputs.length === 0 ? ['x'] : node.inputNames;
    const inputDescs = isData && node.inputs.length === 0 ? node.outputDescs : node.inputDescs;
    const descs = inputs.map((ref, i) => this.#inputDesc(node, ref, inputDescs[i]));
    const attr = this.#attrs(node, inputNames.slice(0, inputs.length));
    const address = node.type === 'Variable' ? this.#options.variableAddress?.(node, this.#graph) : undefined;
    return {
      name: node.name,
      type: node.type,
      ...this.#edges(node, inputs),
      ...(attr.size === 0 ? {} : { attr }),
      hasOutAttr: true,
      ...(id === 0 ? {} : { id }),
      ...this.#memory(inputs),
      ...(address === undefined ? {} : { outputI: [address] }),
      ...(descs.length === 0 ? {} : { inputDesc: descs }),
      ...(node.outputDescs.length === 0 ? {} : { outputDesc: node.outputDescs.map((desc) => this.#outputDesc(node, desc)) }),
      ...(node.subgraphs === undefined || node.subgraphs.length === 0 ? {} : { subgraphName: [...node.subgraphs] }),
    };
  }

  #edges(node: Node, inputs: readonly (ValueRef | null)[]): Pick<OpDef, 'input'> {
    for (const ref of [...inputs.filter((input) => input !== null), ...(node.controlInputs ?? []).map((name) => `${name}:0`)]) {
      if (!this.#nodes.has(splitRef(ref).node)) this.#dangling(ref, `node "${node.name}"`);
    }
    const input = [...inputs.map((ref) => ref ?? ''), ...(node.controlInputs ?? []).map((name) => `${name}:-1`)];
    return input.length === 0 ? {} : { input };
  }

  /** What a reader of a compiled model finds on the consumers of constants and variables (§3.7). */
  #memory(inputs: readonly (ValueRef | null)[]): Pick<OpDef, 'inputI' | 'isInputConst'> {
    const offsets = inputs.map((ref) => (ref === null ? undefined : this.#constOffsets.get(splitRef(ref).node)));
    const addresses = inputs.map((ref, i) => offsets[i] ?? this.#addressOf(ref));
    return {
      ...(addresses.some((address) => address !== undefined) ? { inputI: addresses.map((address): Int64 => address ?? 0) } : {}),
      ...(offsets.some((offset) => offset !== undefined) ? { isInputConst: offsets.map((offset) => offset !== undefined) } : {}),
    };
  }

  #addressOf(ref: ValueRef | null): number | undefined {
    const producer = ref === null ? undefined : this.#nodes.get(splitRef(ref).node);
    return producer?.type === 'Variable' ? this.#options.variableAddress?.(producer, this.#graph) : undefined;
  }

  #inputDesc(node: Node, ref: ValueRef | null, given: TensorDesc | undefined): TensorDescriptor {
    const desc = given ?? (ref === null ? undefined : this.#descOf(ref));
    const isAbsent = ref === null && node.type !== 'Data' && (desc === undefined || desc.dtype === UNDEFINED_DTYPE);
    if (isAbsent) return defFromDesc(reservedDesc({ dtype: UNDEFINED_DTYPE, shape: [] }), this.#style);
    const offset = ref === null ? undefined : this.#constOffsets.get(splitRef(ref).node);
    return { ...defFromDesc(desc ?? UNKNOWN_DESC, this.#style), ...(offset === undefined ? {} : { dataOffset: offset }) };
  }

  #outputDesc(node: Node, desc: TensorDesc): TensorDescriptor {
    const def = defFromDesc(desc, this.#style);
    const isPlaced = node.type === 'Variable' ? this.#addressOf(`${node.name}:0`) !== undefined : this.#constOffsets.has(node.name);
    return isPlaced && isStatic(desc.shape) ? { ...def, size: paddedBytes(tensorBytes(desc.dtype, desc.shape)) } : def;
  }

  #descOf(ref: ValueRef): TensorDesc | undefined {
    const { node, output } = splitRef(ref);
    return this.#nodes.get(node)?.outputDescs[output];
  }

  #attrs(node: Node, inputNames: readonly string[]): Map<string, AttrDef> {
    const own = defsFromAttrs(node.attrs, this.#style);
    for (const name of META_ATTRS) {
      const list = own.get(name)?.list;
      if (list !== undefined) own.set(name, { list: withoutType(list) });
    }
    const index = this.#isRoot ? this.#dataIndex.get(node) : undefined;
    if (index !== undefined && !own.has('index')) own.set('index', { i: index });
    const absent = inputNames.filter((_, i) => node.inputs[i] === null && i < node.inputs.length);
    if (absent.length > 0 && !INPUT_TYPES.has(node.type) && !own.has('_opt_input')) own.set('_opt_input', { list: { s: absent } });
    this.#placeValue(node, own);
    return new Map([...nameAttrs('input', inputNames), ...nameAttrs('output', node.outputNames), ...own]);
  }

  #placeValue(node: Node, attrs: Map<string, AttrDef>): void {
    const value = node.attrs.get('value');
    const place = this.#places.get(node);
    if (place === undefined || place.kind === 'inline' || value?.kind !== 'tensor') return;
    const desc = defFromTensor(value.value, this.#style, value.desc).desc ?? {};
    if (place.kind === 'weights') {
      attrs.set('value', { t: { desc: { ...desc, weightSize: value.value.data.length, dataOffset: place.offsetBytes } } });
      return;
    }
    attrs.set('value', { t: { desc } });
    attrs.set('location', { s: place.location });
    attrs.set('length', { i: value.value.data.length });
  }

  #netOutput(id: number): OpDef {
    const { outputs } = this.#graph;
    const names = outputs.map((_, i) => `__input${i}`);
    const descs = outputs.map(({ name, value }, i) => {
      if (!this.#nodes.has(splitRef(value).node)) this.#dangling(value, `output "${name}"`);
      const def = defFromDesc(this.#descOf(value) ?? UNKNOWN_DESC, this.#style);
      // In a sub-graph, the output of the parent that this value becomes (§3.5).
      return this.#isRoot ? def : { ...def, attr: new Map([...(def.attr ?? []), ['_parent_node_index', { i }] as const]) };
    });
    return {
      name: this.#freeName('NetOutput'),
      type: 'NetOutput',
      input: outputs.map(({ value }) => value),
      attr: new Map(nameAttrs('input', names)),
      hasOutAttr: true,
      ...(id === 0 ? {} : { id }),
      ...this.#memory(outputs.map(({ value }) => value)),
      inputDesc: descs,
    };
  }

  #freeName(wanted: string): string {
    let name = wanted;
    for (let i = 1; this.#nodes.has(name); i++) name = `${wanted}_${i}`;
    return name;
  }

  #dangling(ref: ValueRef, user: string): never {
    throw new AscendBundleError('GRAPH_INVALID', {
      message: `In graph "${this.#graph.name}", ${user} takes "${ref}", which no node of that graph gives.`,
      fix: 'Name a node of the same graph.',
    });
  }
}

function placeOf(node: Node, graph: Graph, options: ModelDefOptions): ConstPlace {
  const value = node.attrs.get('value');
  if ((node.type !== 'Const' && node.type !== 'Constant') || value?.kind !== 'tensor') return { kind: 'inline' };
  return options.placeConst?.(node, value.value, graph) ?? { kind: 'inline' };
}

const UNKNOWN_DESC: TensorDesc = { dtype: UNDEFINED_DTYPE, shape: UNKNOWN_RANK };
/** Their first slot is unconnected by nature, not because something optional is absent. */
const INPUT_TYPES: ReadonlySet<string> = new Set(['Data', 'AippData', 'RefData', 'Variable']);

/** Lists that GE writes and reads without `val_type` (§3.3). */
const META_ATTRS = ['_opt_input', '_ir_attr_names', '_ir_inputs_key', '_ir_inputs_value', '_ir_outputs_key', '_ir_outputs_value'] as const;

function withoutType({ valType: _, ...list }: NonNullable<AttrDef['list']>): NonNullable<AttrDef['list']> {
  return list;
}

/** The two lists of slot names, sorted by name as GE's map is. */
function nameAttrs(side: 'input' | 'output', names: readonly string[]): readonly (readonly [string, AttrDef])[] {
  if (names.length === 0) return [];
  const sorted = names.map((name, i) => [name, i] as const).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return [
    [`_${side}_name_key`, { list: { s: sorted.map(([name]) => name) } }],
    [`_${side}_name_value`, { list: { i: sorted.map(([, i]) => i) } }],
  ];
}

/** The bytes that GE sets aside for a tensor in memory. */
export function paddedBytes(bytes: number): number {
  return Math.ceil(bytes / 32) * 32 + 32;
}
