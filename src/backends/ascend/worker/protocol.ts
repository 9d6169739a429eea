// The messages between the command line and its native process. Tensors are not among them: they travel as mapped files.
import type { ErrorCode, NativeDetails, Problem } from '../../../base/errors.js';
import type { AclRequests } from '../acl/messages.js';
import type { IdentifyReply } from '../cann/identify.js';
import type { BuildJob, BuildReply } from '../ge/build-job.js';
import type { ProbeReply, ProbeRequest } from '../native/probe.js';

/** To be raised with every change of a message: both ends may come from different installations while a package is replaced. */
export const PROTOCOL = 5;

/** Every request by its kind, with its answer. The handler of a kind is in worker/handlers.ts. */
export interface Requests extends AclRequests {
  readonly probe: { readonly request: ProbeRequest; readonly reply: ProbeReply };
  /** What AscendCL says of the cards. */
  readonly identify: { readonly request: object; readonly reply: IdentifyReply };
  readonly build: { readonly request: { readonly job: BuildJob }; readonly reply: BuildReply };
}

export type RequestKind = keyof Requests;
export type RequestOf<K extends RequestKind> = Requests[K]['request'] & { readonly kind: K };
export type ReplyOf<K extends RequestKind> = Requests[K]['reply'];
export type AnyRequest = { readonly [K in RequestKind]: RequestOf<K> }[RequestKind];

/** What the process needs before its first request. */
export interface WorkerSetup {
  /** CANN's library folders, in the order to search them. */
  readonly libraryFolders: readonly string[];
  /** The job's folder; see job-folder.ts. */
  readonly folder: string;
  /** Where each native call is written as a JSON line. */
  readonly trace?: string | undefined;
}

export type ToWorker =
  | { readonly type: 'hello'; readonly protocol: number; readonly setup: WorkerSetup }
  | { readonly type: 'request'; readonly id: number; readonly request: AnyRequest }
  /** Answered when everything native is released. */
  | { readonly type: 'close' };

export type FromWorker =
  | { readonly type: 'ready'; readonly protocol: number }
  | { readonly type: 'refused'; readonly reason: string }
  /** What a request does now, in words for a person. */
  | { readonly type: 'step'; readonly id: number; readonly step: string }
  | { readonly type: 'warning'; readonly id: number; readonly warning: Problem }
  | { readonly type: 'reply'; readonly id: number; readonly reply: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly error: SentError }
  /** With what could not be released. */
  | { readonly type: 'closed'; readonly failures: readonly string[] };

/** An error as data: class instances do not survive the way. */
export type SentError =
  | {
      readonly kind: 'ours';
      readonly code: ErrorCode;
      readonly message: string;
      readonly fix: string | undefined;
      readonly at: string | undefined;
      readonly problems: readonly Problem[];
      readonly native: NativeDetails | undefined;
    }
  /** A bug: no error that was meant for a person. */
  | { readonly kind: 'internal'; readonly message: string; readonly stack: string };
