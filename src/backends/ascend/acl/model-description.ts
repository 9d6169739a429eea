// What AscendCL says of a loaded model: its inputs and outputs, and the gears it was compiled for. Source: cann-api §3.1, §3.2.
import { GEAR_INPUT } from '../../../formats/om/gear-input.js';
import type { GearKind } from '../../../formats/om/gears.js';
import type { Address } from '../native/memory.js';
import type { Native } from '../native/native.js';
import { scoped } from '../native/releases.js';

export interface Port {
  readonly name: string;
  /** ge::DataType. */
  readonly dtype: number;
  /** −1 for an open dimension, [−2] for an unknown rank. */
  readonly shape: readonly number[];
  /** Bytes to set aside; 0 where it is known only when the model runs. With gears, those of the largest. */
  readonly bytes: number;
}

export interface Gears {
  readonly kind: GearKind;
  /** The input that tells the model which gear it is; filled by the aclmdlSetDynamic* calls. */
  readonly input: number;
  /** One batch size; height and width; or the shapes of the inputs of `ExpectedModel.gearOrder` behind each other. */
  readonly rows: readonly (readonly number[])[];
}

export interface ModelDescription {
  readonly modelId: number;
  /** Without the input that takes the gear. */
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly gears: Gears | undefined;
  /** Bytes of the input that takes the gear. */
  readonly gearBytes: number;
}

const IO_DIMS = { count: 128, first: 136, bytes: 1160, most: 128 } as const;
/** For all inputs together. */
const WHOLE_MODEL = 2n ** 64n - 1n;

/** @throws NATIVE_CALL */
export function describeModel(native: Native, modelId: number): ModelDescription {
  return scoped((releases) => {
    const desc = native.call('aclmdlCreateDesc');
    releases.add(() => native.call('aclmdlDestroyDesc', desc));
    native.call('aclmdlGetDesc', desc, modelId);
    const all = Array.from({ length: Number(native.call('aclmdlGetNumInputs', desc)) }, (_, i) => inputPort(native, desc, i));
    const outputs = Array.from({ length: Number(native.call('aclmdlGetNumOutputs', desc)) }, (_, i) => outputPort(native, desc, i));
    const gearInput = all.findIndex(({ name }) => name === GEAR_INPUT);
    return {
      modelId,
      inputs: all.filter((_, i) => i !== gearInput),
      outputs,
      gears: gearInput < 0 ? undefined : gearsOf(native, desc, gearInput),
      gearBytes: all[gearInput]?.bytes ?? 0,
    };
  });
}

/** The shapes of the outputs for the gear that was set last. @throws NATIVE_CALL */
export function currentOutputShapes(native: Native, { modelId, outputs }: ModelDescription): readonly (readonly number[])[] {
  return scoped((releases) => {
    const desc = native.call('aclmdlCreateDesc');
    releases.add(() => native.call('aclmdlDestroyDesc', desc));
    native.call('aclmdlGetDesc', desc, modelId);
    return outputs.map((_, i) => readDims(native.call('aclmdlGetCurOutputDims', desc, i).dims));
  });
}

function inputPort(native: Native, desc: Address, i: number): Port {
  return {
    name: native.call('aclmdlGetInputNameByIndex', desc, i) ?? '',
    dtype: native.call('aclmdlGetInputDataType', desc, i),
    shape: readDims(native.call('aclmdlGetInputDims', desc, i).dims),
    bytes: Number(native.call('aclmdlGetInputSizeByIndex', desc, i)),
  };
}

function outputPort(native: Native, desc: Address, i: number): Port {
  return {
    name: native.call('aclmdlGetOutputNameByIndex', desc, i) ?? '',
    dtype: native.call('aclmdlGetOutputDataType', desc, i),
    shape: readDims(native.call('aclmdlGetOutputDims', desc, i).dims),
    bytes: Number(native.call('aclmdlGetOutputSizeByIndex', desc, i)),
  };
}

function gearsOf(native: Native, desc: Address, input: number): Gears {
  const batch = native.call('aclmdlGetDynamicBatch', desc).batch;
  const batches = counted(batch, 1);
  if (batches.length > 0) return { kind: 'batch', input, rows: batches };
  const sizes = counted(native.call('aclmdlGetDynamicHW', desc, WHOLE_MODEL).hw, 2);
  if (sizes.length > 0) return { kind: 'image-size', input, rows: sizes };
  const count = Number(native.call('aclmdlGetInputDynamicGearCount', desc, WHOLE_MODEL).gearCount);
  const dims = structBytes(count * IO_DIMS.bytes);
  if (count > 0) native.call('aclmdlGetInputDynamicDims', desc, WHOLE_MODEL, dims, count);
  return { kind: 'dims', input, rows: Array.from({ length: count }, (_, i) => readDims(dims.subarray(i * IO_DIMS.bytes))) };
}

/** `aclmdlBatch` and `aclmdlHW`: a count, then rows of `width` numbers of 64 bits. */
function counted(struct: Buffer, width: number): number[][] {
  const count = Math.min(Number(struct.readBigUInt64LE(0)), (struct.length / 8 - 1) / width);
  return Array.from({ length: count }, (_, row) =>
    Array.from({ length: width }, (_, i) => Number(struct.readBigUInt64LE(8 * (1 + row * width + i)))),
  );
}

function readDims(struct: Buffer): number[] {
  const count = Math.min(Number(struct.readBigUInt64LE(IO_DIMS.count)), IO_DIMS.most);
  return Array.from({ length: count }, (_, i) => Number(struct.readBigInt64LE(IO_DIMS.first + 8 * i)));
}

/** An `aclmdlIODims` without a name. */
export function writeDims(dims: readonly number[]): Buffer {
  const struct = structBytes(IO_DIMS.bytes);
  struct.writeBigUInt64LE(BigInt(dims.length), IO_DIMS.count);
  for (const [i, dim] of dims.entries()) struct.writeBigInt64LE(BigInt(dim), IO_DIMS.first + 8 * i);
  return struct;
}

/** Zeroed, and not from the pool of small buffers, which the collector moves. */
export function structBytes(bytes: number): Buffer {
  return Buffer.from(new ArrayBuffer(bytes));
}
