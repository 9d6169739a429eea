// Which weight a layer of an adapter changes, and how the weight stands: as in torch, [out, in, …], or turned round.
import { AscendBundleError, type Problem } from '../../base/errors.js';
import { didYouMean, nearNames } from '../../base/near-names.js';
import { throwProblems } from '../../base/problems.js';
import { isFloat } from '../../graph/elements.js';
import type { RefreshableWeight } from '../../graph/refreshable.js';
import { describeSpec, elementCount, type Shape } from '../../graph/tensor.js';
import type { WeightMap } from '../apply-map.js';
import { bareName, tailsOf } from '../map/names.js';
import { listNames } from '../read.js';
import type { LoraLayer } from './adapter.js';

/** A layer whose product is added to one weight. */
export interface MergeTarget {
  readonly kind: 'merge';
  readonly layer: LoraLayer;
  readonly weight: RefreshableWeight;
  /** The weight is stored as [in, out]. */
  readonly isTransposed: boolean;
  /** How that was decided. */
  readonly by: string;
}

/** A layer whose factors are weights of their own. */
export interface FactorTarget {
  readonly kind: 'factors';
  readonly layer: LoraLayer;
  readonly down: RefreshableWeight;
  readonly up: RefreshableWeight;
}

export type LoraTarget = MergeTarget | FactorTarget;

/**
 * One target per layer. The name decides which weight; the shape how it stands; of a square one the map, else the other weights of
 * the adapter, else `fan_in_fan_out`, else torch's own order.
 *
 * @throws WEIGHT_UNKNOWN for layers without a weight, with near names; TENSOR_MISMATCH for a weight of another size. All at once
 */
export function findTargets(
  weights: readonly RefreshableWeight[],
  layers: readonly LoraLayer[],
  map: WeightMap | undefined,
): readonly LoraTarget[] {
  const names = nameIndex(weights, map);
  const problems: Problem[] = [];
  const found = layers.flatMap((layer): LoraTarget[] => {
    const [down, up] = [names.factor(layer, 'down'), names.factor(layer, 'up')];
    if (down !== undefined && up !== undefined) return [{ kind: 'factors', layer, down, up }];
    const candidates = names.weight(layer);
    const [weight, ...others] = candidates;
    if (weight === undefined || others.length > 0) {
      problems.push(weight === undefined ? unknownLayer(layer, weights) : ambiguousLayer(layer, candidates));
      return [];
    }
    const stands = orientations(layer, weight.spec.shape);
    if (stands.length === 0 || !isFloat(weight.spec.dtype)) {
      problems.push(misfitLayer(layer, weight));
      return [];
    }
    const told = names.transposed(layer, weight);
    const isTransposed = stands.length === 1 ? (stands[0] as boolean) : (told ?? layer.isEmbedding);
    const by = stands.length === 1 ? 'by its shape' : told !== undefined ? 'by the map' : layer.isEmbedding ? 'an embedding' : '';
    return [{ kind: 'merge', layer, weight, isTransposed, by }];
  });
  throwProblems(problems, 'The adapters', 'WEIGHT_UNKNOWN');
  return found.map((target) => (target.kind === 'merge' && target.by === '' ? decideSquare(target, found) : target));
}

/** A square weight says nothing of how it stands. */
function decideSquare(target: MergeTarget, all: readonly LoraTarget[]): MergeTarget {
  const told = all.filter((other): other is MergeTarget => other.kind === 'merge' && other.by === 'by its shape');
  const [first] = told;
  if (first !== undefined && told.every(({ isTransposed }) => isTransposed === first.isTransposed)) {
    return { ...target, isTransposed: first.isTransposed, by: 'square: as the other weights of the adapter stand' };
  }
  if (target.layer.fanInFanOut) return { ...target, isTransposed: true, by: 'square: by fan_in_fan_out of the adapter' };
  return { ...target, isTransposed: false, by: 'square: as in torch, [out, in]' };
}

/** false: [out, in, …kernel] fits; true: [in, out] does. A kernel of 1 × 1 may be left out. */
function orientations({ down, up }: LoraLayer, shape: Shape): readonly boolean[] {
  const [, inputs = 0, ...kernel] = down.shape;
  const [outputs = 0] = up.shape;
  const plain =
    shape[0] === outputs && elementCount(shape.slice(1)) === inputs * elementCount(kernel) && sameKernel(kernel, shape.slice(2));
  const isTurned = shape.length === 2 && elementCount(kernel) === 1 && shape[0] === inputs && shape[1] === outputs;
  return [...(plain && shape[1] === inputs ? [false] : []), ...(isTurned ? [true] : [])];
}

function sameKernel(kernel: Shape, actual: Shape): boolean {
  const [one, other] = [kernel, actual].map((dims) => (dims.every((dim) => dim === 1) ? '' : dims.join()));
  return one === other;
}

interface NameIndex {
  weight(layer: LoraLayer): readonly RefreshableWeight[];
  factor(layer: LoraLayer, role: 'down' | 'up'): RefreshableWeight | undefined;
  /** What the map says of how the weight stands. */
  transposed(layer: LoraLayer, weight: RefreshableWeight): boolean | undefined;
}

const FACTOR_ENDS = { down: ['lora_A', 'lora_A.default', 'lora_down'], up: ['lora_B', 'lora_B.default', 'lora_up'] } as const;

function nameIndex(weights: readonly RefreshableWeight[], map: WeightMap | undefined): NameIndex {
  const byName = new Map(weights.map((weight) => [weight.constName, weight]));
  const byBare = groupBy(weights, ({ constName }) => [bareName(constName)]);
  const byTail = groupBy(weights, ({ constName }) => tailsOf(bareName(constName)).slice(1));
  const byUnderscored = groupBy(weights, ({ constName }) => [underscored(constName)]);
  const mapped = groupBy(map?.entries ?? [], ({ from }) => [bareName(from), underscored(from)]);
  const fromMap = (layer: LoraLayer): readonly RefreshableWeight[] =>
    (mapped.get(keyOf(layer)) ?? []).flatMap(({ to }) => byName.get(to) ?? []);
  return {
    weight(layer) {
      const key = keyOf(layer);
      const ways = layer.isUnderscored
        ? [fromMap(layer), byUnderscored.get(key) ?? [], weights.filter(({ constName }) => isEnd(underscored(constName), key))]
        : [
            fromMap(layer),
            byBare.get(key) ?? [],
            byTail.get(key) ?? [],
            tailsOf(key)
              .slice(1)
              .flatMap((tail) => byBare.get(tail) ?? [])
              .slice(0, 1),
          ];
      return ways.find((found) => found.length > 0) ?? [];
    },
    factor(layer, role) {
      const tensor = layer[role];
      const entry = map?.entries.find(({ from }) => from === tensor.name);
      if (entry !== undefined) return byName.get(entry.to);
      const found = FACTOR_ENDS[role].flatMap((end) => {
        const name = `${layer.module}.${end}`;
        return layer.isUnderscored ? (byUnderscored.get(underscored(name)) ?? []) : (byBare.get(bareName(name)) ?? []);
      });
      return found.length === 1 ? found[0] : undefined;
    },
    transposed(layer, { constName }) {
      const entry = (mapped.get(keyOf(layer)) ?? []).find(({ to }) => to === constName);
      return entry === undefined ? undefined : entry.transpose?.join() === '1,0';
    },
  };
}

function keyOf({ module, isUnderscored }: LoraLayer): string {
  return isUnderscored ? module : bareName(module);
}

function underscored(name: string): string {
  return bareName(name).replaceAll('.', '_');
}

function isEnd(one: string, other: string): boolean {
  return one.endsWith(`_${other}`) || other.endsWith(`_${one}`);
}

function groupBy<T>(items: readonly T[], keys: (item: T) => readonly string[]): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    for (const key of new Set(keys(item))) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [item]);
      else group.push(item);
    }
  }
  return groups;
}

function unknownLayer({ module, path, isUnderscored }: LoraLayer, weights: readonly RefreshableWeight[]): Problem {
  const names = weights.map(({ constName }) => constName);
  const spelling = isUnderscored ? underscored : bareName;
  const near = nearNames(isUnderscored ? module : bareName(module), names.map(spelling));
  return {
    code: 'WEIGHT_UNKNOWN',
    message: `Layer "${module}" of ${path} is no updatable weight of the bundle.`,
    fix: didYouMean(
      names.filter((name) => near.includes(spelling(name))),
      `Its weights are: ${listNames(names)}. Where only the names differ, give a map.`,
    ),
  };
}

function ambiguousLayer({ module, path }: LoraLayer, candidates: readonly RefreshableWeight[]): Problem {
  return {
    code: 'WEIGHT_UNKNOWN',
    message: `Layer "${module}" of ${path} may be ${listNames(candidates.map(({ constName }) => constName))}.`,
    fix: 'Say which with a map: {"from": "<layer>.weight", "to": "<weight>"}.',
  };
}

function misfitLayer({ module, path, down, up }: LoraLayer, { constName, spec }: RefreshableWeight): Problem {
  return {
    code: 'TENSOR_MISMATCH',
    message: `Layer "${module}" of ${path} has the factors [${up.shape.join(', ')}] and [${down.shape.join(', ')}]; weight "${constName}" is ${describeSpec(spec)}.`,
    fix: isFloat(spec.dtype) ? 'The adapter is of another model.' : 'Only weights of floats can be changed by an adapter.',
  };
}

export function weightsMissing(weight: RefreshableWeight, path: string): AscendBundleError {
  return new AscendBundleError('WEIGHTS_NOT_INITIALIZED', {
    message: `${path} is added to weight "${weight.constName}", which has no value yet.`,
    fix: 'Give the weight too, or build the bundle with its init graph.',
  });
}
