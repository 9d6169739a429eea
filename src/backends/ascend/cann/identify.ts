// What AscendCL says of the cards; answered in the worker, because it calls the vendor's libraries.
import type { Native } from '../native/native.js';

export interface IdentifyReply {
  readonly deviceCount: number;
  /** Of the cards, as GE's socVersion has it; null where there are none, or this AscendCL does not tell. */
  readonly socName: string | null;
}

const REPEAT_INITIALIZE = 100002;

/** @throws LIBRARY_UNUSABLE, SYMBOL_MISSING, NATIVE_CALL */
export function identify(native: Native): IdentifyReply {
  native.libraries.open('run');
  native.callAccepting({ accept: [REPEAT_INITIALIZE] }, 'aclInit', null);
  const deviceCount = native.call('aclrtGetDeviceCount').count;
  const canTell = deviceCount > 0 && native.has('aclrtGetSocName');
  const socName = canTell ? (native.call('aclrtGetSocName') ?? null) : null;
  // After a failure the process just ends.
  native.call('aclFinalize');
  return { deviceCount, socName };
}
