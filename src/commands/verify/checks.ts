// Each check of what a bundle computes: from the outputs at hand to what is said of them.
import { type ExpectedTensor, type Judgement, judgeOutput, judgeSame } from '../../weights/judge.js';
import { compareTensors } from '../../weights/metrics.js';
import type { Allowances } from '../../weights/tolerance.js';
import { type CheckFields, type CheckName, checkOf, comparedFields, count, failuresOf, type Outputs } from './fields.js';
import type { Round } from './journey.js';

export type Expected = ReadonlyMap<string, ExpectedTensor>;

interface Compared {
  readonly judgements: readonly Judgement[];
  readonly outputs: CheckFields['outputs'];
}

function compare(actual: Outputs, expected: Expected, allowances: Allowances, other: string): Compared {
  const judgements = actual.flatMap((output) => {
    const wanted = expected.get(output.name);
    return wanted === undefined ? [] : [judgeOutput(output, wanted, allowances)];
  });
  return { judgements, outputs: judgements.map((judgement) => comparedFields(judgement, other)) };
}

/** @param other  what it is compared with, for messages: a file */
export function checkOutputs(check: CheckName, actual: Outputs, expected: Expected, allowances: Allowances, other: string): CheckFields {
  const { judgements, outputs } = compare(actual, expected, allowances, other);
  const failures = failuresOf(judgements);
  const isPredicted = [...expected.values()].some(({ atol }) => atol !== undefined);
  const where = isPredicted ? `within what ${other} predicts (not calibrated on devices)` : `as in ${other}`;
  const message = failures.length === 0 ? `${count(judgements.length, 'output')} ${where}` : `not ${where}`;
  return checkOf({ check, message, failures, outputs });
}

/** What the update was to give, by the references. */
export interface PredictedUpdate {
  readonly other: string;
  readonly before: Expected;
  readonly after: Expected;
}

/** New weights take effect, as predicted where there is a prediction; the others stay; and the old ones can be put back. */
export function checkUpdate(first: Outputs, round: Round, predictions: readonly PredictedUpdate[], allowances: Allowances): CheckFields {
  const compared = predictions.map(({ other, after }) => compare(round.second, after, allowances, `${other} with the new weights`));
  const isPredicted = compared.length > 0;
  const failures = [
    ...compared.flatMap(({ judgements }) => failuresOf(judgements)),
    ...(round.moved.length > 0 ? [] : isPredicted ? predictions.flatMap(unmovedHere) : [unmoved(round)]),
    ...round.changed.map((name) => `weight "${name}" was not given, and has changed`),
    ...restored(first, round),
  ];
  const outputs = compared.flatMap((one) => one.outputs);
  const moved = `${round.moved.length} of ${count(first.length, 'output')} moved${isPredicted ? ' as predicted' : ''}`;
  const message =
    failures.length === 0
      ? `${count(round.touched.length, 'weight')} updated, ${moved}; taken back, bit for bit`
      : 'the update does not do what it should';
  return checkOf({ check: 'update', message, failures, outputs, moved: round.moved });
}

/** A change that is smaller than the tolerance would pass without having arrived. */
function unmovedHere({ other, before, after }: PredictedUpdate): readonly string[] {
  const moves = [...after].flatMap(([name, tensor]) => {
    const was = before.get(name);
    const by = was === undefined ? 0 : compareTensors(tensor, was).maxAbs;
    return by > 0 ? [`"${name}" by up to ${Number(by.toPrecision(3))}`] : [];
  });
  return moves.length === 0 ? [] : [`in ${other} the new weights move ${moves.join(', ')}; here they moved no output`];
}

/** @param what  the weights in the middle, for messages */
export function checkAba(first: Outputs, round: Round, what: string): CheckFields {
  const failures = [...(round.moved.length > 0 ? [] : [unmoved(round)]), ...restored(first, round)];
  const message =
    failures.length === 0
      ? `A → B → A is bit for bit A; B (${what}) moved ${round.moved.length} of ${count(first.length, 'output')}`
      : 'A → B → A is not proven';
  return checkOf({ check: 'aba', message, failures, moved: round.moved });
}

function unmoved({ isSame, touched }: Round): string {
  const why = isSame ? 'they are the ones that it has' : 'no output depends on them for these inputs, or they did not arrive';
  return `the new weights (${touched.join(', ')}) moved no output: ${why}`;
}

function restored(first: Outputs, { third, again }: Round): readonly string[] {
  const judgements = third.map((output, i) => judgeSame(output, first[i] as Outputs[number]));
  const failures = failuresOf(judgements).map((failure) => `with the old weights again, ${failure}`);
  if (failures.length === 0 || again === undefined) return failures;
  // Whether it is the weights, or a model that never gives the same twice.
  const isRepeatable = failuresOf(again.map((output, i) => judgeSame(output, third[i] as Outputs[number]))).length === 0;
  return isRepeatable ? failures : [...failures, 'two runs with the same weights differ as well: the model is not deterministic'];
}
