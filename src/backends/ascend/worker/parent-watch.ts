// No orphan compiles on: the kernel ends this process with the one that started it, even in the middle of a native call.
import type { Ffi } from '../native/ffi.js';

const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9n;

/** Only Linux has it, and CANN is for Linux alone. */
export function endWithParent(ffi: Ffi, parentPid: number): void {
  ffi.call({ symbol: 'prctl', returns: 'i32', types: ['i32', 'address'], values: [PR_SET_PDEATHSIG, SIGKILL] });
  // A parent that died before the call above sends no signal any more.
  if (process.ppid !== parentPid) process.exit(0);
}
