// The only place that knows onnxruntime-node: loaded when something runs, and named when it is missing.
import type { Tensor as OrtTensor } from 'onnxruntime-node';
import { type Bytes, computedBytes, memoryBytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { dtype } from '../../graph/dtype.js';
import { typedView } from '../../graph/elements.js';
import { bfloat16ToFloat32, float32ToBfloat16 } from '../../graph/float16.js';
import { type Tensor, type TensorSpec, tensorBytes } from '../../graph/tensor.js';
import { requireHostDType } from './lower/host-dtype.js';

export type Ort = typeof import('onnxruntime-node');

/**
 * Since 1.30 ONNX Runtime keeps a device id and a queue of events in ~/.cache/Microsoft and sends them, unless this is set
 * before its library is loaded. Nothing here sends anything, so it is set; a value that the user has given stays.
 */
const NO_TELEMETRY = 'ORT_DISABLE_TELEMETRY';

/** @throws ORT_MISSING */
export async function loadOrt(): Promise<Ort> {
  process.env[NO_TELEMETRY] ??= '1';
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

/**
 * Fusions that break float64 graphs which are sound without them (measured with onnxruntime-node 1.30): x · Sigmoid(x) becomes a
 * QuickGelu without a float64 kernel, and Relu before Clip ends in "unexpected data type" when the session is made.
 */
export const FAULTY_FUSIONS = 'QuickGeluFusion;FuseReluClip';

export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] as string;
}

/**
 * Element types have the same names in ONNX Runtime; bfloat16 crosses its border as float32.
 *
 * @throws DTYPE_UNSUPPORTED
 */
export function toOrtTensor(ort: Ort, tensor: Tensor, what: string): OrtTensor {
  const { name } = tensor.dtype;
  requireHostDType(what, tensor.dtype);
  const elements = typedView(tensor.dtype, ownBytes(tensor));
  if (name === 'bfloat16') return new ort.Tensor('float32', bfloat16ToFloat32(elements as Uint16Array), [...tensor.shape]);
  const made = new ort.Tensor(name as OrtTensor.Type, elements as never, [...tensor.shape]);
  if (name === 'float16') holdAsBits(made, elements as Uint16Array);
  return made;
}

/**
 * Where JavaScript has a Float16Array (Node 24), onnxruntime-common 1.30 holds float16 in one, and Node-API, through which its library
 * reads it, knows no such array: "not enough space: expected 4, got 0". The library takes the bits as well, as it does on Node 20.
 */
function holdAsBits(tensor: OrtTensor, bits: Uint16Array): void {
  if (!(tensor.data instanceof Uint16Array)) Object.assign(tensor, { cpuData: bits });
}

/** A copy that nothing else holds, aligned for every element type: ONNX Runtime uses the memory it is given. */
function ownBytes({ dtype: type, shape, data }: Tensor): Uint8Array {
  const view = new Uint8Array(tensorBytes(type, shape));
  const step = 64 << 20;
  for (let pos = 0; pos < data.length; pos += step) view.set(data.read(pos, Math.min(data.length, pos + step)), pos);
  return view;
}

/** What came out of ONNX Runtime as a tensor of the dtype that the bundle promises. */
export function fromOrtTensor(value: OrtTensor, promised: TensorSpec): Tensor {
  const raw = value.data as unknown as Uint8Array | Float32Array;
  const shape = value.dims;
  if (promised.dtype.name === 'bfloat16') {
    return { dtype: promised.dtype, shape, data: narrowBytes(raw as Float32Array) };
  }
  const own = dtype(value.type);
  return { dtype: own, shape, data: memoryBytes(new Uint8Array(raw.buffer, raw.byteOffset, tensorBytes(own, shape))) };
}

/** float32 as bfloat16, computed when it is read: a snapshot of all weights costs nothing until one is needed. */
function narrowBytes(values: Float32Array): Bytes {
  return computedBytes(values.length * 2, (start, end) => {
    const first = Math.floor(start / 2);
    const halves = float32ToBfloat16(values.subarray(first, Math.ceil(end / 2)));
    return new Uint8Array(halves.buffer).subarray(start - first * 2, end - first * 2);
  });
}
