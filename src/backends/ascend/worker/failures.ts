// What a native process dies of, in words: a signal, a symbol that the linker cannot find, the time limit, the user.
import { AscendBundleError, type NativeDetails, type Problem } from '../../../base/errors.js';
import type { CallRecord } from '../native/trace.js';
import type { SentError } from './protocol.js';

export interface Ending {
  /** The call that had begun and not ended. */
  readonly underWay: CallRecord | undefined;
  /** The last lines that it printed. */
  readonly output: readonly string[];
  /** Where its logs are. */
  readonly folder: string;
}

export interface Exit extends Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What the dynamic linker ends a process with when a call has no target. */
const LINKER_EXIT = 127;

export function crashError(exit: Exit): AscendBundleError {
  const { code, signal, output } = exit;
  const native = details(exit, signal);
  const at = native.call ?? undefined;
  const where = at === undefined ? 'outside any call' : `in ${at}`;
  const symbol = code === LINKER_EXIT ? /symbol lookup error: (\S+): undefined symbol: (\S+)/.exec(output.join('\n')) : null;
  if (symbol !== null) {
    return new AscendBundleError('SYMBOL_MISSING', {
      message: `${symbol[1]} needs the function ${symbol[2]}, which no library has; that ended the native process ${where}.`,
      fix: 'Libraries of different CANN versions are mixed: `ascend-bundle doctor` shows which folders are searched.',
      at: symbol[2],
      native,
    });
  }
  const how = signal === null ? `ended with status ${code}` : `crashed with ${signal}`;
  return new AscendBundleError('NATIVE_CRASH', {
    message: `The native process ${how} ${where}.`,
    fix: CAUSES[signal ?? '']?.(native.call ?? '') ?? 'The last lines it printed and its logs may say why.',
    at,
    native,
  });
}

/** By signal, and by the call that was under way. */
const CAUSES: Readonly<Record<string, (call: string) => string>> = {
  SIGKILL: (call) => `Was it the lack of memory (see dmesg)?${COMPILES.test(call) ? FEWER_COMPILERS : ''}`,
  SIGBUS: () => 'A disk that is full does this to a file in memory; so does damaged memory.',
};
const COMPILES = /^aclgrph/;
const FEWER_COMPILERS = ' Fewer compilers at once need less: set TE_PARALLEL_COMPILER=1.';

export function timeoutError({ timeoutMs, ...ending }: Ending & { readonly timeoutMs: number }): AscendBundleError {
  const native = details(ending, null);
  const seconds = `${timeoutMs / 1000} s`;
  return new AscendBundleError('NATIVE_TIMEOUT', {
    message: `${native.call ?? 'The native process'} did not come back within ${seconds}, and was ended.`,
    fix: 'Allow more with --timeout; its logs tell how far it came.',
    at: native.call ?? undefined,
    native,
  });
}

export function interruptedError(signal: NodeJS.Signals): AscendBundleError {
  return new AscendBundleError(signal === 'SIGTERM' ? 'TERMINATED' : 'INTERRUPTED', {
    message: 'Interrupted; the native process was ended, and nothing of it was left behind.',
  });
}

/** What was asked is done: the driver takes back what the process leaves. */
export function releaseWarning(failure: string): Problem {
  return {
    code: 'RELEASE_FAILED',
    message: `After the results were complete, CANN failed to release what it held: ${failure.replace(/\.$/, '')}.`,
    fix: 'The results are good. Where a device stays busy, see npu-smi info.',
  };
}

export function startError(reason: string, output: readonly string[]): AscendBundleError {
  const isWithoutFfi = /ffi-rs/.test(reason);
  return new AscendBundleError('WORKER_FAILED', {
    message: `The native process cannot start: ${[reason, ...output].join('\n')}`,
    fix: isWithoutFfi ? 'Install the package again, with its optional dependencies, on the machine that runs it.' : undefined,
  });
}

/** An error as it was thrown in the process. */
export function raised(sent: SentError): Error {
  if (sent.kind === 'ours') return new AscendBundleError(sent.code, sent);
  const error = new Error(sent.message);
  error.stack = sent.stack;
  return error;
}

function details({ underWay, output, folder }: Ending, signal: NodeJS.Signals | null): NativeDetails {
  return {
    call: underWay?.call ?? null,
    arguments: underWay?.arguments ?? {},
    family: null,
    status: null,
    name: null,
    text: null,
    log: output,
    signal,
    folder,
  };
}
