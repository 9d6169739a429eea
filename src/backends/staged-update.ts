// An update before it happens: everything that is given is compared with the bundle's weights, so that it happens whole or not at all.
import { AscendBundleError, type Problem } from '../base/errors.js';
import { didYouMean, nearNames } from '../base/near-names.js';
import type { BundleWeight } from '../formats/om/index.js';
import { decodeElements, isFloat } from '../graph/elements.js';
import { describeSpec, isEmpty, type Tensor } from '../graph/tensor.js';
import { requireSpec } from './require-spec.js';

export interface StagedUpdate {
  /** The weights that get a new value, in update order. */
  readonly updates: readonly { readonly weight: BundleWeight; readonly tensor: Tensor }[];
  /** Scalars that the update graph leaves as they are. */
  readonly warnings: readonly Problem[];
}

/**
 * @param hasValue  whether the session knows the value that a weight has: a static update graph takes all, so it must be sent again
 * @throws WEIGHT_UNKNOWN, WEIGHTS_MISSING for a static update graph, TENSOR_MISMATCH
 */
export function stageUpdate(
  weights: readonly BundleWeight[],
  given: ReadonlyMap<string, Tensor>,
  hasValue: (weight: BundleWeight) => boolean,
): StagedUpdate {
  refuseUnknownWeights(weights, given);
  const updates: { weight: BundleWeight; tensor: Tensor }[] = [];
  const warnings: Problem[] = [];
  for (const weight of weights) {
    const tensor = given.get(weight.constName);
    const isKept = tensor === undefined || (isEmpty(tensor) && !isEmpty(weight.spec));
    if (isKept && (weight.isConditional || hasValue(weight))) continue;
    if (tensor === undefined) throw missing(weight);
    requireSpec(`Weight "${weight.constName}"`, tensor, weight.spec);
    if (isSkipped(weight, tensor)) warnings.push(skippedWarning(weight));
    else updates.push({ weight, tensor });
  }
  return { updates, warnings };
}

/** @throws WEIGHT_UNKNOWN */
export function refuseUnknownWeights(weights: readonly BundleWeight[], given: ReadonlyMap<string, Tensor>): void {
  const names = weights.map(({ constName }) => constName);
  for (const name of given.keys()) {
    if (names.includes(name)) continue;
    throw new AscendBundleError('WEIGHT_UNKNOWN', {
      message: `"${name}" is not an updatable weight of the bundle.`,
      fix: didYouMean(nearNames(name, names), `Its weights are: ${names.join(', ')}.`),
    });
  }
}

function missing({ constName, spec }: BundleWeight): AscendBundleError {
  return new AscendBundleError('WEIGHTS_MISSING', {
    message: `Weight "${constName}" (${describeSpec(spec)}) was not given and has no value yet; the static update graph of this bundle takes all.`,
    fix: 'Add it to the update. Once every weight has a value, those that are not given keep it.',
  });
}

/** GE's If takes a scalar's value for its condition: a value of 0 (for floats, up to 1.2e-7) is not written. */
const SCALAR_ZERO = 1.2e-7;

function isSkipped({ spec, isConditional }: BundleWeight, tensor: Tensor): boolean {
  if (!isConditional || spec.shape.length > 0) return false;
  const value = Number(decodeElements(tensor)[0]);
  return isFloat(spec.dtype) ? Math.abs(value) <= SCALAR_ZERO : value === 0;
}

function skippedWarning({ constName }: BundleWeight): Problem {
  return {
    code: 'SCALAR_ZERO_SKIPPED',
    message: `Weight "${constName}" is a scalar and keeps its value: GE's update graph does not write a new value of 0, on the device or here.`,
    fix: 'Give the weight the shape [1] in the graph.',
  };
}
