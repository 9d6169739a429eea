// Collects what is wrong with a file, so that everything is said at once.
import type { AscendBundleError, ErrorCode, Problem } from '../../base/errors.js';
import { type JsonPath, jsonPointer } from '../../base/json-text.js';
import { didYouMean, nearNames } from '../../base/near-names.js';
import { throwProblems } from '../../base/problems.js';

/** A message with near names costs a walk over all names; a file full of errors gets them for the first ones. */
const MOST_SUGGESTIONS = 20;

export class Problems {
  readonly #found: Problem[] = [];
  #suggestions = 0;

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
   * @throws GRAPH_INVALID with all problems, or the code that they share
   */
  throwAny(what: string): void {
    throwProblems(this.#found, what, 'GRAPH_INVALID');
  }
}
