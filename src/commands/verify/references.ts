// What a bundle is compared with: another bundle, or the graph that it was built from. Inputs and outputs go by name, or by order
// where the compiler has given names of its own.
import type { GraphSource } from '../../backends/backend.js';
import { bundleBackend, openGraph } from '../../backends/registry.js';
import { AscendBundleError, type Problem } from '../../base/errors.js';
import { openFile } from '../../base/open-file.js';
import { requireKind } from '../../formats/kind.js';
import type { RefreshableWeight } from '../../graph/refreshable.js';
import { describeSpec, fitsShape, type NamedSpec, type NamedTensor, type Tensor } from '../../graph/tensor.js';
import { type ExpectedTensor, type Pairing, pairSpecs } from '../../weights/judge.js';
import { listNames } from '../../weights/read.js';
import { openBundleAt } from '../shared/bundle.js';
import type { DeviceValues } from '../shared/device-options.js';
import { openSession } from '../shared/open-session.js';
import { openPredictor, type PredictorOptions, predictionWarnings } from '../shared/predictor.js';
import { readGraphSource } from '../shared/source.js';
import type { Io } from '../verb.js';

export type Weights = ReadonlyMap<string, Tensor>;

export interface Reference extends AsyncDisposable {
  readonly check: 'against' | 'predict';
  /** Of its file, for messages. */
  readonly path: string;
  /** Set where it is a graph: its constants are what the weights begin with. */
  readonly graph: GraphSource | undefined;
  /**
   * @param inputs  by the bundle's names
   * @param weights  in place of those that it has itself
   * @returns by the bundle's names of its outputs
   */
  run(inputs: Weights, weights?: Weights): Promise<ReadonlyMap<string, ExpectedTensor>>;
}

export interface Specs {
  readonly inputs: readonly NamedSpec[];
  readonly outputs: readonly NamedSpec[];
}

/** Something that runs: an opened bundle, a graph. */
interface Runner extends Specs, AsyncDisposable {
  run(inputs: Weights, weights?: Weights): Promise<readonly (NamedTensor & { readonly atol?: number })[]>;
}

const KINDS = ['bundle', 'graph-json', 'onnx', 'air'] as const;

/**
 * @param of  what the bundle takes and gives
 * @param device  that another bundle runs on, where it is for one
 * @throws FILE_KIND, TENSOR_MISMATCH when it takes other inputs or gives another number of outputs, and what opening throws
 */
export async function openReference(
  path: string,
  of: Specs,
  weights: readonly RefreshableWeight[],
  device: DeviceValues,
  io: Io,
): Promise<Reference> {
  const kind = requireKind(openFile(path), path, KINDS, 'a bundle or a graph (graph.json, ONNX or .air)');
  if (kind === 'bundle') return referenceOf(await openBundleRunner(path, device, io), { check: 'against', path, graph: undefined }, of, io);
  const graph = await readGraphSource(path);
  const names = weights.map(({ constName }) => constName);
  return referenceOf(await openGraph(graph, names), { check: 'against', path, graph }, of, io);
}

/**
 * The graph as a device may compute it: its outputs come with an envelope.
 *
 * @throws as `openReference`
 */
export async function openPrediction(
  path: string,
  of: Specs,
  weights: readonly RefreshableWeight[],
  options: PredictorOptions,
  io: Io,
): Promise<Reference> {
  const graph = await readGraphSource(path);
  const predictor = await openPredictor(
    graph,
    weights.map(({ constName }) => constName),
    options,
  );
  const told = new Set<string>();
  const runner: Runner = {
    inputs: predictor.inputs,
    outputs: predictor.outputs,
    async run(inputs, given) {
      const outputs = await predictor.run(inputs, given);
      for (const warning of predictionWarnings(outputs, predictor, options)) {
        if (!told.has(warning.message)) io.warn(warning);
        told.add(warning.message);
      }
      return outputs;
    },
    [Symbol.asyncDispose]: () => predictor[Symbol.asyncDispose](),
  };
  return referenceOf(runner, { check: 'predict', path, graph }, of, io);
}

async function openBundleRunner(path: string, { trace: _, ...device }: DeviceValues, io: Io): Promise<Runner> {
  // The backend of the other bundle is not the one that the result is about.
  const silent: Io = {
    useBackend: () => undefined,
    detail: () => undefined,
    warn: (problem) => io.warn(problem),
    step: async (_, work) => await work(),
  };
  const isForDevice = bundleBackend(openBundleAt(path)) === 'ascend';
  // The trace is that of the bundle that is verified.
  const { session, hasInit } = await openSession(path, 'auto', silent, isForDevice ? device : {});
  return {
    inputs: session.inputs,
    outputs: session.outputs,
    async run(inputs, weights) {
      if (hasInit) await session.initialize();
      if (weights !== undefined) await session.update(weights);
      return session.run(inputs);
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

type ReferenceFacts = Pick<Reference, 'check' | 'path' | 'graph'>;

async function referenceOf(runner: Runner, facts: ReferenceFacts, of: Specs, io: Io): Promise<Reference> {
  try {
    return pairedReference(runner, facts, of, io);
  } catch (error) {
    await runner[Symbol.asyncDispose]();
    throw error;
  }
}

function pairedReference(runner: Runner, { check, path, graph }: ReferenceFacts, of: Specs, io: Io): Reference {
  const inputs = pairInputs(of.inputs, runner.inputs, path, io);
  const outputs = pairOutputs(of.outputs, runner.outputs, path, io);
  return {
    check,
    path,
    graph,
    async run(given, weights) {
      const renamed = new Map([...given].map(([name, tensor]) => [inputs.partners.get(name)?.name ?? name, tensor]));
      const results = new Map((await runner.run(renamed, weights)).map((tensor) => [tensor.name, tensor]));
      return new Map([...outputs.partners].map(([name, partner]) => [name, results.get(partner.name) as NamedTensor]));
    },
    [Symbol.asyncDispose]: () => runner[Symbol.asyncDispose](),
  };
}

function pairInputs(specs: readonly NamedSpec[], others: readonly NamedSpec[], path: string, io: Io): Pairing {
  const pairing = pairSpecs(specs, others);
  const misfit = specs.find((spec) => {
    const other = pairing?.partners.get(spec.name);
    return (
      other !== undefined && (other.dtype !== spec.dtype || !(fitsShape(spec.shape, other.shape) || fitsShape(other.shape, spec.shape)))
    );
  });
  if (pairing === undefined || misfit !== undefined) throw otherInterface('takes', specs, others, path);
  if (pairing.isByOrder) io.warn(byOrder('inputs', specs, others, path));
  return pairing;
}

function pairOutputs(specs: readonly NamedSpec[], others: readonly NamedSpec[], path: string, io: Io): Pairing {
  const pairing = pairSpecs(specs, others);
  if (pairing === undefined) throw otherInterface('gives', specs, others, path);
  if (pairing.isByOrder) io.warn(byOrder('outputs', specs, others, path));
  return pairing;
}

function otherInterface(
  verb: 'takes' | 'gives',
  specs: readonly NamedSpec[],
  others: readonly NamedSpec[],
  path: string,
): AscendBundleError {
  const list = (some: readonly NamedSpec[]): string => some.map((spec) => `"${spec.name}" ${describeSpec(spec)}`).join(', ') || 'nothing';
  return new AscendBundleError('TENSOR_MISMATCH', {
    message: `The bundle ${verb} ${list(specs)}; ${path} ${verb} ${list(others)}.`,
    fix: 'Give the graph that the bundle was built from, or a bundle of the same graph.',
  });
}

function byOrder(what: 'inputs' | 'outputs', specs: readonly NamedSpec[], others: readonly NamedSpec[], path: string): Problem {
  const names = (some: readonly NamedSpec[]): string => listNames(some.map(({ name }) => name));
  return {
    code: 'PAIRED_BY_ORDER',
    message: `The ${what} of the bundle (${names(specs)}) and of ${path} (${names(others)}) have different names; they are compared in order.`,
  };
}
