// What every session refuses, in one wording for all backends.
import { AscendBundleError } from '../base/errors.js';
import { didYouMean, nearNames } from '../base/near-names.js';
import { describeSpec, type NamedSpec, type Tensor } from '../graph/tensor.js';
import { requireSpec } from './require-spec.js';

/**
 * What is given, in the order of the model's inputs.
 *
 * @throws INPUT_MISSING, INPUT_UNKNOWN, TENSOR_MISMATCH
 */
export function requireInputs(specs: readonly NamedSpec[], given: ReadonlyMap<string, Tensor>): readonly Tensor[] {
  const names = specs.map(({ name }) => name);
  for (const name of given.keys()) {
    if (names.includes(name)) continue;
    throw new AscendBundleError('INPUT_UNKNOWN', {
      message: `"${name}" is not an input of the model.`,
      fix: didYouMean(nearNames(name, names), `Its inputs are: ${names.join(', ') || '(none)'}.`),
    });
  }
  return specs.map((spec) => {
    const tensor = given.get(spec.name) ?? missingInput(spec);
    requireSpec(`Input "${spec.name}"`, tensor, spec);
    return tensor;
  });
}

function missingInput(spec: NamedSpec): never {
  throw new AscendBundleError('INPUT_MISSING', {
    message: `Input "${spec.name}" (${describeSpec(spec)}) was not given.`,
    fix: 'Give a tensor for every input of the model.',
  });
}

export function builtWithoutInit(path: string): AscendBundleError {
  return new AscendBundleError('WEIGHTS_NOT_INITIALIZED', {
    message: `${path} was built with --no-init: its weights have no built-in values.`,
    fix: 'Give all of them in an update.',
  });
}

export function weightsWithoutValue(path: string, names: readonly string[]): AscendBundleError {
  return new AscendBundleError('WEIGHTS_NOT_INITIALIZED', {
    message: `${path} was built with --no-init, and these weights have no value yet: ${names.join(', ')}.`,
    fix: 'Give all of them in an update before the first inference: run --update, or "op": "update" in a session.',
  });
}

export function sessionClosed(path: string): AscendBundleError {
  return new AscendBundleError('USAGE', { message: `${path} has been closed.`, fix: 'Open it again.' });
}
