// What our reader says of a bundle and what AscendCL says of it must be the same; where they differ nothing is executed.
import { AscendBundleError } from '../../../base/errors.js';

export function disagree(why: string): AscendBundleError {
  return new AscendBundleError('BUNDLE_INVALID', {
    message: `The bundle and AscendCL disagree: ${why}.`,
    fix: 'Build the bundle again with the CANN that runs it.',
  });
}
