// ONNX Runtime as the reference: runs a model as it is, or a program of ours the way a session does.
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { type Bytes, memoryBytes } from '../../src/base/bytes.js';
import { dtype } from '../../src/graph/dtype.js';
import type { Tensor } from '../../src/graph/tensor.js';

type TypedArray = OrtTensor['data'];

const ARRAYS: Readonly<Record<string, new (buffer: ArrayBuffer) => TypedArray>> = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

/** The elements of a tensor; float16 as its bits. */
export function elements(tensor: Tensor): TypedArray {
  const array = ARRAYS[tensor.dtype.name];
  if (array === undefined) throw new Error(`no array for ${tensor.dtype.name}`);
  // A copy, because what is read need not be aligned.
  return new array(new Uint8Array(tensor.data.read()).buffer);
}

export function toOrt(tensor: Tensor): OrtTensor {
  const values = elements(tensor);
  const made = new OrtTensor(tensor.dtype.name as 'float32', values as Float32Array, [...tensor.shape]);
  // Of Node 24, whose Float16Array onnxruntime-node 1.30 cannot read.
  if (tensor.dtype.name === 'float16') Object.assign(made, { cpuData: values });
  return made;
}

export function fromOrt(value: OrtTensor): Tensor {
  const { buffer, byteOffset, byteLength } = value.data as Float32Array;
  return { dtype: dtype(value.type), shape: value.dims, data: memoryBytes(new Uint8Array(buffer, byteOffset, byteLength)) };
}

export interface RunOptions {
  /** The folder of external data. */
  readonly folder?: string;
}

/** Runs a model given as bytes or by its path. */
export async function runOrt(
  model: Bytes | string,
  feeds: Readonly<Record<string, OrtTensor>>,
  { folder }: RunOptions = {},
): Promise<Readonly<Record<string, OrtTensor>>> {
  const extra = folder === undefined ? {} : { session: { model_external_initializers_file_folder_path: folder } };
  const options = { logSeverityLevel: 4, extra } as const;
  const session = await (typeof model === 'string'
    ? InferenceSession.create(model, options)
    : InferenceSession.create(model.read(), options));
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}
