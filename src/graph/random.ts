// Seeded random values of any dtype of floats, uniform in [-1, 1). Element i depends on the seed and on i alone, so that any
// range of a tensor of any size can be made when it is read.
import { type Bytes, computedBytes } from '../base/bytes.js';
import { AscendBundleError } from '../base/errors.js';
import type { DType } from './dtype.js';
import { float32ToBfloat16, float32ToFloat16 } from './float16.js';
import { type Shape, tensorBytes } from './tensor.js';

/**
 * Random bits per element: so many that k / 2^(bits-1) - 1 is exact in the dtype, and never rounds up to 1.
 */
const BITS: Readonly<Record<string, number>> = { float64: 53, float32: 24, float16: 11, bfloat16: 8 };

export function hasRandom(dtype: DType): boolean {
  return BITS[dtype.name] !== undefined;
}

/**
 * The data of a random tensor; nothing is made until it is read.
 *
 * @param seed  a whole number from 0 to 2^53
 * @throws DTYPE_UNSUPPORTED for a dtype that is not float64, float32, float16 or bfloat16
 */
export function randomBytes(dtype: DType, shape: Shape, seed: number): Bytes {
  const bits = BITS[dtype.name];
  if (bits === undefined) {
    throw new AscendBundleError('DTYPE_UNSUPPORTED', {
      message: `Random values in [-1, 1) are for float dtypes; this is ${dtype.name}.`,
      fix: 'Give the values themselves, or a fill.',
    });
  }
  const size = dtype.bits / 8;
  return computedBytes(tensorBytes(dtype, shape), (start, end) => {
    const first = Math.floor(start / size);
    const raw = randomElements(dtype.name, bits, seed, first, Math.ceil(end / size) - first);
    return raw.subarray(start - first * size, end - first * size);
  });
}

function randomElements(dtype: string, bits: number, seed: number, first: number, count: number): Uint8Array {
  const values = dtype === 'float64' ? new Float64Array(count) : new Float32Array(count);
  fillRandom(values, bits, seed, first);
  const out =
    dtype === 'float16'
      ? float32ToFloat16(values as Float32Array)
      : dtype === 'bfloat16'
        ? float32ToBfloat16(values as Float32Array)
        : values;
  return new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
}

const GOLDEN = 0x9e3779b97f4a7c15n;

/**
 * The generator is SplitMix64 (Steele, Lea and Flood 2014): output n is a mix of seed + (n + 1) · GOLDEN, so it can start
 * anywhere. Each value takes the top bits of one output. On 32-bit halves, because BigInt would be thirty times slower.
 */
function fillRandom(out: Float32Array | Float64Array, bits: number, seed: number, first: number): void {
  const start = BigInt.asUintN(64, BigInt(seed) + (BigInt(first) + 1n) * GOLDEN);
  let high = Number(start >> 32n) | 0;
  let low = Number(start & 0xffff_ffffn) | 0;
  const scale = 2 ** (1 - bits);
  const drop = 32 - Math.min(32, bits);
  for (let i = 0; i < out.length; i++) {
    // z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9
    let lowest = low ^ ((low >>> 30) | (high << 2));
    let highest = high ^ (high >>> 30);
    highest = (Math.imul(highest, 0x1ce4e5b9) + Math.imul(lowest, 0xbf58476d) + highProduct(lowest, 0x1ce4e5b9)) | 0;
    lowest = Math.imul(lowest, 0x1ce4e5b9);
    // z = (z ^ z >>> 27) * 0x94d049bb133111eb
    const mixed = lowest ^ ((lowest >>> 27) | (highest << 5));
    highest ^= highest >>> 27;
    highest = (Math.imul(highest, 0x133111eb) + Math.imul(mixed, 0x94d049bb) + highProduct(mixed, 0x133111eb)) | 0;
    lowest = Math.imul(mixed, 0x133111eb);
    // z ^ z >>> 31
    lowest ^= (lowest >>> 31) | (highest << 1);
    highest ^= highest >>> 31;
    const top = bits > 32 ? (highest >>> 0) * 2 ** (bits - 32) + (lowest >>> (64 - bits)) : highest >>> drop;
    out[i] = top * scale - 1;
    // The state of the next output: plus GOLDEN.
    const sum = (low >>> 0) + 0x7f4a7c15;
    low = sum | 0;
    high = (high + 0x9e3779b9 + (sum > 0xffff_ffff ? 1 : 0)) | 0;
  }
}

/** The high half of the product of two unsigned 32-bit numbers. */
function highProduct(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const other = a0 * b1 + (middle & 0xffff);
  return (a1 * b1 + (middle >>> 16) + (other >>> 16)) | 0;
}
