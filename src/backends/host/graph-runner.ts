// A graph that is not compiled, run with ONNX Runtime: what a bundle that was built from it is compared with. Small constants are
// part of the model; large ones, and those that may get new values, are fed, so that nothing is written anywhere.
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { AscendBundleError } from '../../base/errors.js';
import { didYouMean, nearNames } from '../../base/near-names.js';
import { encode } from '../../base/protobuf/index.js';
import { OnnxModel } from '../../formats/encodings/onnx-model.js';
import type { OnnxProgram, ProgramConst } from '../../formats/encodings/onnx-program.js';
import type { CheckedGraph } from '../../graph/check.js';
import type { NamedSpec, NamedTensor, Tensor } from '../../graph/tensor.js';
import type { GraphRunner, GraphSource } from '../backend.js';
import { requireSpec } from '../require-spec.js';
import { isInlined, toExecutable } from './executable.js';
import { createInference, inputTensors, runInference } from './inference.js';
import { lowerGraph } from './lower/lower.js';
import { fromOrtTensor, loadOrt, type Ort, toOrtTensor } from './ort.js';

/**
 * @param weightNames  as for `openGraph` of the registry
 * @throws ORT_MISSING, OP_UNSUPPORTED, DTYPE_UNSUPPORTED, HOST_EXECUTION
 */
export async function openGraphRunner(source: GraphSource, weightNames: readonly string[]): Promise<GraphRunner> {
  const ort = await loadOrt();
  const wanted = new Set(weightNames);
  const program = programOf(source, wanted);
  const fed = program.consts.filter(({ constName, tensor }) => wanted.has(constName) || !isInlined(tensor));
  const names = fed.map(({ constName }) => constName);
  const model = toExecutable(program, names, ({ constName }) => {
    throw new Error(`"${constName}" is neither fed nor inlined`);
  });
  const inference = await createInference(ort, encode(OnnxModel, model).read());
  return new HostGraphRunner({ ort, inference, program, fed, updatable: names.filter((name) => wanted.has(name)) });
}

/** No shape may follow from the value of a constant that gets another. */
function programOf({ program, checked, graph }: GraphSource, wanted: ReadonlySet<string>): OnnxProgram {
  if (program !== undefined) return program;
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
}

class HostGraphRunner implements GraphRunner {
  readonly #parts: RunnerParts;
  readonly #constants: readonly OrtTensor[];

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#constants = parts.fed.map(({ constName, tensor }) => toOrtTensor(parts.ort, tensor, `Constant "${constName}"`));
  }

  get inputs(): readonly NamedSpec[] {
    return this.#parts.program.inputs;
  }

  get outputs(): readonly NamedSpec[] {
    return this.#parts.program.outputs;
  }

  async run(inputs: ReadonlyMap<string, Tensor>, weights: ReadonlyMap<string, Tensor> = new Map()): Promise<readonly NamedTensor[]> {
    const { ort, inference } = this.#parts;
    const feeds = [...inputTensors(ort, this.inputs, inputs), ...this.#fed(weights)];
    const results = await runInference(
      inference,
      Object.fromEntries(feeds.map((tensor, i) => [inference.inputNames[i] as string, tensor])),
    );
    return inference.outputNames.map((name, i) => {
      const spec = this.outputs[i] as NamedSpec;
      return { name: spec.name, ...fromOrtTensor(results[name] as OrtTensor, spec) };
    });
  }

  #fed(weights: ReadonlyMap<string, Tensor>): readonly OrtTensor[] {
    const { ort, fed, updatable } = this.#parts;
    for (const name of weights.keys()) if (!updatable.includes(name)) throw unknownWeight(name, updatable);
    return fed.map(({ constName, tensor }, i) => {
      const given = weights.get(constName);
      if (given === undefined) return this.#constants[i] as OrtTensor;
      requireSpec(`Weight "${constName}"`, given, tensor);
      return toOrtTensor(ort, given, `Weight "${constName}"`);
    });
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
