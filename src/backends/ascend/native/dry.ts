// The native side with nothing behind it: calls are checked, written down and answered with nothing. For --dry-run, which shows the
// calls that would be made with the arguments they would have, on machines without CANN too.
import { isOut, prepareArguments } from './arguments.js';
import { type Caller, isTraced } from './call.js';
import { createLayouts, type Layouts } from './layouts/index.js';
import type { Address, Memory } from './memory.js';
import { createAddressNames, shownArguments } from './names.js';
import { type FunctionName, type NativeFunction, nativeFunctions, type Returns } from './symbols/index.js';
import type { CallRecord } from './trace.js';

export interface DryNative extends Pick<Caller, 'call'> {
  readonly layouts: Layouts;
  /** The calls so far, in order. */
  readonly calls: readonly CallRecord[];
}

export function createDryNative(): DryNative {
  const functions = nativeFunctions();
  const calls: CallRecord[] = [];
  const names = createAddressNames();
  const memory = dryMemory();

  const call = (name: FunctionName, ...given: readonly unknown[]): unknown => {
    const row = functions.get(name) as NativeFunction;
    const prepared = prepareArguments(row, given);
    if (isTraced(name)) calls.push({ call: name, arguments: shownArguments(row, prepared, names) });
    const outs = row.parameters.filter(({ kind }) => isOut(kind));
    if (outs.length === 0) return answerTo(row.returns, memory);
    return Object.fromEntries(outs.map(({ name: out, kind }) => [out, outAnswer(kind, memory)]));
  };
  const typedCall = call as Caller['call'];
  return { call: typedCall, calls, layouts: createLayouts({ memory, caller: { call: typedCall }, names }) };
}

type DryMemory = Pick<Memory, 'allocate' | 'addressOf' | 'read'>;

/** Addresses that are none, far apart, each of a buffer. */
function dryMemory(): DryMemory {
  const addresses = new Map<Uint8Array, Address>();
  const addressOf = (bytes: Uint8Array): Address => {
    const address = addresses.get(bytes) ?? BigInt(addresses.size + 1) << 40n;
    addresses.set(bytes, address);
    return address;
  };
  return {
    allocate(bytes) {
      const buffer = Buffer.alloc(bytes);
      addressOf(buffer);
      return buffer;
    },
    addressOf,
    read(address, length) {
      const [bytes, start] = [...addresses].find(([, at]) => at >> 40n === address >> 40n) ?? [Buffer.alloc(0), 0n];
      const offset = Number(address - start);
      return Buffer.from(bytes.subarray(offset, offset + length));
    },
  };
}

function answerTo(returns: Returns, memory: DryMemory): unknown {
  switch (returns) {
    case 'handle':
      return memory.addressOf(Buffer.alloc(1));
    case 'address':
    case 'u64':
      return 0n;
    case 'i32':
    case 'u32':
      return 0;
    case 'bool':
      return false;
    default:
      return undefined;
  }
}

function outAnswer(kind: string, memory: DryMemory): unknown {
  switch (kind) {
    case 'out handle':
      return memory.addressOf(Buffer.alloc(1));
    case 'out i64':
    case 'out u64':
      return 0n;
    case 'out i32':
    case 'out u32':
      return 0;
    default:
      return Buffer.alloc(Number(kind.slice('out '.length)));
  }
}
