// NaN and infinity in float tensors of any size.
import { type Bytes, watchedBytes } from '../base/bytes.js';
import { atOnce, PAUSE, type Paused } from '../base/pauses.js';
import type { DType } from './dtype.js';
import { type ElementArray, elementAt, elementChunks, isFloat, typedView } from './elements.js';
import { type VectorSearch, vectorSearch } from './non-finite-vector.js';
import type { Tensor } from './tensor.js';

export interface NonFiniteElements {
  readonly count: number;
  /** Of the first one, row-major. */
  readonly place: number;
  /** `NaN`, `-Infinity` */
  readonly value: string;
}

/** All ones in the exponent are NaN or infinity, in every IEEE format. */
const EXPONENT: Readonly<Record<string, number>> = { float32: 0x7f800000, float16: 0x7c00, bfloat16: 0x7f80 };

/** Undefined when all values are finite, as those of integers are. Reads the tensor in pieces. */
export function* nonFiniteElements(tensor: Tensor): Paused<NonFiniteElements | undefined> {
  if (!isFloat(tensor.dtype)) return undefined;
  const counter = new NonFiniteCounter(tensor.dtype);
  for (const { start, array } of elementChunks(tensor)) {
    counter.add(start, array);
    yield PAUSE;
  }
  return counter.found;
}

/** Of the pieces of a float tensor, in their order. */
class NonFiniteCounter {
  #found: NonFiniteElements | undefined;

  constructor(readonly dtype: DType) {}

  add(start: number, array: ElementArray): void {
    const { count, first } = scan(this.dtype.name, array);
    if (count === 0) return;
    this.#found ??= { place: start + first, value: String(elementAt(this.dtype, array, first)), count: 0 };
    this.#found = { ...this.#found, count: this.#found.count + count };
  }

  get found(): NonFiniteElements | undefined {
    return this.#found;
  }
}

/** A float tensor that is looked at while somebody else reads it. */
export interface WatchedTensor {
  /** To be read instead of its own. */
  readonly data: Bytes;
  /** What was found; reads what was not read from the beginning to the end. */
  nonFinite(): NonFiniteElements | undefined;
}

const ALIGNED_BYTES = 256 << 10;

export function watchNonFinite(tensor: Tensor): WatchedTensor {
  const size = tensor.dtype.bits / 8;
  let counter = new NonFiniteCounter(tensor.dtype);
  let next = 0;
  /** The element that a piece has cut: who reads a file in pieces does not know where elements begin. */
  const cut = new Uint8Array(size);
  let aligned: Uint8Array | undefined;
  const add = (start: number, whole: Uint8Array): void => {
    if (whole.byteOffset % size === 0) return counter.add(start / size, typedView(tensor.dtype, whole));
    // Memory that is used again is in the cache.
    aligned ??= new Uint8Array(ALIGNED_BYTES);
    for (let at = 0; at < whole.length; at += ALIGNED_BYTES) {
      const part = whole.subarray(at, at + ALIGNED_BYTES);
      aligned.set(part);
      counter.add((start + at) / size, typedView(tensor.dtype, aligned.subarray(0, part.length)));
    }
  };
  const watch = (piece: Uint8Array, start: number): void => {
    if (next === tensor.data.length) return;
    if (start === 0) [counter, next] = [new NonFiniteCounter(tensor.dtype), 0];
    if (start !== next) return;
    next += piece.length;
    const begun = start % size;
    const head = begun === 0 ? 0 : Math.min(size - begun, piece.length);
    cut.set(piece.subarray(0, head), begun);
    if (head > 0 && begun + head === size) add(start - begun, cut);
    const end = piece.length - ((piece.length - head) % size);
    if (end > head) add(start + head, piece.subarray(head, end));
    cut.set(piece.subarray(end));
  };
  return {
    data: watchedBytes(tensor.data, watch),
    nonFinite: () => (next === tensor.data.length ? counter.found : atOnce(nonFiniteElements(tensor))),
  };
}

/** For less, making the vector instructions takes longer than doing without. */
const VECTOR_BYTES = 128 << 10;
/** Null where they are not to be had: of no consequence but for time. */
let search: VectorSearch | null | undefined;

function searchIfToBeHad(): VectorSearch | null {
  try {
    return vectorSearch();
  } catch {
    return null;
  }
}

interface Scanned {
  readonly count: number;
  /** Of the first that is not finite; -1 where all are. */
  readonly first: number;
}

const ALL_FINITE: Scanned = { count: 0, first: -1 };

function scan(dtype: string, array: ElementArray): Scanned {
  const mask = EXPONENT[dtype];
  if (mask === undefined) return count(array, (value) => Number.isFinite(value));
  if (search === undefined && array.byteLength >= VECTOR_BYTES) search = searchIfToBeHad();
  if (search) {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    const isFound = dtype === 'float32' ? search.in32(bytes, mask) : search.in16(bytes, mask);
    if (!isFound) return ALL_FINITE;
  }
  const bits = dtype === 'float32' ? new Uint32Array(array.buffer, array.byteOffset, array.length) : (array as Uint16Array);
  return count(bits, (word) => (word & mask) !== mask);
}

function count(array: ElementArray, isGood: (value: number) => boolean): Scanned {
  let found = 0;
  let first = -1;
  for (let i = 0; i < array.length; i++) {
    if (isGood(array[i] as number)) continue;
    if (found++ === 0) first = i;
  }
  return { count: found, first };
}
