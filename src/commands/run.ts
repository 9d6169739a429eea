// run: init → update → infer, on the backend that the bundle was built for.
import { BACKEND_CHOICES, type Session, type UpdateReport } from '../backends/backend.js';
import { chooseForBundle, loadBackend } from '../backends/registry.js';
import { AscendBundleError } from '../base/errors.js';
import { type Bundle, findSubmodel } from '../formats/om/index.js';
import { type NamedTensor, type Tensor, tensorBytes } from '../graph/tensor.js';
import { resolveInputs } from '../weights/inputs.js';
import type { LoraPlan, LoraReport } from '../weights/lora/plan.js';
import { previewTensor } from '../weights/preview.js';
import type { CastReport } from '../weights/values.js';
import { OUT_FORMATS, type OutFormat, refuseOutputs, writeTensors } from '../weights/write.js';
import { openBundleAt } from './shared/bundle.js';
import { DEVICE_OPTIONS, DEVICE_VALUES, type DeviceValues, deviceRequest } from './shared/device-options.js';
import { flag, oneOf, optionalOutput, optionalText, optionValues, text, texts, wholeNumber } from './shared/option-values.js';
import { LORA_OPTION, readUpdatePlan, refuseIdleUpdateOptions } from './shared/update-plan.js';
import type { Io, Outcome, ValuesSchema, Verb } from './verb.js';

export interface RunValues extends DeviceValues {
  readonly bundle: string;
  readonly input: readonly string[];
  readonly update: readonly string[];
  readonly lora: readonly string[];
  readonly map?: string | undefined;
  readonly cast: boolean;
  readonly strict: boolean;
  readonly ignoreExtra: boolean;
  readonly graph: 'infer' | 'init' | 'update';
  readonly output?: string | undefined;
  readonly outfmt: OutFormat;
  readonly loop: number;
  readonly warmupCount: number;
  readonly backend: 'auto' | 'host' | 'ascend';
  readonly force: boolean;
}

const values: ValuesSchema<RunValues> = optionValues({
  bundle: text,
  ...{ input: texts, update: texts, lora: texts },
  map: optionalText,
  ...{ cast: flag, strict: flag, ignoreExtra: flag },
  graph: oneOf(['infer', 'init', 'update'], 'infer'),
  output: optionalOutput,
  outfmt: oneOf(OUT_FORMATS, 'npy'),
  ...{ loop: wholeNumber(1, 1), warmupCount: wholeNumber(0, 0) },
  backend: oneOf(BACKEND_CHOICES, 'auto'),
  ...DEVICE_VALUES,
  force: flag,
});

export interface OutputFields {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Null when nothing was written. */
  readonly path: string | null;
  /** The dtype in the file, where that format has no such dtype (bfloat16). */
  readonly writtenDtype: string | null;
  /** The first values and the statistics, as text. */
  readonly preview: string;
}

export interface TimingFields {
  readonly count: number;
  readonly minMs: number;
  readonly medianMs: number;
  readonly meanMs: number;
  readonly maxMs: number;
}

export interface RunResult {
  readonly bundle: { readonly path: string };
  readonly initialized: boolean;
  /** Null when no update was given. */
  readonly update: {
    readonly updated: readonly string[];
    readonly kept: readonly string[];
    readonly ignored: readonly string[];
    /** With --cast: what was converted. */
    readonly casts: readonly CastReport[];
    /** With --lora: what was merged into which weight. */
    readonly lora: readonly LoraReport[];
  } | null;
  /** In the order of the model. */
  readonly outputs: readonly OutputFields[];
  /** Of the inferences after the warm-up. */
  readonly inference: TimingFields | null;
}

export const run: Verb<RunValues, RunResult> = {
  name: 'run',
  summary: 'run a bundle: init, then update, then inference',
  description: `Gives every weight its built-in value, replaces those given by --update, and runs the inference graph.

A tensor is a file (x=@x.npy, x=@x.bin, or inputs.npz with names inside) or values (x=2x3xf32=1,2,3,4,5,6, x=splat:0.5, x=rand:7).`,
  arguments: [{ name: 'bundle', help: 'the bundle to run' }],
  options: [
    { flags: '-i, --input <name=value>', help: 'an input of the model, or a file that holds several', repeat: true, stdin: 'tensor' },
    {
      flags: '--update <name=value>',
      help: 'a new weight, or a file that holds several by name: safetensors, npz, a graph or a bundle with the new values',
      repeat: true,
      stdin: 'tensor',
    },
    LORA_OPTION,
    { flags: '--map <file>', help: 'other names, and transpositions, for the tensors of update files' },
    { flags: '--cast', help: 'convert weights of another dtype (floats to floats, integers to integers), and say what is lost' },
    { flags: '--strict', help: 'an update must give every weight' },
    { flags: '--ignore-extra', help: 'leave out tensors of an update that no weight has the name of' },
    { flags: '--graph <which>', help: 'stop after this graph', choices: ['infer', 'init', 'update'], default: 'infer' },
    { flags: '-o, --output <folder>', help: 'write the outputs there; without it they are shown' },
    { flags: '--outfmt <format>', help: `of the files: ${OUT_FORMATS.join(', ')} (default: npy)` },
    { flags: '--loop <n>', help: 'run the inference n times and show how long it takes' },
    { flags: '--warmup-count <n>', help: 'inferences before those that are timed' },
    { flags: '--backend <kind>', help: 'must be the one the bundle was built for', choices: BACKEND_CHOICES, default: 'auto' },
    ...DEVICE_OPTIONS,
    { flags: '--force', help: 'replace existing outputs' },
  ],
  examples: [
    'ascend-bundle run linear.om --input x=@x.npy',
    'ascend-bundle run linear.om --input x=@x.npy --update new.safetensors -o out',
    'ascend-bundle run linear.om --input x=rand:1 --update const_2=splat:0 \\\n  --loop 100 --warmup-count 10',
  ],
  values,
  run: runBundle,
};

async function runBundle(given: RunValues, io: Io): Promise<Outcome<RunResult>> {
  refuseIdle(given);
  const bundle = openBundleAt(given.bundle);
  const choice = chooseForBundle(bundle, given.bundle, given.backend);
  io.useBackend(choice);
  const device = deviceRequest(given, choice.kind, given);
  const backend = await loadBackend(choice);
  const plan = await io.step('read weights', () => readUpdatePlan(bundle, given, io));
  const inputs = given.graph === 'infer' ? await io.step('read inputs', () => readInputs(bundle, given)) : undefined;
  await using session = await io.step('open', () =>
    backend.open(bundle, given.bundle, { device, onWarning: (warning) => io.warn(warning) }),
  );
  const initialized = given.graph === 'init' || findSubmodel(bundle, 'init') !== undefined;
  if (initialized) await io.step('init', () => session.initialize());
  const update = plan === undefined ? null : await updateSession(session, plan, io);
  const { outputs, inference } = inputs === undefined ? NOTHING : await infer(session, inputs, given, io);
  const written = await writeOutputs(outputs, given, io);
  return { result: { bundle: { path: given.bundle }, initialized, update, outputs: written, inference } };
}

const NOTHING = { outputs: [], inference: null } as const;

/** Options that the asked graph does nothing with, and the one that it needs. */
function refuseIdle(given: RunValues): void {
  const { graph, input, update, lora, output } = given;
  const fail = (message: string, fix: string): never => {
    throw new AscendBundleError('USAGE', { message, fix });
  };
  refuseIdleUpdateOptions(given);
  if (graph === 'infer') return;
  if (input.length > 0) fail(`--graph ${graph} runs no inference.`, 'Leave --input out.');
  if (output !== undefined) fail(`--graph ${graph} gives no outputs.`, 'Leave -o out.');
  const isUpdate = update.length + lora.length > 0;
  if (graph === 'init' && isUpdate) fail('--graph init stops before an update.', 'Leave --update and --lora out, or write --graph update.');
  if (graph === 'update' && !isUpdate) fail('--graph update needs new weights.', 'Give them with --update.');
}

function readInputs(bundle: Bundle, { input, output, outfmt, force }: RunValues): ReadonlyMap<string, Tensor> {
  const { inputs = [], outputs = [] } = findSubmodel(bundle, 'infer') ?? {};
  // Before the inference, not after it; the write looks again.
  if (output !== undefined) refuseOutputs(output, outputs, outfmt, { force });
  return resolveInputs(input, inputs, 'the bundle');
}

async function updateSession(session: Session, plan: LoraPlan, io: Io): Promise<RunResult['update']> {
  const report: UpdateReport = await io.step('update', () => session.update(plan.tensors));
  for (const warning of [...plan.lateWarnings(), ...report.warnings]) io.warn(warning);
  return { updated: report.updated, kept: report.kept, ignored: plan.ignored, casts: plan.casts, lora: plan.lora };
}

async function infer(
  session: Session,
  inputs: ReadonlyMap<string, Tensor>,
  { loop, warmupCount }: RunValues,
  io: Io,
): Promise<{ outputs: readonly NamedTensor[]; inference: TimingFields }> {
  return io.step('infer', async () => {
    for (let i = 0; i < warmupCount; i++) await session.run(inputs);
    const times: number[] = [];
    let outputs: readonly NamedTensor[] = [];
    for (let i = 0; i < loop; i++) {
      const start = performance.now();
      outputs = await session.run(inputs);
      times.push(performance.now() - start);
    }
    return { outputs, inference: statistics(times) };
  });
}

function statistics(times: readonly number[]): TimingFields {
  const sorted = [...times].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = ((sorted[Math.ceil(middle) - 1] as number) + (sorted[Math.floor(middle)] ?? (sorted[0] as number))) / 2;
  const mean = times.reduce((sum, ms) => sum + ms, 0) / times.length;
  return {
    count: times.length,
    minMs: round(sorted[0] as number),
    medianMs: round(median),
    meanMs: round(mean),
    maxMs: round(sorted.at(-1) as number),
  };
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

async function writeOutputs(
  outputs: readonly NamedTensor[],
  { output, outfmt, force }: RunValues,
  io: Io,
): Promise<readonly OutputFields[]> {
  const written = output === undefined ? [] : await io.step('write', () => writeTensors(output, outputs, outfmt, { force }));
  return outputs.map((tensor, i) => {
    const file = written[i];
    const writtenDtype = file === undefined || file.writtenDtype === tensor.dtype ? null : file.writtenDtype.name;
    return {
      name: tensor.name,
      dtype: tensor.dtype.name,
      shape: [...tensor.shape],
      bytes: file?.bytes ?? tensorBytes(tensor.dtype, tensor.shape),
      path: file?.path ?? null,
      writtenDtype,
      preview: previewTensor(tensor),
    };
  });
}
