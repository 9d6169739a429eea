// The command line's end of one native process, from its start to the moment when nothing of it remains.
import type { ChildProcess } from 'node:child_process';
import { AscendBundleError, type NativeDetails, type Problem } from '../../../base/errors.js';
import { callUnderWay, traceUnfinished } from '../native/trace.js';
import { crashError, type Ending, interruptedError, raised, releaseWarning, startError, timeoutError } from './failures.js';
import { forkWorker } from './fork.js';
import { dropLargeFiles, jobPaths, outputTail, removeJobFolder } from './job-folder.js';
import type { NativeWorker, RequestOptions, WorkerOptions } from './native-worker.js';
import { limitOutput } from './output-limit.js';
import { type Guard, groupEnd, killAll } from './process-group.js';
import { type FromWorker, PROTOCOL, type ReplyOf, type RequestKind, type RequestOf, type ToWorker } from './protocol.js';
import { onSignals } from './signals.js';

interface Pending {
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly options: RequestOptions;
}

/** A process that starts takes 0.1 s; one that has not in this time will not. */
const START_MS = 60_000;
/** How long `close` waits at most for the native side to release a device, or for GE to end with its compilers. */
const CLOSE_MS = 30_000;
/** Of what it printed, in an error. */
const OUTPUT_LINES = 20;
/** Messages that were sent before the end may come after its announcement. */
const DRAIN_MS = 200;

export interface JobParts {
  /** The program. */
  readonly entry: string;
  /** The job's folder, which is there. */
  readonly root: string;
  /** Marks the process and all that it starts. */
  readonly job: string;
  readonly guard: Guard;
}

export class RunningWorker implements NativeWorker {
  readonly pid: number;
  readonly folder: string;
  readonly #options: WorkerOptions;
  readonly #job: string;
  readonly #guard: Guard;
  readonly #root: string;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  readonly #release: (() => void)[] = [];
  #nextId = 1;
  #isReady = false;
  #isKept = false;
  #isGone = false;
  /** Why it is gone, for whoever asks it something afterwards. */
  #end: unknown;
  #closed: ((failures: readonly string[]) => void) | undefined;
  readonly #exit: Promise<void>;
  #ended: Promise<void> | undefined;
  #dead: Promise<void> | undefined;
  #destroyed: Promise<void> | undefined;

  constructor(options: WorkerOptions, { entry, root, job, guard }: JobParts) {
    this.#options = options;
    this.#root = root;
    this.#job = job;
    this.#guard = guard;
    const paths = jobPaths(root);
    this.folder = paths.work;
    this.#child = forkWorker({ entry, paths, env: options.env, job });
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
    guard.watch(this.pid);
    this.#release.push(limitOutput(paths.output));
    const atExit = (): void => {
      this.#kill();
      this.#leaveFolder();
    };
    process.on('exit', atExit);
    this.#release.push(() => void process.off('exit', atExit));
  }

  /** Until here nobody waits for it: a signal ends this process as if there were no other. */
  async ready(): Promise<void> {
    const { libraryFolders, trace, timeoutMs = START_MS } = this.#options;
    if (this.pid !== 0) this.#listen();
    const hello: ToWorker = { type: 'hello', protocol: PROTOCOL, setup: { libraryFolders, folder: this.#root, trace } };
    await this.#ask(0, hello, { timeoutMs });
    this.#isReady = true;
  }

  #listen(): void {
    this.#release.push(onSignals((signal) => this.#interrupt(signal)));
    const { signal } = this.#options;
    const abort = (): void => void this.#interrupt('SIGINT');
    signal?.addEventListener('abort', abort);
    this.#release.push(() => signal?.removeEventListener('abort', abort));
    if (signal?.aborted) abort();
  }

  async request<K extends RequestKind>(request: RequestOf<K>, options: RequestOptions = {}): Promise<ReplyOf<K>> {
    const id = this.#nextId++;
    const message = { type: 'request', id, request } as ToWorker;
    return (await this.#ask(id, message, { timeoutMs: this.#options.timeoutMs, ...options })) as ReplyOf<K>;
  }

  end(warn?: (warning: Problem) => void): Promise<void> {
    this.#ended ??= this.#endInPeace(warn);
    return this.#ended;
  }

  async #endInPeace(warn?: (warning: Problem) => void): Promise<void> {
    if (!this.#isGone && this.#isReady) {
      const closed = new Promise<readonly string[]>((resolve) => {
        this.#closed = resolve;
      });
      const closeMs = Math.min(this.#options.timeoutMs ?? CLOSE_MS, CLOSE_MS);
      const timer = setTimeout(() => this.#closed?.([`${this.#place()} did not come back within ${closeMs / 1000} s`]), closeMs);
      this.#hold();
      this.#send({ type: 'close' });
      for (const failure of await closed) warn?.(releaseWarning(failure));
      clearTimeout(timer);
    }
    this.#end ??= new TypeError('the native process was closed');
    await this.#die();
  }

  async close(warn?: (warning: Problem) => void): Promise<void> {
    await this.end(warn);
    await this.#destroy();
    for (const { reject } of this.#pending.values()) reject(this.#end);
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
      if (timeoutMs !== undefined) timer = setTimeout(() => this.#expired(id, timeoutMs), timeoutMs);
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
    // It may have died a moment ago, or never have begun; 'exit' and 'error' tell.
    if (this.#child.connected) this.#child.send(message, () => undefined);
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
        return this.#closed?.(message.failures);
    }
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#isGone) return;
    // What it was asked is done, and it stumbled while it released things: no failure, but somebody may want to know.
    if (this.#closed !== undefined && this.#pending.size === 0)
      return this.#closed([`${this.#place()} ended the process (${signal ?? `exit ${code}`})`]);
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

  #place(): string {
    return callUnderWay(jobPaths(this.#root).underWay)?.call ?? 'The native process';
  }

  /** An answer that came while this process was busy is read before the timer's word counts. */
  #expired(id: number, timeoutMs: number): void {
    setImmediate(() => {
      if (this.#pending.has(id)) this.#timedOut(timeoutMs);
    });
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
      this.#closed?.([]);
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

  #die(): Promise<void> {
    this.#dead ??= (async () => {
      this.#kill();
      this.#hold();
      await groupEnd(this.#exit, this.pid);
    })();
    return this.#dead;
  }

  #destroy(): Promise<void> {
    this.#destroyed ??= (async () => {
      await this.#die();
      for (const release of this.#release) release();
      this.#leaveFolder();
      this.#guard.dismiss();
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
