// What the native process does with an opened bundle: opens it once, then runs its graphs as often as it is asked.
import type { Native } from '../native/native.js';
import { type Releases, undoneOnFailure } from '../native/releases.js';
import { type Device, openDevice } from './device.js';
import { disagree } from './disagree.js';
import { executeInfer, executeInit, executeUpdate } from './execute.js';
import type { ExpectedModel, InferReply, InferRequest, OpenReply, OpenRequest, UpdateRequest } from './messages.js';
import { describeModel, type ModelDescription } from './model-description.js';
import { hasMemoryCalls, loadModels, loadModelsInto, type Models } from './models.js';

interface Opened {
  readonly request: OpenRequest;
  readonly device: Device;
  readonly models: Models;
}

export interface RunRequests {
  open(request: OpenRequest): OpenReply;
  initialize(): null;
  update(request: UpdateRequest): null;
  infer(request: InferRequest): InferReply;
}

export interface RunContext {
  readonly native: Native;
  step(step: string): void;
}

/** @param releases  gets what an opened bundle holds of the device */
export function createRunRequests({ native, step }: RunContext, releases: Releases): RunRequests {
  const descriptions = new Map<number, ModelDescription>();
  let opened: Opened | undefined;

  const requireOpened = (): Opened => {
    // Reaching this is a bug of ours: the session opens before it asks for anything.
    if (opened === undefined) throw new TypeError('no bundle is open in this process');
    return opened;
  };

  /** Does `work` with a model. Its description is read once, unless it is loaded anew each time. */
  const use = <T>(expected: ExpectedModel | null, role: string, work: (device: Device, model: ModelDescription) => T): T => {
    const { device, models } = requireOpened();
    if (expected === null) throw new TypeError(`the bundle has no ${role} graph`);
    return models.use(expected.index, (modelId) => {
      const model = descriptions.get(expected.index) ?? describeModel(native, modelId);
      requireSame(model, expected, role);
      if (models.transient !== expected.index) descriptions.set(expected.index, model);
      return work(device, model);
    });
  };

  return {
    open: (request) =>
      undoneOnFailure(releases, () => {
        const device = openDevice(native, request.device, releases);
        const models = load(device, request, step, releases);
        if (models.count !== request.models)
          throw disagree(`it has ${models.count} models for AscendCL, and ${request.models} in the file`);
        opened = { request, device, models };
        return { runMode: device.runMode, memory: models.memory };
      }),
    initialize() {
      use(requireOpened().request.init, 'init', executeInit);
      return null;
    },
    update({ weights }) {
      use(requireOpened().request.update, 'update', (device, model) => executeUpdate(device, model, weights));
      return null;
    },
    infer({ inputs, outputs }) {
      const { infer } = requireOpened().request;
      const given = { inputs, gearOrder: infer.gearOrder, fileOf: (output: number) => `${outputs}${output}` };
      return use(infer, 'inference', (device, model) => executeInfer(device, model, given));
    },
  };
}

function load(device: Device, { path, memory, init }: OpenRequest, step: RunContext['step'], releases: Releases): Models {
  if (memory === 'low' && hasMemoryCalls(device)) {
    step('load models one by one');
    return loadModelsInto(device, path, init?.index, releases);
  }
  step('load models');
  return loadModels(device, path, releases);
}

/** The order of the models is all that AscendCL tells of them, so their inputs and outputs are compared with those of the file. */
function requireSame({ inputs, outputs }: ModelDescription, expected: ExpectedModel, role: string): void {
  const names = inputs.map(({ name }) => name);
  const isSameCount = names.length === expected.inputs.length && outputs.length === expected.outputs;
  // AscendCL may write a name in another way; the same names in another order would mix up the values.
  const isMixedUp = names.some((name, i) => name !== expected.inputs[i] && expected.inputs.includes(name));
  if (isSameCount && !isMixedUp) return;
  throw disagree(
    `model ${expected.index} (${role}) takes ${list(names)} and gives ${outputs.length} outputs for AscendCL, and takes ${list(expected.inputs)} and gives ${expected.outputs} in the file`,
  );
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.join(', ');
}
