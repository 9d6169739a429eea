// An ONNX model of the user's, so that its values do not end the process. onnxruntime-node 1.30 divides as the processor does: the
// smallest int32 or int64 by -1 is a SIGFPE, and so is TopK of no rows. What a lowering emits is guarded where it is emitted.
import { memoryBytes } from '../../base/bytes.js';
import { ATTRIBUTE_TYPE, type OnnxAttribute, type OnnxGraph, type OnnxNode, type OnnxTensor } from '../../formats/encodings/onnx-model.js';
import type { OnnxProgram } from '../../formats/encodings/onnx-program.js';
import { intAttr, intAttribute, isOnnxDomain } from '../../formats/onnx/attributes.js';
import { FreshNames } from '../../formats/onnx/fresh-names.js';
import { opsetOf } from '../../formats/onnx/upgrade.js';
import { describedValues } from '../../formats/onnx/values.js';
import { dtype, dtypeOfOnnx } from '../../graph/dtype.js';
import { readIntegers } from '../../graph/integers.js';
import { isStatic, type Shape } from '../../graph/tensor.js';
import { resultDType } from './lower/result-dtype.js';

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
  const scope = new Scope(undefined, model.graph);
  for (const { constName, valueName, tensor } of consts) {
    scope.dtypes.set(valueName, tensor.dtype.name);
    scope.shapes.set(valueName, tensor.shape);
    if (weights.has(constName) || tensor.shape.reduce((count, dim) => count * dim, 1) > MOST_ELEMENTS) continue;
    if (readIntegers(tensor)?.every((value) => value !== -1) === true) scope.divisors.add(valueName);
  }
  const names = new FreshNames(
    model.graph,
    consts.map(({ valueName }) => valueName),
  );
  return { ...program, model: { ...model, graph: guardGraph(model.graph, scope, { names, opset: opsetOf(model) }) } };
}

/** What is known of the values of a graph and of those around it. */
class Scope {
  readonly dtypes = new Map<string, string>();
  readonly shapes = new Map<string, Shape>();
  /** Constants without a -1. */
  readonly divisors = new Set<string>();
  readonly #outer: Scope | undefined;

  constructor(outer: Scope | undefined, graph: OnnxGraph) {
    this.#outer = outer;
    for (const [name, spec] of describedValues(graph)) {
      if (spec.dtype.bits > 0) this.dtypes.set(name, spec.dtype.name);
      this.shapes.set(name, spec.shape);
    }
    for (const { name = '', dataType = 0, dims = [] } of graph.initializer ?? []) {
      this.dtypes.set(name, dtypeOfOnnx(dataType)?.name ?? '');
      this.shapes.set(name, dims.map(Number));
    }
  }

  dtypeOf(value: string): string | undefined {
    return this.dtypes.get(value) ?? this.#outer?.dtypeOf(value);
  }

  shapeOf(value: string): Shape | undefined {
    return this.shapes.get(value) ?? this.#outer?.shapeOf(value);
  }

  isDivisor(value: string): boolean {
    return this.divisors.has(value) || this.#outer?.isDivisor(value) === true;
  }

  /** Takes note of what a node gives. */
  add(node: OnnxNode): void {
    const { opType = '', input = [], output = [] } = node;
    if (!isOnnxDomain(node.domain)) return;
    const inputs = input.map((name) => this.dtypeOf(name));
    for (const [i, name] of output.entries()) {
      const type = opType === 'Constant' ? constantDType(node) : resultDType(opType, i, inputs, { to: intAttr(node, 'to') });
      if (type !== undefined && !this.dtypes.has(name)) this.dtypes.set(name, type);
    }
  }
}

function constantDType({ attribute = [] }: OnnxNode): string | undefined {
  const [one] = attribute;
  if (one?.t?.dataType !== undefined) return dtypeOfOnnx(one.t.dataType)?.name;
  return one?.name === 'value_int' || one?.name === 'value_ints' ? 'int64' : undefined;
}

interface Parts {
  readonly names: FreshNames;
  readonly opset: number;
}

function guardGraph(graph: OnnxGraph, scope: Scope, parts: Parts): OnnxGraph {
  const inner = (one: OnnxGraph): OnnxGraph => guardGraph(one, new Scope(scope, one), parts);
  const node = (graph.node ?? []).flatMap((given) => {
    const one = withGraphs(given, inner);
    scope.add(one);
    return guardNode(one, scope, parts);
  });
  return { ...graph, node };
}

function withGraphs(node: OnnxNode, change: (graph: OnnxGraph) => OnnxGraph): OnnxNode {
  if (!node.attribute?.some(({ g, graphs }) => g !== undefined || graphs !== undefined)) return node;
  const attribute = node.attribute.map(
    (one): OnnxAttribute => ({
      ...one,
      ...(one.g === undefined ? {} : { g: change(one.g) }),
      ...(one.graphs === undefined ? {} : { graphs: one.graphs.map(change) }),
    }),
  );
  return { ...node, attribute };
}

function guardNode(node: OnnxNode, scope: Scope, { names, opset }: Parts): readonly OnnxNode[] {
  const { opType, input: [first = '', second = ''] = [] } = node;
  if (!isOnnxDomain(node.domain)) return [node];
  if (opType === 'TopK') {
    const shape = scope.shapeOf(first);
    const hasRows = shape !== undefined && isStatic(shape) && !shape.includes(0);
    return hasRows || opset < TOPK_OPSET ? [node] : guardTopK(node, names);
  }
  const isTrapped = opType === 'Div' || (opType === 'Mod' && (intAttr(node, 'fmod') ?? 0) === 0);
  if (!isTrapped || scope.isDivisor(second)) return [node];
  const type = scope.dtypeOf(first) ?? scope.dtypeOf(second);
  return type !== undefined && TRAPPED.has(type) ? guardDivision(node, type, names) : [node];
}

/** By 1 where the divisor is -1, and the quotient with the other sign; it wraps, as on a device. A remainder is nothing either way. */
function guardDivision(node: OnnxNode, type: string, names: FreshNames): readonly OnnxNode[] {
  const { input: [dividend = '', divisor = ''] = [], output: [result = ''] = [] } = node;
  const to = new Emitter(names, result);
  const is = to.cast(to.emit('Equal', [divisor, to.constant(type, -1)]), dtype(type).onnx as number);
  const both = to.emit('Add', [is, is]);
  const positive = to.emit('Add', [divisor, both]);
  if (node.opType === 'Mod') return [...to.nodes, { ...node, input: [dividend, positive] }];
  const quotient = to.node({ ...node, input: [dividend, positive] });
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
  to.nodes.push({ ...node, input: [x, count], output: taken });
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
    this.nodes.push({ ...node, output: [output] });
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
