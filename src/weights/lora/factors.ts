// Factors that the bundle keeps as weights of their own: those of all adapters side by side, and zeros up to the rank it was built for.
import { memoryBytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { castFloats } from '../../graph/cast.js';
import { elementsOf, floatValues } from '../../graph/elements.js';
import { describeSpec, elementCount, type NamedTensor, type Tensor } from '../../graph/tensor.js';
import type { FactorTarget } from './targets.js';

export interface FactorValues {
  readonly down: Tensor;
  readonly up: Tensor;
  readonly isTransposed: boolean;
  readonly rank: number;
  readonly builtRank: number;
}

/**
 * up · down over the built rank is the sum of all products: the scales are in the up factor.
 *
 * @param targets  of one pair of weights
 * @throws TENSOR_MISMATCH where the ranks together are more than the built one, or the sizes differ
 */
export function factorValues(targets: readonly [FactorTarget, ...FactorTarget[]]): FactorValues {
  const [{ layer, down, up }] = targets;
  const rank = targets.reduce((sum, target) => sum + target.layer.rank, 0);
  const inputs = elementCount(layer.down.shape.slice(1));
  const outputs = layer.up.shape[0] as number;
  const [a, b] = [down.spec.shape, up.spec.shape];
  const [downCount, upCount] = [elementCount(a), elementCount(b)];
  const isSame = targets.every((one) => elementCount(one.layer.down.shape.slice(1)) === inputs && one.layer.up.shape[0] === outputs);
  const fits = (first: number, second: number): boolean => downCount === first * inputs && upCount === second * outputs && first === second;
  const plain = a[0] ?? 0;
  const turned = b[0] ?? 0;
  const isPlain = fits(plain, downCount / inputs) && b[0] === outputs && fits(plain, upCount / outputs);
  const isTransposed = !isPlain && a.length === 2 && a[0] === inputs && a[1] === turned && b[1] === outputs;
  const builtRank = isPlain ? plain : turned;
  if (!isSame || !(isPlain || isTransposed) || rank > builtRank)
    throw misfit(targets, rank, isPlain || isTransposed ? builtRank : undefined);
  return {
    rank,
    builtRank,
    isTransposed,
    down: place(
      down.spec,
      targets.map(({ layer: one }) => numbers(one.down)),
      { rank: builtRank, width: inputs, isRankFirst: !isTransposed, isRankMajor: true },
    ),
    up: place(
      up.spec,
      targets.map(({ layer: one }) => numbers(one.up).map((value) => value * one.scale)),
      { rank: builtRank, width: outputs, isRankFirst: isTransposed, isRankMajor: false },
    ),
  };
}

function numbers(tensor: NamedTensor): Float64Array {
  return new Float64Array(floatValues(elementsOf(tensor), tensor.dtype));
}

interface Place {
  readonly rank: number;
  readonly width: number;
  /** The weight is [rank, width], not [width, rank]. */
  readonly isRankFirst: boolean;
  /** The factors are [rank, width], not [width, rank]. */
  readonly isRankMajor: boolean;
}

function place(
  { dtype, shape }: FactorTarget['down']['spec'],
  factors: readonly Float64Array[],
  { rank, width, isRankFirst, isRankMajor }: Place,
): Tensor {
  const out = new Float64Array(rank * width);
  let base = 0;
  for (const factor of factors) {
    const own = factor.length / width;
    for (let k = 0; k < own; k++) {
      for (let i = 0; i < width; i++) {
        const value = factor[isRankMajor ? k * width + i : i * own + k] as number;
        out[isRankFirst ? (base + k) * width + i : i * rank + base + k] = value;
      }
    }
    base += own;
  }
  const cast = castFloats(out, dtype);
  return { dtype, shape, data: memoryBytes(new Uint8Array(cast.buffer, cast.byteOffset, cast.byteLength)) };
}

function misfit(
  [{ layer, down, up }]: readonly [FactorTarget, ...FactorTarget[]],
  rank: number,
  builtRank: number | undefined,
): AscendBundleError {
  const factors = `"${down.constName}" is ${describeSpec(down.spec)} and "${up.constName}" is ${describeSpec(up.spec)}`;
  return new AscendBundleError('TENSOR_MISMATCH', {
    message:
      builtRank !== undefined && rank > builtRank
        ? `Layer "${layer.module}" of ${layer.path} needs the rank ${rank}; the bundle was built for ${builtRank} (${factors}).`
        : `Layer "${layer.module}" of ${layer.path} has the factors [${layer.down.shape.join(', ')}] and [${layer.up.shape.join(', ')}]; ${factors}.`,
    fix:
      builtRank !== undefined && rank > builtRank
        ? 'Give fewer adapters, or build the bundle with a larger rank.'
        : 'The adapter is of another model.',
  });
}
