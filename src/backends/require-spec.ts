// Whether a tensor is what the bundle has; nothing is cast or reshaped to make it so.
import { AscendBundleError } from '../base/errors.js';
import { describeSpec, fitsShape, type TensorSpec } from '../graph/tensor.js';

/**
 * @param what  the tensor: `Weight "w"`
 * @throws TENSOR_MISMATCH
 */
export function requireSpec(what: string, actual: TensorSpec, expected: TensorSpec): void {
  if (actual.dtype === expected.dtype && fitsShape(actual.shape, expected.shape)) return;
  throw new AscendBundleError('TENSOR_MISMATCH', {
    message: `${what} is ${describeSpec(actual)}; the bundle has ${describeSpec(expected)}.`,
    fix: 'Convert the tensor, or build the bundle again with the new dtype and shape.',
  });
}
