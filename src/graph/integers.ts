// Reads a small Const of integers: a shape, axes, pads.
import type { Tensor } from './tensor.js';
import { elementCount } from './tensor.js';

/** Beyond this a Const is data, not a shape or a list of axes. */
const MOST_VALUES = 1 << 20;

const READERS: Readonly<Record<string, (view: DataView, index: number) => number>> = {
  int8: (view, i) => view.getInt8(i),
  uint8: (view, i) => view.getUint8(i),
  bool: (view, i) => view.getUint8(i),
  int16: (view, i) => view.getInt16(2 * i, true),
  uint16: (view, i) => view.getUint16(2 * i, true),
  int32: (view, i) => view.getInt32(4 * i, true),
  uint32: (view, i) => view.getUint32(4 * i, true),
  int64: (view, i) => Number(view.getBigInt64(8 * i, true)),
  uint64: (view, i) => Number(view.getBigUint64(8 * i, true)),
};

/**
 * The values of an integer (or bool) tensor of at most 2^20 elements, in row-major order.
 * undefined for any other dtype, for a larger tensor, and where a value is beyond ±2^53.
 */
export function readIntegers(tensor: Tensor): readonly number[] | undefined {
  const read = READERS[tensor.dtype.name];
  const count = elementCount(tensor.shape);
  if (read === undefined || count > MOST_VALUES) return undefined;
  const bytes = tensor.data.read();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = Array.from({ length: count }, (_, i) => read(view, i));
  return values.every(Number.isSafeInteger) ? values : undefined;
}
