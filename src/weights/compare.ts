// What was given against what the bundle wants, by name, dtype and shape alone: one row per weight, and per tensor that is none.
// Nothing of a tensor but its header is looked at.

import type { Problem } from '../base/errors.js';
import { didYouMean, nearNames } from '../base/near-names.js';
import { canCast, castTensor } from '../graph/cast.js';
import type { RefreshableWeight } from '../graph/refreshable.js';
import { describeSpec, fitsShape, isEmpty, type Tensor, type TensorSpec } from '../graph/tensor.js';
import { misfit } from './fit.js';
import { listNames } from './read.js';
import type { GivenTensor } from './updates.js';

export interface CompareOptions {
  /** Every weight must be given; one that is given as an empty tensor counts as given. */
  readonly strict?: boolean;
  /** Names that no weight has are left out instead of refused. */
  readonly ignoreExtra?: boolean;
  /** The update graph assigns every weight each time: none may be left out, and none be empty. */
  readonly isStatic?: boolean;
  /** Another dtype is converted where it can be, instead of refused. */
  readonly cast?: boolean;
}

/** `kept`: not given, or given as an empty tensor, which says "keep". */
export type RowStatus = 'fits' | 'cast' | 'kept' | 'missing' | 'misfit' | 'repeated' | 'extra' | 'ignored';

export interface CompareRow {
  /** Of the weight; of an extra tensor its own. */
  readonly name: string;
  readonly status: RowStatus;
  /** Undefined for a tensor that no weight has the name of. */
  readonly wanted: TensorSpec | undefined;
  readonly given: GivenTensor | undefined;
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
  const extraNames = extra.map(({ name }) => name);
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
  return { rows: [...rows, ...repeated, ...strangers(given, specs), ...extraRows], tensors };
}

function givenRow(
  { constName: name, spec: wanted }: RefreshableWeight,
  given: GivenTensor,
  { isStatic = false, cast = false }: CompareOptions,
): { readonly row: CompareRow; readonly planned?: PlannedTensor } {
  if (isEmpty(given) && !isStatic) return { row: { name, status: 'kept', wanted, given } };
  const problem = misfit(`Weight "${name}" in ${describeSource(given)}`, given, wanted, 'the bundle');
  if (problem === undefined) return { row: { name, status: 'fits', wanted, given }, planned: given };
  const isCastable = fitsShape(given.shape, wanted.shape) && canCast(given.dtype, wanted.dtype);
  if (!isCastable) return { row: { name, status: 'misfit', wanted, given, problem } };
  if (cast)
    return { row: { name, status: 'cast', wanted, given }, planned: { ...given, ...castTensor(given, wanted.dtype), uncast: given } };
  const fix = `${problem.fix?.replace(/\.$/, '')}, or give --cast to convert it.`;
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

const WHY_ALL = {
  static: {
    who: 'the static update graph of this bundle takes all',
    fix: 'Add it to the update. To keep weights, build the bundle without --update-graph static.',
  },
  strict: { who: '--strict wants all', fix: 'Add it to the update, or leave --strict out to keep its value.' },
};

function absentRow(
  { constName: name, spec: wanted }: RefreshableWeight,
  candidates: readonly string[],
  { strict = false, isStatic = false }: CompareOptions,
): CompareRow {
  if (!strict && !isStatic) return { name, status: 'kept', wanted, given: undefined };
  const { who, fix } = isStatic ? WHY_ALL.static : WHY_ALL.strict;
  const problem = {
    code: 'WEIGHTS_MISSING',
    message: `Weight "${name}" (${describeSpec(wanted)}) was not given, and ${who}.`,
    fix: didYouMean(nearNames(name, candidates), fix),
  };
  return { name, status: 'missing', wanted, given: undefined, problem };
}

function extraRow(
  given: GivenTensor,
  missing: readonly string[],
  names: readonly string[],
  { ignoreExtra = false }: CompareOptions,
): CompareRow {
  const { name, key, source } = given;
  if (ignoreExtra) return { name, status: 'ignored', wanted: undefined, given };
  const mapped = key === undefined ? '' : `, which is "${key}" there`;
  const problem = {
    code: 'WEIGHT_UNKNOWN',
    message: `"${name}" in ${source}${mapped} (${describeSpec(given)}) is not an updatable weight of the bundle.`,
    // A weight that is still missing is the likelier meaning than one that was given.
    fix: didYouMean(nearNames(name, missing), `Its weights are: ${listNames(names)}. --ignore-extra leaves other names out.`),
  };
  return { name, status: 'extra', wanted: undefined, given, problem };
}

/** Graphs and bundles of whose constants none is a weight: then it is surely not the graph that was meant. */
function strangers(given: readonly GivenTensor[], specs: ReadonlyMap<string, TensorSpec>): CompareRow[] {
  const bySource = new Map<string, GivenTensor[]>();
  for (const tensor of given.filter(({ isIncidental }) => isIncidental)) {
    const tensors = bySource.get(tensor.source);
    if (tensors === undefined) bySource.set(tensor.source, [tensor]);
    else tensors.push(tensor);
  }
  return [...bySource].flatMap(([source, tensors]) => {
    const [first] = tensors;
    if (first === undefined || tensors.some(({ name }) => specs.has(name))) return [];
    const problem = {
      code: 'WEIGHT_UNKNOWN',
      message: `None of the ${tensors.length} constants of ${source} has the name of a weight of the bundle.`,
      fix: `The weights are: ${listNames([...specs.keys()])}. Where only the names differ, give a map with --map.`,
    };
    return [{ name: first.name, status: 'extra' as const, wanted: undefined, given: first, problem }];
  });
}
