// Several findings as one error: nothing is reported one at a time, so that one run shows all that is wrong.
import { AscendBundleError, ERROR_CODES, type ErrorCode, type Problem } from '../base/errors.js';

/**
 * One problem is the error itself; of several, the first gives the code, and the text has all of them.
 *
 * @param summary  the first line where there are several: `3 of 12 weights do not fit model.om`
 */
export function listProblems(problems: readonly Problem[], summary = `${problems.length} tensors do not fit`): AscendBundleError {
  const [first] = problems as readonly [Problem];
  const code = first.code in ERROR_CODES ? (first.code as ErrorCode) : 'TENSOR_MISMATCH';
  if (problems.length === 1) return new AscendBundleError(code, { ...first, problems });
  return new AscendBundleError(code, { message: `${summary}:`, problems });
}
