// The one place that knows ffi-rs, and of it only what neither crashes nor leaks nor truncates: integers, addresses as BigInt,
// Buffers as pointers. Everything else it offers (strings, floats, structs, externals, callbacks) ends the process when it goes wrong.

/** How a value travels. `bytes` is the address of a Buffer, `address` any 64 bits. */
export type FfiType = 'void' | 'u8' | 'i32' | 'u32' | 'address' | 'bytes';

export type FfiValue = number | bigint | Uint8Array;

export interface FfiCall {
  /** As the dynamic linker knows it. */
  readonly symbol: string;
  readonly returns: Exclude<FfiType, 'bytes'>;
  readonly types: readonly FfiType[];
  readonly values: readonly FfiValue[];
}

/** Calls by name whatever is in the process's global scope. Arguments must have been checked: a wrong one may end the process. */
export interface Ffi {
  call(call: FfiCall): number | bigint | undefined;
  /** For the calls of libc that tell why they failed in errno. */
  callForErrno(call: FfiCall): { readonly value: number | bigint; readonly errno: number };
}

/** @throws what the loader says where ffi-rs has no binary for this machine */
export async function openFfi(): Promise<Ffi> {
  const { open, load, DataType } = await import('ffi-rs');
  const library = 'the whole process';
  // An empty path is dlopen(NULL): all that was opened with RTLD_GLOBAL is found through it, whichever library exports it.
  open({ library, path: '' });
  const types = {
    void: DataType.Void,
    u8: DataType.U8,
    i32: DataType.I32,
    u32: DataType.U32,
    address: DataType.BigInt,
    bytes: DataType.U8Array,
  };
  const described = ({ symbol, returns, types: paramTypes, values }: FfiCall) => ({
    library,
    funcName: symbol,
    retType: types[returns],
    paramsType: paramTypes.map((type) => types[type]),
    // It takes BigInts as signed.
    paramsValue: values.map((value) => (typeof value === 'bigint' ? BigInt.asIntN(64, value) : value)),
  });
  const unsigned = (value: unknown): number | bigint | undefined =>
    typeof value === 'bigint' ? BigInt.asUintN(64, value) : (value as number | undefined);
  return {
    call: (call) => unsigned(load(described(call))),
    callForErrno(call) {
      const { value, errnoCode } = load({ ...described(call), errno: true as const }) as { value: unknown; errnoCode: number };
      return { value: unsigned(value) as number | bigint, errno: errnoCode };
    },
  };
}
