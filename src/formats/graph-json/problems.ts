// Collects what is wrong with a file, so that everything is said at once.
import { AscendBundleError, ERROR_CODES, type ErrorCode, type Problem } from '../../base/errors.js';
import { type JsonPath, jsonPointer } from '../../base/json-text.js';
import { didYouMean, nearNames } from '../../base/near-names.js';

/** A message with near names costs a walk over all names; a file full of errors gets them for the first ones. */
const MOST_SUGGESTIONS = 20;

export class Problems {
  readonly #found: Problem[] = [];
  #suggestions = 0;

  get count(): number {
    return this.#found.length;
  }

  add(path: JsonPath, message: string, fix?: string, code: ErrorCode = 'GRAPH_INVALID'): void {
    this.#found.push({ code, message, at: jsonPointer(path), fix });
  }

  /** An error that something below has thrown about the thing at `path`. */
  addError(path: JsonPath, error: AscendBundleError): void {
    this.add(path, error.message, error.fix, error.code);
  }

  /** `Did you mean "x"?`, else `otherwise`. */
  suggest(name: string, candidates: () => Iterable<string>, otherwise?: string): string | undefined {
    return this.#suggestions++ < MOST_SUGGESTIONS ? didYouMean(nearNames(name, candidates()), otherwise) : otherwise;
  }

  /**
   * @param what  names the file
   * @throws GRAPH_INVALID with all problems, or the code of a problem that is alone
   */
  throwAny(what: string): void {
    const [first] = this.#found;
    if (first === undefined) return;
    const problems = this.#found;
    const { message, fix, at } = first;
    if (problems.length === 1 && first.code in ERROR_CODES)
      throw new AscendBundleError(first.code as ErrorCode, { message, fix, at, problems });
    throw new AscendBundleError('GRAPH_INVALID', {
      message: `${what} has ${problems.length} problems. The first: ${message}`,
      fix,
      at,
      problems,
    });
  }
}
