// What the command line asks of an opened bundle in the native process. Tensors travel as files in the working folder of the process.
import type { MemoryMode } from './request.js';

/** A dense tensor in a file that holds its bytes and nothing else; without bytes there is no file. */
export interface SentTensor {
  readonly file: string | null;
  /** A ge::DataType number, which is AscendCL's too. */
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/** What the file says of one model of the bundle; compared with what AscendCL says of it. */
export interface ExpectedModel {
  readonly index: number;
  readonly inputs: readonly string[];
  readonly outputs: number;
  /** With gears by dims, the places of the inputs that have sizes in a gear, in the order in which AscendCL takes their shapes. */
  readonly gearOrder: readonly number[];
}

export interface OpenRequest {
  readonly path: string;
  readonly device: number;
  readonly memory: MemoryMode;
  readonly models: number;
  readonly infer: ExpectedModel;
  readonly init: ExpectedModel | null;
  readonly update: ExpectedModel | null;
}

export interface OpenReply {
  /** Whether the process runs on a server with cards, or on the SoC itself. */
  readonly runMode: 'host' | 'device';
  /** Whether the memory of the models is ours (`low`), or AscendCL's own. */
  readonly memory: MemoryMode;
}

export interface UpdateRequest {
  /** By input of the update model; null keeps the weight. */
  readonly weights: readonly (SentTensor | null)[];
}

export interface InferRequest {
  /** By input of the inference model, without the one that takes the gear. */
  readonly inputs: readonly SentTensor[];
  /** The files of the outputs are this path with their number behind it. */
  readonly outputs: string;
}

export interface InferReply {
  readonly outputs: readonly SentTensor[];
}

export interface AclRequests {
  readonly open: { readonly request: OpenRequest; readonly reply: OpenReply };
  readonly initialize: { readonly request: object; readonly reply: null };
  readonly update: { readonly request: UpdateRequest; readonly reply: null };
  readonly infer: { readonly request: InferRequest; readonly reply: InferReply };
}
