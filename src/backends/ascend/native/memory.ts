// Memory as native code sees it: addresses of our bytes, bytes at their addresses, and files mapped for tensors.
import { closeSync, fstatSync, ftruncateSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { fileError } from '../../../base/file-error.js';
import type { Ffi, FfiType, FfiValue } from './ffi.js';

/** 64 bits, unsigned; 0n is NULL. */
export type Address = bigint;

export interface MappedFile {
  readonly address: Address;
  readonly length: number;
  /** Once; the addresses inside are gone afterwards. */
  unmap(): void;
}

export interface Memory {
  /** Zeroed bytes that stay where they are until the process ends, aligned to 16. */
  allocate(bytes: number): Buffer;
  /** Constant for the life of the buffer. The buffer must be kept for as long as the address is used. */
  addressOf(bytes: Uint8Array): Address;
  /** A copy. */
  read(address: Address, length: number): Buffer;
  write(address: Address, bytes: Uint8Array): void;
  /** The text up to the NUL at `address`, or undefined of NULL; longer than `maxBytes` it is cut. Invalid UTF-8 becomes U+FFFD. */
  readCString(address: Address, maxBytes?: number): string | undefined;
  /**
   * Maps a file as shared memory: what native code writes is in the file.
   *
   * @throws FILE_NOT_FOUND, FILE_IO
   */
  mapFile(path: string, access: 'read' | 'write'): MappedFile;
  /**
   * A new file of `length` bytes, mapped. Its blocks are allocated here: a disk that is full is an error now and not a SIGBUS inside
   * the call that writes.
   *
   * @throws FILE_IO, FILE_NOT_FOUND
   */
  createMappedFile(path: string, length: number): MappedFile;
}

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_FAILED = 2n ** 64n - 1n;
/** Where the system counts in pages and mapping nothing is an error. */
const NULL_MAP: MappedFile = { address: 0n, length: 0, unmap: () => undefined };
/** Longer texts are damage, not words: GE's error texts have a few kilobytes. */
const MAX_TEXT_BYTES = 1 << 20;

export function openMemory(ffi: Ffi): Memory {
  const kept: Buffer[] = [];
  const call = (symbol: string, types: readonly FfiType[], ...values: readonly FfiValue[]): bigint =>
    ffi.call({ symbol, returns: 'address', types, values }) as bigint;

  const addressOf = (bytes: Uint8Array): Address => call('memmove', ['bytes', 'bytes', 'address'], bytes, bytes, 0n);

  const read = (address: Address, length: number): Buffer => {
    const copy = newBuffer(length);
    if (length > 0) call('memmove', ['bytes', 'address', 'address'], copy, address, BigInt(length));
    return copy;
  };

  const map = (path: string, fd: number, length: number, access: 'read' | 'write'): MappedFile => {
    if (length === 0) return NULL_MAP;
    const { value, errno } = ffi.callForErrno({
      symbol: 'mmap',
      returns: 'address',
      types: ['address', 'address', 'i32', 'i32', 'i32', 'address'],
      values: [0n, BigInt(length), access === 'write' ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0n],
    });
    if (value === MAP_FAILED) throw fileError(path, { code: errnoName(errno) }, access);
    const address = value as bigint;
    return { address, length, unmap: () => void call('munmap', ['address', 'address'], address, BigInt(length)) };
  };

  return {
    allocate(bytes) {
      const buffer = newBuffer(bytes);
      kept.push(buffer);
      return buffer;
    },
    addressOf,
    read,
    write(address, bytes) {
      if (bytes.length > 0) call('memmove', ['address', 'bytes', 'address'], address, bytes, BigInt(bytes.length));
    },
    readCString(address, maxBytes = MAX_TEXT_BYTES) {
      if (address === 0n) return undefined;
      const length = Number(call('strnlen', ['address', 'address'], address, BigInt(maxBytes)));
      return read(address, length).toString('utf8');
    },
    mapFile(path, access) {
      return withFile(path, access === 'write' ? 'r+' : 'r', access, (fd) => map(path, fd, fstatSync(fd).size, access));
    },
    createMappedFile(path, length) {
      return withFile(path, 'wx+', 'write', (fd) => {
        if (length > 0) {
          const failure = ffi.call({
            symbol: 'posix_fallocate',
            returns: 'i32',
            types: ['i32', 'address', 'address'],
            values: [fd, 0n, BigInt(length)],
          });
          // Some network file systems cannot allocate; there the length has to do.
          if (failure === errnoNumber('EOPNOTSUPP') || failure === errnoNumber('EINVAL')) ftruncateSync(fd, length);
          else if (failure !== 0) throw fileError(path, { code: errnoName(failure as number) }, 'write');
        }
        return map(path, fd, length, 'write');
      });
    },
  };
}

/** Not from Buffer's pool, and never inside V8's heap, where the collector would move it. */
function newBuffer(bytes: number): Buffer {
  return Buffer.from(new ArrayBuffer(bytes));
}

function withFile<T>(path: string, flags: string, access: 'read' | 'write', work: (fd: number) => T): T {
  let fd: number | undefined;
  try {
    fd = openSync(path, flags);
    return work(fd);
  } catch (cause) {
    throw (cause as Error).name === 'AscendBundleError' ? cause : fileError(path, cause as NodeJS.ErrnoException, access);
  } finally {
    // A mapping stays when its descriptor goes.
    if (fd !== undefined) closeSync(fd);
  }
}

function errnoNumber(name: keyof typeof constants.errno): number {
  return constants.errno[name];
}

function errnoName(errno: number): string {
  return getSystemErrorName(-errno);
}
