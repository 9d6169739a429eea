// Addresses mean nothing to a reader: in traces and dry runs each has a name, or shows what we have put there.
import { isOut, type Prepared } from './arguments.js';
import type { Address } from './memory.js';
import type { NativeFunction } from './symbols/index.js';

export interface AddressNames {
  /** `graph#2` for something new at this address, whatever was there before: freed memory is given out again. */
  add(address: Address, stem: string): void;
  /**
   * Shows `content` wherever the address is an argument: the options in a map, the names in a vector. A structure and its first
   * member have one address: with `parameter`, it is only shown for the parameter of that name.
   */
  describe(address: Address, content: unknown, parameter?: string): void;
  of(address: Address, stem: string): unknown;
}

export function createAddressNames(): AddressNames {
  const names = new Map<Address, unknown>();
  const roles = new Map<string, unknown>();
  const counts = new Map<string, number>();
  const add = (address: Address, stem: string): void => {
    const count = (counts.get(stem) ?? 0) + 1;
    counts.set(stem, count);
    names.set(address, `${stem}#${count}`);
  };
  return {
    add,
    describe(address, content, parameter) {
      if (parameter === undefined) names.set(address, content);
      else roles.set(`${parameter} ${address}`, content);
    },
    of(address, stem) {
      if (address === 0n) return null;
      const role = `${stem} ${address}`;
      if (roles.has(role)) return roles.get(role);
      if (!names.has(address)) add(address, stem);
      return names.get(address);
    },
  };
}

/** The arguments of a call as a trace shows them, without those that it fills. */
export function shownArguments(row: NativeFunction, prepared: readonly Prepared[], names: AddressNames): Record<string, unknown> {
  const ins = prepared.filter(({ parameter }) => !isOut(parameter.kind));
  return Object.fromEntries(ins.map(({ parameter: { name }, given }) => [name, shown(given, stemOf(row, name), names)]));
}

/** `self` of `Graph.LoadFromFile` is a graph. */
export function stemOf({ name: functionName }: NativeFunction, parameter: string): string {
  if (parameter !== 'self') return parameter;
  const [owner = parameter] = functionName.split('.');
  return `${owner.charAt(0).toLowerCase()}${owner.slice(1)}`;
}

function shown(given: unknown, stem: string, names: AddressNames): unknown {
  if (given instanceof Uint8Array) return `<${given.length} bytes>`;
  return typeof given === 'bigint' ? names.of(given, stem) : given;
}
