// What a native process is to those who ask it: a build, an opened bundle, a diagnosis.
import type { Problem } from '../../../base/errors.js';
import type { ReplyOf, RequestKind, RequestOf } from './protocol.js';

export interface WorkerOptions {
  /** The whole environment of the process: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** CANN's library folders, in the order to search them. */
  readonly libraryFolders: readonly string[];
  /** Where the job's folder is made; the system's folder for temporary files unless given. */
  readonly parentFolder?: string | undefined;
  /** Of each request, and of the start. No limit unless given. */
  readonly timeoutMs?: number | undefined;
  /** A file that is begun anew, for each native call as a JSON line. */
  readonly trace?: string | undefined;
  /** Ends the process and what it is asked. */
  readonly signal?: AbortSignal | undefined;
  /** The program; only for tests of other programs than dist/worker.js. */
  readonly entry?: string | undefined;
}

export interface RequestOptions {
  /** Instead of the worker's own. */
  readonly timeoutMs?: number | undefined;
  readonly onStep?: ((step: string) => void) | undefined;
  readonly onWarning?: ((warning: Problem) => void) | undefined;
}

export interface NativeWorker extends AsyncDisposable {
  readonly pid: number;
  /** Its working folder: put there what it is to read. */
  readonly folder: string;
  /**
   * Requests are answered one after the other.
   *
   * @throws what the handler throws; NATIVE_CRASH, NATIVE_TIMEOUT, INTERRUPTED, TERMINATED, after which the process is gone
   */
  request<K extends RequestKind>(request: RequestOf<K>, options?: RequestOptions): Promise<ReplyOf<K>>;
  /**
   * Releases what is open and ends the process; its folder stays. Never throws.
   *
   * @param warn  is told what could not be released
   */
  end(warn?: (warning: Problem) => void): Promise<void>;
  /** Ends it, where that has not begun. Its folder goes, unless a native failure is told in it. Never throws. */
  close(warn?: (warning: Problem) => void): Promise<void>;
}
