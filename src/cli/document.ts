// The one JSON document on stdout.
import { errorFields, problemFields } from '../base/error-fields.js';
import type { Problem } from '../base/errors.js';
import { toolVersion } from '../base/version.js';
import type { BackendInfo } from '../commands/verb.js';
import type { Timing } from './reporter.js';

export interface DocumentParts {
  readonly command: string | null;
  readonly exitCode: number;
  readonly backend?: BackendInfo | undefined;
  readonly result?: unknown;
  readonly timings?: readonly Timing[];
  readonly warnings?: readonly Problem[];
  readonly error?: unknown;
}

/** `ascend-bundle/result@1`. */
export function resultDocument({ command, exitCode, backend, result, timings = [], warnings = [], error }: DocumentParts): object {
  return {
    schema: 'ascend-bundle/result@1',
    command,
    ok: error === undefined,
    exitCode,
    tool: { version: toolVersion() },
    backend: backend ?? null,
    result: result ?? null,
    timings,
    warnings: warnings.map(problemFields),
    error: error === undefined ? null : errorFields(error),
  };
}
