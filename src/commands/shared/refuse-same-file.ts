// An output that is what is read at the same time: --force is for files of before.
import { AscendBundleError } from '../../base/errors.js';
import { isSameFile } from '../../base/file-system.js';

/**
 * @param what  the input is, for the message: `the graph`
 * @param option  that the output was given with
 * @throws USAGE
 */
export function refuseSameFile(output: string, what: string, input: string, option = '-o'): void {
  if (!isSameFile(output, input)) return;
  throw new AscendBundleError('USAGE', {
    message: `The output ${output} is ${what} ${input} itself, which would be lost.`,
    fix: `Give another name with ${option}.`,
  });
}
