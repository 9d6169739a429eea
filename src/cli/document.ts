// The one JSON document on stdout, and the text of an error: the same words in both.
import { AscendBundleError, type Problem } from '../base/errors.js';
import type { BackendInfo } from '../commands/verb.js';
import type { Timing } from './reporter.js';
import type { Style } from './style.js';

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

const SHOWN_PROBLEMS = 50;

export function errorText(error: unknown, style: Style): string {
  if (!(error instanceof AscendBundleError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${style.red('internal error')} (please report it): ${stack}`;
  }
  const listed = error.problems.length > 1;
  // The message names the first problem for those who read nothing else; below it they are all listed.
  const message = listed ? error.message.replace(/ The first: .*$/s, '') : error.message;
  const lines = [
    `${style.red('error')} ${error.code}: ${message}${error.at === undefined || listed ? '' : style.dim(` (at ${error.at})`)}`,
  ];
  const problems = listed || error.problems[0]?.message !== error.message ? error.problems : [];
  for (const problem of problems.slice(0, SHOWN_PROBLEMS)) {
    lines.push(`  ${problem.at === undefined ? '' : `${style.dim(problem.at)}  `}${problem.message}`);
    if (problem.fix !== undefined) lines.push(`    ${style.dim(problem.fix)}`);
  }
  if (problems.length > SHOWN_PROBLEMS) lines.push(`  … and ${problems.length - SHOWN_PROBLEMS} more; --json lists all of them.`);
  const isSaid = problems.some((problem) => problem.fix === error.fix);
  if (error.fix !== undefined && !isSaid) lines.push(`  ${error.fix}`);
  return lines.join('\n');
}
