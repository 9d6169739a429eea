// A tensor with its dimensions in another order, as numpy.transpose gives it.
import { type Bytes, computedBytes } from '../base/bytes.js';
import { AscendBundleError } from '../base/errors.js';
import { type Shape, sameShape, type Tensor } from './tensor.js';

/**
 * Any part of the result needs elements from all over the source, so the source is walked through once per window of the result.
 * One window covers nearly every weight; of larger ones no more than this is in memory.
 */
const WINDOW_BYTES = 64 << 20;

/**
 * Turned when it is read; reading from beginning to end is what it is made for.
 *
 * @param order  axis i of the result is axis order[i] of `tensor`: a permutation of its axes
 * @throws DTYPE_UNSUPPORTED for elements that are not 1, 2, 4 or 8 bytes
 */
export function transposeTensor(tensor: Tensor, order: readonly number[], windowBytes = WINDOW_BYTES): Tensor {
  const { dtype, shape } = tensor;
  const elementBytes = dtype.bits / 8;
  if (![1, 2, 4, 8].includes(elementBytes)) {
    throw new AscendBundleError('DTYPE_UNSUPPORTED', {
      message: `Tensors of dtype ${dtype.name} cannot be transposed.`,
      fix: 'Transpose it before it is saved.',
    });
  }
  const turned = { ...tensor, shape: order.map((axis) => shape[axis] as number) };
  // The order of the dimensions over 1 is all that counts.
  const kept = order.filter((axis) => (shape[axis] as number) !== 1);
  if (tensor.data.length === 0 || kept.every((axis, i) => i === 0 || axis > (kept[i - 1] as number))) return turned;
  return { ...turned, data: turnedBytes(tensor.data, { shape, strides: targetStrides(shape, order), elementBytes }, windowBytes) };
}

/** Kernels of images have 4 dimensions; the orders of more would be more than anyone looks at. */
const MAX_RANK = 4;

/**
 * The orders of `from`'s dimensions that give `to`; the order as it is comes first where it is one. Over 4 dimensions only that
 * one is looked for.
 */
export function ordersBetween(from: Shape, to: Shape): readonly (readonly number[])[] {
  if (from.length !== to.length) return [];
  if (from.length > MAX_RANK) return sameShape(from, to) ? [[...from.keys()]] : [];
  let orders: readonly (readonly number[])[] = [[]];
  for (const dim of to) {
    orders = orders.flatMap((order) => from.flatMap((size, axis) => (size === dim && !order.includes(axis) ? [[...order, axis]] : [])));
  }
  return orders;
}

interface Turn {
  readonly shape: Shape;
  /** How far the place in the result moves, in elements, for one step along each axis of the source. */
  readonly strides: readonly number[];
  readonly elementBytes: number;
}

function targetStrides(shape: Shape, order: readonly number[]): number[] {
  const strides = shape.map(() => 0);
  let stride = 1;
  for (const axis of [...order].reverse()) {
    strides[axis] = stride;
    stride *= shape[axis] as number;
  }
  return strides;
}

function turnedBytes(source: Bytes, turn: Turn, windowBytes: number): Bytes {
  let window: { readonly start: number; readonly bytes: Uint8Array } | undefined;
  const at = (pos: number): { readonly start: number; readonly bytes: Uint8Array } => {
    if (window !== undefined && pos >= window.start && pos < window.start + window.bytes.length) return window;
    const start = Math.floor(pos / windowBytes) * windowBytes;
    window = { start, bytes: turnWindow(source, turn, start, Math.min(source.length, start + windowBytes)) };
    return window;
  };
  return computedBytes(source.length, (start, end) => {
    const first = at(start);
    const isWhole = end <= first.start + first.bytes.length;
    const out = isWhole ? first.bytes.subarray(start - first.start, end - first.start) : new Uint8Array(end - start);
    for (let pos = start; !isWhole && pos < end; ) {
      const { start: from, bytes } = at(pos);
      const to = Math.min(end, from + bytes.length);
      out.set(bytes.subarray(pos - from, to - from), pos - start);
      pos = to;
    }
    // Who has read to the end has read all of it, and many weights may be waiting at once.
    if (end === source.length) window = undefined;
    return out;
  });
}

/** The bytes [start, end) of the result. */
function turnWindow(source: Bytes, { shape, strides, elementBytes }: Turn, start: number, end: number): Uint8Array {
  const out = new Uint8Array(end - start);
  const to = unitView(out, elementBytes);
  const [first, last] = [start / elementBytes, end / elementBytes];
  const row = shape.at(-1) as number;
  const step = strides.at(-1) as number;
  const total = source.length / elementBytes;
  for (let done = 0; done < total; ) {
    const count = Math.min(total - done, CHUNK_ELEMENTS);
    const from = unitView(source.read(done * elementBytes, (done + count) * elementBytes), elementBytes);
    for (let i = 0; i < count; ) {
      const column = (done + i) % row;
      const length = Math.min(count - i, row - column);
      let place = rowPlace((done + i - column) / row, shape, strides) + column * step - first;
      for (const stop = i + length; i < stop; i++, place += step) {
        if (place >= 0 && place < last - first) to[place] = from[i] as never;
      }
    }
    done += count;
  }
  return out;
}

const CHUNK_ELEMENTS = 1 << 20;

/** Where the first element of a row of the source lies in the result. */
function rowPlace(row: number, shape: Shape, strides: readonly number[]): number {
  let place = 0;
  let rest = row;
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    const dim = shape[axis] as number;
    place += (rest % dim) * (strides[axis] as number);
    rest = Math.floor(rest / dim);
  }
  return place;
}

function unitView(raw: Uint8Array, unit: number): Uint8Array | Uint16Array | Uint32Array | BigUint64Array {
  const aligned = raw.byteOffset % unit === 0 ? raw : Uint8Array.from(raw);
  const length = raw.length / unit;
  if (unit === 8) return new BigUint64Array(aligned.buffer, aligned.byteOffset, length);
  if (unit === 4) return new Uint32Array(aligned.buffer, aligned.byteOffset, length);
  return unit === 2 ? new Uint16Array(aligned.buffer, aligned.byteOffset, length) : aligned;
}
