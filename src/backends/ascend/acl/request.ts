// How a bundle is to be run on a device: what only this backend is asked.

/** `low`: one work buffer for all models, and the constants of the init graph only while it runs (CANN 9.0 and newer). */
export type MemoryMode = 'auto' | 'low';

export interface DeviceRequest {
  /** As AscendCL counts: ASCEND_RT_VISIBLE_DEVICES numbers them anew from 0. */
  readonly device?: number | undefined;
  readonly memory?: MemoryMode | undefined;
  /** Of each step (open, init, update, inference). */
  readonly timeoutMs?: number | undefined;
  /** Where each native call is written as a JSON line. */
  readonly trace?: string | undefined;
  /** Instead of the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The installation to use instead of the one that is found. */
  readonly ascendHome?: string | undefined;
}
