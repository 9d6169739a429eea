// The device of a run: initialized and set once, on the one thread of the process; its memory and copies to and from it.
// Source: cann-api §3.4, §3.5.
import type { Address } from '../native/memory.js';
import type { Native } from '../native/native.js';
import type { Releases } from '../native/releases.js';

const REPEAT_INITIALIZE = 100002;
const REPEAT_FINALIZE = 100037;
const RUN_MODE_HOST = 1;
const HUGE_FIRST = 0;
const COPY = { hostToDevice: 1, deviceToHost: 2, deviceToDevice: 3 } as const;

export interface Device {
  readonly native: Native;
  readonly runMode: 'host' | 'device';
  /** Device memory that is freed with `releases`. */
  allocate(bytes: number, releases: Releases): Address;
  free(address: Address): void;
  copyIn(to: Address, room: number, from: Address, bytes: number): void;
  copyOut(to: Address, from: Address, bytes: number): void;
}

/** @throws LIBRARY_UNUSABLE, SYMBOL_MISSING, NATIVE_CALL */
export function openDevice(native: Native, deviceId: number, releases: Releases): Device {
  native.libraries.open('run');
  // Another library of this process may have done it before us; that is no failure.
  native.callAccepting({ accept: [REPEAT_INITIALIZE] }, 'aclInit', null);
  releases.add(() => native.callAccepting({ accept: [REPEAT_FINALIZE] }, 'aclFinalize'));
  native.call('aclrtSetDevice', deviceId);
  releases.add(() => native.call('aclrtResetDevice', deviceId));
  const isHost = native.call('aclrtGetRunMode').runMode === RUN_MODE_HOST;
  // On the SoC itself all memory is the device's, and a copy is one from device to device.
  const [inward, outward] = isHost ? [COPY.hostToDevice, COPY.deviceToHost] : [COPY.deviceToDevice, COPY.deviceToDevice];
  const free = (address: Address): void => native.call('aclrtFree', address);
  return {
    native,
    runMode: isHost ? 'host' : 'device',
    free,
    allocate(bytes, owner) {
      const { devPtr } = native.call('aclrtMalloc', bytes, HUGE_FIRST);
      owner.add(() => free(devPtr));
      return devPtr;
    },
    copyIn(to, room, from, bytes) {
      if (bytes > 0) native.call('aclrtMemcpy', to, room, from, bytes, inward);
    },
    copyOut(to, from, bytes) {
      if (bytes > 0) native.call('aclrtMemcpy', to, bytes, from, bytes, outward);
    },
  };
}
