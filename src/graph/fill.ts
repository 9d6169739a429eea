// Tensors whose elements are all the same, of any size, without memory.
import { type Bytes, computedBytes } from '../base/bytes.js';

/** `element` again and again, `length` bytes in all. */
export function repeatedBytes(element: Uint8Array, length: number): Bytes {
  return computedBytes(length, (start, end) => {
    // Buffer.alloc repeats its fill from the first byte on, so begin at the beginning of an element.
    const phase = start % element.length;
    return Buffer.alloc(phase + end - start, element).subarray(phase);
  });
}
