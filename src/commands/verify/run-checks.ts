// The checks for which the bundle runs. All that can be read and compared beforehand is; then one session goes the whole way.
import { AscendBundleError, type Problem } from '../../base/errors.js';
import { type Bundle, findSubmodel } from '../../formats/om/index.js';
import type { NamedSpec, Tensor } from '../../graph/tensor.js';
import { goldenFile, readGolden } from '../../weights/golden.js';
import { resolveInputs, seededInput } from '../../weights/inputs.js';
import { planUpdate, type UpdatePlan } from '../../weights/plan.js';
import { expectedOutputs, type Prediction, predictedInput, readPrediction, requirePredicted } from '../../weights/prediction.js';
import { resolveTensor } from '../../weights/resolve.js';
import { shown } from '../../weights/shown.js';
import { Allowances, type ToleranceValues } from '../../weights/tolerance.js';
import { readUpdates } from '../../weights/updates.js';
import { parseTensorValue } from '../../weights/value-syntax.js';
import type { DeviceValues } from '../shared/device-options.js';
import { type InputFields, inputFields } from '../shared/input-fields.js';
import { type Opened, openSession } from '../shared/open-session.js';
import type { Precision } from '../shared/predictor.js';
import { readUpdatePlan } from '../shared/update-plan.js';
import type { Io } from '../verb.js';
import { checkAba, checkOutputs, checkUpdate, type Expected, type PredictedUpdate } from './checks.js';
import { type CheckFields, checkOf, count, type Outputs } from './fields.js';
import { checkRuns, nonFiniteOutput } from './file-checks.js';
import { type Round, roundTrip } from './journey.js';
import { openPrediction, openReference, type Reference, type Weights } from './references.js';

/** What of the command line is for running. */
export interface RunRequest extends ToleranceValues, DeviceValues {
  readonly bundle: string;
  readonly input: readonly string[];
  readonly seed: number;
  readonly update: readonly string[];
  readonly lora: readonly string[];
  readonly map?: string | undefined;
  readonly cast: boolean;
  readonly ignoreExtra: boolean;
  readonly golden: readonly string[];
  readonly against?: string | undefined;
  readonly predict?: string | undefined;
  readonly precision: Precision;
  readonly margin: number;
  readonly aba: boolean;
  readonly validate: boolean;
  readonly backend: 'auto' | 'host' | 'ascend';
}

interface Prepared {
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly inputFields: readonly InputFields[];
  readonly plan: UpdatePlan | undefined;
  readonly golden: Expected;
  readonly allowances: Allowances;
}

/**
 * @param alone  nothing was asked for: that it runs is to be said
 */
export async function runChecks(
  bundle: Bundle,
  request: RunRequest,
  { alone }: { readonly alone: boolean },
  io: Io,
): Promise<{ readonly checks: readonly CheckFields[]; readonly inputs: readonly InputFields[] }> {
  const infer = findSubmodel(bundle, 'infer');
  const specs = { inputs: infer?.inputs ?? [], outputs: infer?.outputs ?? [] };
  const prepared = await io.step('read inputs', () => prepare(bundle, specs, request, io));
  const references: Reference[] = [];
  try {
    if (request.against !== undefined) {
      const path = request.against;
      references.push(await io.step('open reference', () => openReference(path, specs, bundle.weights, request, io)));
    }
    if (request.predict !== undefined) {
      const path = request.predict;
      references.push(await io.step('open reference', () => openPrediction(path, specs, bundle.weights, request, io)));
    }
    await using opened = await openSession(request.bundle, request.backend, io, request);
    const checks = await checksOf(opened, prepared, references, request, alone, io);
    return { checks, inputs: prepared.inputFields };
  } finally {
    for (const reference of references) await reference[Symbol.asyncDispose]();
  }
}

interface Specs {
  readonly inputs: readonly NamedSpec[];
  readonly outputs: readonly NamedSpec[];
}

async function prepare(bundle: Bundle, specs: Specs, request: RunRequest, io: Io): Promise<Prepared> {
  const allowances = new Allowances(
    request,
    specs.outputs.map(({ name }) => name),
  );
  const { golden, prediction } = readExpected(request.golden, specs.outputs);
  if (golden.size > 0 && golden.size < specs.outputs.length) io.warn(partlyExpected(golden, specs.outputs));
  const plan = await readUpdatePlan(bundle, request, io);
  // Here a run may end before it has an update.
  for (const warning of plan?.lateWarnings() ?? []) io.warn(warning);
  const seeds = new Map<string, number>();
  const inputs = resolveInputs(request.input, specs.inputs, 'the bundle', fillOf(request, golden, prediction, seeds));
  if (prediction !== undefined) requirePredicted(prediction, inputs);
  return { inputs, inputFields: inputFields(inputs, seeds), plan, golden, allowances };
}

interface ExpectedOutputs {
  readonly golden: Expected;
  /** Where a file of `predict` is among what is given. */
  readonly prediction: Prediction | undefined;
}

function readExpected(given: readonly string[], specs: readonly NamedSpec[]): ExpectedOutputs {
  const files = given.map((text) => ({ text, path: goldenFile(text, specs) }));
  const predictions = files.flatMap(({ text, path }) => {
    const prediction = path === undefined ? undefined : readPrediction(path);
    return prediction === undefined ? [] : [{ text, prediction }];
  });
  const [first] = predictions;
  if (first === undefined) return { golden: given.length === 0 ? new Map() : readGolden(given, specs), prediction: undefined };
  if (given.length === 1) return { golden: expectedOutputs(first.prediction, specs), prediction: first.prediction };
  throw new AscendBundleError('INPUT_REPEATED', {
    message: `${first.text} predicts every output, and something else is expected besides.`,
    fix: 'Give one of them to --golden.',
  });
}

/** What is expected is expected of certain inputs: of those that it was predicted with. Where nothing is, any will do. */
function fillOf(
  { seed }: RunRequest,
  golden: Expected,
  prediction: Prediction | undefined,
  seeds: Map<string, number>,
): Parameters<typeof resolveInputs>[3] {
  if (prediction === undefined) return golden.size > 0 ? undefined : seededInput(seed, seeds);
  return ({ name }) => {
    const value = predictedInput(prediction, name);
    if (value?.content.kind === 'random') seeds.set(name, value.content.seed);
    return value;
  };
}

function partlyExpected(golden: Expected, outputs: readonly NamedSpec[]): Problem {
  const names = outputs.map(({ name }) => name).filter((name) => !golden.has(name));
  return {
    code: 'OUTPUT_NOT_COMPARED',
    message: `Of ${count(names.length, 'output')} nothing is expected: ${names.join(', ')}.`,
    fix: 'Give all outputs with --golden.',
  };
}

/** What the weights are at the beginning. */
interface Beginning {
  /** In place of initial values, where the bundle has none. */
  readonly weights: Weights | undefined;
  /** The update itself: then there is nothing that it changes. */
  readonly isUpdate: boolean;
}

async function beginningOf(
  { hasInit, path, bundle }: Opened,
  references: readonly Reference[],
  plan: UpdatePlan | undefined,
): Promise<Beginning> {
  if (hasInit) return { weights: undefined, isUpdate: false };
  const graph = references.find((reference) => reference.graph !== undefined)?.path;
  if (graph !== undefined) {
    const whole = planUpdate(bundle.weights, await readUpdates([graph], bundle.weights), { strict: true });
    return { weights: whole.tensors, isUpdate: false };
  }
  if (plan !== undefined) return { weights: plan.tensors, isUpdate: true };
  throw new AscendBundleError('WEIGHTS_NOT_INITIALIZED', {
    message: `${path} was built with --no-init: its weights have no values to run with.`,
    fix: 'Give all of them with --update, or the graph that it was built from with --against.',
  });
}

async function checksOf(
  opened: Opened,
  { inputs, plan, golden, allowances }: Prepared,
  references: readonly Reference[],
  request: RunRequest,
  alone: boolean,
  io: Io,
): Promise<readonly CheckFields[]> {
  const { session, bundle, hasInit } = opened;
  const beginning = await beginningOf(opened, references, plan);
  if (hasInit) await io.step('init', () => session.initialize());
  if (beginning.weights !== undefined) {
    const { warnings } = await session.update(beginning.weights);
    for (const warning of warnings) io.warn(warning);
  }
  const first = await io.step('infer', () => session.run(inputs));
  const changing = plan === undefined || beginning.isUpdate ? undefined : plan.tensors;
  const middle = changing ?? (request.aba ? randomWeights(bundle, request.seed) : undefined);
  const round = middle === undefined ? undefined : await roundTrip(session, bundle, first, middle, inputs, io);
  const last = changing === undefined ? first : (round as Round).second;
  const checks: CheckFields[] = [];
  if (alone) checks.push(checkRuns(first, await session.run(inputs)));
  if (golden.size > 0) checks.push(checkOutputs('golden', last, golden, allowances, request.golden.map((text) => shown(text)).join(', ')));
  const predictions: PredictedUpdate[] = [];
  for (const reference of references) {
    const before = await io.step('run reference', () => reference.run(inputs, beginning.isUpdate ? beginning.weights : undefined));
    checks.push(checkOutputs(reference.check, first, before, allowances, reference.path));
    if (changing === undefined) continue;
    const after = await io.step('run reference', () => reference.run(inputs, changing));
    predictions.push({ other: reference.path, before, after });
  }
  if (changing !== undefined) checks.push(checkUpdate(first, round as Round, predictions, allowances));
  if (request.aba) checks.push(checkAba(first, round as Round, changing === undefined ? `random, seed ${request.seed}` : 'of --update'));
  return [...checks, ...checkFinite([first, last], request.validate, alone, io)];
}

/** Of every weight other values; integers get 0 and 1, which are valid as indices. */
function randomWeights(bundle: Bundle, seed: number): Weights {
  return new Map(
    bundle.weights.map(({ constName, spec }, i) => {
      const value = { ...parseTensorValue(`rand:${seed + FIRST_WEIGHT_SEED + i}`), name: constName };
      return [constName, resolveTensor(value, spec, { what: `Weight "${constName}"`, owner: 'the bundle' })];
    }),
  );
}

/** Apart from those of the inputs. */
const FIRST_WEIGHT_SEED = 1000;

/** A failure where it was asked for; else something to know. Where nothing was asked for, `runs` has said it. */
function checkFinite(outputs: readonly Outputs[], isAsked: boolean, alone: boolean, io: Io): readonly CheckFields[] {
  const failures = [...new Set(outputs.flatMap((some) => some.flatMap(nonFiniteOutput)))];
  if (isAsked && !alone) return [checkOf({ check: 'finite', message: 'no output has NaN or infinity', failures })];
  if (!alone)
    for (const message of failures)
      io.warn({ code: 'OUTPUT_NOT_FINITE', message: `${capital(message)}.`, fix: '--validate makes it a failure.' });
  return [];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
