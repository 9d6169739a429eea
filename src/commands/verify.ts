// verify: proves that a bundle does what it should. What it proves is said by the options; without any, what the file itself tells.
import { BACKEND_CHOICES } from '../backends/backend.js';
import { AscendBundleError } from '../base/errors.js';
import { openBundleFile } from './shared/bundle.js';
import { DEVICE_OPTIONS, DEVICE_VALUES } from './shared/device-options.js';
import type { InputFields } from './shared/input-fields.js';
import { flag, oneOf, optionalText, optionValues, text, texts, wholeNumber } from './shared/option-values.js';
import { type AskedPredictorOptions, PREDICTOR_OPTIONS, PREDICTOR_VALUES, predictorOptions } from './shared/predictor.js';
import { refuseIdleUpdateOptions } from './shared/update-plan.js';
import type { Io, Outcome, ValuesSchema, Verb } from './verb.js';
import { type CheckFields, count } from './verify/fields.js';
import { checkInitialValues, checkStructure, notRun } from './verify/file-checks.js';
import { checkManifest, readManifest } from './verify/manifest.js';
import { type RunRequest, runChecks } from './verify/run-checks.js';

export interface VerifyValues extends Omit<RunRequest, keyof AskedPredictorOptions>, AskedPredictorOptions {
  readonly manifest?: string | undefined;
}

const values: ValuesSchema<VerifyValues> = optionValues({
  bundle: text,
  ...{ input: texts, update: texts, lora: texts, golden: texts },
  seed: wholeNumber(0, 0),
  ...{ map: optionalText, against: optionalText, predict: optionalText, manifest: optionalText },
  ...PREDICTOR_VALUES,
  ...{ cast: flag, ignoreExtra: flag, aba: flag, validate: flag },
  ...{ atol: texts, rtol: texts, cosine: texts },
  ...DEVICE_VALUES,
  backend: oneOf(BACKEND_CHOICES, 'auto'),
});

export interface VerifyResult {
  readonly bundle: { readonly path: string };
  readonly passed: boolean;
  readonly checks: readonly CheckFields[];
  /** What the model was given; empty when it was not run. */
  readonly inputs: readonly InputFields[];
}

export const verify: Verb<VerifyValues, VerifyResult> = {
  name: 'verify',
  summary: 'prove that a bundle does what it should',
  description: `Compares what a bundle gives with what is expected (--golden), with the graph that it was built from or another bundle (--against), with what a device may make of that graph (--predict); proves that new weights take effect, and can be taken back (--update, --aba); holds the file against the manifest of its build (--manifest). Without any of these it checks the file itself: its structure, its initial weights, and that it runs. Ends with exit code 3 when a check fails.

Inputs that are not given are random, from --seed on: the same at every call. Of a bundle of the ascend backend give the source graph to --against: its own inference graph is fused and relaid.

NaN and infinity equal themselves, and nothing else within any tolerance.`,
  arguments: [{ name: 'bundle', help: 'the bundle to verify' }],
  options: [
    { flags: '-i, --input <name=value>', help: 'an input of the model, as for run', repeat: true, stdin: 'tensor' },
    { flags: '--seed <n>', help: 'of the inputs that are not given, and of the weights of --aba (default: 0)' },
    {
      flags: '--golden <file>',
      help: 'expected outputs: npz, safetensors, npy, a folder of run -o, name=VALUE',
      repeat: true,
      stdin: 'tensor',
    },
    { flags: '--against <graph|bundle>', help: 'runs this on the same inputs, and compares' },
    { flags: '--predict <graph>', help: 'what a device must give, by this graph, within the envelope of its rounding' },
    ...PREDICTOR_OPTIONS,
    {
      flags: '--update <name=value>',
      help: 'new weights, as for run: they take effect, the others stay, and back again',
      repeat: true,
      stdin: 'tensor',
    },
    { flags: '--aba', help: 'A → B → A: outputs are bit for bit those of before; B are the weights of --update, or random' },
    { flags: '--manifest <file>', help: 'the file is the one that build --manifest has described' },
    { flags: '--atol <value>', help: 'absolute tolerance, of all outputs or NAME:VALUE of one', repeat: true },
    {
      flags: '--rtol <value>',
      help: 'relative to the expected value, likewise; default of both: 1e-5, float16 1e-3, bfloat16 1e-2',
      repeat: true,
    },
    { flags: '--cosine <min>', help: 'least cosine, likewise; given alone, the elements do not count', repeat: true },
    { flags: '--validate', help: 'NaN or infinity in an output is a failure' },
    { flags: '--lora <file[:scale]>', help: 'as for run', repeat: true, stdin: 'adapter' },
    { flags: '--map <file>', help: 'as for run' },
    { flags: '--cast', help: 'as for run' },
    { flags: '--ignore-extra', help: 'as for run' },
    { flags: '--backend <kind>', help: 'must be the one the bundle was built for', choices: BACKEND_CHOICES, default: 'auto' },
    ...DEVICE_OPTIONS,
  ],
  examples: [
    'ascend-bundle verify linear.om --input x=@x.npy --golden outputs.npz',
    'ascend-bundle verify linear.om --against graph.json',
    'ascend-bundle verify linear.om --against graph.json \\\n  --update new.safetensors --atol y:1e-4',
    'ascend-bundle verify linear.om --aba',
    'ascend-bundle verify linear.om --manifest linear.om.manifest.json',
  ],
  values,
  run: verifyFile,
};

async function verifyFile(given: VerifyValues, io: Io): Promise<Outcome<VerifyResult>> {
  refuseIdle(given);
  const asked = { file: asksNothing(given), runs: asksForRuns(given) || asksNothing(given) };
  const manifest = given.manifest === undefined ? undefined : readManifest(given.manifest);
  const { file, bundle } = openBundleFile(given.bundle);
  const checks: CheckFields[] = [];
  if (manifest !== undefined) {
    checks.push(await io.step('manifest', () => checkManifest(manifest, given.manifest ?? '', file, bundle)));
  }
  if (asked.file) {
    checks.push(checkStructure(bundle));
    checks.push(await io.step('initial weights', () => checkInitialValues(bundle)));
  }
  if (!asked.runs) return outcome(given.bundle, checks, []);
  try {
    const ran = await runChecks(bundle, { ...given, ...predictorOptions(given) }, { alone: asked.file }, io);
    return outcome(given.bundle, [...checks, ...ran.checks], ran.inputs);
  } catch (error) {
    // What the file tells is worth having where its backend is missing; the exit status says that it was not all.
    if (!asked.file || !(error instanceof AscendBundleError) || error.class !== 'backend') throw error;
    return { ...outcome(given.bundle, [...checks, notRun(error)], []), error };
  }
}

function asksForRuns({ golden, against, predict, update, lora, aba, validate }: VerifyValues): boolean {
  return golden.length + update.length + lora.length > 0 || against !== undefined || predict !== undefined || aba || validate;
}

function asksNothing(given: VerifyValues): boolean {
  return given.manifest === undefined && !asksForRuns({ ...given, validate: false });
}

/** Options that nothing is done with. */
function refuseIdle(given: VerifyValues): void {
  const { golden, against, predict, precision, margin, input, manifest, atol, rtol, cosine } = given;
  const fail = (message: string, fix: string): never => {
    throw new AscendBundleError('USAGE', { message, fix });
  };
  const isCompared = golden.length > 0 || against !== undefined || predict !== undefined;
  const tolerance = Object.entries({ atol, rtol, cosine }).find(([, list]) => list.length > 0)?.[0];
  if (!isCompared && tolerance !== undefined)
    fail(`--${tolerance} is for a comparison, and none is asked for.`, 'Give --golden or --against.');
  if (input.length > 0 && manifest !== undefined && !asksForRuns(given))
    fail(
      '--input is for a run, and --manifest alone runs nothing.',
      'Leave --input out, or say what is to be compared: --golden, --against.',
    );
  const envelope = Object.entries({ precision, margin }).find(([, value]) => value !== undefined)?.[0];
  if (predict === undefined && envelope !== undefined)
    fail(`--${envelope} is for a prediction, and none is asked for.`, 'Give --predict; a file of predict keeps what it was made with.');
  refuseIdleUpdateOptions(given);
}

function outcome(path: string, checks: readonly CheckFields[], inputs: readonly InputFields[]): Outcome<VerifyResult> {
  const failed = checks.filter(({ passed }) => !passed);
  const result = { bundle: { path }, passed: failed.length === 0, checks, inputs };
  if (failed.length === 0) return { result };
  const names = failed.map(({ check }) => check).join(', ');
  const error = new AscendBundleError('CHECK_FAILED', {
    message: `${path}: ${failed.length} of ${count(checks.length, 'check')} failed: ${names}.`,
    problems: failed.flatMap(({ check, failures }) => failures.map((message) => ({ code: 'CHECK_FAILED', message, at: check }))),
  });
  return { result, error };
}
