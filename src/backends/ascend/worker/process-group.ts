// Ending a native process with all that it started. GE's operator compilers are processes of their own: most are in the group of the
// one that started them, and the rest are known by a word in their environment.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** In the environment of the native process, and so of everything that it starts. */
export const JOB_VARIABLE = 'ASCEND_BUNDLE_JOB';

/**
 * Kills the process, its group, and what left the group but still carries the job's name.
 *
 * @param job  the value of JOB_VARIABLE
 */
export function killAll(pid: number, job: string): void {
  kill(-pid);
  for (const other of processesOf(job)) kill(other);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself (ESRCH).
  }
}

function processesOf(job: string): readonly number[] {
  const word = `${JOB_VARIABLE}=${job}`;
  return pids().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(word);
    } catch {
      // Of another user, or gone.
      return false;
    }
  });
}

function pids(): readonly number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    // No /proc: the group was killed, which is all that can be known.
    return [];
  }
}

const EXIT_MS = 5000;
const LOOKS = 15;
const LOOK_MS = 20;

/**
 * Waits until a killed process is gone, and for a moment until its group is: what has ended is only gone when its parent takes note,
 * and in some containers the last parent never does.
 *
 * @param exit  of the process that leads the group
 */
export async function groupEnd(exit: Promise<void>, pid: number): Promise<void> {
  // One that waits in the kernel for a broken device cannot even be killed; it must not take us with it.
  await Promise.race([exit, wait(EXIT_MS, undefined, { ref: false })]);
  for (let look = 0; look < LOOKS && isGroupThere(pid); look++) await wait(LOOK_MS);
}

function isGroupThere(pid: number): boolean {
  try {
    return pid !== 0 && process.kill(-pid, 0);
  } catch {
    // ESRCH.
    return false;
  }
}

export interface Guard {
  /** The process has started. */
  watch(pid: number): void;
  /** It has ended, and the folder was looked after. */
  dismiss(): void;
}

/** $1 the folder, $2 the word of the job. A line is the group, or that all is done; the end of the input without that: we died. */
const GUARD_SCRIPT = `
group=
while IFS= read -r line; do
  [ "$line" = done ] && exit
  group=$line
done
[ -n "$group" ] && kill -KILL -- "-$group"
for file in $(grep -lsF -- "$2" /proc/[0-9]*/environ); do pid=\${file#/proc/}; kill -KILL "\${pid%/environ}"; done
rm -rf -- "$1"; sleep 0.2; rm -rf -- "$1"
`;

/**
 * The kernel ends the native process when this one is killed, but not its children, and nobody would remove the folder. A shell waits
 * for that: it costs a few milliseconds and a megabyte.
 *
 * @param folder  need not be there yet; an absolute path
 */
export function startGuard(folder: string, job: string): Guard {
  const guard = spawn('/bin/sh', ['-c', GUARD_SCRIPT, 'ascend-bundle-guard', folder, `${JOB_VARIABLE}=${job}`], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
    cwd: '/',
  });
  // Without a shell the kernel's signal is what remains.
  guard.on('error', () => undefined);
  // Where too many files are open, Node has not even made the pipe.
  if (!guard.stdin) return { watch: () => undefined, dismiss: () => undefined };
  guard.stdin.on('error', () => undefined);
  guard.unref();
  (guard.stdin as unknown as { unref?: () => void }).unref?.();
  return { watch: (pid) => void guard.stdin.write(`${pid}\n`), dismiss: () => void guard.stdin.end('done\n') };
}
