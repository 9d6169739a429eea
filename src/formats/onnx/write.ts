// An ONNX model as files: one, or where protobuf's 2 GiB do not hold it, one with its larger initializers in another beside it.
import { type Bytes, concatBytes, zeroBytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { encode } from '../../base/protobuf/index.js';
import { dtypeOfOnnx } from '../../graph/dtype.js';
import { OnnxModel, type OnnxTensor } from '../encodings/onnx-model.js';

export interface OnnxFiles {
  readonly model: Bytes;
  /** For the file that the model names, where it needs one. */
  readonly data: Bytes | undefined;
}

/** Protobuf ends at 2^31 - 1 bytes, of which GE needs some (cann-api §10). */
const MOST_MODEL_BYTES = 2_147_483_638;
/** ONNX asks for offsets that can be mapped. */
const PAGE_BYTES = 4096;
const INLINE_BYTES = 1 << 10;
/** Integers drive shapes, and no shape is inferred from what is in another file. */
const INLINE_INTEGER_BYTES = 1 << 16;

/**
 * Nothing is read before the files are written.
 *
 * @param model  its initializers have `rawData`, or no value that could be moved
 * @param dataFile  the name of the other file, in the folder of the model
 * @throws GRAPH_INVALID when the model is too large without its initializers
 */
export function writeOnnx(model: OnnxModel, dataFile: string, mostBytes = MOST_MODEL_BYTES): OnnxFiles {
  const whole = encode(OnnxModel, model);
  if (whole.length <= mostBytes) return { model: whole, data: undefined };
  const pieces: Bytes[] = [];
  let end = 0;
  const moved = (tensor: OnnxTensor): OnnxTensor => {
    const { rawData, ...rest } = tensor;
    if (rawData === undefined || staysInside(tensor, rawData)) return tensor;
    const offset = Math.ceil(end / PAGE_BYTES) * PAGE_BYTES;
    pieces.push(zeroBytes(offset - end), rawData);
    end = offset + rawData.length;
    const entries = { location: dataFile, offset: String(offset), length: String(rawData.length) };
    return { ...rest, dataLocation: 1, externalData: Object.entries(entries).map(([key, value]) => ({ key, value })) };
  };
  const initializer = (model.graph?.initializer ?? []).map(moved);
  const rest = encode(OnnxModel, { ...model, graph: { ...model.graph, initializer } });
  if (rest.length <= mostBytes) return { model: rest, data: concatBytes(pieces) };
  throw new AscendBundleError('GRAPH_INVALID', {
    message: `Without its larger initializers, the model takes ${rest.length} bytes; an ONNX model has at most ${mostBytes}.`,
    fix: 'Constants inside sub-graphs and Constant nodes stay in the model: make them initializers of the model that is built.',
  });
}

function staysInside({ dataType = 0 }: OnnxTensor, { length }: Bytes): boolean {
  return length <= (/float/.test(dtypeOfOnnx(dataType)?.name ?? '') ? INLINE_BYTES : INLINE_INTEGER_BYTES);
}
