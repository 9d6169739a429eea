// ModelDef → Graph: edges, slot names, outputs, sub-graphs. Source: om-format §3.3 to §3.5. The way back is ge-graph-write.ts.
import type { Bytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { UNDEFINED_DTYPE } from '../../graph/dtype.js';
import type { Attrs, Graph, Node, TensorDesc, ValueRef } from '../../graph/graph.js';
import { splitRef } from '../../graph/graph.js';
import { UNKNOWN_RANK } from '../../graph/tensor.js';
import { type AttrSource, attrsFromDefs, tensorDesc } from './ge-attr.js';
import type { AttrDef, GraphDef, ModelDef, OpDef, TensorDescriptor } from './ge-model.js';

export interface GraphSource {
  /** Names the file (and the sub-model) in errors. */
  readonly what: string;
  /** The bytes of a tensor whose `data` is empty: in WEIGHTS_DATA, in a file beside. Undefined when there are none. */
  readonly resolve?: (desc: TensorDescriptor, op: OpDef, graph: GraphDef) => Bytes | undefined;
}

/**
 * The graph of a model whose attributes are not compressed. Kept: names, types, edges, descriptors, attributes, sub-graphs.
 * Left behind: what only describes memory and launches of a compiled model, and the NetOutput node (`outputs` says it).
 * A tensor without bytes is no value: its attribute is `opaque`. Edges to nodes that do not exist are kept for `check` to report.
 *
 * @throws FILE_MALFORMED
 */
export function graphFromModelDef(model: ModelDef, source: GraphSource): Graph {
  const [root, ...rest] = model.graph ?? [];
  if (root === undefined) {
    throw new AscendBundleError('FILE_MALFORMED', {
      message: `${source.what} has no graph.`,
      fix: 'The file is truncated or holds something else; export it again.',
    });
  }
  const names = model.attr?.get('attr_model_out_nodes_name')?.list?.s ?? [];
  return { ...graphFromDef(root, source, names), subgraphs: rest.map((def) => graphFromDef(def, source, [])) };
}

function graphFromDef(def: GraphDef, source: GraphSource, outputNames: readonly string[]): Graph {
  const ops = def.op ?? [];
  const netOutput = ops.find((op) => op.type === 'NetOutput');
  const values = netOutput === undefined ? (def.output ?? []).map(graphOutputRef) : netOutputRefs(netOutput, source);
  return {
    name: def.name ?? '',
    dialect: 'ge',
    nodes: ops.filter((op) => op.type !== 'NetOutput').map((op) => nodeFromDef(op, def, source)),
    outputs: values.map((value, i) => ({ name: outputName(outputNames[i], value, i), value })),
    subgraphs: [],
  };
}

/** The name that GE gives to output `index` when nobody named it. */
export function defaultOutputName(value: ValueRef, index: number): string {
  const { node, output } = splitRef(value);
  return `output_${index}_${node}_${output}`;
}

/** `op:index:tensor name`, or `op:index`; the name that the user knows is the last part. */
const NAMED_OUTPUT = /^.*?:\d+:(.+)$/s;

function outputName(entry: string | undefined, value: ValueRef, index: number): string {
  if (entry === undefined || entry === '') return defaultOutputName(value, index);
  return NAMED_OUTPUT.exec(entry)?.[1] ?? entry;
}

function graphOutputRef(text: string): ValueRef {
  return text.includes(':') ? text : `${text}:0`;
}

function netOutputRefs(op: OpDef, source: GraphSource): readonly ValueRef[] {
  const { slots } = edges(op, source);
  const parentIndex = (slot: number): number => Number(op.inputDesc?.[slot]?.attr?.get('_parent_node_index')?.i ?? slot);
  return slots
    .map((value, slot) => ({ value, order: parentIndex(slot) }))
    .filter((slot): slot is { value: ValueRef; order: number } => slot.value !== null)
    .sort((a, b) => a.order - b.order)
    .map(({ value }) => value);
}

function nodeFromDef(op: OpDef, graph: GraphDef, source: GraphSource): Node {
  const owner: AttrSource = { fail: (why) => failAt(op, source, why), resolve: (desc) => source.resolve?.(desc, op, graph) };
  const { slots, controls } = edges(op, source);
  const inputDescs = (op.inputDesc ?? []).map((desc) => tensorDesc(desc, owner));
  const outputDescs = (op.outputDesc ?? []).map((desc) => tensorDesc(desc, owner));
  return {
    name: op.name ?? '',
    type: op.type ?? '',
    inputs: slots,
    inputNames: slotNames(op.attr, 'input', slots.length),
    outputNames: slotNames(op.attr, 'output', outputDescs.length),
    inputDescs: slots.map((_, i) => inputDescs[i] ?? UNKNOWN_DESC),
    outputDescs,
    attrs: nodeAttrs(op, owner),
    ...(controls.length === 0 ? {} : { controlInputs: controls }),
    ...(op.subgraphName === undefined ? {} : { subgraphs: op.subgraphName }),
  };
}

const UNKNOWN_DESC: TensorDesc = { dtype: UNDEFINED_DTYPE, shape: UNKNOWN_RANK };

interface Edges {
  /** One per data slot. */
  readonly slots: readonly (ValueRef | null)[];
  readonly controls: readonly string[];
}

function edges(op: OpDef, source: GraphSource): Edges {
  const slots: (ValueRef | null)[] = [];
  const controls: string[] = [];
  for (const text of op.input ?? []) {
    const { node, index } = splitEdge(text);
    if (text === '') slots.push(null);
    else if (index === '-1') controls.push(node);
    else if (/^\d{1,9}$/.test(index) && node !== '') slots.push(`${node}:${Number(index)}`);
    else failAt(op, source, `its input "${text}" is not of the form producer:index`);
  }
  // Slots at the end may have no string (§3.4).
  while (slots.length < (op.inputDesc?.length ?? 0)) slots.push(null);
  return { slots, controls };
}

function splitEdge(text: string): { readonly node: string; readonly index: string } {
  const colon = text.lastIndexOf(':');
  return colon < 0 ? { node: text, index: '' } : { node: text.slice(0, colon), index: text.slice(colon + 1) };
}

/** `_input_name_key` and `_input_name_value`; files of 2020 say `_input_name_idx_key`. Unnamed slots are `__input0`, `__input1`, … */
function slotNames(attrs: ReadonlyMap<string, AttrDef> | undefined, side: 'input' | 'output', count: number): readonly string[] {
  const list = (part: 'key' | 'value') => (attrs?.get(`_${side}_name_${part}`) ?? attrs?.get(`_${side}_name_idx_${part}`))?.list;
  const keys = list('key')?.s ?? [];
  const indices = list('value')?.i ?? [];
  const names = new Map(keys.map((name, i) => [Number(indices[i]), name]));
  return Array.from({ length: count }, (_, i) => names.get(i) ?? `__${side}${i}`);
}

const NAME_ATTR = /^_(input|output)_name_(idx_)?(key|value)$/;
/** Where the bytes of a Const are, which its value says already once they are found. */
const LOCATION_ATTRS: ReadonlySet<string> = new Set(['location', 'offset', 'length']);

function nodeAttrs(op: OpDef, owner: AttrSource): Attrs {
  const attrs = attrsFromDefs(op.attr, owner);
  const isLoaded = op.type === 'Const' && attrs.get('value')?.kind === 'tensor';
  return new Map([...attrs].filter(([name]) => !NAME_ATTR.test(name) && !(isLoaded && LOCATION_ATTRS.has(name))));
}

function failAt(op: OpDef, source: GraphSource, why: string): never {
  throw new AscendBundleError('FILE_MALFORMED', {
    message: `${source.what}: node "${op.name ?? ''}" (${op.type ?? ''}) is damaged: ${why}.`,
    at: op.name,
    fix: 'The file is truncated or was not written by GE; export it again.',
  });
}
