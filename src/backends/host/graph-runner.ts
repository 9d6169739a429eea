// A graph that is not compiled, run with ONNX Runtime: what a bundle that was built from it is compared with. Small constants are
// part of the model; large ones, and those that may get new values, are fed, so that nothing is written anywhere.
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { AscendBundleError } from '../../base/errors.js';
import { didYouMean, nearNames } from '../../base/near-names.js';
import { encode } from '../../base/protobuf/index.js';
import { type OnnxAttribute, OnnxModel, type OnnxNode } from '../../formats/encodings/onnx-model.js';
import type { OnnxProgram, ProgramConst } from '../../formats/encodings/onnx-program.js';
import type { CheckedGraph } from '../../graph/check.js';
import { widenToFloat32 } from '../../graph/convert.js';
import { dtype } from '../../graph/dtype.js';
import { type Graph, valueRef } from '../../graph/graph.js';
import type { NamedSpec, NamedTensor, Tensor } from '../../graph/tensor.js';
import type { Arithmetic, GraphRunner, GraphSource } from '../backend.js';
import { requireSpec } from '../require-spec.js';
import { requireInputs } from '../session-errors.js';
import { isInlined, toExecutable } from './executable.js';
import { guardProgram } from './guard-program.js';
import { createInference, runInference } from './inference.js';
import { lowerGraph } from './lower/lower.js';
import { fromOrtTensor, loadOrt, type Ort, toOrtTensor } from './ort.js';
import { floatValues, type RoundedModel, roundModel } from './rounding.js';
import { castNode, SMALL_FLOATS, widenModel } from './widen-small-floats.js';

/**
 * @param weightNames, arithmetic  as for `openGraph` of the registry
 * @throws ORT_MISSING, OP_UNSUPPORTED, DTYPE_UNSUPPORTED, HOST_EXECUTION
 */
export async function openGraphRunner(source: GraphSource, weightNames: readonly string[], arithmetic: Arithmetic): Promise<GraphRunner> {
  const ort = await loadOrt();
  const wanted = new Set(weightNames);
  const program = programOf(source, wanted);
  const fed = program.consts.filter(({ constName, tensor }) => wanted.has(constName) || !isInlined(tensor));
  const names = fed.map(({ constName }) => constName);
  const own = toExecutable(program, names, ({ constName }) => {
    throw new Error(`"${constName}" is neither fed nor inlined`);
  });
  const { model, unrounded } = await withArithmetic(ort, own, source, arithmetic);
  const inference = await createInference(ort, encode(OnnxModel, model).read());
  const updatable = names.filter((name) => wanted.has(name));
  return new HostGraphRunner({ ort, inference, program, fed, updatable, unrounded, isWide: arithmetic !== 'own' });
}

async function withArithmetic(ort: Ort, own: OnnxModel, source: GraphSource, arithmetic: Arithmetic): Promise<RoundedModel> {
  if (arithmetic === 'own') return { model: own, unrounded: [] };
  const exact = widenModel(source.program === undefined ? withoutHelpingCasts(own, source.graph) : own, 'float16');
  if (arithmetic === 'exact') return { model: exact, unrounded: [] };
  const floats = await floatValues(ort, exact);
  return roundModel(exact, new Set([...floats].filter(isOperatorValue(source))), arithmetic);
}

/**
 * A lowering computes some float16 operators in float32, between casts: only a Cast of the graph itself is to round. Nodes are named
 * by the operator that they come from.
 */
function withoutHelpingCasts(model: OnnxModel, graph: Graph): OnnxModel {
  const casts = new Set(graph.nodes.filter(({ type }) => type === 'Cast').map(({ name }) => name));
  const node = (model.graph?.node ?? []).map((one) => {
    const isOfGraph = casts.has((one.name ?? '').replace(/\/Cast(#\d+)?$/, ''));
    return one.opType === 'Cast' && !isOfGraph && castTarget(one) === SMALL_FLOATS.float16 ? { ...one, attribute: FLOAT_TARGET } : one;
  });
  return { ...model, graph: { ...model.graph, node } };
}

const FLOAT_TARGET = castNode('', '', '', 1).attribute as OnnxAttribute[];

function castTarget({ attribute = [] }: OnnxNode): number | undefined {
  const to = attribute.find(({ name }) => name === 'to')?.i;
  return to === undefined ? undefined : Number(to);
}

/** What is a value of the graph itself; between the nodes that one operator was lowered to there are others, which a device need not round. */
function isOperatorValue({ program, graph }: GraphSource): (name: string) => boolean {
  if (program !== undefined) return () => true;
  const refs = graph.nodes.flatMap(({ name, outputDescs }) => [name, ...outputDescs.map((_, i) => valueRef(name, i))]);
  const names = new Set([...refs, ...graph.outputs.map(({ name }) => name)]);
  // A name that was taken has got a number.
  return (name) => names.has(name) || names.has(name.replace(/#\d+$/, ''));
}

/** No shape may follow from the value of a constant that gets another. */
function programOf({ program, checked, graph }: GraphSource, wanted: ReadonlySet<string>): OnnxProgram {
  if (program !== undefined) return guardProgram(program, [...wanted]);
  const updatable = graph.nodes.filter(({ name, type }) => type === 'Const' && wanted.has(name)).map(({ name }) => name);
  return lowerGraph(checked as CheckedGraph, updatable);
}

interface RunnerParts {
  readonly ort: Ort;
  readonly inference: InferenceSession;
  readonly program: OnnxProgram;
  /** Their values are the last inputs of the model, in this order. */
  readonly fed: readonly ProgramConst[];
  readonly updatable: readonly string[];
  readonly unrounded: readonly string[];
  /** The model has float32 for float16, bfloat16 too where it goes in and comes out. */
  readonly isWide: boolean;
}

class HostGraphRunner implements GraphRunner {
  readonly #parts: RunnerParts;
  readonly #constants: readonly OrtTensor[];

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#constants = parts.fed.map(({ constName, tensor }) => this.#toOrt(tensor, `Constant "${constName}"`));
  }

  get inputs(): readonly NamedSpec[] {
    return this.#parts.program.inputs;
  }

  get unrounded(): readonly string[] {
    return this.#parts.unrounded;
  }

  get outputs(): readonly NamedSpec[] {
    return this.#parts.program.outputs;
  }

  async run(inputs: ReadonlyMap<string, Tensor>, weights: ReadonlyMap<string, Tensor> = new Map()): Promise<readonly NamedTensor[]> {
    const { inference, isWide } = this.#parts;
    const given = requireInputs(this.inputs, inputs).map((tensor, i) => this.#toOrt(tensor, `Input "${this.inputs[i]?.name}"`));
    const feeds = [...given, ...this.#fed(weights)];
    const results = await runInference(
      inference,
      Object.fromEntries(feeds.map((tensor, i) => [inference.inputNames[i] as string, tensor])),
    );
    return inference.outputNames.map((name, i) => {
      const spec = this.outputs[i] as NamedSpec;
      const value = results[name] as OrtTensor;
      return { name: spec.name, ...fromOrtTensor(value, isWide ? { ...spec, dtype: dtype(value.type) } : spec) };
    });
  }

  #fed(weights: ReadonlyMap<string, Tensor>): readonly OrtTensor[] {
    const { fed, updatable } = this.#parts;
    for (const name of weights.keys()) if (!updatable.includes(name)) throw unknownWeight(name, updatable);
    return fed.map(({ constName, tensor }, i) => {
      const given = weights.get(constName);
      if (given === undefined) return this.#constants[i] as OrtTensor;
      requireSpec(`Weight "${constName}"`, given, tensor);
      return this.#toOrt(given, `Weight "${constName}"`);
    });
  }

  #toOrt(tensor: Tensor, what: string): OrtTensor {
    const { ort, isWide } = this.#parts;
    return toOrtTensor(ort, isWide ? widenToFloat32(tensor) : tensor, what);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.inference.release();
  }
}

function unknownWeight(name: string, updatable: readonly string[]): AscendBundleError {
  return new AscendBundleError('WEIGHT_UNKNOWN', {
    message: `"${name}" is no constant of the graph, so the graph cannot be run with a new value of it.`,
    fix: didYouMean(nearNames(name, updatable), 'Give the graph that the bundle was built from.'),
  });
}
