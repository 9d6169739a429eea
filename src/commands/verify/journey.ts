// The way of the weights, A → B → A, with the outputs at each station. Everything is asked of the Session interface, so that it
// holds of any backend.
import type { Session } from '../../backends/backend.js';
import type { Bundle } from '../../formats/om/index.js';
import { isEmpty } from '../../graph/tensor.js';
import { isBitEqual } from '../../weights/judge.js';
import type { Io } from '../verb.js';
import type { Outputs } from './fields.js';
import type { Weights } from './references.js';

export interface Round {
  /** With the new weights. */
  readonly second: Outputs;
  /** With those of the beginning again. */
  readonly third: Outputs;
  /** Weights that were given and those that were not, in update order. */
  readonly touched: readonly string[];
  /** Of those that were not given, which have another value all the same. */
  readonly changed: readonly string[];
  /** Outputs, by name, that are other bits with the new weights. */
  readonly moved: readonly string[];
  /** Whether all new weights are, bit for bit, those that were there. */
  readonly isSame: boolean;
  /** With the same weights as `third`, where that is not what it was at the beginning: else undefined. */
  readonly again: Outputs | undefined;
}

/** @param first  the outputs with the weights that the session has now, which it has again afterwards */
export async function roundTrip(
  session: Session,
  bundle: Bundle,
  first: Outputs,
  weights: Weights,
  inputs: Weights,
  io: Io,
): Promise<Round> {
  const before = session.snapshot();
  await io.step('update', () => update(session, weights, io));
  const after = session.snapshot();
  const second = await io.step('infer', () => session.run(inputs));
  await io.step('restore', () => putBack(session, bundle, before, weights));
  const third = await io.step('infer', () => session.run(inputs));
  const touched = bundle.weights.map(({ constName }) => constName).filter((name) => isGiven(weights, name));
  const untouched = [...before.keys()].filter((name) => !touched.includes(name));
  return {
    second,
    third,
    touched,
    changed: untouched.filter((name) => !isEqualIn(before, after, name)),
    moved: first.filter((output, i) => !isBitEqual(output, second[i] as Outputs[number])).map(({ name }) => name),
    isSame: touched.every((name) => isEqualIn(before, weights, name)),
    again: isEqualOutputs(first, third) ? undefined : await session.run(inputs),
  };
}

async function update(session: Session, weights: Weights, io: Io): Promise<void> {
  for (const warning of (await session.update(weights)).warnings) io.warn(warning);
}

/** By an update, as the new values came: what is to be proven is that an update takes them away again. */
async function putBack(session: Session, bundle: Bundle, before: Weights, weights: Weights): Promise<void> {
  const isStatic = bundle.weights.some(({ isConditional }) => !isConditional);
  const old = new Map([...before].filter(([name]) => isStatic || isGiven(weights, name)));
  const { warnings } = await session.update(old);
  // A scalar of 0 is skipped by GE's update graph.
  if (warnings.length > 0) await session.restore(before);
}

function isGiven(weights: Weights, name: string): boolean {
  const tensor = weights.get(name);
  return tensor !== undefined && !isEmpty(tensor);
}

function isEqualIn(one: Weights, other: Weights, name: string): boolean {
  const [a, b] = [one.get(name), other.get(name)];
  return a !== undefined && b !== undefined && isBitEqual(a, b);
}

export function isEqualOutputs(one: Outputs, other: Outputs): boolean {
  return one.length === other.length && one.every((output, i) => isBitEqual(output, other[i] as Outputs[number]));
}
