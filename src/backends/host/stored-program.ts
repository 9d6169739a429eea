// The program of a host bundle as an ONNX model that stands alone: the way back of `toExecutable`. Weights are constants again, with
// the values that the init graph gives them, and what was bfloat16 outside of the program is bfloat16: between it and the program,
// which has float32 in its place, are Casts.
import { AscendBundleError } from '../../base/errors.js';
import {
  ATTRIBUTE_TYPE,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type ValueInfo,
} from '../../formats/encodings/onnx-model.js';
import { type Bundle, type BundleWeight, readInitialValues } from '../../formats/om/index.js';
import { FreshNames } from '../../formats/onnx/fresh-names.js';
import { renameValues } from '../../formats/onnx/rename.js';
import type { NamedSpec, Tensor, TensorSpec } from '../../graph/tensor.js';
import { unguardGraph } from './guard-program.js';
import { type StoredConstant, StoredConstants } from './stored-constants.js';
import { inferModel, storedModel } from './stored-executable.js';
import { castNode, SMALL_FLOATS } from './widen-small-floats.js';

export interface StoredProgram {
  /** Values of constants are ranges of the bundle. Constants that nothing reads are not in it. */
  readonly model: OnnxModel;
  /** Names of weights without an initial value: they are inputs, after those of the bundle. */
  readonly fed: readonly string[];
  /** Whether something outside of the program is bfloat16. */
  readonly isWidened: boolean;
}

const FLOAT = 1;
const BFLOAT16 = SMALL_FLOATS.bfloat16;

/** @throws BUNDLE_INVALID, FILE_MALFORMED */
export function storedProgram(bundle: Bundle, path: string): StoredProgram {
  const infer = inferModel(bundle, path);
  const { graph: guardedGraph = {}, ...model } = storedModel(infer, path);
  const graph = unguardGraph(guardedGraph);
  const { input = [], output = [] } = graph;
  const { inputs, outputs } = infer;
  if (input.length !== inputs.length + bundle.weights.length || output.length !== outputs.length) {
    throw new AscendBundleError('BUNDLE_INVALID', {
      message: `The executable of ${path} has ${input.length} inputs and ${output.length} outputs; the bundle has ${inputs.length} inputs, ${bundle.weights.length} weights and ${outputs.length} outputs.`,
      fix: 'Build the bundle again.',
    });
  }
  const values = new Map(readInitialValues(bundle)?.values.map(({ weight, constant }) => [weight, constant.tensor]));
  const restored = new Restoration(graph);
  inputs.forEach((spec, i) => void restored.input(input[i] as ValueInfo, spec));
  const weights = bundle.weights.map((weight, i) => ({ weight, info: input[inputs.length + i] as ValueInfo, value: values.get(weight) }));
  for (const { weight, info, value } of weights) {
    if (value === undefined) restored.input(info, weight.spec);
    else restored.weight(info.name ?? '', weight, value);
  }
  const stored = new StoredConstants(infer, graph);
  for (const tensor of graph.initializer ?? []) restored.constant(stored.read(tensor, path));
  outputs.forEach((spec, i) => void restored.output(output[i] as ValueInfo, spec));
  return {
    model: { ...model, graph: restored.graph() },
    fed: weights.flatMap(({ weight, value }) => (value === undefined ? [weight.constName] : [])),
    isWidened: restored.isWidened,
  };
}

/** The parts of the model as they are found. What the program reads may get another name, so that the old one is free. */
class Restoration {
  readonly #graph: OnnxGraph;
  readonly #names: FreshNames;
  readonly #renamed = new Map<string, string>();
  /** Value of the executable → the name under which it comes from outside of the program. */
  readonly #outside = new Map<string, string>();
  readonly #inputs: ValueInfo[] = [];
  readonly #initializers: OnnxTensor[] = [];
  readonly #outputs: ValueInfo[] = [];
  /** Names of Constant nodes, which no initializer may have: readers name a constant by either. */
  readonly #constants = new Set<string>();
  /** Names that bfloat16 constants had in the executable; a Cast made of each what the program reads. */
  readonly #stored = new Set<string>();
  readonly #nodeNames: Set<string | undefined>;
  readonly #head: OnnxNode[] = [];
  readonly #tail: OnnxNode[] = [];
  isWidened = false;

  constructor(graph: OnnxGraph) {
    this.#graph = graph;
    this.#names = new FreshNames(graph);
    this.#nodeNames = new Set((graph.node ?? []).map(({ name }) => name));
  }

  input(info: ValueInfo, spec: TensorSpec): void {
    this.#inputs.push(withDType(info, spec));
    this.#provide(info.name ?? '', info.name ?? '', isNarrow(spec));
  }

  /** A const whose name is not that of its value was a Constant node, and becomes one. */
  weight(value: string, { constName, spec }: BundleWeight, { data }: Tensor): void {
    const tensor = { dims: [...spec.shape], dataType: spec.dtype.onnx as number, rawData: data };
    if (value === constName) this.#initializers.push({ name: value, ...tensor });
    else {
      this.#constants.add(constName);
      this.#nodeNames.add(constName);
      const attribute = [{ name: 'value', type: ATTRIBUTE_TYPE.t, t: tensor }];
      this.#head.push({ opType: 'Constant', name: constName, output: [value], attribute });
    }
    this.#provide(value, value, isNarrow(spec));
  }

  /** After the weights. */
  constant({ value, initializer }: StoredConstant): void {
    const name = this.#constants.has(value) ? this.#names.fresh(value) : value;
    if (initializer.name !== value) this.#stored.add(initializer.name ?? '');
    this.#initializers.push({ ...initializer, name });
    this.#provide(value, name, initializer.dataType === BFLOAT16);
  }

  /** After everything that may be an output itself. */
  output(info: ValueInfo, spec: NamedSpec): void {
    const { name = '' } = info;
    this.#outputs.push(withDType(info, spec));
    const outside = this.#outside.get(name);
    if (outside === name || (outside === undefined && !isNarrow(spec))) return;
    // One that is listed twice is given once.
    this.#outside.set(name, name);
    if (outside !== undefined) {
      this.#tail.push({ opType: 'Identity', name: this.#nodeName(`${name}__output`), input: [outside], output: [name] });
      return;
    }
    const wide = this.#widened(name);
    this.#renamed.set(name, wide);
    this.#tail.push(castNode(this.#nodeName(`${name}__narrow`), wide, name, BFLOAT16));
  }

  graph(): OnnxGraph {
    const node = (this.#graph.node ?? []).filter((one) => !this.#isReplaced(one));
    const renamed = renameValues({ ...this.#graph, node }, this.#renamed);
    return {
      ...renamed,
      node: [...this.#head, ...(renamed.node ?? []), ...this.#tail],
      initializer: this.#initializers,
      input: this.#inputs,
      output: this.#outputs,
    };
  }

  #provide(value: string, name: string, isFromNarrow: boolean): void {
    this.#outside.set(value, name);
    const read = isFromNarrow ? this.#widened(name) : name;
    if (read !== value) this.#renamed.set(value, read);
    if (isFromNarrow) this.#head.push(castNode(this.#nodeName(`${name}__to_float32`), name, read, FLOAT));
  }

  #widened(name: string): string {
    this.isWidened = true;
    return this.#names.fresh(`${name}__float32`);
  }

  /** ONNX Runtime wants no name twice. */
  #nodeName(base: string): string {
    let name = base;
    for (let i = 1; this.#nodeNames.has(name); i++) name = `${base}_${i}`;
    this.#nodeNames.add(name);
    return name;
  }

  /** The Cast after a constant that is stored as bfloat16, which has got another. */
  #isReplaced({ opType, input: [from = ''] = [] }: OnnxNode): boolean {
    return opType === 'Cast' && this.#stored.has(from);
  }
}

function isNarrow({ dtype }: TensorSpec): boolean {
  return dtype.name === 'bfloat16';
}

/** As the bundle declares it. */
function withDType(info: ValueInfo, spec: TensorSpec): ValueInfo {
  if (!isNarrow(spec)) return info;
  return { ...info, type: { ...info.type, tensorType: { ...info.type?.tensorType, elemType: BFLOAT16 } } };
}
