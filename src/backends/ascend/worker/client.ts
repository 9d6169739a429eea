// Starting a native process, the command line's side.
import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { fileError } from '../../../base/file-error.js';
import { startError } from './failures.js';
import { jobFolder, makeJobFolder, removeJobFolder } from './job-folder.js';
import type { NativeWorker, WorkerOptions } from './native-worker.js';
import { startGuard } from './process-group.js';
import { RunningWorker } from './running-worker.js';

export type { NativeWorker, RequestOptions, WorkerOptions } from './native-worker.js';

/** A process that is on its way: it loads itself while the caller does something else. */
export interface LaunchedWorker {
  /** The folder that the job's folder is in. */
  readonly parentFolder: string;
  /** Its working folder: what it is to read can be put there already. */
  readonly folder: string;
  /** @throws WORKER_FAILED when it does not start; FILE_IO, NATIVE_TIMEOUT, INTERRUPTED, TERMINATED; then nothing of it remains */
  ready(): Promise<NativeWorker>;
  /** For one that is not wanted after all. Never throws. */
  close(): Promise<void>;
}

/** @throws WORKER_FAILED, FILE_IO */
export function launchWorker(options: WorkerOptions): LaunchedWorker {
  const entry = options.entry ?? workerEntry();
  const { parentFolder = tmpdir() } = options;
  const job = randomUUID();
  const root = jobFolder(parentFolder, job);
  // Before there is anything to clean up: whatever ends this process from here on, nothing is left.
  const guard = startGuard(root, job);
  let worker: RunningWorker;
  try {
    makeJobFolder(root);
    worker = new RunningWorker(options, { entry, root, job, guard });
  } catch (error) {
    removeJobFolder(root);
    guard.dismiss();
    throw error;
  }
  return {
    parentFolder,
    folder: worker.folder,
    async ready() {
      try {
        if (options.trace !== undefined) beginTrace(options.trace);
        await worker.ready();
        return worker;
      } catch (error) {
        await worker.close();
        throw error;
      }
    },
    close: () => worker.close(),
  };
}

/** @throws WORKER_FAILED when it does not start; NATIVE_CRASH, NATIVE_TIMEOUT, INTERRUPTED, TERMINATED, FILE_IO */
export async function startWorker(options: WorkerOptions): Promise<NativeWorker> {
  return launchWorker(options).ready();
}

/** Here, where a path that cannot be written is the user's to hear of. */
function beginTrace(path: string): void {
  try {
    writeFileSync(path, '');
  } catch (cause) {
    throw fileError(path, cause, 'write');
  }
}

/** Beside the bundled command line and library, whose chunks are one folder below; and where the sources find what is built of them. */
function workerEntry(): string {
  const candidates = ['./worker.js', '../worker.js', '../../../../dist/worker.js'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) throw startError('dist/worker.js is missing', []);
  return found;
}
