// What the native process answers: one handler per kind of request. A table of its own module each; they are put together here.
import type { Problem } from '../../../base/errors.js';
import { createRunRequests } from '../acl/run-requests.js';
import { identify } from '../cann/identify.js';
import type { Native } from '../native/native.js';
import { probe } from '../native/probe.js';
import { Releases } from '../native/releases.js';
import type { ReplyOf, RequestKind, RequestOf } from './protocol.js';

/** What every request of one process shares. State between requests (an opened bundle) lives in the closure of the handlers. */
export interface WorkerContext {
  readonly native: Native;
  /** The working folder of the job. */
  readonly folder: string;
  /** Says what the request does now; shown while the native calls after it block. */
  step(step: string): void;
  warn(warning: Problem): void;
}

export type Handler<K extends RequestKind> = (request: RequestOf<K>) => ReplyOf<K> | Promise<ReplyOf<K>>;

export type HandlerTable = { readonly [K in RequestKind]: Handler<K> };

export interface Handlers {
  readonly table: HandlerTable;
  /**
   * Releases what requests have left open; before the process ends in peace. Never throws.
   *
   * @returns what failed, in words
   */
  close(): readonly string[] | Promise<readonly string[]>;
}

export function createHandlers(context: WorkerContext): Handlers {
  const releases = new Releases();
  const bundle = createRunRequests(context, releases);
  return {
    table: {
      probe: (request) => probe(context.native, request),
      identify: () => identify(context.native),
      open: (request) => bundle.open(request),
      initialize: () => bundle.initialize(),
      update: (request) => bundle.update(request),
      infer: (request) => bundle.infer(request),
      build: async ({ job }) => (await import('../ge/run-job.js')).runBuild(context.native, job, context.step, releases),
    },
    close: () => releases.failures().map((error) => (error instanceof Error ? error.message : String(error))),
  };
}
