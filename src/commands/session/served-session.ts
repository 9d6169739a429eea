// An opened bundle behind the requests of a session: one method per request, and what is remembered between them.
import type { WeightsSnapshot } from '../../backends/backend.js';
import { AscendBundleError, type Problem } from '../../base/errors.js';
import { didYouMean, nearNames } from '../../base/near-names.js';
import { elementCount, type NamedTensor, type Tensor, type TensorSpec, tensorBytes } from '../../graph/tensor.js';
import { changeWeights, FailedChange } from '../../weights/all-or-nothing.js';
import { resolveInputs } from '../../weights/inputs.js';
import { parseJsonTensor, toJsonLists } from '../../weights/json-lists.js';
import { type Adapter, openAdapter } from '../../weights/lora/adapter.js';
import { planWithAdapters } from '../../weights/lora/plan.js';
import { parseAdapterSpecs } from '../../weights/lora/spec.js';
import { listNames } from '../../weights/read.js';
import { readUpdates } from '../../weights/updates.js';
import { type ParsedValue, parseTensorValue } from '../../weights/value-syntax.js';
import { readWeightMap } from '../../weights/weight-map.js';
import { refuseOutputs, writeTensors } from '../../weights/write.js';
import { specFields, weightFields } from '../shared/bundle.js';
import type { Opened } from '../shared/open-session.js';
import { READS_STDIN } from '../shared/stdin-values.js';
import { INPUT_FIELDS, OUTPUT_FIELDS, UPDATE_FIELDS, writeWeight } from './field-names.js';
import type { Request, RequestOf, Tensors } from './requests.js';

export interface Answer {
  readonly result: object;
  readonly warnings?: readonly Problem[];
}

/** More elements than this are not written into a reply: as text they take ten times their space. */
const MAX_INLINE_ELEMENTS = 1 << 20;

/** Where the weights come from. `unknown`: a change failed halfway and could not be undone. */
type WeightsState = 'none' | 'initial' | 'updated' | 'restored' | 'unknown';

type Handlers = { readonly [Op in Exclude<Request['op'], 'quit'>]: (request: RequestOf<Op>) => Promise<Answer> };

export class ServedSession {
  readonly #opened: Opened;
  readonly #snapshots = new Map<string, WeightsSnapshot>();
  readonly #since = performance.now();
  readonly #requests = new Map<string, number>();
  readonly #inference = { count: 0, totalMs: 0, minMs: Infinity, maxMs: 0 };
  #weights: WeightsState;
  #failed = 0;

  constructor(opened: Opened) {
    this.#opened = opened;
    this.#weights = opened.hasInit ? 'initial' : 'none';
  }

  readonly #handlers: Handlers = {
    infer: (request) => this.#infer(request),
    update: (request) => this.#update(request),
    reset: () => this.#reset(),
    snapshot: ({ name }) => this.#snapshot(name),
    restore: ({ name }) => this.#restore(name),
    stats: async () => ({ result: { ...this.#counts(), ...this.#description() } }),
  };

  /** @throws FailedChange for an update, reset or restore that failed on the way; else AscendBundleError, and nothing has changed */
  async handle(request: Request): Promise<Answer> {
    this.#requests.set(request.op, (this.#requests.get(request.op) ?? 0) + 1);
    if (request.op === 'quit') return { result: this.#counts() };
    return (this.#handlers[request.op] as (request: Request) => Promise<Answer>)(request);
  }

  countFailure(): void {
    this.#failed++;
  }

  #counts(): object {
    const { count, totalMs, minMs, maxMs } = this.#inference;
    return {
      uptimeMs: Math.round(performance.now() - this.#since),
      requests: Object.fromEntries(this.#requests),
      failed: this.#failed,
      inference: count === 0 ? null : { count, minMs: round(minMs), meanMs: round(totalMs / count), maxMs: round(maxMs) },
    };
  }

  #description(): object {
    const { path, backend, bundle, session } = this.#opened;
    return {
      bundle: { path, backend },
      weightsAre: this.#weights,
      snapshots: [...this.#snapshots.keys()],
      inputs: session.inputs.map(specFields),
      outputs: session.outputs.map(specFields),
      weights: bundle.weights.map(weightFields),
    };
  }

  async #infer({ inputs: given, output, outfmt, force }: RequestOf<'infer'>): Promise<Answer> {
    const { inputs: specs, outputs: promised } = this.#opened.session;
    this.#requireKnownWeights();
    if (output !== undefined) refuseOutputs(output, promised, outfmt, { force, names: OUTPUT_FIELDS });
    const inputs = resolveInputs(valuesOf(given, specs), specs, 'the bundle', undefined, INPUT_FIELDS);
    const outputs = await this.#timed(inputs);
    const written = output === undefined ? undefined : await writeTensors(output, outputs, outfmt, { force, names: OUTPUT_FIELDS });
    if (written === undefined) refuseLarge(outputs);
    return {
      result: {
        outputs: outputs.map((tensor, i) => ({
          name: tensor.name,
          dtype: tensor.dtype.name,
          shape: [...tensor.shape],
          bytes: written?.[i]?.bytes ?? tensorBytes(tensor.dtype, tensor.shape),
          path: written?.[i]?.path ?? null,
          writtenDtype: written === undefined || written[i]?.writtenDtype === tensor.dtype ? null : written[i]?.writtenDtype.name,
          data: written === undefined ? toJsonLists(tensor) : null,
        })),
      },
    };
  }

  async #timed(inputs: ReadonlyMap<string, Tensor>): Promise<readonly NamedTensor[]> {
    const start = performance.now();
    const outputs = await this.#opened.session.run(inputs);
    const ms = performance.now() - start;
    const total = this.#inference;
    total.count++;
    total.totalMs += ms;
    total.minMs = Math.min(total.minMs, ms);
    total.maxMs = Math.max(total.maxMs, ms);
    return outputs;
  }

  async #update({ weights: given, map: mapPath, lora, ...options }: RequestOf<'update'>): Promise<Answer> {
    if (given === undefined && lora.length === 0) {
      throw new AscendBundleError('USAGE', { message: 'The update has neither "weights" nor "lora".', fix: 'Give one of them.' });
    }
    const { weights } = this.#opened.bundle;
    const specs = weights.map(({ constName, spec }) => ({ ...spec, name: constName }));
    // Weights that have a value can be given again to a static update graph.
    const isStatic = this.#weights === 'none' && weights.some(({ isConditional }) => !isConditional);
    const map = mapPath === undefined ? undefined : readWeightMap(mapPath);
    const tensors = await readUpdates(valuesOf(given ?? {}, specs), weights, { write: writeWeight, map });
    refuseStdin(lora.find((text) => READS_STDIN.adapter.test(text)));
    const adapters = parseAdapterSpecs(lora).map(openAdapter);
    const current = this.#currentWeights(adapters);
    const plan = planWithAdapters(weights, tensors, { adapters, map, current }, { ...options, isStatic, names: UPDATE_FIELDS });
    const report = await this.#change(() => this.#opened.session.update(plan.tensors));
    // Of an unknown set, what was not given stays unknown.
    if (this.#weights !== 'unknown' || report.kept.length === 0) this.#weights = 'updated';
    const { updated, kept, warnings } = report;
    return {
      result: { updated, kept, ignored: plan.ignored, casts: plan.casts, lora: plan.lora },
      warnings: [...plan.warnings, ...plan.lateWarnings(), ...warnings],
    };
  }

  /** What an adapter is added to. Without adapters nobody asks. */
  #currentWeights(adapters: readonly Adapter[]): (name: string) => Tensor | undefined {
    if (adapters.length === 0) return () => undefined;
    this.#requireKnownWeights();
    const snapshot = this.#opened.session.snapshot();
    return (name) => snapshot.get(name);
  }

  async #reset(): Promise<Answer> {
    if (!this.#opened.hasInit) {
      throw new AscendBundleError('WEIGHTS_NOT_INITIALIZED', {
        message: `${this.#opened.path} was built with --no-init: its weights have no built-in values to go back to.`,
        fix: 'Take a snapshot of a set of weights, and restore that.',
      });
    }
    await this.#change(() => this.#opened.session.initialize());
    this.#weights = 'initial';
    return { result: { weights: this.#opened.bundle.weights.map(({ constName }) => constName) } };
  }

  async #snapshot(name: string): Promise<Answer> {
    this.#requireKnownWeights();
    const snapshot = this.#opened.session.snapshot();
    this.#snapshots.set(name, snapshot);
    const bytes = [...snapshot.values()].reduce((sum, { data }) => sum + data.length, 0);
    return { result: { name, weights: [...snapshot.keys()], bytes } };
  }

  async #restore(name: string): Promise<Answer> {
    const snapshot = this.#snapshots.get(name);
    if (snapshot === undefined) {
      const names = [...this.#snapshots.keys()];
      throw new AscendBundleError('USAGE', {
        message: `There is no snapshot "${name}".`,
        fix: didYouMean(nearNames(name, names), `The snapshots are: ${listNames(names)}.`),
      });
    }
    await this.#change(() => this.#opened.session.restore(snapshot));
    this.#weights = 'restored';
    return { result: { name, weights: [...snapshot.keys()] } };
  }

  async #change<T>(change: () => Promise<T>): Promise<T> {
    try {
      return await changeWeights(this.#opened.session, change);
    } catch (error) {
      if (error instanceof FailedChange && error.weights === 'unknown') this.#weights = 'unknown';
      throw error;
    }
  }

  #requireKnownWeights(): void {
    if (this.#weights !== 'unknown') return;
    throw new AscendBundleError('WEIGHTS_NOT_INITIALIZED', {
      message: 'A change of the weights failed halfway and those before it could not be put back: nobody knows what they are.',
      fix: 'Send reset, restore a snapshot, or update all weights.',
    });
  }
}

/** stdin carries the requests, so that no tensor can come from it. */
function valuesOf(given: Tensors, specs: readonly (TensorSpec & { readonly name: string })[]): ParsedValue[] {
  const names = specs.map(({ name }) => name);
  const values = Array.isArray(given)
    ? given.map((text) => parseTensorValue(text, names))
    : Object.entries(given).map(([name, value]) =>
        parseJsonTensor(
          name,
          value,
          specs.find((spec) => spec.name === name),
        ),
      );
  refuseStdin(values.find(({ content }) => content.kind === 'file' && content.path === '-')?.text);
  return values;
}

function refuseStdin(text: string | undefined): void {
  if (text === undefined) return;
  throw new AscendBundleError('VALUE_SYNTAX', {
    message: `"${text}" names stdin, which carries the requests of the session.`,
    fix: 'Write the tensor to a file, or its numbers into the request.',
  });
}

function refuseLarge(outputs: readonly NamedTensor[]): void {
  const large = outputs.find(({ shape }) => elementCount(shape) > MAX_INLINE_ELEMENTS);
  if (large === undefined) return;
  throw new AscendBundleError('USAGE', {
    message: `Output "${large.name}" has ${elementCount(large.shape)} elements; a reply holds ${MAX_INLINE_ELEMENTS}.`,
    fix: 'Add "output": "<folder>" to the request.',
  });
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
