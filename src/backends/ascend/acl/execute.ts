// The three executions of a bundle. Every length is compared before AscendCL sees it: it does not look at them itself, and a buffer
// that is too small is overrun. Source: cann-api §3.5.
import { dtypeOfGe } from '../../../graph/dtype.js';
import { describeShape, isStatic, tensorBytes } from '../../../graph/tensor.js';
import { type Releases, scoped } from '../native/releases.js';
import { createDataset, type Dataset, uploadTensor } from './dataset.js';
import type { Device } from './device.js';
import { disagree } from './disagree.js';
import { gearOf, setGear } from './gears.js';
import type { InferReply, SentTensor } from './messages.js';
import { currentOutputShapes, type ModelDescription, type Port } from './model-description.js';

/** As GE's update graph reads it: a dimension of 0 keeps the weight. */
const KEPT_SHAPE = [0];
const NULL = 0n;

/** Runs the init model: no inputs, and as a rule no outputs. */
export function executeInit(device: Device, model: ModelDescription): void {
  scoped((releases) => {
    const output = createDataset(device, releases);
    for (const port of model.outputs) addOutput(device, output, port, releases);
    device.native.call('aclmdlExecute', model.modelId, createDataset(device, releases).address, output.address);
  });
}

/**
 * Runs the update model. Each input gets a tensor desc: without one the shape stays unknown, which counts as "given".
 *
 * @param weights  by input; null keeps the weight, as an empty tensor without a buffer
 * @throws BUNDLE_INVALID when the model cannot take them
 */
export function executeUpdate(device: Device, model: ModelDescription, weights: readonly (SentTensor | null)[]): void {
  scoped((releases) => {
    const input = createDataset(device, releases);
    const output = createDataset(device, releases);
    for (const [i, port] of model.inputs.entries()) {
      const weight = weights[i] ?? null;
      if (weight === null) {
        if (isStatic(port.shape)) throw disagree(`input "${port.name}" of its update graph takes a value each time, and none was sent`);
        input.add(NULL, 0);
        input.describe(i, port.dtype, KEPT_SHAPE);
        continue;
      }
      requireFit(port, weight, 'the update graph');
      input.add(uploadTensor(device, weight, port.bytes, releases), Math.max(port.bytes, weight.bytes));
      input.describe(i, weight.dtype, weight.shape);
    }
    for (const port of model.outputs) addOutput(device, output, port, releases);
    device.native.call('aclmdlExecute', model.modelId, input.address, output.address);
  });
}

export interface Inference {
  /** Without the one that takes the gear. */
  readonly inputs: readonly SentTensor[];
  /** See `ExpectedModel`. */
  readonly gearOrder: readonly number[];
  /** Where the output of that number goes. */
  readonly fileOf: (output: number) => string;
}

export function executeInfer(device: Device, model: ModelDescription, given: Inference): InferReply {
  return scoped((releases) => {
    const input = createDataset(device, releases);
    const output = createDataset(device, releases);
    const shapes = addInputs(device, model, given, input, releases);
    const buffers = model.outputs.map((port) => addOutput(device, output, port, releases));
    device.native.call('aclmdlExecute', model.modelId, input.address, output.address);
    const outputs = model.outputs.map((port, i) => {
      const shape = shapes?.[i] ?? outputShape(device, output, port, i);
      return download(device, { port, shape, buffer: buffers[i] as bigint, file: given.fileOf(i) });
    });
    return { outputs };
  });
}

/** @returns the shapes of the outputs where the gear tells them */
function addInputs(
  device: Device,
  model: ModelDescription,
  given: Inference,
  dataset: Dataset,
  releases: Releases,
): readonly (readonly number[])[] | undefined {
  const { gears, inputs, modelId, gearBytes } = model;
  const shapes = given.inputs.map(({ shape }) => shape);
  const gear = gears === undefined ? undefined : gearOf(inputs, gears, given.gearOrder, shapes);
  let next = 0;
  for (let i = 0; i < inputs.length + (gears === undefined ? 0 : 1); i++) {
    if (i === gears?.input) {
      dataset.add(device.allocate(gearBytes, releases), gearBytes);
      continue;
    }
    const port = inputs[next] as Port;
    const tensor = given.inputs[next] as SentTensor;
    next++;
    requireFit(port, tensor, 'the inference graph');
    dataset.add(uploadTensor(device, tensor, port.bytes, releases), Math.max(port.bytes, tensor.bytes));
    if (gears === undefined && !isStatic(port.shape)) dataset.describe(i, tensor.dtype, tensor.shape);
  }
  if (gears === undefined || gear === undefined) return undefined;
  setGear(device, modelId, gears, gear, dataset);
  return currentOutputShapes(device.native, model);
}

/** A buffer of the size that the model says; where it says none, the execution allocates one, which then is ours to free. */
function addOutput(device: Device, dataset: Dataset, port: Port, releases: Releases): bigint {
  if (port.bytes > 0) return dataset.add(device.allocate(port.bytes, releases), port.bytes);
  const buffer = dataset.add(NULL, 0);
  releases.add(() => {
    const address = device.native.call('aclGetDataBufferAddr', buffer);
    if (address !== NULL) device.free(address);
  });
  return buffer;
}

function outputShape({ native }: Device, dataset: Dataset, { name, shape }: Port, index: number): readonly number[] {
  if (isStatic(shape)) return shape;
  const desc = native.call('aclmdlGetDatasetTensorDesc', dataset.address, index);
  const rank = Number(native.call('aclGetTensorDescNumDims', desc));
  const actual = Array.from({ length: rank }, (_, axis) => Number(native.call('aclGetTensorDescDimV2', desc, axis).dimSize));
  if (isStatic(actual)) return actual;
  throw disagree(`output "${name}" came back as ${describeShape(actual)}, which is no size`);
}

interface Finished {
  readonly port: Port;
  readonly shape: readonly number[];
  readonly buffer: bigint;
  readonly file: string;
}

function download(device: Device, { port: { name, dtype }, shape, buffer, file }: Finished): SentTensor {
  const { native } = device;
  const bytes = bytesOf(name, dtype, shape);
  if (bytes === 0) return { file: null, dtype, shape, bytes };
  const room = Number(native.call('aclGetDataBufferSizeV2', buffer));
  if (room < bytes) throw disagree(`output "${name}" has ${bytes} bytes as ${describeShape(shape)}, and its buffer has ${room}`);
  const mapped = native.memory.createMappedFile(file, bytes);
  try {
    device.copyOut(mapped.address, native.call('aclGetDataBufferAddr', buffer), bytes);
  } finally {
    mapped.unmap();
  }
  return { file, dtype, shape, bytes };
}

/** The command line has compared tensors with the file; this compares them with what AscendCL has made of it. */
function requireFit(port: Port, tensor: SentTensor, graph: string): void {
  if (tensor.dtype !== port.dtype)
    throw disagree(`input "${port.name}" of ${graph} is of type ${port.dtype} for AscendCL, and of type ${tensor.dtype} in the file`);
  const bytes = bytesOf(port.name, tensor.dtype, tensor.shape);
  if (bytes !== tensor.bytes) throw disagree(`input "${port.name}" of ${graph} was sent with ${tensor.bytes} bytes instead of ${bytes}`);
  if (port.bytes > 0 && bytes > port.bytes)
    throw disagree(`input "${port.name}" of ${graph} takes ${port.bytes} bytes, and the tensor has ${bytes}`);
}

function bytesOf(name: string, number: number, shape: readonly number[]): number {
  const dtype = dtypeOfGe(number);
  if (dtype === undefined || dtype.bits === 0) throw disagree(`"${name}" is of type ${number}, which has no size`);
  return tensorBytes(dtype, shape);
}
