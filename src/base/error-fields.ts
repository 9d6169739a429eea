// Errors and warnings as plain data: the same fields in the document of --json and in the replies of a session.
import { AscendBundleError, type ErrorClass, type NativeDetails, type Problem } from './errors.js';

export interface ProblemFields {
  readonly code: string;
  readonly message: string;
  readonly fix: string | null;
  readonly at: string | null;
}

export interface ErrorFields extends ProblemFields {
  readonly class: ErrorClass;
  /** All of them, where one file has several. */
  readonly problems: readonly ProblemFields[];
  /** Of a failure in the vendor's libraries. */
  readonly native?: NativeDetails | null;
  /** Of an internal error. */
  readonly stack?: string | null;
}

export function problemFields({ code, message, fix, at }: Problem): ProblemFields {
  return { code, message, fix: fix ?? null, at: at ?? null };
}

export function errorFields(error: unknown): ErrorFields {
  if (error instanceof AscendBundleError) {
    return { class: error.class, ...problemFields(error), problems: error.problems.map(problemFields), native: error.native ?? null };
  }
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? (error.stack ?? null) : null;
  return { class: 'internal', code: 'INTERNAL', message, fix: null, at: null, problems: [], stack };
}
