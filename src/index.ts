// The library: the verbs as typed functions, and an opened bundle for programs that run many inferences.
import type { Session, UpdateReport } from './backends/backend.js';
import { chooseForBundle, loadBackend } from './backends/registry.js';
import { memoryBytes } from './base/bytes.js';
import { AscendBundleError, type Problem } from './base/errors.js';
import { requirePath } from './base/require-path.js';
import type { BuildResult } from './commands/build/signature.js';
import { build as buildVerb } from './commands/build.js';
import { type InspectResult, inspect as inspectVerb } from './commands/inspect.js';
import { type PatchResult, patch as patchVerb } from './commands/patch.js';
import { openBundleAt, type SpecFields, specFields, type WeightFields, weightFields } from './commands/shared/bundle.js';
import { deviceRequest } from './commands/shared/device-options.js';
import type { Io, Verb } from './commands/verb.js';
import { type VerifyResult, verify as verifyVerb } from './commands/verify.js';
import { type WeightsCheckResult, weightsCheck as weightsCheckVerb } from './commands/weights-check.js';
import { type WeightsMapResult, weightsMap as weightsMapVerb } from './commands/weights-map.js';
import { findSubmodel } from './formats/om/index.js';
import { dtype } from './graph/dtype.js';
import { type ElementArray, elementsOf } from './graph/elements.js';
import { describeSpec, type Tensor, tensorBytes } from './graph/tensor.js';
import type { MatchMethod } from './weights/map/match.js';

export type { UpdateReport } from './backends/backend.js';
export { AscendBundleError, ERROR_CODES, type ErrorClass, type ErrorCode, EXIT_CODES, type Problem } from './base/errors.js';
export type { BuildResult } from './commands/build/signature.js';
export type { InspectResult } from './commands/inspect.js';
export type { PatchResult } from './commands/patch.js';
export type { InputSpecFields, SpecFields, SubmodelFields, WeightFields } from './commands/shared/bundle.js';
export type { VerifyResult } from './commands/verify.js';
export type { FitFields, WeightsCheckResult } from './commands/weights-check.js';
export type { WeightsMapResult } from './commands/weights-map.js';
export type { MatchMethod } from './weights/map/match.js';

/** A dense, row-major, little-endian tensor. */
export interface TensorData {
  /** numpy name: `float32`, `float16`, `bfloat16`, `int64`, … */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Its bytes, in any view: a Float32Array, a Buffer, … float16 and bfloat16 as their 16 bits. */
  readonly data: ArrayBufferView;
}

/** An output: `data` is the typed array of its dtype; of float16 and bfloat16 a Uint16Array of their bits, of bool a Uint8Array. */
export interface OutputData extends TensorData {
  readonly data: ElementArray;
}

export type Tensors = Readonly<Record<string, TensorData>>;

export interface BuildOptions {
  /** Names of the constants to make updatable; their order is the order of the update graph's inputs. */
  readonly consts?: readonly string[];
  /** Expressions as for `--select`: `name~lora_*`, `op=MatMul bytes>=1MiB`. */
  readonly select?: readonly string[];
  readonly exclude?: readonly string[];
  /** Default: `<graph>.om` in the current folder. */
  readonly output?: string;
  /** Leave the init graph out when false. */
  readonly init?: boolean;
  readonly allowScalar?: boolean;
  readonly updateGraph?: 'ge' | 'static';
  readonly backend?: 'auto' | 'host' | 'ascend';
  /** The chip to compile for; ascend backend, as all that follows. */
  readonly socVersion?: string;
  /** Options of GE by their keys: `{ 'ge.oo.level': 'O1' }`. */
  readonly geOptions?: Readonly<Record<string, string>>;
  /** The CANN to use. */
  readonly ascendHome?: string;
  /** In seconds. */
  readonly timeout?: number;
  /** Where to write each native call as a JSON line. */
  readonly trace?: string;
  /** Also write a manifest: its path, or true for `<output>.manifest.json`. */
  readonly manifest?: string | true;
  /** Replace an existing output. */
  readonly force?: boolean;
  readonly onWarning?: (problem: Problem) => void;
}

/**
 * Makes a weight-updatable bundle from a graph.json, an ONNX model or an .air file.
 *
 * @throws AscendBundleError; `code` and `fix` say what and what to do
 */
export async function build(
  graph: string,
  { consts = [], geOptions = {}, onWarning, ...options }: BuildOptions = {},
): Promise<BuildResult> {
  const geOption = Object.entries(geOptions).map(([key, value]) => `${key}=${value}`);
  return call(buildVerb, { ...options, geOption, graph, const: consts }, onWarning);
}

export interface PatchOptions {
  /** Files of new weights by name: safetensors, npz, npy, a graph, a bundle. */
  readonly weights?: readonly string[];
  /** A map file: other names, and transpositions, for the tensors of those files. */
  readonly map?: string;
  /** Convert weights of another dtype; `casts` of the result says what that lost. */
  readonly cast?: boolean;
  /** LoRA adapters to merge, each with its scale: `a.safetensors:0.8`. */
  readonly lora?: readonly string[];
  /** Single weights in the grammar of the command line: `w=@w.npy`, `w=splat:0`. */
  readonly set?: readonly string[];
  /** The bundle to write; or replace the one that is given. */
  readonly output?: string;
  readonly inPlace?: boolean;
  /** The graph that the bundle was built from: refuse when the bundle has other values. */
  readonly source?: string;
  /** Every weight must be given. */
  readonly strict?: boolean;
  /** Leave out tensors that no weight has the name of. */
  readonly ignoreExtra?: boolean;
  /** Replace an existing output. */
  readonly force?: boolean;
  readonly onWarning?: (problem: Problem) => void;
}

/**
 * Writes new initial values into a bundle, without compiling.
 *
 * @throws AscendBundleError
 */
export async function patch(bundle: string, { onWarning, ...options }: PatchOptions = {}): Promise<PatchResult> {
  return call(patchVerb, { ...options, bundle }, onWarning);
}

export interface VerifyOptions {
  /** In the grammar of the command line: `x=@x.npy`, `x=rand:7`; those that are not given are random, of `seed`. */
  readonly input?: readonly string[];
  readonly seed?: number;
  /** New weights: files, or `name=VALUE`. */
  readonly update?: readonly string[];
  readonly map?: string;
  readonly cast?: boolean;
  readonly ignoreExtra?: boolean;
  /** Expected outputs: files, folders, `name=VALUE`. */
  readonly golden?: readonly string[];
  /** A graph or another bundle to compare with. */
  readonly against?: string;
  /** The graph to predict from; `precision` and `margin` are those of the envelope. */
  readonly predict?: string;
  readonly precision?: 'fp16' | 'bf16';
  readonly margin?: number;
  readonly aba?: boolean;
  readonly manifest?: string;
  /** `1e-3`, `NAME:1e-3`. */
  readonly atol?: readonly string[];
  readonly rtol?: readonly string[];
  readonly cosine?: readonly string[];
  /** NaN or infinity in an output is a failure. */
  readonly validate?: boolean;
  readonly onWarning?: (problem: Problem) => void;
}

/**
 * Checks what a bundle gives; `passed` and `checks` of the result say what came of it.
 *
 * @throws AscendBundleError for what cannot be checked, not for a check that fails
 */
export async function verify(bundle: string, { onWarning, ...options }: VerifyOptions = {}): Promise<VerifyResult> {
  return call(verifyVerb, { ...options, bundle }, onWarning);
}

/** Which constants of a graph, or weights of a bundle, are meant; all that a build takes unless said. */
interface WantedOptions {
  readonly consts?: readonly string[];
  /** Expressions as for `--select`. */
  readonly select?: readonly string[];
  readonly exclude?: readonly string[];
  readonly onWarning?: (problem: Problem) => void;
}

export interface CheckWeightsOptions extends WantedOptions {
  /** The bundle or the graph that they are for; the options about its weights need it. */
  readonly for?: string;
  /** A map file: other names, and transpositions, for the tensors. */
  readonly map?: string;
  /** Another dtype is no failure where it can be converted. */
  readonly cast?: boolean;
  /** A missing weight is no failure. */
  readonly partial?: boolean;
  /** A tensor that no weight has the name of is no failure. */
  readonly ignoreExtra?: boolean;
  /** Read the values too: NaN and infinity, least and greatest. */
  readonly values?: boolean;
}

/**
 * What is in files of weights, and whether a bundle or a graph takes them: `findings` of the files, `for.failing` of the fit.
 *
 * @throws AscendBundleError for what cannot be read, not for weights that do not fit
 */
export async function checkWeights(
  files: string | readonly string[],
  { consts = [], onWarning, ...options }: CheckWeightsOptions = {},
): Promise<WeightsCheckResult> {
  return call(weightsCheckVerb, { ...options, const: consts, file: [files].flat() }, onWarning);
}

export interface MapWeightsOptions extends WantedOptions {
  /** The bundle or the graph whose weights are wanted. */
  readonly for: string;
  /** How to find them, in this order; all methods unless given. */
  readonly by?: readonly MatchMethod[];
  /** Write the map there, for `map` of `patch` and the like. */
  readonly output?: string;
  /** Replace an existing output. */
  readonly force?: boolean;
}

/**
 * Which tensor of a checkpoint is which weight.
 *
 * @throws AscendBundleError
 */
export async function mapWeights(checkpoint: string, { consts = [], onWarning, ...options }: MapWeightsOptions): Promise<WeightsMapResult> {
  return call(weightsMapVerb, { ...options, const: consts, file: checkpoint }, onWarning);
}

/** What `inspect --json` gives as `result`. */
export async function inspect(path: string): Promise<InspectResult> {
  return call(inspectVerb, { file: path });
}

async function call<V, R>({ values, run }: Verb<V, R>, given: object, onWarning?: (problem: Problem) => void): Promise<R> {
  const checked = values.safeParse(given);
  if (!checked.success) throw new TypeError(checked.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  return (await run(checked.data, silentIo(onWarning))).result;
}

function silentIo(onWarning: (problem: Problem) => void = () => undefined): Io {
  return { warn: onWarning, useBackend: () => undefined, detail: () => undefined, step: async (_, work) => await work() };
}

/** A bundle that is open for inference. Dispose it (`await using`, or `close`). */
export interface OpenedBundle extends AsyncDisposable {
  readonly inputs: readonly SpecFields[];
  readonly outputs: readonly SpecFields[];
  readonly weights: readonly WeightFields[];
  /** Gives every weight its built-in value; done once by `openBundle` where the bundle has an init graph. */
  initialize(): Promise<void>;
  /** Replaces the weights given; the others keep their value. All or nothing. */
  update(weights: Tensors): Promise<UpdateReport>;
  /** The weights as they were last given, by name; one without a value is not among them. */
  snapshot(): Record<string, OutputData>;
  /** Gives every weight its value in a snapshot; one that is not in it has no value afterwards. All or nothing. */
  restore(snapshot: Tensors): Promise<void>;
  /** @returns the outputs by name, in the order of the model */
  run(inputs: Tensors): Promise<Record<string, OutputData>>;
  close(): Promise<void>;
}

/** How a bundle for an NPU is run; refused for one that runs on the CPU. */
export interface OpenBundleOptions {
  /** The NPU, as AscendCL counts; 0 unless given. */
  readonly device?: number;
  /** `low`: less device memory, where CANN can (9.0 and newer). */
  readonly memory?: 'auto' | 'low';
  /** Seconds after which a step on the NPU is given up. */
  readonly timeout?: number;
  /** A file for each native call, as JSON lines. */
  readonly trace?: string;
  /** The CANN to use. */
  readonly ascendHome?: string;
  readonly onWarning?: (problem: Problem) => void;
}

/**
 * Opens a bundle on the backend that it was built for, and initialises its weights where it can.
 *
 * @throws AscendBundleError
 */
export async function openBundle(path: string, { onWarning, ...values }: OpenBundleOptions = {}): Promise<OpenedBundle> {
  requirePath(path, 'a bundle');
  const bundle = openBundleAt(path);
  const choice = chooseForBundle(bundle, path, 'auto');
  const device = deviceRequest(values, choice.kind);
  const backend = await loadBackend(choice);
  const session = await backend.open(bundle, path, { device, onWarning });
  try {
    if (findSubmodel(bundle, 'init') !== undefined) await session.initialize();
  } catch (error) {
    // Nobody else has it, so nobody else can close it.
    await session[Symbol.asyncDispose]();
    throw error;
  }
  return opened(session, bundle.weights.map(weightFields));
}

function opened(session: Session, weights: readonly WeightFields[]): OpenedBundle {
  const close = async (): Promise<void> => session[Symbol.asyncDispose]();
  return {
    inputs: session.inputs.map(specFields),
    outputs: session.outputs.map(specFields),
    weights,
    initialize: async () => session.initialize(),
    update: async (given) => session.update(tensorMap(given)),
    snapshot: () => Object.fromEntries([...session.snapshot()].map(([name, tensor]) => [name, outputData(tensor)])),
    restore: async (snapshot) => session.restore(tensorMap(snapshot)),
    run: async (inputs) => Object.fromEntries((await session.run(tensorMap(inputs))).map((tensor) => [tensor.name, outputData(tensor)])),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function tensorMap(tensors: Tensors): ReadonlyMap<string, Tensor> {
  return new Map(Object.entries(tensors).map(([name, tensor]) => [name, toTensor(name, tensor)]));
}

function toTensor(name: string, { dtype: dtypeName, shape, data }: TensorData): Tensor {
  const spec = { dtype: dtype(dtypeName), shape: [...shape] };
  if (!shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
    throw new AscendBundleError('TENSOR_MISMATCH', {
      message: `"${name}" has the shape [${shape.join(', ')}], whose dimensions are not all whole numbers of at least 0.`,
      fix: 'Give the shape that the data has.',
    });
  }
  const expected = tensorBytes(spec.dtype, shape);
  if (data.byteLength !== expected) {
    throw new AscendBundleError('TENSOR_MISMATCH', {
      message: `"${name}" has ${data.byteLength ?? 'no'} bytes; ${describeSpec(spec)} has ${expected}.`,
      fix: 'Give the data as a typed array, with the dtype and the shape that it has.',
    });
  }
  return { ...spec, data: memoryBytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) };
}

function outputData(tensor: Tensor): OutputData {
  return { dtype: tensor.dtype.name, shape: tensor.shape, data: elementsOf(tensor) };
}
