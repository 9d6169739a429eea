// The only place that knows onnxruntime-node: loaded when something runs, and named when it is missing.
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { memoryBytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { dtype } from '../../graph/dtype.js';
import { bfloat16ToFloat32, float32ToBfloat16 } from '../../graph/float16.js';
import { elementCount, type Tensor, type TensorSpec, tensorBytes } from '../../graph/tensor.js';

export type Ort = typeof import('onnxruntime-node');

/** @throws ORT_MISSING */
export async function loadOrt(): Promise<Ort> {
  try {
    return await import('onnxruntime-node');
  } catch (cause) {
    throw new AscendBundleError('ORT_MISSING', {
      message: `The host backend runs models with onnxruntime-node, and it does not load here: ${firstLine(cause)}`,
      // npm drops an optional dependency whose install script fails without a word; the script only wants CUDA.
      fix: 'Install it without its script: npm i --ignore-scripts onnxruntime-node@1.30.0',
      cause,
    });
  }
}

export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] as string;
}

type TypedArrayConstructor = new (buffer: ArrayBuffer) => OrtTensor.DataType extends never ? never : ArrayBufferView;

/** Element types at the border of ONNX Runtime: its name and the array it wants. bfloat16 crosses as float32. */
const BORDER: Record<string, readonly [OrtTensor.Type, TypedArrayConstructor]> = {
  float32: ['float32', Float32Array],
  float64: ['float64', Float64Array],
  float16: ['float16', Uint16Array],
  int8: ['int8', Int8Array],
  int16: ['int16', Int16Array],
  int32: ['int32', Int32Array],
  int64: ['int64', BigInt64Array],
  uint8: ['uint8', Uint8Array],
  uint16: ['uint16', Uint16Array],
  uint32: ['uint32', Uint32Array],
  uint64: ['uint64', BigUint64Array],
  bool: ['bool', Uint8Array],
};

export function isHostDType({ name }: TensorSpec['dtype']): boolean {
  return name === 'bfloat16' || BORDER[name] !== undefined;
}

/** @throws DTYPE_UNSUPPORTED */
export function toOrtTensor(ort: Ort, tensor: Tensor, what: string): OrtTensor {
  if (tensor.dtype.name === 'bfloat16') {
    const wide = bfloat16ToFloat32(new Uint16Array(ownBuffer(tensor)));
    return new ort.Tensor('float32', wide, [...tensor.shape]);
  }
  const border = BORDER[tensor.dtype.name];
  if (border === undefined) {
    throw new AscendBundleError('DTYPE_UNSUPPORTED', { message: `${what} is ${tensor.dtype.name}, which is not on the host backend.` });
  }
  const [type, Array] = border;
  return new ort.Tensor(type, new Array(ownBuffer(tensor)) as never, [...tensor.shape]);
}

/** The bytes in a buffer that nothing else holds and that is aligned for every element type. */
function ownBuffer({ dtype: type, shape, data }: Tensor): ArrayBuffer {
  const out = new ArrayBuffer(tensorBytes(type, shape));
  const view = new Uint8Array(out);
  const step = 64 << 20;
  for (let pos = 0; pos < data.length; pos += step) view.set(data.read(pos, Math.min(data.length, pos + step)), pos);
  return out;
}

/** What came out of ONNX Runtime as a tensor of the dtype that the bundle promises. */
export function fromOrtTensor(value: OrtTensor, promised: TensorSpec): Tensor {
  const raw = value.data as unknown as Uint8Array | Float32Array;
  const shape = value.dims;
  if (promised.dtype.name === 'bfloat16') {
    const narrow = float32ToBfloat16(raw as Float32Array);
    return { dtype: promised.dtype, shape, data: memoryBytes(new Uint8Array(narrow.buffer, narrow.byteOffset, narrow.byteLength)) };
  }
  const own = dtype(value.type);
  return { dtype: own, shape, data: memoryBytes(new Uint8Array(raw.buffer, raw.byteOffset, tensorBytes(own, shape))) };
}

export type OrtSession = InferenceSession;

export function isEmpty(tensor: Tensor): boolean {
  return tensor.shape.length > 0 && elementCount(tensor.shape) === 0;
}
