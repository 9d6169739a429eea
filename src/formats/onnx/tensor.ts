// TensorProto → Tensor, wherever its bytes are: raw_data, one of the typed fields, or another file. Nothing is read, only checked.
import { type Bytes, EMPTY_BYTES } from '../../base/bytes.js';
import { AscendBundleError, type ErrorCode } from '../../base/errors.js';
import { type Int64, varints } from '../../base/protobuf/index.js';
import { type DType, dtypeOfOnnx } from '../../graph/dtype.js';
import { describeSpec, type Shape, type Tensor, tensorBytes } from '../../graph/tensor.js';
import type { OnnxTensor } from '../encodings/onnx-model.js';
import type { ExternalData } from './external.js';

export interface TensorSource {
  /** The file, for errors. */
  readonly what: string;
  /** Without it, a tensor in another file is refused. */
  readonly external?: ExternalData;
}

/** TensorProto.DataType.STRING. */
export const ONNX_STRING = 8;

/**
 * @throws FILE_MALFORMED when the bytes do not fill the shape; DTYPE_UNSUPPORTED for strings; PATH_ESCAPES, FILE_NOT_FOUND,
 *   FILE_TRUNCATED for external data
 */
export function toTensor(proto: OnnxTensor, source: TensorSource): Tensor {
  const name = proto.name ?? '';
  const fail = (why: string, code: ErrorCode = 'FILE_MALFORMED', fix = 'Export the model again.'): never => {
    throw new AscendBundleError(code, { message: `Tensor "${name}" of ${source.what} ${why}.`, fix });
  };
  if (proto.dataType === ONNX_STRING)
    fail('holds strings, which a weight-updatable bundle cannot', 'DTYPE_UNSUPPORTED', 'Encode the text as integers.');
  const dtype = dtypeOfOnnx(proto.dataType ?? 0);
  if (dtype === undefined || dtype.bits === 0) return fail(`has the unknown data type ${proto.dataType ?? 0}`);
  if (proto.segment !== undefined) return fail('is a segment of a larger one, which no ONNX runtime reads');
  const shape = shapeOf(proto.dims ?? [], fail);
  const size = tensorBytes(dtype, shape);
  if (!Number.isSafeInteger(size)) return fail(`would have ${size} bytes`);
  if (proto.dataLocation === 1) {
    if (source.external === undefined) return fail('is in another file, which is not possible here');
    return { dtype, shape, data: source.external.bytes(name, proto.externalData ?? [], size) };
  }
  const { field, data } = storedBytes(proto, dtype, name);
  if (data.length !== size) fail(`is ${describeSpec({ dtype, shape })}, ${size} bytes, but its ${field} gives ${data.length}`);
  return { dtype, shape, data };
}

function shapeOf(dims: readonly Int64[], fail: (why: string) => never): Shape {
  return dims.map((dim) => (typeof dim === 'number' && dim >= 0 ? dim : fail(`has a dimension of ${dim}`)));
}

function storedBytes(proto: OnnxTensor, dtype: DType, name: string): { readonly field: string; readonly data: Bytes } {
  if (proto.rawData !== undefined) return { field: 'raw_data', data: proto.rawData };
  switch (dtype.name) {
    case 'float32':
    case 'complex64':
      return { field: 'float_data', data: proto.floatData ?? EMPTY_BYTES };
    case 'float64':
    case 'complex128':
      return { field: 'double_data', data: proto.doubleData ?? EMPTY_BYTES };
    case 'int64':
      return { field: 'int64_data', data: integers(proto.int64Data, 8, name) };
    case 'uint32':
    case 'uint64':
      return { field: 'uint64_data', data: integers(proto.uint64Data, dtype.bits === 64 ? 8 : 4, name) };
    default: {
      // Floats of 16 bits by their bits; elements of 4 and 2 bits packed into bytes, one byte per number.
      const width = dtype.bits <= 8 ? 1 : dtype.bits === 16 ? 2 : 4;
      return { field: 'int32_data', data: integers(proto.int32Data, width, name) };
    }
  }
}

function integers(packed: Bytes | undefined, width: 1 | 2 | 4 | 8, name: string): Bytes {
  return packed === undefined ? EMPTY_BYTES : varints(packed, width, `tensor "${name}"`).bytes;
}
