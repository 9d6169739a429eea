// Random zeros and ones, for integer and bool tensors of any size.
import { type Bytes, computedBytes } from '../base/bytes.js';
import { type DType, dtype as dtypeOf } from '../graph/dtype.js';
import { typedView } from '../graph/elements.js';
import { randomBytes } from '../graph/random.js';
import { type Shape, tensorBytes } from '../graph/tensor.js';

const FLOAT = dtypeOf('float32');

/** Element i is 1 where element i of the float32 tensor of the same seed is not negative, else 0. */
export function randomChoice(dtype: DType, shape: Shape, seed: number): Bytes {
  const size = dtype.bits / 8;
  const source = randomBytes(FLOAT, shape, seed);
  return computedBytes(tensorBytes(dtype, shape), (start, end) => {
    const first = Math.floor(start / size);
    const last = Math.ceil(end / size);
    const floats = typedView(FLOAT, source.read(first * 4, last * 4));
    const out = new Uint8Array((last - first) * size);
    for (let i = 0; i < floats.length; i++) if ((floats[i] as number) >= 0) out[i * size] = 1;
    return out.subarray(start - first * size, end - first * size);
  });
}
