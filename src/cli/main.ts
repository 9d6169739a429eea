// From argv to an exit status: finds the verb, reads its options, runs it, and writes the result or the error.
import { readFileSync } from 'node:fs';
import { AscendBundleError, EXIT_CODES } from '../base/errors.js';
import type { Outcome } from '../commands/verb.js';
import { normalizeArguments } from './arguments.js';
import { errorText, jsonText, resultDocument } from './document.js';
import { createReporter, type Reporter } from './reporter.js';
import { styleFor } from './style.js';
import type { LoadedVerb } from './verbs.js';

/**
 * Runs one command line.
 *
 * @param argv  without node and the script
 * @returns the exit status
 */
export async function main(argv: readonly string[]): Promise<number> {
  endQuietlyWhenTheReaderHasGone();
  // Known before parsing, because a mistake in the options must be reported as JSON too.
  const wantsJson = argv.includes('--json');
  const version = readVersion();
  let command: string | null = null;
  let reporter: Reporter | undefined;
  try {
    const { parseCommandLine } = await import('./parse.js');
    const parsed = await parseCommandLine(normalizeArguments(argv), version);
    if (parsed.kind === 'text') {
      process.stdout.write(parsed.text);
      return 0;
    }
    const { loaded, values, globals } = parsed;
    command = loaded.verb.name;
    reporter = await createReporter({
      progress: globals.progress,
      isQuiet: globals.quiet === true,
      style: styleFor(globals.color, process.stderr, process.env),
      stream: process.stderr,
    });
    const outcome = await loaded.verb.run(values, reporter);
    reporter.stop();
    process.stdout.write(wantsJson ? outcomeJson(loaded, outcome, reporter, version) : outcomeText(loaded, outcome, globals.color));
    if (outcome.error === undefined) return 0;
    if (!wantsJson) process.stderr.write(`${errorText(outcome.error, styleFor(globals.color, process.stderr, process.env))}\n`);
    return outcome.error.exitCode;
  } catch (error) {
    reporter?.stop();
    const exitCode = error instanceof AscendBundleError ? error.exitCode : EXIT_CODES.internal;
    if (wantsJson) {
      const { timings, warnings } = reporter ?? {};
      const parts = { command, exitCode, version, error, ...(timings && { timings }), ...(warnings && { warnings }) };
      process.stdout.write(`${jsonText(resultDocument(parts))}\n`);
    } else {
      process.stderr.write(`${errorText(error, styleFor('auto', process.stderr, process.env))}\n`);
    }
    return exitCode;
  }
}

function outcomeJson({ verb }: LoadedVerb, outcome: Outcome<unknown>, { timings, warnings }: Reporter, version: string): string {
  const exitCode = outcome.error?.exitCode ?? 0;
  return `${jsonText(resultDocument({ command: verb.name, exitCode, version, timings, warnings, ...outcome }))}\n`;
}

function outcomeText({ text }: LoadedVerb, outcome: Outcome<unknown>, color: Parameters<typeof styleFor>[0]): string {
  return outcome.raw ?? `${text(outcome.result, styleFor(color, process.stdout, process.env))}\n`;
}

function readVersion(): string {
  return (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version;
}

/** `ascend-bundle inspect x.om | head` ends without a stack trace. */
function endQuietlyWhenTheReaderHasGone(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}
