// `.npy` files: one array without a name.
import type { Bytes } from '../base/bytes.js';
import type { Tensor } from '../graph/tensor.js';
import { readNpyArray, isNpy as startsAsNpy, writeNpyArray } from './encodings/npy-array.js';

export function isNpy(bytes: Bytes): boolean {
  return startsAsNpy(bytes.read(0, Math.min(bytes.length, 8)));
}

/**
 * Reads nothing but the header; the data stays in the file.
 *
 * @param what  names the file in errors
 * @throws FILE_KIND, FILE_TRUNCATED, FILE_MALFORMED, DTYPE_UNSUPPORTED
 */
export function readNpy(bytes: Bytes, what: string): Tensor {
  return readNpyArray(bytes, what);
}

/** @throws DTYPE_UNSUPPORTED for dtypes that numpy has not (bfloat16, float8) */
export function writeNpy(tensor: Tensor): Bytes {
  return writeNpyArray(tensor);
}
