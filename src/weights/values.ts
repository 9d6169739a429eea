// What only the values of new weights tell: NaN and infinity, and what a cast loses. Reads all of them, in pieces.
import type { Problem } from '../base/errors.js';
import { atOnce } from '../base/pauses.js';
import { throwProblems } from '../base/problems.js';
import { castLosses } from '../graph/cast.js';
import { decodeElements, isFloat, isInteger } from '../graph/elements.js';
import { type NonFiniteElements, nonFiniteElements, type WatchedTensor, watchNonFinite } from '../graph/non-finite.js';
import type { Tensor } from '../graph/tensor.js';
import { describeSource, type PlannedTensor } from './compare.js';
import { elementIndex } from './element-index.js';
import { formatElement } from './elements-text.js';

/** A weight that was converted. */
export interface CastReport {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly elements: number;
  /** Finite values that became infinite. */
  readonly overflowed: number;
  /** Values other than 0 that became 0. */
  readonly underflowed: number;
  /** Other values that changed. */
  readonly rounded: number;
}

export interface ValueReport {
  /** What was converted, and what that lost. */
  readonly casts: readonly CastReport[];
  readonly warnings: readonly Problem[];
}

/** Those whose values are read as they are, to be looked at by the way. */
export function watchedTensors(tensors: ReadonlyMap<string, PlannedTensor>): ReadonlyMap<string, WatchedTensor> {
  const plain = [...tensors].filter(([, { uncast, dtype }]) => uncast === undefined && isFloat(dtype));
  return new Map(plain.map(([name, tensor]) => [name, watchNonFinite(tensor)]));
}

/**
 * @param watched  of them, what has been read already
 * @throws TENSOR_MISMATCH for integers that the weight's dtype does not hold
 */
export function examineValues(
  tensors: ReadonlyMap<string, PlannedTensor>,
  watched: ReadonlyMap<string, WatchedTensor> = new Map(),
): ValueReport {
  const casts: CastReport[] = [];
  const warnings: Problem[] = [];
  const problems: Problem[] = [];
  for (const [name, tensor] of tensors) {
    const what = `Weight "${name}" in ${describeSource(tensor)}`;
    // Of a cast tensor as it was given: what the cast makes infinite is told as its loss.
    const given = tensor.uncast ?? tensor;
    const watch = watched.get(name);
    const found = watch === undefined ? atOnce(nonFiniteElements(given)) : watch.nonFinite();
    if (found !== undefined) warnings.push(nonFiniteWarning(what, given, found));
    if (tensor.uncast === undefined) continue;
    const { firstOverflow, ...losses } = castLosses(tensor.uncast, tensor.dtype);
    const report = { name, from: tensor.uncast.dtype.name, to: tensor.dtype.name, ...losses };
    casts.push(report);
    if (isInteger(tensor.dtype) && losses.overflowed > 0) problems.push(rangeProblem(what, tensor.uncast, firstOverflow, report));
    else warnings.push(...lossWarnings(what, tensor.uncast, firstOverflow, report));
  }
  throwProblems(problems, 'The update', 'TENSOR_MISMATCH');
  return { casts, warnings };
}

function nonFiniteWarning(what: string, { shape }: Tensor, { count, place }: NonFiniteElements): Problem {
  return {
    code: 'WEIGHT_NOT_FINITE',
    message: `${what} has ${count} ${count === 1 ? 'value' : 'values'} that ${count === 1 ? 'is' : 'are'} NaN or infinite, the first at [${elementIndex(place, shape).join(', ')}].`,
    fix: 'Look at how the weights were made; everything that depends on them will be NaN or infinite too.',
  };
}

/** Rounding is what a cast is for, and is only counted; a value that is lost altogether is worth a warning. */
function lossWarnings(what: string, tensor: Tensor, first: number, { to, elements, overflowed, underflowed }: CastReport): Problem[] {
  const warnings: Problem[] = [];
  if (overflowed > 0) {
    warnings.push({
      code: 'CAST_OVERFLOW',
      message: `${what}: ${overflowed} of ${elements} values are too large for ${to} and become infinite, the first ${placeOf(tensor, first)}.`,
      fix: 'Scale the weights, or build the bundle with a wider dtype.',
    });
  }
  if (underflowed > 0) {
    warnings.push({
      code: 'CAST_UNDERFLOW',
      message: `${what}: ${underflowed} of ${elements} values are too small for ${to} and become 0.`,
      fix: 'Where they matter, scale the weights, or build the bundle with a wider dtype.',
    });
  }
  return warnings;
}

function rangeProblem(what: string, tensor: Tensor, first: number, { to, elements, overflowed }: CastReport): Problem {
  return {
    code: 'TENSOR_MISMATCH',
    message: `${what}: ${overflowed} of ${elements} values are outside ${to}, the first ${placeOf(tensor, first)}.`,
    fix: 'An integer is cast only where it keeps its value. Correct the weights, or build the bundle with a wider dtype.',
  };
}

/** `70000 at [0, 3]` */
function placeOf(tensor: Tensor, place: number): string {
  const bytes = tensor.dtype.bits / 8;
  const one = { ...tensor, shape: [1], data: tensor.data.slice(place * bytes, (place + 1) * bytes) };
  const [value] = decodeElements(one);
  return `${value === undefined ? '' : formatElement(tensor.dtype, value)} at [${elementIndex(place, tensor.shape).join(', ')}]`;
}
