// The last words of a process that native code ends: ONNX Runtime runs in this one, and an operator that it does not expect (the smallest
// integer divided by -1, a recurrence over nothing) is a signal, not an exception. A shell waits beside it and speaks when it cannot.
import { spawn } from 'node:child_process';

export interface CrashWatch {
  /** What is printed when the process ends from now on without `dismiss`. */
  say(text: string): void;
  /** The process goes on alone, or ends by itself. */
  dismiss(): void;
}

/** $1 the descriptor to write to. A line replaces the one before; the end of the input after an empty one is silence. */
const SCRIPT = `
last=
while IFS= read -r line; do last=$line; done
[ -z "$last" ] || printf '%b\\n' "$last" >&"$1"
`;

/** It costs five milliseconds and a megabyte. Where there is no shell, the signal is all that is seen. */
export function startCrashWatch(to: 'stdout' | 'stderr'): CrashWatch {
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'ascend-bundle-watch', to === 'stdout' ? '1' : '2'], {
    stdio: ['pipe', 'inherit', 'inherit'],
    env: {},
  });
  shell.on('error', () => undefined);
  // Where too many files are open, Node has not even made the pipe.
  if (!shell.stdin) return { say: () => undefined, dismiss: () => undefined };
  shell.stdin.on('error', () => undefined);
  shell.unref();
  (shell.stdin as unknown as { unref?: () => void }).unref?.();
  // A short line into a pipe is on its way when this returns; native code may end the process right after.
  const send = (line: string): void => void shell.stdin.write(`${line}\n`);
  const dismiss = (): void => {
    process.off('exit', dismiss);
    send('');
  };
  process.on('exit', dismiss);
  // printf reads backslashes.
  return { say: (text) => send(text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')), dismiss };
}
