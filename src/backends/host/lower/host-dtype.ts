// Which dtypes the host backend computes with. bfloat16 is widened: ONNX Runtime has hardly a kernel for it on a CPU.
import { memoryBytes } from '../../../base/bytes.js';
import { AscendBundleError } from '../../../base/errors.js';
import { type DType, dtype } from '../../../graph/dtype.js';
import { decodeElements } from '../../../graph/elements.js';
import type { Tensor, TensorSpec } from '../../../graph/tensor.js';

const COMPUTED: ReadonlySet<string> = new Set([
  'float32',
  'float16',
  'float64',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'bool',
]);

/** The dtype that stands for `given` in the host's program; undefined where there is none. */
export function hostDType(given: DType): DType | undefined {
  if (given.name === 'bfloat16') return dtype('float32');
  return COMPUTED.has(given.name) ? given : undefined;
}

/**
 * @param what  what has the dtype: `Weight "w"`
 * @throws DTYPE_UNSUPPORTED
 */
export function requireHostDType(what: string, { name }: DType): void {
  if (name === 'bfloat16' || COMPUTED.has(name)) return;
  throw new AscendBundleError('DTYPE_UNSUPPORTED', {
    message: `${what} is ${name}, which is not on the host backend.`,
    fix: `The host backend has bfloat16, ${[...COMPUTED].join(', ')}. Use one of them, or build with --backend ascend.`,
  });
}

/** The spec with bfloat16 widened; a dtype that the host does not know stays, and has been refused before. */
export function hostSpec(spec: TensorSpec): TensorSpec {
  const host = hostDType(spec.dtype);
  return host === undefined || host === spec.dtype ? spec : { ...spec, dtype: host };
}

/**
 * The number of the dtype in TensorProto.DataType, for Cast and for declarations.
 * Every dtype of the host's program has one.
 */
export function onnxType(given: DType): number {
  return given.onnx as number;
}

/** A small tensor with bfloat16 widened. */
export function hostTensor(tensor: Tensor): Tensor {
  if (tensor.dtype.name !== 'bfloat16') return tensor;
  const values = Float32Array.from(decodeElements(tensor), Number);
  return { ...tensor, dtype: dtype('float32'), data: memoryBytes(new Uint8Array(values.buffer)) };
}
