// The elements of a tensor as JavaScript values, and back. float16 and bfloat16 elements are held as their bits in a Uint16Array.
import { chunks } from '../base/bytes.js';
import { AscendBundleError } from '../base/errors.js';
import { PairedReader, PIECE_BYTES } from '../base/paired-reader.js';
import type { DType } from './dtype.js';
import { bfloat16ToFloat32, float16ToFloat32, fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from './float16.js';
import type { Tensor } from './tensor.js';

export type ElementArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

export type Element = number | bigint | boolean;

type ArrayConstructor = {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): ElementArray;
  readonly BYTES_PER_ELEMENT: number;
};

interface ElementKind {
  readonly array: ArrayConstructor;
  readonly category: 'float' | 'int' | 'bool';
  /** From what lies in the array to the value; absent where they are the same. */
  readonly decode?: (raw: number | bigint) => Element;
  readonly encode?: (value: number) => number;
  /** Of integers, inclusive. */
  readonly range?: readonly [min: bigint, max: bigint];
}

function integers(array: ArrayConstructor, bits: number, isSigned: boolean): ElementKind {
  const range = isSigned ? ([-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n] as const) : ([0n, 2n ** BigInt(bits) - 1n] as const);
  return { array, category: 'int', range };
}

const KINDS: Readonly<Record<string, ElementKind>> = {
  float32: { array: Float32Array, category: 'float' },
  float64: { array: Float64Array, category: 'float' },
  float16: { array: Uint16Array, category: 'float', decode: (raw) => fromFloat16(Number(raw)), encode: toFloat16 },
  bfloat16: { array: Uint16Array, category: 'float', decode: (raw) => fromBfloat16(Number(raw)), encode: toBfloat16 },
  int8: integers(Int8Array, 8, true),
  int16: integers(Int16Array, 16, true),
  int32: integers(Int32Array, 32, true),
  int64: integers(BigInt64Array, 64, true),
  uint8: integers(Uint8Array, 8, false),
  uint16: integers(Uint16Array, 16, false),
  uint32: integers(Uint32Array, 32, false),
  uint64: integers(BigUint64Array, 64, false),
  bool: { array: Uint8Array, category: 'bool', decode: (raw) => raw !== 0, range: [0n, 1n] },
};

/** Whether the elements of this dtype can be read and written as JavaScript values. */
export function hasElements(dtype: DType): boolean {
  return KINDS[dtype.name] !== undefined;
}

export function isFloat(dtype: DType): boolean {
  return KINDS[dtype.name]?.category === 'float';
}

export function isInteger(dtype: DType): boolean {
  return KINDS[dtype.name]?.category === 'int';
}

/** Of an integer dtype, inclusive. */
export function integerRange(dtype: DType): readonly [min: bigint, max: bigint] {
  return kindOf(dtype).range as readonly [bigint, bigint];
}

function kindOf(dtype: DType): ElementKind {
  const kind = KINDS[dtype.name];
  if (kind !== undefined) return kind;
  throw new AscendBundleError('DTYPE_UNSUPPORTED', {
    message: `Elements of dtype ${dtype.name} cannot be read as numbers.`,
    fix: `Use one of ${Object.keys(KINDS).join(', ')}.`,
  });
}

/**
 * The bytes of whole elements as a typed array: a view of them where they are aligned, else a copy.
 * Treat it as read-only: a view shares the memory of its source.
 *
 * @throws DTYPE_UNSUPPORTED
 */
export function typedView(dtype: DType, raw: Uint8Array): ElementArray {
  const { array } = kindOf(dtype);
  const isAligned = raw.byteOffset % array.BYTES_PER_ELEMENT === 0;
  const source = isAligned ? raw : Uint8Array.from(raw);
  return new array(source.buffer, source.byteOffset, Math.floor(source.length / array.BYTES_PER_ELEMENT));
}

/** All elements of a tensor that fits in memory; see `typedView`. */
export function elementsOf(tensor: Tensor): ElementArray {
  return typedView(tensor.dtype, tensor.data.read());
}

/** Element i: a number for floats and for integers up to 32 bits, a bigint for int64 and uint64, a boolean for bool. */
export function elementAt(dtype: DType, array: ElementArray, i: number): Element {
  const raw = array[i] as number | bigint;
  const { decode } = kindOf(dtype);
  return decode === undefined ? raw : decode(raw);
}

/** The elements of a small tensor, row-major. */
export function decodeElements(tensor: Tensor): Element[] {
  const array = elementsOf(tensor);
  return Array.from({ length: array.length }, (_, i) => elementAt(tensor.dtype, array, i));
}

export type FloatArray = Float32Array | Float64Array;

/**
 * Elements of a float dtype as numbers; float16 and bfloat16 fit in float32.
 *
 * @param memory  for what must be converted: at least as long as `array`, and written over
 */
export function floatValues(array: ElementArray, { name }: DType, memory?: Float32Array): FloatArray {
  const out = memory?.subarray(0, array.length);
  if (name === 'float16') return float16ToFloat32(array as Uint16Array, out);
  return name === 'bfloat16' ? bfloat16ToFloat32(array as Uint16Array, out) : (array as FloatArray);
}

/**
 * Walks a tensor of any size in typed arrays of at most 64 Ki elements; `start` is the index of a piece's first element.
 * A piece may be overwritten by the next. Pieces of some megabytes were slower by a third: they leave the processor's cache before
 * they are looked at, and each tensor pays for fresh pages.
 */
export function* elementChunks(tensor: Tensor): Generator<{ readonly start: number; readonly array: ElementArray }> {
  const size = kindOf(tensor.dtype).array.BYTES_PER_ELEMENT;
  const step = size << 16;
  let start = 0;
  for (const piece of chunks(tensor.data, step)) {
    yield { start, array: typedView(tensor.dtype, piece) };
    start += step / size;
  }
}

/** Two tensors of one shape, walked likewise side by side; the next pieces are read while these are looked at. */
export async function* elementPairs(
  one: Tensor,
  other: Tensor,
  reader = new PairedReader(),
): AsyncGenerator<{ readonly start: number; readonly arrays: readonly [ElementArray, ElementArray] }> {
  const [size, otherSize] = [one, other].map(({ dtype }) => kindOf(dtype).array.BYTES_PER_ELEMENT) as [number, number];
  const step = PIECE_BYTES / Math.max(size, otherSize);
  let start = 0;
  const pieces = reader.pieces({ bytes: one.data, pieceBytes: step * size }, { bytes: other.data, pieceBytes: step * otherSize });
  for await (const [piece, otherPiece] of pieces) {
    yield { start, arrays: [typedView(one.dtype, piece), typedView(other.dtype, otherPiece)] };
    start += step;
  }
}

/**
 * Why `value` is not an element of `dtype`, as the end of a sentence that begins with the value; undefined when it is one.
 * Floats take any number (rounding to nearest even, to infinity beyond the range); integers take whole numbers in range and
 * nothing that would be rounded; bool takes true, false, 0 and 1.
 */
export function elementProblem(dtype: DType, value: unknown): string | undefined {
  const kind = kindOf(dtype);
  if (typeof value === 'boolean') return kind.category === 'bool' ? undefined : `is a boolean; ${dtype.name} wants numbers`;
  if (typeof value !== 'number' && typeof value !== 'bigint') return 'is not a number';
  if (kind.range === undefined) return undefined;
  if (typeof value === 'number' && !Number.isInteger(value)) {
    return kind.category === 'bool' ? 'is neither true nor false' : `is not a whole number; the dtype is ${dtype.name}`;
  }
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return 'is beyond 2^53 and may have been rounded; write it as a string';
  const [min, max] = kind.range;
  if (value >= min && value <= max) return undefined;
  return kind.category === 'bool' ? 'is neither true nor false' : `is outside ${dtype.name} (${min} to ${max})`;
}

/**
 * Values to little-endian bytes. `fail` is told the index of the first value that does not fit, and why (see `elementProblem`),
 * and throws the caller's error.
 */
export function encodeElements(
  dtype: DType,
  values: readonly unknown[],
  fail: (index: number, why: string) => never,
): Uint8Array<ArrayBuffer> {
  const kind = kindOf(dtype);
  const out = new Uint8Array(values.length * kind.array.BYTES_PER_ELEMENT);
  const array = new kind.array(out.buffer, 0, values.length);
  const isWide = array instanceof BigInt64Array || array instanceof BigUint64Array;
  for (let i = 0; i < values.length; i++) {
    const why = elementProblem(dtype, values[i]);
    if (why !== undefined) fail(i, why);
    const value = values[i] as Element;
    array[i] = isWide ? BigInt(value) : kind.encode === undefined ? Number(value) : kind.encode(Number(value));
  }
  return out;
}
