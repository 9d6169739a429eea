// The one JSON document on stdout.
import { AscendBundleError, type Problem } from '../base/errors.js';
import type { BackendInfo } from '../commands/verb.js';
import type { Timing } from './reporter.js';

export interface DocumentParts {
  readonly command: string | null;
  readonly exitCode: number;
  readonly version: string;
  readonly backend?: BackendInfo | undefined;
  readonly result?: unknown;
  readonly timings?: readonly Timing[];
  readonly warnings?: readonly Problem[];
  readonly error?: unknown;
}

/** `ascend-bundle/result@1`. */
export function resultDocument({ command, exitCode, version, backend, result, timings = [], warnings = [], error }: DocumentParts): object {
  return {
    schema: 'ascend-bundle/result@1',
    command,
    ok: error === undefined,
    exitCode,
    tool: { version },
    backend: backend ?? null,
    result: result ?? null,
    timings,
    warnings: warnings.map(problemFields),
    error: error === undefined ? null : errorFields(error),
  };
}

function problemFields({ code, message, fix, at }: Problem): object {
  return { code, message, fix: fix ?? null, at: at ?? null };
}

function errorFields(error: unknown): object {
  if (!(error instanceof AscendBundleError)) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      class: 'internal',
      code: 'INTERNAL',
      message,
      fix: null,
      at: null,
      problems: [],
      stack: error instanceof Error ? error.stack : null,
    };
  }
  return { class: error.class, ...problemFields(error), problems: error.problems.map(problemFields) };
}

/** 64-bit integers beyond 2^53 as strings; infinities as JSON has none. */
export function jsonText(document: object): string {
  return JSON.stringify(document, (_, value) => (typeof value === 'bigint' ? String(value) : value), 2);
}
