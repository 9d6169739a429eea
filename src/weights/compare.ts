// What was given against what the bundle wants, by name, dtype and shape alone: one row per weight, and per tensor that is none.
// Nothing of a tensor but its header is looked at.

import type { Problem } from '../base/errors.js';
import { didYouMean, nearNames } from '../base/near-names.js';
import { canCast, castTensor } from '../graph/cast.js';
import type { RefreshableWeight } from '../graph/refreshable.js';
import { describeSpec, fitsShape, isEmpty, type Tensor, type TensorSpec } from '../graph/tensor.js';
import { misfit } from './fit.js';
import type { GivenTensor } from './given.js';
import type { OptionNames } from './option-names.js';
import { listNames } from './read.js';

export interface CompareOptions {
  /** Every weight must be given; one that is given as an empty tensor counts as given. */
  readonly strict?: boolean;
  /** Names that no weight has are left out instead of refused. */
  readonly ignoreExtra?: boolean;
  /** The update graph assigns every weight each time: none may be left out, and none be empty. */
  readonly isStatic?: boolean;
  /** Names that the owner has and that are not asked for: a tensor of such a name is left out, and no guess at a name. */
  readonly others?: ReadonlySet<string>;
  /** Another dtype is converted where it can be, instead of refused. */
  readonly cast?: boolean;
  /** What the caller calls these, for messages; what it has not is not offered. */
  readonly names?: OptionNames;
  /** Whose the weights are, for messages. */
  readonly owner?: string;
}

const OWNER = 'the bundle';

/** `kept`: not given, or given as an empty tensor, which says "keep". */
export type RowStatus = 'fits' | 'cast' | 'kept' | 'missing' | 'misfit' | 'repeated' | 'extra' | 'ignored';

export interface CompareRow {
  /** Of the weight; of an extra tensor its own. */
  readonly name: string;
  readonly status: RowStatus;
  /** Undefined for a tensor that no weight has the name of. */
  readonly wanted: TensorSpec | undefined;
  readonly given: GivenTensor | undefined;
  /** Names that may have been meant: of a missing weight those that are extra, of an extra tensor those that are missing. */
  readonly near?: readonly string[];
  /** Why the update cannot be made. */
  readonly problem?: Problem;
}

/** A new value of a weight, in the weight's dtype and shape. */
export interface PlannedTensor extends GivenTensor {
  /** As it was given, where its dtype was another. */
  readonly uncast?: Tensor;
}

export interface Comparison {
  /** In update order; then what is given twice, and what no weight has the name of. */
  readonly rows: readonly CompareRow[];
  /** The new values that fit, by const name, in update order. */
  readonly tensors: ReadonlyMap<string, PlannedTensor>;
}

/** Near names are sought for so many names of each kind: comparing thousands with thousands would take minutes. */
const MOST_GUESSES = 5;

export function compareUpdate(
  weights: readonly RefreshableWeight[],
  given: readonly GivenTensor[],
  options: CompareOptions = {},
): Comparison {
  const specs = new Map(weights.map(({ constName, spec }) => [constName, spec]));
  const known = given.filter(({ name, isIncidental = false }) => !isIncidental || specs.has(name));
  const byName = new Map<string, GivenTensor>();
  const repeated: CompareRow[] = [];
  for (const tensor of known) {
    const before = byName.get(tensor.name);
    if (before === undefined) byName.set(tensor.name, tensor);
    else repeated.push(repeatedRow(tensor, before, specs.get(tensor.name)));
  }
  const extra = [...byName.values()].filter(({ name }) => !specs.has(name));
  const extraNames = extra.map(({ name }) => name).filter((name) => !options.others?.has(name));
  const missing = weights.map(({ constName }) => constName).filter((name) => !byName.has(name));
  const guessed = new Set(missing.slice(0, MOST_GUESSES));
  const tensors = new Map<string, PlannedTensor>();
  const rows = weights.map((weight): CompareRow => {
    const tensor = byName.get(weight.constName);
    if (tensor === undefined) return absentRow(weight, guessed.has(weight.constName) ? extraNames : [], options);
    const { row, planned } = givenRow(weight, tensor, options);
    if (planned !== undefined) tensors.set(weight.constName, planned);
    return row;
  });
  const extraRows = extra.map((tensor, i) => extraRow(tensor, i < MOST_GUESSES ? missing : [], [...specs.keys()], options));
  return { rows: [...rows, ...repeated, ...strangers(given, specs, options), ...extraRows], tensors };
}

function givenRow(
  { constName: name, spec: wanted }: RefreshableWeight,
  given: GivenTensor,
  { isStatic = false, cast = false, names = {}, owner = OWNER }: CompareOptions,
): { readonly row: CompareRow; readonly planned?: PlannedTensor } {
  if (isEmpty(given) && !isStatic) return { row: { name, status: 'kept', wanted, given } };
  const problem = misfit(`Weight "${name}" in ${describeSource(given)}`, given, wanted, owner);
  if (problem === undefined) return { row: { name, status: 'fits', wanted, given }, planned: given };
  const isCastable = fitsShape(given.shape, wanted.shape) && canCast(given.dtype, wanted.dtype);
  if (!isCastable) return { row: { name, status: 'misfit', wanted, given, problem } };
  if (cast)
    return { row: { name, status: 'cast', wanted, given }, planned: { ...given, ...castTensor(given, wanted.dtype), uncast: given } };
  if (names.cast === undefined) return { row: { name, status: 'misfit', wanted, given, problem } };
  const fix = `${problem.fix?.replace(/\.$/, '')}, or give ${names.cast} to convert it.`;
  return { row: { name, status: 'misfit', wanted, given, problem: { ...problem, fix } } };
}

/** `new.safetensors`; with the name that it has there, where that is another. */
export function describeSource({ source, key }: GivenTensor): string {
  return key === undefined ? source : `${source} ("${key}")`;
}

function repeatedRow(given: GivenTensor, before: GivenTensor, wanted: TensorSpec | undefined): CompareRow {
  const problem = {
    code: 'INPUT_REPEATED',
    message: `Weight "${given.name}" is given twice: in ${describeSource(before)} and in ${describeSource(given)}.`,
    fix: 'Leave one of them out.',
  };
  return { name: given.name, status: 'repeated', wanted, given, problem };
}

function absentRow(
  { constName: name, spec: wanted }: RefreshableWeight,
  candidates: readonly string[],
  { strict = false, isStatic = false, names = {} }: CompareOptions,
): CompareRow {
  if (!strict && !isStatic) return { name, status: 'kept', wanted, given: undefined };
  const { who, fix } = isStatic ? STATIC_WANTS_ALL : strictWantsAll(names);
  const near = nearNames(name, candidates);
  const problem = {
    code: 'WEIGHTS_MISSING',
    message: `Weight "${name}" (${describeSpec(wanted)}) was not given, and ${who}.`,
    fix: didYouMean(near, fix),
  };
  return { name, status: 'missing', wanted, given: undefined, near, problem };
}

const STATIC_WANTS_ALL = {
  who: 'the static update graph of this bundle takes all',
  fix: 'Add it to the update. To leave weights out, build the bundle with its init graph, or without --update-graph static.',
};

function strictWantsAll({ strict }: OptionNames): typeof STATIC_WANTS_ALL {
  if (strict === undefined) return { who: 'all are wanted', fix: 'Add it to the update.' };
  return { who: `${strict} wants all`, fix: `Add it to the update, or leave ${strict} out to keep its value.` };
}

function extraRow(
  given: GivenTensor,
  missing: readonly string[],
  weights: readonly string[],
  { ignoreExtra = false, others, names = {}, owner = OWNER }: CompareOptions,
): CompareRow {
  const { name, key, source } = given;
  if (ignoreExtra || others?.has(name)) return { name, status: 'ignored', wanted: undefined, given };
  // A weight that is still missing is the likelier meaning than one that was given.
  const near = nearNames(name, missing);
  const offer = names.ignoreExtra === undefined ? '' : ` ${names.ignoreExtra} leaves other names out.`;
  const mapped = key === undefined ? '' : `, which is "${key}" there`;
  const problem = {
    code: 'WEIGHT_UNKNOWN',
    message: `"${name}" in ${source}${mapped} (${describeSpec(given)}) is not an updatable weight of ${owner}.`,
    fix: didYouMean(near, `Its weights are: ${listNames(weights)}.${offer}`),
  };
  return { name, status: 'extra', wanted: undefined, given, near, problem };
}

/** Graphs and bundles of whose constants none is a weight: then it is surely not the graph that was meant. */
function strangers(
  given: readonly GivenTensor[],
  specs: ReadonlyMap<string, TensorSpec>,
  { others, names = {}, owner = OWNER }: CompareOptions,
): CompareRow[] {
  const offer = names.map === undefined ? '' : ` Where only the names differ, give a map with ${names.map}.`;
  const bySource = new Map<string, GivenTensor[]>();
  for (const tensor of given.filter(({ isIncidental }) => isIncidental)) {
    const tensors = bySource.get(tensor.source);
    if (tensors === undefined) bySource.set(tensor.source, [tensor]);
    else tensors.push(tensor);
  }
  return [...bySource].flatMap(([source, tensors]) => {
    const [first] = tensors;
    if (first === undefined || tensors.some(({ name }) => specs.has(name) || others?.has(name))) return [];
    const problem = {
      code: 'WEIGHT_UNKNOWN',
      message: `None of the ${tensors.length} constants of ${source} has the name of a weight of ${owner}.`,
      fix: `The weights are: ${listNames([...specs.keys()])}.${offer}`,
    };
    return [{ name: first.name, status: 'extra' as const, wanted: undefined, given: first, problem }];
  });
}
