// Arguments are checked against the table before ffi-rs sees them: a wrong type there does not throw, it ends the process.
import type { FfiType, FfiValue } from './ffi.js';
import type { NativeFunction, Parameter } from './symbols/index.js';

/** One argument as it travels, with the memory that must live as long as the call. */
export interface Prepared {
  readonly parameter: Parameter;
  readonly type: FfiType;
  readonly value: FfiValue;
  /** What the caller gave, for the trace; the memory itself of an `out`. */
  readonly given: unknown;
}

/**
 * @param given  the arguments without the `out` ones, for which memory is made here
 * @throws TypeError, RangeError: a caller that disagrees with the table is a bug of ours
 */
export function prepareArguments({ name, parameters }: NativeFunction, given: readonly unknown[]): readonly Prepared[] {
  const ins = parameters.filter(({ kind }) => !isOut(kind));
  if (given.length !== ins.length) throw new TypeError(`${name} takes ${ins.length} arguments and was given ${given.length}`);
  let next = 0;
  return parameters.map((parameter) => {
    if (isOut(parameter.kind)) {
      const memory = Buffer.from(new ArrayBuffer(outBytes(parameter.kind)));
      return { parameter, type: 'bytes', value: memory, given: memory };
    }
    const value = given[next++];
    try {
      return { parameter, given: value, ...prepare(parameter.kind, value) };
    } catch (cause) {
      const message = `${name}: ${parameter.name} ${(cause as Error).message}`;
      throw cause instanceof RangeError ? new RangeError(message) : new TypeError(message);
    }
  });
}

export function isOut(kind: Parameter['kind']): boolean {
  return kind.startsWith('out ');
}

/** What the call has put into the memory of an `out`. */
export function outValue({ parameter, value }: Prepared): number | bigint | Buffer {
  const memory = value as Buffer;
  switch (parameter.kind) {
    case 'out i32':
      return memory.readInt32LE();
    case 'out u32':
      return memory.readUInt32LE();
    case 'out i64':
      return memory.readBigInt64LE();
    case 'out u64':
    case 'out handle':
      return memory.readBigUInt64LE();
    default:
      return memory;
  }
}

const OUT_BYTES: Readonly<Record<string, number>> = { 'out i32': 4, 'out u32': 4, 'out i64': 8, 'out u64': 8, 'out handle': 8 };

function outBytes(kind: string): number {
  return OUT_BYTES[kind] ?? Number(kind.slice('out '.length));
}

const RANGES = {
  i32: [-(2n ** 31n), 2n ** 31n - 1n],
  u32: [0n, 2n ** 32n - 1n],
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
  u64: [0n, 2n ** 64n - 1n],
} as const;

function prepare(kind: Parameter['kind'], value: unknown): { readonly type: FfiType; readonly value: FfiValue } {
  switch (kind) {
    case 'text?':
      return value === null ? { type: 'address', value: 0n } : prepare('text', value);
    case 'text':
      return { type: 'bytes', value: cString(value) };
    case 'bytes':
      if (value instanceof Uint8Array) return { type: 'bytes', value };
      return { type: 'address', value: address(value, true) };
    case 'handle':
    case 'object':
      return { type: 'address', value: address(value, false) };
    case 'address':
      return { type: 'address', value: address(value, true) };
    case 'bool':
      if (typeof value !== 'boolean') throw new TypeError(`is ${shown(value)} and no boolean`);
      return { type: 'i32', value: value ? 1 : 0 };
    case 'i32':
    case 'u32':
      return { type: kind, value: Number(integer(kind, value)) };
    case 'i64':
    case 'u64':
      return { type: 'address', value: integer(kind, value) };
    default:
      throw new TypeError(`is of the kind "${kind}", which is none`);
  }
}

function integer(kind: keyof typeof RANGES, value: unknown): bigint {
  const isWhole = typeof value === 'bigint' || Number.isSafeInteger(value);
  if (!isWhole) throw new TypeError(`is ${shown(value)} and no whole number`);
  const whole = BigInt(value as number | bigint);
  const [least, most] = RANGES[kind];
  if (whole < least || whole > most) throw new RangeError(`is ${whole} and does not fit ${kind}`);
  return whole;
}

function address(value: unknown, mayBeNull: boolean): bigint {
  if (typeof value !== 'bigint') throw new TypeError(`is ${shown(value)} and no address`);
  if (value < 0n || value >= 2n ** 64n) throw new RangeError(`is ${value} and no address`);
  if (value === 0n && !mayBeNull) throw new TypeError('is NULL');
  return value;
}

/** @throws TypeError of a NUL inside: native code would read another, shorter text */
export function cString(value: unknown): Buffer {
  if (typeof value !== 'string') throw new TypeError(`is ${shown(value)} and no text`);
  if (value.includes('\0')) throw new TypeError('has a NUL inside');
  if (/\p{Surrogate}/u.test(value)) throw new TypeError('is not well-formed Unicode');
  return Buffer.from(`${value}\0`, 'utf8');
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? `a ${value.constructor?.name ?? 'object'}` : `${typeof value} ${String(value).slice(0, 40)}`;
}
