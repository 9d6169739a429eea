// How a native function is written down in the tables: `aclrtMalloc: ['aclError', 'devPtr: out handle, size: u64, policy: i32']`.
// The same notation gives TypeScript the types of a call and the checker what to check before ffi-rs sees the arguments.
import type { Address } from '../memory.js';

/** What a function answers with. A status is checked, and so is a handle: NULL is a failure. */
export type Returns = 'graphStatus' | 'aclError' | 'handle' | 'address' | 'text' | 'u64' | 'i32' | 'u32' | 'bool' | 'void';

/**
 * - `text`: a C string; `text?` may be null
 * - `handle`, `object`: the address of something native, or of something laid out by us; never NULL
 * - `address`: any address, NULL too
 * - `bytes`: a Buffer, or the address of bytes
 * - `i32`, `u32`, `bool`, `i64`, `u64`
 * - `out …`: memory that the call fills; it is given as a result
 */
export interface InValues {
  readonly text: string;
  readonly 'text?': string | null;
  readonly handle: Address;
  readonly object: Address;
  readonly address: Address;
  readonly bytes: Uint8Array | Address;
  readonly bool: boolean;
  readonly i32: number;
  readonly u32: number;
  readonly i64: number | bigint;
  readonly u64: number | bigint;
}

export interface OutValues {
  readonly 'out i32': number;
  readonly 'out u32': number;
  readonly 'out i64': bigint;
  readonly 'out u64': bigint;
  readonly 'out handle': Address;
}

export interface ReturnValues {
  readonly graphStatus: undefined;
  readonly aclError: undefined;
  readonly handle: Address;
  readonly address: Address;
  readonly text: string | undefined;
  readonly u64: bigint;
  readonly i32: number;
  readonly u32: number;
  readonly bool: boolean;
  readonly void: undefined;
}

/** What it returns, its parameters, and its symbol where that is not its name. */
export type Signature = readonly [Returns, string, string?];

/** Functions of one header that are needed for one thing. */
export interface SymbolGroup {
  /** The library that exports them, as far as is known; they are looked up in all. */
  readonly library: string;
  readonly header: string;
  /** `build` and `run` cannot work without them; what only some calls need is optional. */
  readonly use: 'build' | 'onnx' | 'run' | 'optional';
  /** The first CANN that is known to have them. */
  readonly since: string;
  readonly functions: Readonly<Record<string, Signature>>;
}

export interface Parameter {
  readonly name: string;
  /** `out 1160` for a struct of 1160 bytes. */
  readonly kind: keyof InValues | keyof OutValues | `out ${number}`;
}

const PARAMETER = /^(\w+): ((?:out )?\w+\??)$/;

export function parseParameters(text: string): readonly Parameter[] {
  if (text === '') return [];
  return text.split(', ').map((part) => {
    const match = PARAMETER.exec(part);
    if (match === null) throw new TypeError(`"${part}" is not a parameter`);
    return { name: match[1] as string, kind: match[2] as Parameter['kind'] };
  });
}

// The types of a call, from its notation.
type Split<S extends string> = S extends `${infer F}, ${infer R}` ? [F, ...Split<R>] : S extends '' ? [] : [S];

type InsOf<P extends readonly unknown[]> = P extends readonly [infer F, ...infer R]
  ? F extends `${string}: out ${string}`
    ? InsOf<R>
    : F extends `${string}: ${infer K extends keyof InValues}`
      ? [InValues[K], ...InsOf<R>]
      : never
  : [];

type OutValue<K extends string> = K extends keyof OutValues ? OutValues[K] : Buffer;

type OutsOf<P extends readonly unknown[]> = {
  readonly [F in P[number] as F extends `${infer N}: out ${string}` ? N : never]: F extends `${string}: ${infer K}` ? OutValue<K> : never;
};

export type ArgumentsOf<S extends Signature> = InsOf<Split<S[1]>>;

/** What the call fills, by name; where it fills nothing, what it returns. */
export type ResultOf<S extends Signature> = S[1] extends `${string}: out ${string}` ? OutsOf<Split<S[1]>> : ReturnValues[S[0]];
