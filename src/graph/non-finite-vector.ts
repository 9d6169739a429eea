// Whether any of many floats is NaN or infinite, with the vector instructions of the processor, by way of WebAssembly.
import {
  type Code,
  i16x8,
  i32,
  i32x4,
  type Local,
  repeatWhile,
  v128,
  type WasmFunction,
  wasmFunction,
  wasmInstance,
} from '../base/wasm.js';

/** What is copied into the memory of WebAssembly at a time: a cache nearby holds it. */
const BLOCK_BYTES = 64 << 10;
const RESULT = BLOCK_BYTES;

/** Whether any word of so many bits has all the bits of the mask, which are those of the exponent. */
export interface VectorSearch {
  in16(bytes: Uint8Array, mask: number): boolean;
  in32(bytes: Uint8Array, mask: number): boolean;
}

/**
 * Three times as fast as V8's loop over the same numbers.
 *
 * @throws where WebAssembly is not to be had; see `wasmInstance`
 */
export function vectorSearch(): VectorSearch {
  const { memory, run } = wasmInstance(2, { halves: search(i16x8.eq), singles: search(i32x4.eq) });
  const room = new Uint8Array(memory, 0, BLOCK_BYTES);
  const result = new BigUint64Array(memory, RESULT, 2);
  const isIn = (bytes: Uint8Array, mask: number, look: (end: number, mask: number) => void): boolean => {
    for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
      const block = bytes.subarray(at, at + BLOCK_BYTES);
      room.set(block);
      // Zeros are finite.
      room.fill(0, block.length, Math.ceil(block.length / TURN_BYTES) * TURN_BYTES);
      look(block.length, mask);
      if (result[0] !== 0n || result[1] !== 0n) return true;
    }
    return false;
  };
  return {
    in16: (bytes, mask) => isIn(bytes, mask * 0x10001, run.halves),
    in32: (bytes, mask) => isIn(bytes, mask, run.singles),
  };
}

const TURN_BYTES = 64;

/** From 0 to `end`, 64 bytes a turn: a lane of the result is all ones when the exponent of any of its words is. */
function search(equal: (one: Code, other: Code) => Code): WasmFunction {
  return wasmFunction(['i32', 'i32'], ([end, mask], local) => {
    const [at, exponent, word] = [local('i32'), local('v128'), local('v128')];
    const found: readonly Local[] = [local('v128'), local('v128')];
    const look = (offset: number, sum: Local): Code => [
      ...word.set(v128.and(v128.load(at.get, offset), exponent.get)),
      ...sum.set(v128.or(sum.get, equal(word.get, exponent.get))),
    ];
    const turn = [0, 16, 32, 48].flatMap((offset, i) => look(offset, found[i % 2] as Local));
    return [
      ...exponent.set(i32x4.splat(mask.get)),
      ...repeatWhile(i32.ltU(at.get, end.get), [...turn, ...at.set(i32.add(at.get, i32.const(TURN_BYTES)))]),
      ...v128.store(i32.const(RESULT), v128.or((found[0] as Local).get, (found[1] as Local).get)),
    ];
  });
}
