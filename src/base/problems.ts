// Several problems as one error: all of them are in it, and its message gives the first in full.
import { AscendBundleError, ERROR_CODES, type ErrorCode, type Problem } from './errors.js';

const FIRST = '. The first: ';

/**
 * One problem is the error itself.
 *
 * @param problems  at least one
 * @param summary  what is said of several: `net.json has 3 problems`
 */
export function problemsError(code: ErrorCode, problems: readonly Problem[], summary: string): AscendBundleError {
  const [{ message, fix, at }] = problems as readonly [Problem];
  return new AscendBundleError(code, { message: problems.length === 1 ? message : `${summary}${FIRST}${message}`, fix, at, problems });
}

/** The summary alone, for where all problems are listed below it; the message of any other error. */
export function summaryOf({ message, problems }: AscendBundleError): string {
  return problems.length > 1 ? (message.split(FIRST, 1)[0] as string) : message;
}

/**
 * @param subject  what has the problems: `net.json`, `The selection`
 * @param code  of the error when the problems have different codes
 * @throws an error with the code that all problems share; nothing when there are none
 */
export function throwProblems(problems: readonly Problem[], subject: string, code: ErrorCode): void {
  const [first] = problems;
  if (first === undefined) return;
  const isShared = first.code in ERROR_CODES && problems.every((problem) => problem.code === first.code);
  throw problemsError(isShared ? (first.code as ErrorCode) : code, problems, `${subject} has ${problems.length} problems`);
}
