// Whether a tensor is what the bundle wants; nothing is cast, reshaped or broadcast to make it so.
import type { Problem } from '../base/errors.js';
import { throwProblems } from '../base/problems.js';
import { describeSpec, elementCount, fitsShape, isStatic, sameShape, type TensorSpec } from '../graph/tensor.js';

/**
 * @param what  the tensor and where it comes from: `Weight "w" in new.safetensors`
 * @param owner  whose spec it is: `the bundle`
 * @returns the problem, or undefined when dtype and shape fit
 */
export function misfit(what: string, actual: TensorSpec, expected: TensorSpec, owner: string): Problem | undefined {
  if (actual.dtype === expected.dtype && fitsShape(actual.shape, expected.shape)) return undefined;
  return {
    code: 'TENSOR_MISMATCH',
    message: `${what} is ${describeSpec(actual)}; ${owner} has ${describeSpec(expected)}.`,
    fix: remedy(actual, expected),
  };
}

function remedy(actual: TensorSpec, expected: TensorSpec): string {
  const save = `save it as ${expected.dtype.name}`;
  const reshape = actual.dtype === expected.dtype ? '' : ` and ${save}`;
  if (fitsShape(actual.shape, expected.shape)) return `${capital(save)}.`;
  if (actual.shape.length > 1 && sameShape([...actual.shape].reverse(), expected.shape)) return `Transpose it${reshape}.`;
  if (isStatic(expected.shape) && elementCount(actual.shape) === elementCount(expected.shape)) {
    return `Reshape it to [${expected.shape.join(', ')}]${reshape}.`;
  }
  return 'Give a tensor of that shape, or rebuild the bundle with the new one.';
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** @throws TENSOR_MISMATCH */
export function requireFit(what: string, actual: TensorSpec, expected: TensorSpec, owner: string): void {
  const problem = misfit(what, actual, expected, owner);
  if (problem !== undefined) throwProblems([problem], what, 'TENSOR_MISMATCH');
}
