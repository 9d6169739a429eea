// How a native process is started.
import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { scratchFileError } from '../../../base/temporary-folder.js';
import type { JobPaths } from './job-folder.js';
import { JOB_VARIABLE } from './process-group.js';

export interface ForkParts {
  /** The program. */
  readonly entry: string;
  readonly paths: JobPaths;
  readonly env: Readonly<Record<string, string>>;
  /** Marks it and all that it starts. */
  readonly job: string;
}

/** @throws FILE_IO */
export function forkWorker({ entry, paths, env, job }: ForkParts): ChildProcess {
  // Append: what many processes print lands behind each other, and the file can be shortened under them.
  const output = openOutput(paths.output);
  try {
    return fork(entry, [String(process.pid)], {
      cwd: paths.work,
      env: {
        ...env,
        // The user's own, for his own programs: a debugger's port, an agent that reports, a smaller heap.
        NODE_OPTIONS: undefined,
        // It speaks to nobody, and reading a whole list of certificates takes 40 ms.
        NODE_EXTRA_CA_CERTS: undefined,
        [JOB_VARIABLE]: job,
        ASCEND_PROCESS_LOG_PATH: paths.processLog,
        // Otherwise lines are lost while the log's buffer is full.
        ASCEND_LOG_SYNC_SAVE: '1',
      },
      // The same of the command line's own arguments.
      execArgv: [],
      serialization: 'advanced',
      // Its own group, so that all it starts can be ended with it, and a Ctrl-C reaches it through us alone.
      detached: true,
      // Native code writes to 1 and 2 directly and without end: a file never blocks it and fills no memory of ours.
      stdio: ['ignore', output, output, 'ipc'],
    });
  } finally {
    closeSync(output);
  }
}

function openOutput(path: string): number {
  try {
    return openSync(path, 'a');
  } catch (cause) {
    throw scratchFileError(path, cause);
  }
}
