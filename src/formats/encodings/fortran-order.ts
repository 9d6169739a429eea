// Arrays in Fortran (column-major) order, as numpy saves a transposed array, brought into row-major order.
import { type Bytes, chunks, computedBytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';

/** Each row-major range needs bytes from all over the source, so that the array is turned round as a whole, up to this size. */
const MAX_BYTES = 2 ** 31;

/**
 * The same array in row-major order; made in memory when it is first read.
 *
 * @param elementBytes  1, 2, 4, 8 or 16
 * @throws FILE_KIND over 2 GiB
 */
export function fortranToRowMajor(source: Bytes, shape: readonly number[], elementBytes: number, what: string): Bytes {
  // With at most one dimension over 1 both orders are the same.
  if (shape.filter((dim) => dim > 1).length < 2) return source;
  if (source.length > MAX_BYTES) {
    throw new AscendBundleError('FILE_KIND', {
      message: `${what} is in Fortran order and has ${source.length} bytes; over ${MAX_BYTES} bytes only row-major order is read.`,
      fix: 'Save numpy.ascontiguousarray(array).',
    });
  }
  let turned: Uint8Array | undefined;
  return computedBytes(source.length, (start, end) => {
    turned ??= turnRound(source, shape, elementBytes);
    return turned.subarray(start, end);
  });
}

function turnRound(source: Bytes, shape: readonly number[], elementBytes: number): Uint8Array {
  const unit = Math.min(elementBytes, 8);
  const unitsPerElement = elementBytes / unit;
  const out = new Uint8Array(source.length);
  const to = unitView(out, unit);
  const strides = rowMajorStrides(shape).map((stride) => stride * unitsPerElement);
  const index = shape.map(() => 0);
  let target = 0;
  let part = 0;
  for (const chunk of chunks(source)) {
    // A chunk is a whole number of units: its size is a power of two of at least 8 bytes.
    for (const value of unitView(Uint8Array.from(chunk), unit)) {
      to[target + part] = value as never;
      if (++part < unitsPerElement) continue;
      part = 0;
      target = advance(index, shape, strides, target);
    }
  }
  return out;
}

/** Steps an index whose first axis runs fastest; gives the row-major place of the new index. */
function advance(index: number[], shape: readonly number[], strides: readonly number[], place: number): number {
  let target = place;
  for (let axis = 0; axis < shape.length; axis++) {
    const stride = strides[axis] as number;
    index[axis] = (index[axis] as number) + 1;
    target += stride;
    if ((index[axis] as number) < (shape[axis] as number)) return target;
    target -= stride * (shape[axis] as number);
    index[axis] = 0;
  }
  return target;
}

function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = (strides[axis + 1] as number) * (shape[axis + 1] as number);
  return strides;
}

function unitView(raw: Uint8Array, unit: number): Uint8Array | Uint16Array | Uint32Array | BigUint64Array {
  const length = raw.length / unit;
  if (unit === 8) return new BigUint64Array(raw.buffer, raw.byteOffset, length);
  if (unit === 4) return new Uint32Array(raw.buffer, raw.byteOffset, length);
  if (unit === 2) return new Uint16Array(raw.buffer, raw.byteOffset, length);
  return raw;
}
