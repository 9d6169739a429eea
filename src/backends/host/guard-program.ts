// An ONNX model of the user's, so that its values do not end the process. onnxruntime-node 1.30 divides as the processor does: the
// smallest int32 or int64 by -1 is a SIGFPE, and so is TopK of no rows. What a lowering emits is guarded where it is emitted.
import { memoryBytes } from '../../base/bytes.js';
import { ATTRIBUTE_TYPE, type OnnxGraph, type OnnxNode, type OnnxTensor, type StringEntry } from '../../formats/encodings/onnx-model.js';
import type { OnnxProgram } from '../../formats/encodings/onnx-program.js';
import { intAttr, intAttribute, isOnnxDomain, mapInnerGraphs } from '../../formats/onnx/attributes.js';
import { FreshNames } from '../../formats/onnx/fresh-names.js';
import { opsetOf } from '../../formats/onnx/upgrade.js';
import { dtype } from '../../graph/dtype.js';
import { readIntegers } from '../../graph/integers.js';
import { isStatic } from '../../graph/tensor.js';
import { ValueTypes, withBodies } from './value-types.js';

const INT64 = 7;
const BOOL = 9;
/** Narrower integers are widened before they are divided. */
const TRAPPED: ReadonlySet<string> = new Set(['int32', 'int64']);
/** A divisor that is a constant of more elements is not looked through. */
const MOST_ELEMENTS = 1 << 10;
/** ScatterElements came with it. */
const TOPK_OPSET = 11;

/**
 * The same program with guards around Div, Mod and TopK, in sub-graphs too. Where the dtype of a division does not follow from the
 * model, it stays as it is; so do the bodies of functions.
 *
 * @param weightNames  consts that get other values, so nothing follows from those that they have
 */
export function guardProgram(program: OnnxProgram, weightNames: readonly string[]): OnnxProgram {
  const { model, consts } = program;
  if (model.graph === undefined) return program;
  const weights = new Set(weightNames);
  const types = new ValueTypes(model.graph);
  const divisors = new Set<string>();
  for (const { constName, valueName, tensor } of consts) {
    types.set(valueName, tensor.dtype.name, tensor.shape);
    if (weights.has(constName) || tensor.shape.reduce((count, dim) => count * dim, 1) > MOST_ELEMENTS) continue;
    if (readIntegers(tensor)?.every((value) => value !== -1) === true) divisors.add(valueName);
  }
  const names = new FreshNames(
    model.graph,
    consts.map(({ valueName }) => valueName),
  );
  return { ...program, model: { ...model, graph: guardGraph(model.graph, types, { names, divisors, opset: opsetOf(model) }) } };
}

/** Properties of nodes, by which they are known again: one that was added for a guard, and what a guarded node read and gave. */
const ADDED = 'ascend_bundle_guard';
const INPUT = 'ascend_bundle_guarded_input';
const OUTPUT = 'ascend_bundle_guarded_output';

/** The graph without the guards that `guardProgram` has put into it. */
export function unguardGraph(graph: OnnxGraph): OnnxGraph {
  const node = (graph.node ?? []).flatMap((given) => {
    const { metadataProps: properties = [], ...one } = mapInnerGraphs(given, unguardGraph);
    const is = (wanted: string) => (property: StringEntry) => property.key === wanted;
    if (properties.some(is(ADDED))) return [];
    const [input, output] = [INPUT, OUTPUT].map((key) => properties.filter(is(key)).map(({ value = '' }) => value)) as [string[], string[]];
    const others = properties.slice(0, properties.length - input.length - output.length);
    return [
      {
        ...one,
        ...(others.length === 0 ? {} : { metadataProps: others }),
        ...(output.length === 0 ? {} : { input, output }),
      },
    ];
  });
  return { ...graph, node };
}

/** The node with what it is to read and give in place of what it was given, which it notes after its own properties. */
function guarded(node: OnnxNode, change: Required<Pick<OnnxNode, 'input' | 'output'>>): OnnxNode {
  const noted = (key: string, names: readonly string[] = []): StringEntry[] => names.map((value) => ({ key, value }));
  return { ...node, ...change, metadataProps: [...(node.metadataProps ?? []), ...noted(INPUT, node.input), ...noted(OUTPUT, node.output)] };
}

interface Parts {
  readonly names: FreshNames;
  /** Constants without a -1. */
  readonly divisors: ReadonlySet<string>;
  readonly opset: number;
}

function guardGraph(graph: OnnxGraph, types: ValueTypes, parts: Parts): OnnxGraph {
  const node = (graph.node ?? []).flatMap((given) => {
    const { node: one, bodies } = withBodies(given, types, (inner, known) => guardGraph(inner, known, parts));
    types.add(given, bodies);
    return guardNode(one, types, parts);
  });
  return { ...graph, node };
}

function guardNode(node: OnnxNode, types: ValueTypes, { names, divisors, opset }: Parts): readonly OnnxNode[] {
  const { opType, input: [first = '', second = ''] = [] } = node;
  if (!isOnnxDomain(node.domain)) return [node];
  if (opType === 'TopK') {
    const shape = types.shapeOf(first);
    const hasRows = shape !== undefined && isStatic(shape) && !shape.includes(0);
    return hasRows || opset < TOPK_OPSET ? [node] : guardTopK(node, names);
  }
  const isTrapped = opType === 'Div' || (opType === 'Mod' && (intAttr(node, 'fmod') ?? 0) === 0);
  if (!isTrapped || divisors.has(second)) return [node];
  const type = types.dtypeOf(first) ?? types.dtypeOf(second);
  return type !== undefined && TRAPPED.has(type) ? guardDivision(node, type, names) : [node];
}

/** By 1 where the divisor is -1, and the quotient with the other sign; it wraps, as on a device. A remainder is nothing either way. */
function guardDivision(node: OnnxNode, type: string, names: FreshNames): readonly OnnxNode[] {
  const { input: [dividend = '', divisor = ''] = [], output: [result = ''] = [] } = node;
  const to = new Emitter(names, result);
  const is = to.cast(to.emit('Equal', [divisor, to.constant(type, -1)]), dtype(type).onnx as number);
  const both = to.emit('Add', [is, is]);
  const positive = to.emit('Add', [divisor, both]);
  if (node.opType === 'Mod') return [...to.nodes, guarded(node, { input: [dividend, positive], output: [result] })];
  const quotient = names.fresh(`${result}__guard`);
  to.nodes.push(guarded(node, { input: [dividend, positive], output: [quotient] }));
  to.emit('Mul', [quotient, to.emit('Sub', [to.constant(type, 1), both])], result);
  return to.nodes;
}

/** Of nothing the first 0 are taken; then the shape is made what the first k would have. */
function guardTopK(node: OnnxNode, names: FreshNames): readonly OnnxNode[] {
  const { input: [x = '', k = ''] = [], output = [] } = node;
  const to = new Emitter(names, output.find((name) => name !== '') ?? '');
  const some = to.cast(to.cast(to.emit('Size', [x]), BOOL), INT64);
  const count = to.emit('Mul', [k, some]);
  const taken = output.map((name) => (name === '' ? '' : names.fresh(name)));
  to.nodes.push(guarded(node, { input: [x, count], output: taken }));
  const axis = to.constant('int64', intAttr(node, 'axis') ?? -1, [1]);
  const shape = to.emit('ScatterElements', [to.emit('Shape', [x]), axis, k]);
  for (const [i, name] of output.entries()) if (name !== '') to.emit('Reshape', [taken[i] as string, shape], name);
  return to.nodes;
}

/** Nodes in their order, each with one output, which gets a new name unless it is given one. */
class Emitter {
  readonly nodes: OnnxNode[] = [];
  readonly #names: FreshNames;
  readonly #base: string;

  constructor(names: FreshNames, base: string) {
    this.#names = names;
    this.#base = `${base}__guard`;
  }

  node(node: OnnxNode, output = this.#names.fresh(this.#base)): string {
    this.nodes.push({ ...node, output: [output], metadataProps: [{ key: ADDED, value: '' }] });
    return output;
  }

  emit(opType: string, input: string[], output?: string): string {
    return this.node({ opType, input }, output);
  }

  cast(input: string, to: number): string {
    return this.node({ opType: 'Cast', input: [input], attribute: [intAttribute('to', to)] });
  }

  constant(type: string, value: number, dims: number[] = []): string {
    const elements = type === 'int64' ? BigInt64Array.of(BigInt(value)) : Int32Array.of(value);
    const t: OnnxTensor = { dims, dataType: dtype(type).onnx as number, rawData: memoryBytes(new Uint8Array(elements.buffer)) };
    return this.node({ opType: 'Constant', attribute: [{ name: 'value', type: ATTRIBUTE_TYPE.t, t }] });
  }
}
