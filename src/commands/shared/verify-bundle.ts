// A bundle just written is read back with our own reader before it gets its name.
import { AscendBundleError } from '../../base/errors.js';
import type { RefreshableWeight } from '../../graph/refreshable.js';
import { describeSpec, sameShape } from '../../graph/tensor.js';
import { openBundleAt } from './bundle.js';

export interface ExpectedBundle {
  readonly weights: readonly RefreshableWeight[];
  readonly withInit: boolean;
}

/**
 * Three graphs (two without init), and for every weight the Assign of the update graph with its dtype and shape.
 *
 * @throws BUNDLE_INVALID
 */
export function verifyBundle(path: string, { weights, withInit }: ExpectedBundle): void {
  const bundle = openBundleAt(path);
  const roles = bundle.submodels.map((submodel) => submodel.role).join(', ');
  const expected = withInit ? 'infer, init, update' : 'infer, update';
  if (roles !== expected) fail(`it has the graphs ${roles}; expected ${expected}`);
  for (const weight of weights) {
    const found = bundle.weights.find((candidate) => candidate.constName === weight.constName);
    if (found === undefined) fail(`weight "${weight.constName}" has no Assign in the update graph`);
    else if (found.updateIndex !== weight.updateIndex)
      fail(`weight "${weight.constName}" is input ${found.updateIndex} of the update graph; expected ${weight.updateIndex}`);
    else if (found.spec.dtype !== weight.spec.dtype || !sameShape(found.spec.shape, weight.spec.shape)) {
      fail(`weight "${weight.constName}" is ${describeSpec(found.spec)}; expected ${describeSpec(weight.spec)}`);
    }
  }
  if (bundle.weights.length !== weights.length) fail(`it has ${bundle.weights.length} weights; expected ${weights.length}`);
}

function fail(why: string): never {
  throw new AscendBundleError('BUNDLE_INVALID', {
    message: `The bundle that was just written does not read back as it should: ${why}. It was not kept.`,
    fix: 'This is a fault of the build, not of your graph; please report it with the graph.',
  });
}
