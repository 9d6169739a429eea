// Errors of a file, told again with the name of the input or weight that the file was given for.
import { AscendBundleError } from '../base/errors.js';

/** Runs `work`; an error of ours gets `what` (`Input "x"`) in front of its message. */
export function forThe<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof AscendBundleError) || error.message.includes(what)) throw error;
    const { code, message, fix, at, problems } = error;
    throw new AscendBundleError(code, { message: `${what}: ${message}`, fix, at, problems, cause: error });
  }
}
