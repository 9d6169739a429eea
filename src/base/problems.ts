// Several problems as one error: said at once, the first one in full.
import { AscendBundleError, ERROR_CODES, type ErrorCode, type Problem } from './errors.js';

/**
 * @param subject  what has the problems: `net.json`, `The selection`
 * @param code  of the error when the problems have different codes
 * @throws an error with the code that all problems share; nothing when there are none
 */
export function throwProblems(problems: readonly Problem[], subject: string, code: ErrorCode): void {
  const [first] = problems;
  if (first === undefined) return;
  const { message, fix, at } = first;
  const isShared = first.code in ERROR_CODES && problems.every((problem) => problem.code === first.code);
  const shared = isShared ? (first.code as ErrorCode) : code;
  if (problems.length === 1) throw new AscendBundleError(shared, { message, fix, at, problems });
  throw new AscendBundleError(shared, { message: `${subject} has ${problems.length} problems. The first: ${message}`, fix, at, problems });
}
