// Starting a native process, the command line's side.
import { existsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { fileError } from '../../../base/bytes.js';
import { startError } from './failures.js';
import { makeJobFolder, removeJobFolder } from './job-folder.js';
import type { NativeWorker, WorkerOptions } from './native-worker.js';
import { RunningWorker } from './running-worker.js';

export type { NativeWorker, RequestOptions, WorkerOptions } from './native-worker.js';

/** @throws WORKER_FAILED when it does not start; NATIVE_CRASH, NATIVE_TIMEOUT, INTERRUPTED, TERMINATED, FILE_IO */
export async function startWorker(options: WorkerOptions): Promise<NativeWorker> {
  const entry = options.entry ?? workerEntry();
  if (options.trace !== undefined) beginTrace(options.trace);
  const root = makeJobFolder(options.parentFolder ?? tmpdir());
  let worker: RunningWorker | undefined;
  try {
    worker = new RunningWorker(options, entry, root);
    await worker.ready();
    return worker;
  } catch (error) {
    if (worker === undefined) removeJobFolder(root);
    await worker?.close();
    throw error;
  }
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
