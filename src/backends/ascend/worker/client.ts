// The command line's side of the native process: starts it, asks it, and makes sure that nothing of it remains.
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { fileError } from '../../../base/bytes.js';
import { AscendBundleError, type NativeDetails, type Problem } from '../../../base/errors.js';
import { callUnderWay, traceUnfinished } from '../native/trace.js';
import { crashError, type Ending, interruptedError, raised, startError, timeoutError } from './failures.js';
import { dropLargeFiles, jobPaths, makeJobFolder, outputTail, removeJobFolder } from './job-folder.js';
import { limitOutput } from './output-limit.js';
import { groupEnd, JOB_VARIABLE, killAll, startGuard } from './process-group.js';
import { type FromWorker, PROTOCOL, type ReplyOf, type RequestKind, type RequestOf, type ToWorker } from './protocol.js';
import { onSignals } from './signals.js';

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
  /** Releases what is open and ends the process. Its folder goes, unless a native failure is told in it. Never throws. */
  close(): Promise<void>;
}

interface Pending {
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly options: RequestOptions;
}

/** A process that starts takes 0.1 s; one that has not in this time will not. */
const START_MS = 60_000;
/** How long `close` waits for the native side to release a device. */
const CLOSE_MS = 10_000;
/** Of what it printed, in an error. */
const OUTPUT_LINES = 20;
/** Messages that were sent before the end may come after its announcement. */
const DRAIN_MS = 200;

/** @throws WORKER_FAILED when it does not start; NATIVE_CRASH, NATIVE_TIMEOUT, INTERRUPTED, TERMINATED, FILE_IO */
export async function startWorker(options: WorkerOptions): Promise<NativeWorker> {
  const entry = options.entry ?? workerEntry();
  if (options.trace !== undefined) beginTrace(options.trace);
  const root = makeJobFolder(options.parentFolder ?? tmpdir());
  let worker: Worker | undefined;
  try {
    worker = new Worker(options, entry, root);
    await worker.ready();
    return worker;
  } catch (error) {
    if (worker === undefined) removeJobFolder(root);
    await worker?.close();
    throw error;
  }
}

class Worker implements NativeWorker {
  readonly pid: number;
  readonly folder: string;
  readonly #options: WorkerOptions;
  readonly #job = randomUUID();
  readonly #root: string;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  readonly #release: (() => void)[] = [];
  #nextId = 1;
  #isKept = false;
  #isGone = false;
  /** Why it is gone, for whoever asks it something afterwards. */
  #end: unknown;
  #closed: (() => void) | undefined;
  readonly #exit: Promise<void>;
  #destroyed: Promise<void> | undefined;

  constructor(options: WorkerOptions, entry: string, root: string) {
    this.#options = options;
    this.#root = root;
    const paths = jobPaths(root);
    this.folder = paths.work;
    // Append: what many processes print lands behind each other, and the file can be shortened under them.
    const output = openSync(paths.output, 'a');
    try {
      this.#child = fork(entry, [String(process.pid)], {
        cwd: paths.work,
        env: {
          ...options.env,
          // The user's own, for his own programs: a debugger's port, an agent that reports, a smaller heap.
          NODE_OPTIONS: undefined,
          [JOB_VARIABLE]: this.#job,
          ASCEND_PROCESS_LOG_PATH: paths.processLog,
          // Otherwise the last lines before a crash are lost.
          ASCEND_LOG_SYNC_SAVE: '1',
        },
        // A debugger's port and the like are for the process they were given to.
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
    this.pid = this.#child.pid ?? 0;
    this.#exit = new Promise((resolve) => {
      if (this.pid === 0) resolve();
      // 'exit', not 'close': 'close' never comes while something that it started holds our files.
      else this.#child.once('exit', () => resolve());
    });
    this.#child.on('message', (message: FromWorker) => this.#receive(message));
    this.#child.on('error', (cause) => this.#fail(startError(cause.message, [])));
    this.#child.on('exit', (code, signal) => this.#exited(code, signal));
    if (this.pid === 0) return;
    const guard = startGuard(this.pid, root, this.#job);
    this.#release.push(
      () => guard.dismiss(),
      limitOutput(paths.output),
      onSignals((signal) => this.#interrupt(signal)),
    );
    const atExit = (): void => {
      this.#kill();
      this.#leaveFolder();
    };
    process.on('exit', atExit);
    this.#release.push(() => void process.off('exit', atExit));
    const { signal } = options;
    const abort = (): void => void this.#interrupt('SIGINT');
    signal?.addEventListener('abort', abort);
    this.#release.push(() => signal?.removeEventListener('abort', abort));
    if (signal?.aborted) abort();
  }

  async ready(): Promise<void> {
    const { libraryFolders, trace, timeoutMs = START_MS } = this.#options;
    const hello: ToWorker = { type: 'hello', protocol: PROTOCOL, setup: { libraryFolders, folder: this.#root, trace } };
    await this.#ask(0, hello, { timeoutMs });
  }

  async request<K extends RequestKind>(request: RequestOf<K>, options: RequestOptions = {}): Promise<ReplyOf<K>> {
    const id = this.#nextId++;
    const message = { type: 'request', id, request } as ToWorker;
    return (await this.#ask(id, message, { timeoutMs: this.#options.timeoutMs, ...options })) as ReplyOf<K>;
  }

  async close(): Promise<void> {
    if (!this.#isGone) {
      const closed = new Promise<void>((resolve) => {
        this.#closed = resolve;
      });
      const timer = setTimeout(() => this.#closed?.(), CLOSE_MS);
      this.#hold();
      this.#send({ type: 'close' });
      await closed;
      clearTimeout(timer);
      this.#end ??= new TypeError('the native process was closed');
    }
    await this.#destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #ask(id: number, message: ToWorker, options: RequestOptions): Promise<unknown> {
    if (this.#isGone) return Promise.reject(this.#end);
    const { timeoutMs } = options;
    let timer: NodeJS.Timeout | undefined;
    const answered = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, options });
      if (timeoutMs !== undefined) timer = setTimeout(() => this.#timedOut(timeoutMs), timeoutMs);
      this.#hold();
      this.#send(message);
    });
    return answered.finally(() => {
      clearTimeout(timer);
      this.#pending.delete(id);
      if (this.#pending.size === 0) this.#letGo();
    });
  }

  #send(message: ToWorker): void {
    // It may have died a moment ago; 'exit' tells.
    this.#child.send(message, () => undefined);
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        if (message.protocol === PROTOCOL) return this.#pending.get(0)?.resolve(undefined);
        return this.#fail(startError(`its protocol is ${message.protocol}, and this one speaks ${PROTOCOL}`, []));
      case 'refused':
        return this.#fail(startError(message.reason, outputTail(this.#root, 5)));
      case 'step':
        return this.#pending.get(message.id)?.options.onStep?.(message.step);
      case 'warning':
        return this.#pending.get(message.id)?.options.onWarning?.(message.warning);
      case 'reply':
        return this.#pending.get(message.id)?.resolve(message.reply);
      case 'failure':
        return this.#pending.get(message.id)?.reject(this.#withFolder(raised(message.error)));
      case 'closed':
        return this.#closed?.();
    }
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#isGone) return;
    const end = (): void => {
      if (this.#isGone) return;
      this.#fail(crashError({ code, signal, ...this.#ending(signal ?? `exit ${code}`) }));
    };
    const timer = setTimeout(end, DRAIN_MS);
    this.#child.once('disconnect', () => {
      clearTimeout(timer);
      end();
    });
    if (!this.#child.connected) {
      clearTimeout(timer);
      end();
    }
  }

  #timedOut(timeoutMs: number): void {
    if (this.#isGone) return;
    this.#fail(timeoutError({ timeoutMs, ...this.#ending('timeout') }));
  }

  /** What is known of an end in the middle of things. The call that never ended has its line in the trace too. */
  #ending(status: string): Ending {
    const underWay = callUnderWay(jobPaths(this.#root).underWay);
    const { trace } = this.#options;
    if (trace !== undefined && underWay !== undefined) traceUnfinished(trace, underWay, status);
    return { underWay, output: outputTail(this.#root, OUTPUT_LINES), folder: this.#keep() };
  }

  /** @returns whether somebody is told: a request that was waiting */
  #interrupt(signal: NodeJS.Signals): boolean {
    const isWaiting = this.#pending.size > 0;
    this.#isKept = false;
    this.#fail(interruptedError(signal));
    return isWaiting;
  }

  #fail(error: unknown): void {
    this.#end ??= error;
    // Nobody hears of it before there is nothing left.
    void this.#destroy().then(() => {
      this.#closed?.();
      for (const { reject } of this.#pending.values()) reject(this.#end);
    });
  }

  /** Only a failure of the vendor's code is told in the folder; the rest was ours to say. */
  #withFolder(error: Error): Error {
    if (!(error instanceof AscendBundleError) || error.native === undefined) return error;
    const { code, message, fix, at, problems, cause } = error;
    const native: NativeDetails = { ...error.native, folder: this.#keep() };
    return new AscendBundleError(code, { message, fix, at, problems, cause, native });
  }

  #keep(): string {
    this.#isKept = true;
    return this.#root;
  }

  #destroy(): Promise<void> {
    this.#destroyed ??= (async () => {
      this.#kill();
      await groupEnd(this.#exit, this.pid);
      for (const release of this.#release) release();
      this.#leaveFolder();
    })();
    return this.#destroyed;
  }

  /** Not asked to end by itself: destructors of the vendor's libraries may hang and crash. */
  #kill(): void {
    if (this.pid !== 0 && !this.#isGone) killAll(this.pid, this.#job);
    this.#isGone = true;
  }

  #leaveFolder(): void {
    if (this.#isKept) dropLargeFiles(this.#root);
    else removeJobFolder(this.#root);
  }

  /** Idle, it does not keep the command line alive: the end of that is its end. */
  #letGo(): void {
    this.#child.unref();
    this.#child.channel?.unref();
  }

  #hold(): void {
    this.#child.ref();
    this.#child.channel?.ref();
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
