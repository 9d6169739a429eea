// A bundle opened on a device: its models live in a native process, and what they are given and give travels in files.
import { resolve } from 'node:path';
import {
  type Bundle,
  type BundleWeight,
  findSubmodel,
  inputsOfGears,
  readInitialValues,
  type Submodel,
} from '../../../formats/om/index.js';
import type { NamedSpec, NamedTensor, Tensor } from '../../../graph/tensor.js';
import type { OpenOptions, Session, UpdateReport, WeightsSnapshot } from '../../backend.js';
import { requireSpec } from '../../require-spec.js';
import { builtWithoutInit, requireInputs, sessionClosed, weightsWithoutValue } from '../../session-errors.js';
import { refuseUnknownWeights, stageUpdate } from '../../staged-update.js';
import { preflight } from '../cann/index.js';
import { type NativeWorker, startWorker } from '../worker/client.js';
import { disagree } from './disagree.js';
import type { ExpectedModel, OpenRequest, SentTensor } from './messages.js';
import { TensorFiles } from './tensor-files.js';

/**
 * @throws BACKEND_UNAVAILABLE, LIBRARY_UNUSABLE, SYMBOL_MISSING, WORKER_FAILED, NATIVE_CALL, NATIVE_CRASH, NATIVE_TIMEOUT,
 *   BUNDLE_INVALID, INTERRUPTED, TERMINATED
 */
export async function openDeviceSession(bundle: Bundle, path: string, { device = {}, onWarning }: OpenOptions = {}): Promise<Session> {
  const request = openRequest(bundle, path);
  const { environment, warnings } = preflight('run', { ascendHome: device.ascendHome, env: device.env ?? process.env });
  for (const warning of warnings) onWarning?.(warning);
  const { env, libraryFolders } = environment;
  const worker = await startWorker({ env, libraryFolders, timeoutMs: device.timeoutMs, trace: device.trace });
  try {
    const opened = await worker.request(
      { kind: 'open', ...request, device: device.device ?? 0, memory: device.memory ?? 'auto' },
      onWarning === undefined ? {} : { onWarning },
    );
    if (device.memory === 'low' && opened.memory !== 'low') {
      onWarning?.({
        code: 'MEMORY_MODE_IGNORED',
        message: 'This CANN cannot load a bundle into memory of the caller (9.0 and newer can): --memory low changes nothing.',
      });
    }
    return new DeviceSession(bundle, path, worker, onWarning);
  } catch (error) {
    await worker.close();
    throw error;
  }
}

function openRequest(bundle: Bundle, path: string): Omit<OpenRequest, 'device' | 'memory'> {
  const [infer, init, update] = (['infer', 'init', 'update'] as const).map((role) => findSubmodel(bundle, role));
  if (infer === undefined) throw disagree(`${path} has no inference graph`);
  return {
    path: resolve(path),
    models: bundle.submodels.length,
    infer: expectedModel(infer),
    init: init === undefined ? null : expectedModel(init),
    update: update === undefined ? null : expectedModel(update),
  };
}

function expectedModel(model: Submodel): ExpectedModel {
  const { index, inoutInfo } = model;
  const inputs = model.inputs.map(({ name }) => name);
  const gearOrder = (inoutInfo === undefined ? inputs : inputsOfGears(inoutInfo)).map((name) => inputs.indexOf(name));
  return { index, inputs, outputs: model.outputs.length, gearOrder };
}

class DeviceSession implements Session {
  readonly inputs: readonly NamedSpec[];
  readonly outputs: readonly NamedSpec[];
  readonly #bundle: Bundle;
  readonly #path: string;
  readonly #files: TensorFiles;
  /** Weights that have a value, by const name; undefined where the value is the built-in one and the file does not tell it. */
  readonly #values = new Map<string, Tensor | undefined>();
  readonly #onWarning: OpenOptions['onWarning'];
  /** Undefined after the session was closed. */
  #worker: NativeWorker | undefined;

  constructor(bundle: Bundle, path: string, worker: NativeWorker, onWarning: OpenOptions['onWarning']) {
    const infer = findSubmodel(bundle, 'infer') as Submodel;
    this.inputs = infer.inputs;
    this.outputs = infer.outputs;
    this.#bundle = bundle;
    this.#path = path;
    this.#worker = worker;
    this.#onWarning = onWarning;
    this.#files = new TensorFiles(worker.folder);
  }

  async initialize(): Promise<void> {
    const worker = this.#requireOpen();
    const initial = readInitialValues(this.#bundle);
    if (initial === undefined) throw builtWithoutInit(this.#path);
    await worker.request({ kind: 'initialize' });
    const constants = new Map(initial.values.map(({ weight, constant }) => [weight.constName, constant.tensor]));
    for (const { constName, spec } of this.#bundle.weights) {
      const tensor = constants.get(constName);
      this.#values.set(constName, tensor === undefined ? undefined : { dtype: spec.dtype, shape: spec.shape, data: tensor.data });
    }
  }

  async update(given: ReadonlyMap<string, Tensor>): Promise<UpdateReport> {
    this.#requireOpen();
    const { weights } = this.#bundle;
    const { updates, warnings } = stageUpdate(weights, given, ({ constName }) => this.#values.get(constName) !== undefined);
    await this.#assign(new Map(updates.map(({ weight, tensor }) => [weight.constName, tensor])));
    const updated = updates.map(({ weight }) => weight.constName);
    const kept = weights.map(({ constName }) => constName).filter((name) => !updated.includes(name));
    return { updated, kept, warnings };
  }

  snapshot(): WeightsSnapshot {
    return new Map([...this.#values].flatMap(([name, tensor]) => (tensor === undefined ? [] : [[name, tensor] as const])));
  }

  async restore(snapshot: WeightsSnapshot): Promise<void> {
    this.#requireOpen();
    const { weights } = this.#bundle;
    refuseUnknownWeights(weights, snapshot);
    for (const { constName, spec } of weights) {
      const tensor = snapshot.get(constName);
      if (tensor !== undefined) requireSpec(`Weight "${constName}"`, tensor, spec);
    }
    // GE's update graph does not write a scalar 0, but a scalar that is 0 has been so from the beginning.
    if (findSubmodel(this.#bundle, 'init') !== undefined) await this.initialize();
    const changed = weights.filter(({ constName }) => snapshot.has(constName));
    const staged = stageUpdate(changed, snapshot, () => true);
    if (staged.updates.length > 0) await this.#assign(new Map(staged.updates.map(({ weight, tensor }) => [weight.constName, tensor])));
    for (const { constName } of weights) {
      if (!snapshot.has(constName) && findSubmodel(this.#bundle, 'init') === undefined) this.#values.delete(constName);
    }
  }

  async run(inputs: ReadonlyMap<string, Tensor>): Promise<readonly NamedTensor[]> {
    const worker = this.#requireOpen();
    this.#requireWeights();
    const sent: SentTensor[] = [];
    try {
      for (const tensor of requireInputs(this.inputs, inputs)) sent.push(this.#files.send(tensor));
      const { outputs } = await worker.request({ kind: 'infer', inputs: sent, outputs: `${this.#files.newPath()}-` });
      return outputs.map((output, i) => ({ name: (this.outputs[i] as NamedSpec).name, ...this.#files.take(output) }));
    } finally {
      for (const tensor of sent) this.#files.remove(tensor);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#values.clear();
    await worker?.close(this.#onWarning);
  }

  /** Runs the update graph with new values; those of a static graph's other weights are sent again. */
  async #assign(values: ReadonlyMap<string, Tensor>): Promise<void> {
    const worker = this.#requireOpen();
    const inputs = findSubmodel(this.#bundle, 'update')?.inputs.length ?? 0;
    const sent: (SentTensor | null)[] = Array.from({ length: inputs }, () => null);
    const stored: [string, Tensor][] = [];
    try {
      for (const weight of this.#bundle.weights) {
        const given = values.get(weight.constName);
        const tensor = given ?? this.#resent(weight);
        if (tensor === undefined) continue;
        const file = this.#files.send(tensor);
        sent[weight.updateIndex] = file;
        // The caller's tensor may change; the file is ours.
        if (given !== undefined) stored.push([weight.constName, this.#stored(file, weight)]);
      }
      await worker.request({ kind: 'update', weights: sent });
    } finally {
      for (const tensor of sent) if (tensor !== null) this.#files.remove(tensor);
    }
    for (const [name, tensor] of stored) this.#values.set(name, tensor);
  }

  #resent({ constName, isConditional }: BundleWeight): Tensor | undefined {
    return isConditional ? undefined : this.#values.get(constName);
  }

  #stored(file: SentTensor, { spec }: BundleWeight): Tensor {
    return { dtype: spec.dtype, shape: spec.shape, data: this.#files.open(file) };
  }

  /** @throws USAGE */
  #requireOpen(): NativeWorker {
    if (this.#worker === undefined) throw sessionClosed(this.#path);
    return this.#worker;
  }

  #requireWeights(): void {
    const missing = this.#bundle.weights.filter(({ constName }) => !this.#values.has(constName)).map(({ constName }) => constName);
    if (missing.length > 0) throw weightsWithoutValue(this.#path, missing);
  }
}
