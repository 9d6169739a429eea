// MODEL_INOUT_INFO: the inputs and outputs of a model as blocks of type, length, content. Source: om-format §4.
// Files of HiSilicon's SVP line keep the same in a partition of type 6.
import { type Bytes, concatBytes, memoryBytes } from '../../base/bytes.js';
import { encodeUtf8 } from '../../base/protobuf/utf8.js';
import { writeStruct } from '../../base/struct.js';
import { dtypeOfGe, UNDEFINED_DTYPE } from '../../graph/dtype.js';
import { formatName, formatNumber } from '../../graph/format.js';
import type { NamedSpec, Shape } from '../../graph/tensor.js';
import { BlockReader } from './block-reader.js';

export interface InoutTensor extends NamedSpec {
  /** Bytes to set aside, as GE computed them; 0 where it is not known. */
  readonly sizeBytes: number;
  /** The shape without dynamic axes, or with the storage's; equal to `shape` in ordinary models. */
  readonly storageShape: Shape;
  /** Minimum and maximum per dimension, for a model compiled with ranges. */
  readonly ranges: readonly (readonly [min: number, max: number])[];
}

export interface InoutInfo {
  readonly inputs: readonly InoutTensor[];
  readonly outputs: readonly InoutTensor[];
  /** Batch sizes, sizes of images, and dimensions that the model was compiled for. */
  readonly dynamicBatch: readonly number[];
  readonly dynamicImageSizes: readonly (readonly number[])[];
  readonly dynamicDims: readonly (readonly number[])[];
  readonly dynamicOutputShapes: readonly string[];
  readonly userDesignateShapeOrder: readonly string[];
}

const BLOCK = {
  inputs: 0,
  outputs: 1,
  dynamicBatch: 2,
  dynamicImageSizes: 3,
  dynamicDims: 4,
  dynamicOutputShapes: 5,
  userDesignateShapeOrder: 6,
} as const;

const TENSOR = {
  sizeBytes: [0, 'u64'],
  format: [8, 'i32'],
  dtype: [12, 'i32'],
  nameBytes: [16, 'u32'],
  shapeBytes: [20, 'u32'],
  storageShapeBytes: [24, 'u32'],
  rangesBytes: [28, 'u32'],
} as const;
const TENSOR_BYTES = 32;
const BLOCK_HEAD_BYTES = 8;

/**
 * @param what, base  name the partition and say where it is in the file, for messages
 * @throws FILE_MALFORMED
 */
export function readInoutInfo(partition: Bytes, what: string, base = 0): InoutInfo {
  const info: { -readonly [K in keyof InoutInfo]: InoutInfo[K] } = {
    inputs: [],
    outputs: [],
    dynamicBatch: [],
    dynamicImageSizes: [],
    dynamicDims: [],
    dynamicOutputShapes: [],
    userDesignateShapeOrder: [],
  };
  const all = new BlockReader(partition, what, base);
  while (all.left > 0) {
    const type = all.u32();
    const block = all.part(all.u32());
    switch (type) {
      case BLOCK.inputs:
        info.inputs = block.list(TENSOR_BYTES, () => readTensor(block));
        break;
      case BLOCK.outputs:
        info.outputs = block.list(TENSOR_BYTES, () => readTensor(block));
        break;
      case BLOCK.dynamicBatch:
        info.dynamicBatch = block.list(8, () => block.int64());
        break;
      case BLOCK.dynamicImageSizes:
        info.dynamicImageSizes = block.rows((count) => block.int64s(count * 8));
        break;
      case BLOCK.dynamicDims:
        info.dynamicDims = block.rows((count) => block.int64s(count * 8));
        break;
      case BLOCK.dynamicOutputShapes:
        info.dynamicOutputShapes = block.rows((length) => block.text(length));
        break;
      case BLOCK.userDesignateShapeOrder:
        info.userDesignateShapeOrder = block.rows((length) => block.text(length));
        break;
      default:
        all.fail(`a block of type ${type} is not known`);
    }
    block.end();
  }
  return info;
}

function readTensor(block: BlockReader): InoutTensor {
  const head = block.struct(TENSOR, TENSOR_BYTES);
  const name = block.text(head.nameBytes);
  const shape = block.int64s(head.shapeBytes);
  const storageShape = block.int64s(head.storageShapeBytes);
  const flat = block.int64s(head.rangesBytes);
  if (flat.length % 2 !== 0) block.fail(`the ranges of "${name}" are not pairs`);
  const ranges = Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]] as [number, number]);
  const format = formatName(head.format);
  return {
    name,
    dtype: dtypeOfGe(head.dtype) ?? UNDEFINED_DTYPE,
    shape,
    ...(format === undefined ? {} : { format }),
    sizeBytes: head.sizeBytes,
    storageShape,
    ranges,
  };
}

/** Blocks without content are not written, as GE does not. */
export function writeInoutInfo(info: Partial<InoutInfo>): Bytes {
  const rows = (lists: readonly (readonly number[])[]) => [
    u32(lists.length),
    ...lists.map((list) => u32(list.length)),
    ...lists.map(int64s),
  ];
  const texts = (list: readonly string[]) => {
    const raw = list.map(encodeUtf8);
    return [u32(raw.length), ...raw.map((text) => u32(text.length)), ...raw];
  };
  const tensors = (list: readonly InoutTensor[]) => [u32(list.length), ...list.flatMap(writeTensor)];
  const block = <T>(type: number, list: readonly T[] | undefined, write: (list: readonly T[]) => readonly Uint8Array[]) =>
    list === undefined || list.length === 0 ? [] : [writeBlock(type, write(list))];
  return concatBytes([
    ...block(BLOCK.inputs, info.inputs, tensors),
    ...block(BLOCK.outputs, info.outputs, tensors),
    ...block(BLOCK.dynamicBatch, info.dynamicBatch, (list) => [u32(list.length), int64s(list)]),
    ...block(BLOCK.dynamicImageSizes, info.dynamicImageSizes, rows),
    ...block(BLOCK.dynamicDims, info.dynamicDims, rows),
    ...block(BLOCK.dynamicOutputShapes, info.dynamicOutputShapes, texts),
    ...block(BLOCK.userDesignateShapeOrder, info.userDesignateShapeOrder, texts),
  ]);
}

/** A tensor of a model whose shapes are what they are. */
export function inoutTensor(spec: NamedSpec, sizeBytes: number): InoutTensor {
  return { ...spec, sizeBytes, storageShape: spec.shape, ranges: [] };
}

function writeBlock(type: number, content: readonly Uint8Array[]): Bytes {
  const raw = Buffer.concat(content);
  const head = writeStruct({ type: [0, 'u32'], length: [4, 'u32'] }, BLOCK_HEAD_BYTES, { type, length: raw.length });
  return memoryBytes(Buffer.concat([head, raw]));
}

function writeTensor(tensor: InoutTensor): readonly Uint8Array[] {
  const name = encodeUtf8(tensor.name);
  const parts = [name, int64s(tensor.shape), int64s(tensor.storageShape), int64s(tensor.ranges.flat())] as const;
  const head = writeStruct(TENSOR, TENSOR_BYTES, {
    sizeBytes: tensor.sizeBytes,
    format: formatNumber(tensor.format ?? 'ND') ?? 2,
    dtype: tensor.dtype.ge,
    nameBytes: parts[0].length,
    shapeBytes: parts[1].length,
    storageShapeBytes: parts[2].length,
    rangesBytes: parts[3].length,
  });
  return [head, ...parts];
}

function u32(value: number): Uint8Array {
  return writeStruct({ value: [0, 'u32'] }, 4, { value });
}

function int64s(values: readonly number[]): Uint8Array {
  const out = Buffer.alloc(values.length * 8);
  for (const [i, value] of values.entries()) out.writeBigInt64LE(BigInt(value), i * 8);
  return out;
}
