// Tensors widened without loss.
import { computedBytes } from '../base/bytes.js';
import { dtype } from './dtype.js';
import { typedView } from './elements.js';
import { bfloat16ToFloat32, float16ToFloat32 } from './float16.js';
import type { Tensor } from './tensor.js';

const WIDEN = { bfloat16: bfloat16ToFloat32, float16: float16ToFloat32 } as const;

/** A float16 or bfloat16 tensor as float32, converted as it is read; any other tensor as it is. */
export function widenToFloat32(tensor: Tensor): Tensor {
  const widen = (WIDEN as Readonly<Record<string, ((bits: Uint16Array) => Float32Array) | undefined>>)[tensor.dtype.name];
  if (widen === undefined) return tensor;
  const data = computedBytes(tensor.data.length * 2, (start, end) => {
    const first = Math.floor(start / 4);
    const bits = typedView(tensor.dtype, tensor.data.read(first * 2, Math.ceil(end / 4) * 2)) as Uint16Array;
    return new Uint8Array(widen(bits).buffer).subarray(start - first * 4, end - first * 4);
  });
  return { ...tensor, dtype: dtype('float32'), data };
}
