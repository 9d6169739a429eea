// An opened host bundle: variables live here, inference runs in ONNX Runtime.
// Init and update are nothing but assignments, so they are carried out here from the Assign nodes that the bundle
// describes; ONNX Runtime sees the weights as inputs, and an update is the exchange of a tensor.
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { AscendBundleError } from '../../base/errors.js';
import { type Bundle, findSubmodel } from '../../formats/om/index.js';
import type { NamedSpec, NamedTensor, Tensor } from '../../graph/tensor.js';
import type { Session, UpdateReport, WeightsSnapshot } from '../backend.js';
import { requireSpec } from '../require-spec.js';
import { builtWithoutInit, sessionClosed, weightsWithoutValue } from '../session-errors.js';
import { refuseUnknownWeights, stageUpdate } from '../staged-update.js';
import { createInference, inputTensors, runInference } from './inference.js';
import { initialValues } from './initial-values.js';
import { fromOrtTensor, loadOrt, type Ort, toOrtTensor } from './ort.js';
import { inferModel, openExecutable } from './stored-executable.js';

/**
 * Loads the inference graph; its weights are ranges of the bundle's file and are not read.
 *
 * @throws ORT_MISSING, BUNDLE_INVALID, HOST_EXECUTION
 */
export async function openHostSession(bundle: Bundle, path: string): Promise<Session> {
  const ort = await loadOrt();
  const infer = inferModel(bundle, path);
  const { inputs, outputs } = infer;
  const { model, folder } = openExecutable(infer, path);
  const inference = await createInference(ort, model, { folder });
  const { inputNames, outputNames } = inference;
  if (inputNames.length !== inputs.length + bundle.weights.length || outputNames.length !== outputs.length) {
    throw new AscendBundleError('BUNDLE_INVALID', {
      message: `The executable of ${path} has ${inputNames.length} inputs and ${outputNames.length} outputs; the bundle has ${inputs.length} inputs, ${bundle.weights.length} weights and ${outputs.length} outputs.`,
      fix: 'Build the bundle again.',
    });
  }
  return new HostSession({ bundle, path, ort, inference, inputs, outputs });
}

interface HostSessionParts {
  readonly bundle: Bundle;
  readonly path: string;
  readonly ort: Ort;
  readonly inference: InferenceSession;
  readonly inputs: readonly NamedSpec[];
  readonly outputs: readonly NamedSpec[];
}

class HostSession implements Session {
  readonly inputs: readonly NamedSpec[];
  readonly outputs: readonly NamedSpec[];
  readonly #bundle: Bundle;
  readonly #path: string;
  readonly #ort: Ort;
  /** By name; a variable without a value is not in it. */
  readonly #variables = new Map<string, OrtTensor>();
  /** Undefined after the session was closed. */
  #inference: InferenceSession | undefined;

  constructor({ bundle, path, ort, inference, inputs, outputs }: HostSessionParts) {
    this.#bundle = bundle;
    this.#path = path;
    this.#ort = ort;
    this.#inference = inference;
    this.inputs = inputs;
    this.outputs = outputs;
  }

  async initialize(): Promise<void> {
    this.#requireOpen();
    if (findSubmodel(this.#bundle, 'init') === undefined) {
      throw builtWithoutInit(this.#path);
    }
    const initial = [...initialValues(this.#bundle, this.#path)];
    const values = initial.map(([variable, tensor]) => toOrtTensor(this.#ort, tensor, `The initial value of ${variable}`));
    initial.forEach(([variable], i) => void this.#variables.set(variable, values[i] as OrtTensor));
  }

  async update(given: ReadonlyMap<string, Tensor>): Promise<UpdateReport> {
    this.#requireOpen();
    const { updates, warnings } = stageUpdate(this.#bundle.weights, given, ({ variableName }) => this.#variables.has(variableName));
    const values = updates.map(({ weight: { constName }, tensor }) => toOrtTensor(this.#ort, tensor, `Weight "${constName}"`));
    // Nothing fails from here on.
    updates.forEach(({ weight }, i) => void this.#variables.set(weight.variableName, values[i] as OrtTensor));
    const updated = updates.map(({ weight }) => weight.constName);
    const kept = this.#bundle.weights.map(({ constName }) => constName).filter((name) => !updated.includes(name));
    return { updated, kept, warnings };
  }

  snapshot(): WeightsSnapshot {
    return new Map(
      this.#bundle.weights.flatMap(({ constName, variableName, spec }) => {
        const value = this.#variables.get(variableName);
        return value === undefined ? [] : [[constName, fromOrtTensor(value, spec)] as const];
      }),
    );
  }

  async restore(snapshot: WeightsSnapshot): Promise<void> {
    this.#requireOpen();
    refuseUnknownWeights(this.#bundle.weights, snapshot);
    const values = this.#bundle.weights.flatMap(({ constName, variableName, spec }) => {
      const tensor = snapshot.get(constName);
      if (tensor === undefined) return [];
      requireSpec(`Weight "${constName}"`, tensor, spec);
      return [[variableName, toOrtTensor(this.#ort, tensor, `Weight "${constName}"`)] as const];
    });
    // Nothing fails from here on.
    this.#variables.clear();
    for (const [variable, value] of values) this.#variables.set(variable, value);
  }

  async run(inputs: ReadonlyMap<string, Tensor>): Promise<readonly NamedTensor[]> {
    const inference = this.#requireOpen();
    this.#requireWeights();
    const results = await runInference(inference, this.#feeds(inputs, inference));
    return inference.outputNames.map((name, i) => {
      const spec = this.outputs[i] as NamedSpec;
      return { name: spec.name, ...fromOrtTensor(results[name] as OrtTensor, spec) };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const inference = this.#inference;
    this.#inference = undefined;
    this.#variables.clear();
    await inference?.release();
  }

  /** @throws USAGE */
  #requireOpen(): InferenceSession {
    if (this.#inference !== undefined) return this.#inference;
    throw sessionClosed(this.#path);
  }

  #requireWeights(): void {
    const missing = this.#bundle.weights.filter((weight) => !this.#variables.has(weight.variableName)).map((weight) => weight.constName);
    if (missing.length === 0) return;
    throw weightsWithoutValue(this.#path, missing);
  }

  /** The executable's inputs are the model's inputs in order, then the weights in update order. */
  #feeds(given: ReadonlyMap<string, Tensor>, { inputNames }: InferenceSession): Record<string, OrtTensor> {
    const inputs = inputTensors(this.#ort, this.inputs, given);
    const weights = this.#bundle.weights.map(({ variableName }) => this.#variables.get(variableName) as OrtTensor);
    return Object.fromEntries([...inputs, ...weights].map((tensor, i) => [inputNames[i] as string, tensor]));
  }
}
