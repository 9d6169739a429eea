// From argv to an exit status: finds the verb, reads its options, runs it, and writes the result or the error.
import { errorFields } from '../base/error-fields.js';
import { AscendBundleError, EXIT_CODES } from '../base/errors.js';
import { fileError } from '../base/file-error.js';
import type { Outcome } from '../commands/verb.js';
import { normalizeArguments, wantsEvents, wantsJson } from './arguments.js';
import type { CrashWatch } from './crash-watch.js';
import { resultDocument } from './document.js';
import { eventLine } from './event.js';
import { jsonText } from './json.js';
import { findVerb, parseCommandLine } from './parse.js';
import { createReporter, type Reporter } from './reporter.js';
import { isStderrTerminal, stderr } from './stderr.js';
import { type ColorChoice, type Style, styleFor } from './style.js';
import { printableResult } from './text/printable.js';
import { errorText } from './text/problem.js';
import type { LoadedVerb } from './verbs.js';

/**
 * Runs one command line.
 *
 * @param argv  without node and the script
 * @returns the exit status
 */
export async function main(argv: readonly string[]): Promise<number> {
  process.stdout.on('error', endWithoutStdout);
  const isJson = wantsJson(argv);
  let command: string | null = null;
  let color: ColorChoice = 'auto';
  let reporter: Reporter | undefined;
  let watch: CrashWatch | undefined;
  const failureText = (error: unknown): string =>
    wantsEvents(argv) ? eventLine(null, 'error', { error: errorFields(error) }) : errorText(error, stderrStyle(color));
  try {
    const line = findVerb(argv);
    command = line.entry?.name ?? null;
    const parsed = await parseCommandLine({ ...line, args: normalizeArguments(line.args) });
    if (parsed.kind === 'text') {
      process.stdout.write(parsed.text);
      return 0;
    }
    const { loaded, values, globals } = parsed;
    color = globals.color;
    if (line.entry?.runsModels === true) watch = (await import('./crash-watch.js')).startCrashWatch(isJson ? 'stdout' : 'stderr');
    const foretell = (step?: string): void => {
      if (watch === undefined) return;
      // What runs on a device has a process of its own, whose end is told.
      if (reporter?.backend?.kind === 'ascend') return watch.say('');
      const error = crashError(command, step);
      watch.say(
        isJson
          ? jsonText(resultDocument({ command, exitCode: error.exitCode, ...reporter, error }))
          : // Below the spinner.
            `${isStderrTerminal() ? '\n' : ''}${failureText(error)}`,
      );
    };
    foretell();
    reporter = await createReporter({
      progress: globals.progress,
      isQuiet: globals.quiet === true,
      style: stderrStyle(color),
      stream: stderr,
      isTerminal: isStderrTerminal(),
      env: process.env,
      onStep: foretell,
    });
    const outcome = await loaded.verb.run(values, reporter);
    reporter.stop();
    const { result, error, isStreamed = false } = outcome;
    const exitCode = error?.exitCode ?? 0;
    if (isJson && !isStreamed) {
      process.stdout.write(`${jsonText(resultDocument({ command, exitCode, ...reporter, result, error }))}\n`);
      return exitCode;
    }
    if (!isStreamed) process.stdout.write(outcomeText(loaded, outcome, color));
    if (error !== undefined) stderr().write(`${failureText(error)}\n`);
    return exitCode;
  } catch (error) {
    reporter?.stop();
    const exitCode = error instanceof AscendBundleError ? error.exitCode : EXIT_CODES.internal;
    if (isJson) process.stdout.write(`${jsonText(resultDocument({ command, exitCode, ...reporter, error }))}\n`);
    else stderr().write(`${failureText(error)}\n`);
    return exitCode;
  } finally {
    watch?.dismiss();
  }
}

/** What is true when the process is gone before it could say anything. */
function crashError(command: string | null, step: string | undefined): AscendBundleError {
  const during = step === undefined ? '' : ` during the step "${step}"`;
  return new AscendBundleError('NATIVE_CRASH', {
    message: `ascend-bundle ${command} was ended by a signal${during}: ONNX Runtime crashed, or the system ended the process.`,
    fix: 'The status of the shell is 128 and the signal: 136 and 139 are a crash of an operator (look for empty tensors), 137 is often a lack of memory.',
  });
}

function outcomeText({ text }: LoadedVerb, outcome: Outcome<unknown>, color: ColorChoice): string {
  return outcome.raw ?? `${text(printableResult(outcome.result), styleFor(color, process.stdout, process.env))}\n`;
}

function stderrStyle(color: ColorChoice): Style {
  return styleFor(color, { isTTY: isStderrTerminal() }, process.env);
}

/** `ascend-bundle inspect x.om | head` ends without a word, with the status it has; a full disk behind `>` is an error like any other. */
export function endWithoutStdout(cause: NodeJS.ErrnoException): never {
  if (cause.code === 'EPIPE') process.exit();
  const error = fileError('stdout', cause, 'write');
  stderr().write(`${errorText(error, stderrStyle('auto'))}\n`);
  process.exit(error.exitCode);
}
