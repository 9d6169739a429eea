// An update with LoRA adapters: checked as any other, and then every weight that an adapter changes is merged with it.
import type { Problem } from '../../base/errors.js';
import type { RefreshableWeight } from '../../graph/refreshable.js';
import type { NamedTensor, Tensor } from '../../graph/tensor.js';
import type { WeightMap } from '../apply-map.js';
import type { PlannedTensor } from '../compare.js';
import type { GivenTensor } from '../given.js';
import { type PlanOptions, planUpdate, type UpdatePlan } from '../plan.js';
import { examineValues, watchedTensors } from '../values.js';
import type { Adapter, LoraLayer } from './adapter.js';
import { type FactorValues, factorValues } from './factors.js';
import { type LowRankTerm, mergeTerms } from './merge.js';
import { type FactorTarget, findTargets, type LoraTarget, type MergeTarget, weightsMissing } from './targets.js';

/** What adapters did to one weight. */
export interface LoraReport {
  readonly weight: string;
  /** `merged`: the product was added; `down`, `up`: the weight is a factor itself. */
  readonly as: 'merged' | 'down' | 'up';
  /** The weight is stored as [in, out]. */
  readonly transposed: boolean;
  /** How it was told how the weight stands, or what was done with the ranks. */
  readonly by: string;
  readonly adapters: readonly { readonly path: string; readonly layer: string; readonly rank: number; readonly scale: number }[];
}

export interface LoraPlan extends UpdatePlan {
  /** In update order; empty without adapters. */
  readonly lora: readonly LoraReport[];
  /**
   * What merged values tell, which is not in `warnings`: they are computed as they are read, and looked at by the way. Those that
   * nobody has read are read now.
   */
  lateWarnings(): readonly Problem[];
}

export interface AdapterOptions {
  readonly adapters: readonly Adapter[];
  /** Names of the checkpoint that the adapters were made for, as names of weights. */
  readonly map?: WeightMap | undefined;
  /** The value that a weight has now. */
  current(name: string): Tensor | undefined;
}

/**
 * @param given  new values; an adapter is added to these, else to the current ones
 * @throws WEIGHT_UNKNOWN, TENSOR_MISMATCH, WEIGHTS_NOT_INITIALIZED, and as `planUpdate`
 */
export function planWithAdapters(
  weights: readonly RefreshableWeight[],
  given: readonly GivenTensor[],
  { adapters, map, current }: AdapterOptions,
  options: PlanOptions,
): LoraPlan {
  if (adapters.length === 0) return { ...planUpdate(weights, given, options), lora: [], lateWarnings: () => [] };
  const targets = findTargets(
    weights,
    adapters.flatMap(({ layers }) => layers),
    map,
  );
  const changes = changesOf(targets);
  const based = withBases(weights, given, changes, current);
  const plan = planUpdate(weights, based, { ...options, withoutValues: true });
  const changed = weights.flatMap(({ constName }): [string, PlannedTensor][] => {
    const change = changes.get(constName);
    const planned = plan.tensors.get(constName);
    if (change === undefined) return planned === undefined ? [] : [[constName, planned]];
    const [{ path }] = change.layers as readonly [LoraLayer];
    // Merged as it was given, before any cast: so it is rounded once.
    const base = planned?.uncast ?? planned ?? current(constName);
    const tensor = change.valueOf(base ?? missing(change.weight, path));
    return [[constName, { ...tensor, name: constName, source: change.layers.map((layer) => layer.path).join(' + ') }]];
  });
  const isMerged = ([name]: readonly [string, PlannedTensor]): boolean => changes.get(name)?.report.as === 'merged';
  const merged = new Map(options.withoutValues ? [] : changed.filter(isMerged));
  const watched = watchedTensors(merged);
  const tensors = new Map(changed.map(([name, tensor]) => [name, { ...tensor, data: watched.get(name)?.data ?? tensor.data }]));
  const others = new Map(changed.filter(([name]) => !merged.has(name)));
  const values = options.withoutValues ? { casts: [], warnings: [] } : examineValues(others);
  return {
    ...plan,
    tensors,
    updated: [...tensors.keys()],
    kept: plan.kept.filter((name) => !tensors.has(name)),
    casts: values.casts,
    warnings: [...adapters.flatMap((adapter) => adapter.warnings), ...squareWarnings(targets), ...values.warnings],
    lora: weights.flatMap(({ constName }) => changes.get(constName)?.report ?? []),
    lateWarnings: () => examineValues(merged, watched).warnings,
  };
}

function missing(weight: RefreshableWeight, path: string): never {
  throw weightsMissing(weight, path);
}

interface Change {
  readonly weight: RefreshableWeight;
  readonly layers: readonly LoraLayer[];
  readonly report: LoraReport;
  /** Whether it starts from what the weight is. */
  readonly needsBase: boolean;
  valueOf(base: Tensor): Tensor;
}

function changesOf(targets: readonly LoraTarget[]): ReadonlyMap<string, Change> {
  const changes = new Map<string, Change>();
  for (const group of groupsOf(
    targets,
    (target): target is MergeTarget => target.kind === 'merge',
    ({ weight }) => weight.constName,
  )) {
    changes.set(group[0].weight.constName, mergeChange(group));
  }
  for (const group of groupsOf(
    targets,
    (target): target is FactorTarget => target.kind === 'factors',
    ({ down }) => down.constName,
  )) {
    const values = factorValues(group);
    changes.set(group[0].down.constName, factorChange(group, 'down', values));
    changes.set(group[0].up.constName, factorChange(group, 'up', values));
  }
  return changes;
}

function groupsOf<T extends LoraTarget>(
  targets: readonly LoraTarget[],
  isOne: (target: LoraTarget) => target is T,
  key: (target: T) => string,
): readonly (readonly [T, ...T[]])[] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const target of targets.filter(isOne)) {
    const group = groups.get(key(target));
    if (group === undefined) groups.set(key(target), [target]);
    else group.push(target);
  }
  return [...groups.values()];
}

function mergeChange(targets: readonly [MergeTarget, ...MergeTarget[]]): Change {
  const [{ weight, isTransposed, by }] = targets;
  const layers = targets.map(({ layer }) => layer);
  return {
    ...{ weight, layers, needsBase: true },
    report: { weight: weight.constName, as: 'merged', transposed: isTransposed, by, adapters: layers.map(adapterFields) },
    valueOf: (base) =>
      mergeTerms(
        base,
        layers.map((layer) => termOf(layer, isTransposed)),
        weight.spec.dtype,
      ),
  };
}

function termOf({ down, up, rank, scale }: LoraLayer, isTransposed: boolean): LowRankTerm {
  return { left: isTransposed ? down : up, right: isTransposed ? up : down, rank, scale, isTransposed };
}

function factorChange(targets: readonly [FactorTarget, ...FactorTarget[]], as: 'down' | 'up', values: FactorValues): Change {
  const [target] = targets;
  const layers = targets.map(({ layer }) => layer);
  const { rank, builtRank, isTransposed } = values;
  const padded = rank < builtRank ? `rank ${rank} of ${builtRank}, the rest are zeros` : `rank ${rank}`;
  const by = as === 'up' ? `${padded}; the scale is in this factor` : padded;
  return {
    ...{ weight: target[as], layers, needsBase: false },
    report: { weight: target[as].constName, as, transposed: isTransposed, by, adapters: layers.map(adapterFields) },
    valueOf: () => values[as],
  };
}

function adapterFields({ path, module, rank, scale }: LoraLayer): LoraReport['adapters'][number] {
  return { path, layer: module, rank, scale };
}

/** What was given, and for what an adapter changes and nobody gave, the current value: so that it is there to be checked and counted. */
function withBases(
  weights: readonly RefreshableWeight[],
  given: readonly GivenTensor[],
  changes: ReadonlyMap<string, Change>,
  current: AdapterOptions['current'],
): readonly GivenTensor[] {
  const names = new Set(given.map(({ name }) => name));
  const bases = weights.flatMap((weight): GivenTensor[] => {
    const { constName: name } = weight;
    const change = changes.get(name);
    if (names.has(name) || change === undefined) return [];
    const value = current(name) ?? (change.needsBase ? missing(weight, change.layers[0]?.path ?? '') : change.valueOf(EMPTY));
    return [{ ...(value as NamedTensor), name, source: 'the bundle' }];
  });
  return [...given, ...bases];
}

/** Factors take nothing from what was there. */
const EMPTY = {} as Tensor;

function squareWarnings(targets: readonly LoraTarget[]): readonly Problem[] {
  const squares = targets.filter((target): target is MergeTarget => target.kind === 'merge' && target.by.startsWith('square'));
  const [first] = squares;
  if (first === undefined) return [];
  const names = [...new Set(squares.map(({ weight }) => weight.constName))];
  const more = names.length > 1 ? ` (and ${names.length - 1} more)` : '';
  return [
    {
      code: 'LORA_SQUARE',
      message: `Weight "${first.weight.constName}"${more} is square, so that its shape does not say whether it is stored as [out, in] or [in, out]; taken as ${first.isTransposed ? '[in, out]' : '[out, in]'} (${first.by}).`,
      fix: 'Where that is wrong, say it with a map: {"from": "<layer>.weight", "to": "<weight>", "transpose": [1, 0]} for [in, out].',
    },
  ];
}
