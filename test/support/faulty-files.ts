// A file system whose k-th call fails, or is the last one of the process.
import { type FileSystem, NODE_FILE_SYSTEM } from '../../src/base/file-system.js';

export interface FaultyFiles {
  readonly fileSystem: FileSystem;
  /** Names of the calls so far, with what they were about: `write 7`, `rename a b`. */
  readonly calls: readonly string[];
}

export class Ended extends Error {}

/**
 * @param last  the number of the call, from 0; beyond the last one nothing happens
 * @param fault  `error`: that call fails with EIO. `end`: nothing of it happens but, of a write, half; and every later call does
 *   nothing either, as if the process had been killed.
 */
export function faultyFiles(last: number, fault: 'error' | 'end'): FaultyFiles {
  const calls: string[] = [];
  const about = (args: readonly unknown[]): string =>
    args.flatMap((one) => (typeof one === 'string' || typeof one === 'number' ? [String(one)] : [])).join(' ');
  const wrapped = Object.entries(NODE_FILE_SYSTEM).map(([name, call]) => {
    const real = call as (...args: unknown[]) => unknown;
    const faulty = (...args: unknown[]): unknown => {
      const number = calls.length;
      if (fault === 'end' && number > last) throw new Ended();
      calls.push(`${name} ${about(args)}`);
      if (number !== last) return real(...args);
      if (fault === 'error') throw Object.assign(new Error(`EIO: ${name}`), { code: 'EIO' });
      if (name !== 'write') throw new Ended();
      const [fd, bytes, from, position] = args as [number, Uint8Array, number, number | null];
      const half = real(fd, bytes.subarray(0, from + Math.ceil((bytes.length - from) / 2)), from, position) as Promise<number>;
      return half.then(() => {
        throw new Ended();
      });
    };
    const isAsync = name === 'flush' || name === 'write';
    return [name, isAsync ? async (...args: unknown[]) => faulty(...args) : faulty] as const;
  });
  return { fileSystem: Object.fromEntries(wrapped) as unknown as FileSystem, calls };
}
