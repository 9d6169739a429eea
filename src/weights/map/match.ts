// Which tensor of a checkpoint each weight takes: told by the name, else by the values, else by the shape. What can be more than one
// thing is listed with the candidates, never decided.
import { canCast } from '../../graph/cast.js';
import type { NamedSpec, NamedTensor, Tensor } from '../../graph/tensor.js';
import { ordersBetween } from '../../graph/transpose.js';
import { contentComparison, type SameContent } from './content.js';
import { bareName, tailsOf } from './names.js';

export const MATCH_METHODS = ['name', 'hash', 'shape'] as const;
export type MatchMethod = (typeof MATCH_METHODS)[number];

export interface Match {
  readonly from: string;
  readonly to: string;
  /** Axis i of the weight is axis transpose[i] of the tensor; absent where the dimensions stay. */
  readonly transpose?: readonly number[];
  /** How it was found, for the reader. */
  readonly by: string;
}

export interface Ambiguity {
  readonly to: string;
  readonly candidates: readonly Pick<Match, 'from' | 'transpose'>[];
  readonly why: string;
}

export interface Matching {
  readonly entries: readonly Match[];
  readonly ambiguous: readonly Ambiguity[];
  readonly unmatched: { readonly from: readonly string[]; readonly to: readonly string[] };
}

export interface MatchOptions {
  readonly methods?: readonly MatchMethod[];
  /** What the weights are now, by name: told apart by their values where there are any. */
  readonly values?: ReadonlyMap<string, Tensor>;
  /** Names of weights that are not asked for: the tensors of these names are theirs, and no weight's that is. */
  readonly others?: ReadonlySet<string>;
}

/** More candidates than this help nobody to choose. */
const MOST_CANDIDATES = 8;

/** A tensor that may be the weight, and in which orders of its dimensions. */
interface Candidate {
  readonly tensor: NamedTensor;
  readonly orders: readonly (readonly number[])[];
}

interface Tier {
  readonly method: MatchMethod;
  readonly by: string;
  /** Tensors that are left and may be the weight. */
  find(weight: NamedSpec, left: readonly NamedTensor[]): readonly Candidate[];
}

/**
 * @param weights  that are wanted
 * @param tensors  of the checkpoint, no name twice
 */
export function matchWeights(
  weights: readonly NamedSpec[],
  tensors: readonly NamedTensor[],
  { methods = MATCH_METHODS, values = new Map(), others = new Set() }: MatchOptions = {},
): Matching {
  const found = new Map<string, Match>();
  const doubts = new Map<string, Ambiguity>();
  const used = new Set<string>();
  const sameContent = contentComparison();
  const orderByValues = (weight: NamedSpec) => {
    const value = values.get(weight.name);
    return ({ tensor, orders }: Candidate) =>
      value === undefined || !methods.includes('hash') ? undefined : orders.find((order) => sameContent(tensor, order, weight, value));
  };
  for (const tier of tiersOf(tensors, values, sameContent).filter(({ method }) => methods.includes(method))) {
    const left = tensors.filter(({ name }) => !used.has(name) && !others.has(name));
    const proposals = weights
      .filter(({ name }) => !found.has(name))
      .map((weight) => ({ weight, candidates: tier.find(weight, left) }))
      .filter(({ candidates }) => candidates.length > 0);
    const wanting = countWanting(proposals.map(({ candidates }) => candidates));
    for (const { weight, candidates } of proposals) {
      const match = decide(tier, weight, candidates, wanting, orderByValues(weight));
      if ('by' in match) {
        found.set(weight.name, match);
        used.add(match.from);
      } else if (!doubts.has(weight.name)) doubts.set(weight.name, match);
    }
  }
  const isFound = ({ name }: NamedSpec): boolean => found.has(name);
  return {
    entries: weights.flatMap(({ name }) => found.get(name) ?? []),
    ambiguous: weights.filter((weight) => !isFound(weight)).flatMap(({ name }) => doubts.get(name) ?? []),
    unmatched: {
      from: tensors.filter(({ name }) => !used.has(name)).map(({ name }) => name),
      to: weights.filter((weight) => !isFound(weight) && !doubts.has(weight.name)).map(({ name }) => name),
    },
  };
}

/** By how many weights each tensor is wanted in one tier. */
function countWanting(proposals: readonly (readonly Candidate[])[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { tensor } of proposals.flat()) counts.set(tensor.name, (counts.get(tensor.name) ?? 0) + 1);
  return counts;
}

function decide(
  { method, by }: Tier,
  weight: NamedSpec,
  candidates: readonly Candidate[],
  wanting: ReadonlyMap<string, number>,
  orderByValues: (candidate: Candidate) => readonly number[] | undefined,
): Match | Ambiguity {
  const [only] = candidates as readonly [Candidate];
  const rivals = (wanting.get(only.tensor.name) ?? 1) - 1;
  const doubt = (why: string): Ambiguity => ({
    to: weight.name,
    candidates: candidates
      .flatMap(({ tensor, orders }) => orders.map((order) => ({ from: tensor.name, ...transposeOf(order) })))
      .slice(0, MOST_CANDIDATES),
    why: `${by}: ${why}`,
  });
  if (candidates.length > 1) return doubt(`${candidates.length} tensors may be it`);
  if (rivals > 0) return doubt(`${rivals} more ${rivals === 1 ? 'weight wants' : 'weights want'} this tensor`);
  const [order, ...others] = only.orders as readonly [readonly number[], ...(readonly number[])[]];
  if (others.length === 0) return entry(only, weight, order, by);
  const same = orderByValues(only);
  if (same !== undefined) return entry(only, weight, same, `${by}, the order of dimensions by the values`);
  // A name says which tensor; that dimensions of one size change places under the same name is not to be expected.
  if (method === 'name' && isPlain(order)) return entry(only, weight, order, `${by}; other orders would fit as well, it is taken as it is`);
  return doubt(`${only.orders.length} orders of its dimensions fit`);
}

function entry({ tensor }: Candidate, { name }: NamedSpec, order: readonly number[], by: string): Match {
  return { from: tensor.name, to: name, ...transposeOf(order), by: isPlain(order) ? by : `${by}, transposed` };
}

function isPlain(order: readonly number[]): boolean {
  return order.every((axis, i) => axis === i);
}

function transposeOf(order: readonly number[]): { readonly transpose?: readonly number[] } {
  return isPlain(order) ? {} : { transpose: order };
}

function tiersOf(tensors: readonly NamedTensor[], values: ReadonlyMap<string, Tensor>, sameContent: SameContent): readonly Tier[] {
  const bare = new Map(tensors.map(({ name }) => [name, bareName(name)]));
  const bareNames = new Set(bare.values());
  const byTail = indexTails([...bare]);
  const named = (left: readonly NamedTensor[], weight: NamedSpec, names: ReadonlySet<string>): readonly Candidate[] =>
    left.filter(({ name }) => names.has(name)).flatMap((tensor) => candidate(tensor, weight));
  return [
    { method: 'name', by: 'the same name', find: (weight, left) => named(left, weight, new Set([weight.name])) },
    {
      method: 'name',
      by: 'the name without what is around it',
      find(weight, left) {
        const name = bareName(weight.name);
        return left.filter((tensor) => bare.get(tensor.name) === name).flatMap((tensor) => candidate(tensor, weight));
      },
    },
    {
      method: 'hash',
      by: 'the same values',
      find(weight, left) {
        const value = values.get(weight.name);
        if (value === undefined) return [];
        return left.flatMap((tensor) => {
          const orders = fitting(tensor, weight).filter((order) => sameContent(tensor, order, weight, value));
          // Of a tensor that is the same in several orders, all zeros say, the plain one is meant.
          const [first] = orders;
          return first === undefined ? [] : [{ tensor, orders: [first] }];
        });
      },
    },
    {
      method: 'name',
      by: 'the end of the name',
      find: (weight, left) => named(left, weight, byTail(bareName(weight.name))),
    },
    {
      method: 'shape',
      by: 'the shape',
      find(weight, left) {
        // A tensor of its name and of another shape says that the checkpoint is not for it.
        const name = bareName(weight.name);
        if (bareNames.has(name)) return [];
        return left.flatMap((tensor) => candidate(tensor, weight));
      },
    },
  ];
}

/** Names of tensors of which the given one is the end, or which are the end of it. */
function indexTails(bare: readonly (readonly [name: string, bare: string])[]): (wanted: string) => ReadonlySet<string> {
  const whole = new Map<string, string[]>();
  const ends = new Map<string, string[]>();
  for (const [name, text] of bare) {
    whole.set(text, [...(whole.get(text) ?? []), name]);
    for (const tail of tailsOf(text).slice(1)) {
      const list = ends.get(tail);
      if (list === undefined) ends.set(tail, [name]);
      else list.push(name);
    }
  }
  return (wanted) =>
    new Set([
      ...(ends.get(wanted) ?? []),
      ...tailsOf(wanted)
        .slice(1)
        .flatMap((tail) => whole.get(tail) ?? []),
    ]);
}

function candidate(tensor: NamedTensor, weight: NamedSpec): readonly Candidate[] {
  const orders = fitting(tensor, weight);
  return orders.length === 0 ? [] : [{ tensor, orders }];
}

/** The orders of the tensor's dimensions that give the weight's shape, in a dtype that is the weight's or can be cast to it. */
function fitting(tensor: NamedTensor, weight: NamedSpec): readonly (readonly number[])[] {
  if (tensor.dtype !== weight.dtype && !canCast(tensor.dtype, weight.dtype)) return [];
  return distinctOrders(ordersBetween(tensor.shape, weight.shape), tensor.shape);
}

/** Orders that only move dimensions of 1 give the same tensor: one of them is enough. */
function distinctOrders(orders: readonly (readonly number[])[], shape: readonly number[]): readonly (readonly number[])[] {
  const kept = new Map<string, readonly number[]>();
  for (const order of orders) {
    const key = order.filter((axis) => shape[axis] !== 1).join();
    if (!kept.has(key)) kept.set(key, order);
  }
  return [...kept.values()];
}
