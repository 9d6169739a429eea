// Between the tensors of the tests and those of the library's interface.
import { memoryBytes } from '../../src/base/bytes.js';
import { dtype } from '../../src/graph/dtype.js';
import type { Tensor } from '../../src/graph/tensor.js';
import type { TensorData, Tensors } from '../../src/index.js';

export function tensorData(tensor: Tensor): TensorData {
  return { dtype: tensor.dtype.name, shape: tensor.shape, data: tensor.data.read() };
}

export function tensorDatas(tensors: ReadonlyMap<string, Tensor>): Tensors {
  return Object.fromEntries([...tensors].map(([name, tensor]) => [name, tensorData(tensor)]));
}

export function tensorOf({ dtype: name, shape, data }: TensorData): Tensor {
  return { dtype: dtype(name), shape, data: memoryBytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) };
}
