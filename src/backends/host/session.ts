// An opened host bundle: variables live here, inference runs in ONNX Runtime.
// Init and update are nothing but assignments, so they are carried out here from the Assign nodes that the bundle
// describes; ONNX Runtime sees the weights as inputs, and an update is the exchange of a tensor.
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { AscendBundleError, type Problem } from '../../base/errors.js';
import { didYouMean, nearNames } from '../../base/near-names.js';
import type { Bundle, Submodel } from '../../formats/om/index.js';
import { decodeElements } from '../../graph/elements.js';
import type { RefreshableWeight } from '../../graph/refreshable.js';
import { describeSpec, type NamedSpec, type NamedTensor, type Shape, sameShape, type Tensor } from '../../graph/tensor.js';
import type { Session, UpdateReport } from '../backend.js';
import { initialValues } from './initial-values.js';
import { firstLine, fromOrtTensor, isEmpty, loadOrt, type Ort, toOrtTensor } from './ort.js';
import { inferModel, openExecutable } from './stored-executable.js';

/** @throws ORT_MISSING, BUNDLE_INVALID */
export async function openHostSession(bundle: Bundle, path: string): Promise<Session> {
  return new HostSession(bundle, path, await loadOrt());
}

class HostSession implements Session {
  readonly inputs: readonly NamedSpec[];
  readonly outputs: readonly NamedSpec[];
  readonly #bundle: Bundle;
  readonly #path: string;
  readonly #infer: Submodel;
  readonly #ort: Ort;
  readonly #variables = new Map<string, OrtTensor>();
  #inference: InferenceSession | undefined;

  constructor(bundle: Bundle, path: string, ort: Ort) {
    this.#bundle = bundle;
    this.#path = path;
    this.#ort = ort;
    this.#infer = inferModel(bundle, path);
    this.inputs = this.#infer.inputs;
    this.outputs = this.#infer.outputs;
  }

  async initialize(): Promise<void> {
    for (const [variable, tensor] of initialValues(this.#bundle, this.#path)) {
      this.#variables.set(variable, toOrtTensor(this.#ort, tensor, `The initial value of ${variable}`));
    }
  }

  async update(given: ReadonlyMap<string, Tensor>): Promise<UpdateReport> {
    const warnings: Problem[] = [];
    // Everything is checked and converted before the first variable changes: an update happens whole or not at all.
    for (const name of given.keys()) this.#weight(name);
    const staged = new Map<string, OrtTensor>();
    for (const weight of this.#bundle.weights) {
      const tensor = given.get(weight.constName);
      if (tensor === undefined || isEmpty(tensor)) continue;
      requireSpec(`Weight "${weight.constName}"`, tensor, weight.spec);
      if (isSkippedScalar(weight, tensor)) warnings.push(scalarWarning(weight));
      else staged.set(weight.variableName, toOrtTensor(this.#ort, tensor, `Weight "${weight.constName}"`));
    }
    for (const [variable, value] of staged) this.#variables.set(variable, value);
    const names = (isUpdated: boolean): string[] =>
      this.#bundle.weights.filter((weight) => staged.has(weight.variableName) === isUpdated).map((weight) => weight.constName);
    return { updated: names(true), kept: names(false), warnings };
  }

  async run(inputs: ReadonlyMap<string, Tensor>): Promise<readonly NamedTensor[]> {
    this.#requireWeights();
    this.#inference ??= await this.#openInference();
    const feeds = this.#feeds(inputs, this.#inference);
    const results = await runOrt(this.#inference, feeds);
    return this.#inference.outputNames.map((name, i) => {
      const spec = this.outputs[i] as NamedSpec;
      return { name: spec.name, ...fromOrtTensor(results[name] as OrtTensor, spec) };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#variables.clear();
    await this.#inference?.release();
    this.#inference = undefined;
  }

  #weight(name: string): RefreshableWeight {
    const weight = this.#bundle.weights.find((candidate) => candidate.constName === name);
    if (weight !== undefined) return weight;
    const names = this.#bundle.weights.map((candidate) => candidate.constName);
    throw new AscendBundleError('WEIGHT_UNKNOWN', {
      message: `"${name}" is not an updatable weight of this bundle.`,
      fix: didYouMean(nearNames(name, names), `Its weights are: ${names.join(', ')}.`),
    });
  }

  #requireWeights(): void {
    const missing = this.#bundle.weights.filter((weight) => !this.#variables.has(weight.variableName)).map((weight) => weight.constName);
    if (missing.length === 0) return;
    throw new AscendBundleError('WEIGHTS_NOT_INITIALIZED', {
      message: `The bundle was built without init, and these weights have no value yet: ${missing.join(', ')}.`,
      fix: 'Give all of them with --update before the first inference.',
    });
  }

  async #openInference(): Promise<InferenceSession> {
    const { model, folder } = openExecutable(this.#infer, this.#path);
    try {
      return await this.#ort.InferenceSession.create(model, {
        logSeverityLevel: 3,
        extra: { session: { model_external_initializers_file_folder_path: folder } },
      });
    } catch (cause) {
      throw new AscendBundleError('HOST_EXECUTION', {
        message: `ONNX Runtime does not accept the inference graph: ${firstLine(cause)}`,
        fix: 'An operator or a dtype of this graph has no CPU kernel; the message names it.',
        cause,
      });
    }
  }

  /** The executable's inputs are the model's inputs in order, then the weights in update order. */
  #feeds(inputs: ReadonlyMap<string, Tensor>, { inputNames }: InferenceSession): Record<string, OrtTensor> {
    for (const name of inputs.keys()) this.#requireKnownInput(name);
    const feeds: Record<string, OrtTensor> = {};
    this.inputs.forEach((spec, i) => {
      const tensor = inputs.get(spec.name);
      if (tensor === undefined) throw missingInput(spec);
      requireSpec(`Input "${spec.name}"`, tensor, spec);
      feeds[inputNames[i] as string] = toOrtTensor(this.#ort, tensor, `Input "${spec.name}"`);
    });
    this.#bundle.weights.forEach((weight, i) => {
      feeds[inputNames[this.inputs.length + i] as string] = this.#variables.get(weight.variableName) as OrtTensor;
    });
    return feeds;
  }

  #requireKnownInput(name: string): void {
    if (this.inputs.some((spec) => spec.name === name)) return;
    const names = this.inputs.map((spec) => spec.name);
    throw new AscendBundleError('INPUT_UNKNOWN', {
      message: `"${name}" is not an input of the model.`,
      fix: didYouMean(nearNames(name, names), `Its inputs are: ${names.join(', ') || '(none)'}.`),
    });
  }
}

async function runOrt(session: InferenceSession, feeds: Record<string, OrtTensor>): Promise<InferenceSession.OnnxValueMapType> {
  try {
    return await session.run(feeds);
  } catch (cause) {
    throw new AscendBundleError('HOST_EXECUTION', { message: `ONNX Runtime failed during inference: ${firstLine(cause)}`, cause });
  }
}

function missingInput(spec: NamedSpec): AscendBundleError {
  return new AscendBundleError('INPUT_MISSING', {
    message: `Input "${spec.name}" (${describeSpec(spec)}) was not given.`,
    fix: `Add --input ${spec.name}=@file.npy.`,
  });
}

/** @throws TENSOR_MISMATCH */
function requireSpec(what: string, tensor: Tensor, expected: { readonly dtype: Tensor['dtype']; readonly shape: Shape }): void {
  if (tensor.dtype === expected.dtype && fits(tensor.shape, expected.shape)) return;
  throw new AscendBundleError('TENSOR_MISMATCH', {
    message: `${what} is ${describeSpec(tensor)}; the bundle has ${describeSpec(expected)}.`,
    fix: 'Convert the tensor, or build the bundle again with the new dtype and shape.',
  });
}

function fits(actual: Shape, expected: Shape): boolean {
  if (expected.length === 1 && expected[0] === -2) return true;
  return sameShape(
    actual,
    expected.map((dim, i) => (dim < 0 ? (actual[i] ?? dim) : dim)),
  );
}

/** GE's If takes a scalar's value for its condition: a value of 0 (for floats, up to 1.2e-7) is not written. */
const SCALAR_ZERO = 1.2e-7;

function isSkippedScalar({ spec }: RefreshableWeight, tensor: Tensor): boolean {
  if (spec.shape.length > 0) return false;
  const value = Number(decodeElements(tensor)[0]);
  return spec.dtype.name.startsWith('float') ? Math.abs(value) <= SCALAR_ZERO : value === 0;
}

function scalarWarning(weight: RefreshableWeight): Problem {
  return {
    code: 'SCALAR_ZERO_SKIPPED',
    message: `Weight "${weight.constName}" is a scalar and keeps its value: GE's update graph does not write a new value of 0, on the device or here.`,
    fix: 'Give the weight the shape [1] in the graph.',
  };
}
