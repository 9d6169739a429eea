// Errors and warnings as a person reads them; the words are those of the JSON document.
import { AscendBundleError, type Problem } from '../../base/errors.js';
import { summaryOf } from '../../base/problems.js';
import type { Style } from '../style.js';
import { nativeLines } from './native.js';
import { printable } from './printable.js';

const SHOWN_PROBLEMS = 50;

export function errorText(error: unknown, style: Style): string {
  if (!(error instanceof AscendBundleError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${style.red('internal error')} (please report it): ${stack}`;
  }
  const { code, message, at, fix, problems, native } = error;
  const heading = `${style.red('error')} ${code}:`;
  if (problems.length < 2) {
    const more = native === undefined ? [] : nativeLines(native, message, style).map(indent);
    return [problemText(heading, { code, message, at, fix }, style), ...more].join('\n');
  }
  const shown = problems.slice(0, SHOWN_PROBLEMS);
  const more = problems.length - shown.length;
  return [
    `${heading} ${printable(summaryOf(error))}:`,
    ...shown.map((problem, i) => {
      // A fix that all problems share is said once, after the last of them.
      const isRepeated = problem.fix !== undefined && problem.fix === shown[i + 1]?.fix;
      return indent(problemText('-', isRepeated ? { ...problem, fix: undefined } : problem, style));
    }),
    ...(more > 0 ? [`  … and ${more} more; --json lists all of them.`] : []),
  ].join('\n');
}

export function warningText(problem: Problem, style: Style): string {
  return problemText(`${style.yellow('warning')} ${problem.code}:`, problem, style);
}

function problemText(heading: string, { message, at, fix }: Problem, style: Style): string {
  const place = at === undefined || message.includes(at) ? '' : ` ${style.dim(`(at ${printable(at)})`)}`;
  const lines = [`${heading} ${printable(message)}${place}`];
  if (fix !== undefined) lines.push(indent(printable(fix)));
  return lines.join('\n');
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}
