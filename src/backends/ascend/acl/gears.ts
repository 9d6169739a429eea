// Models that were compiled for a few fixed sizes: which gear the given inputs are, and how the model is told. Source: cann-api §3.5.
import { AscendBundleError } from '../../../base/errors.js';
import { describeShape } from '../../../graph/tensor.js';
import type { Dataset } from './dataset.js';
import type { Device } from './device.js';
import type { SentTensor } from './messages.js';
import { type Gears, type ModelDescription, writeDims } from './model-description.js';

/** @throws TENSOR_MISMATCH when the shapes are no gear of the model, with the legal ones */
export function gearOf({ inputs }: ModelDescription, { kind, rows }: Gears, given: readonly SentTensor[]): readonly number[] {
  const open = given.flatMap(({ shape }, i) => shape.filter((_, axis) => (inputs[i]?.shape[axis] ?? 0) < 0));
  const wanted = kind === 'dims' ? given.flatMap(({ shape }) => shape) : open.slice(0, kind === 'batch' ? 1 : 2);
  const found = rows.find((row) => row.length === wanted.length && row.every((dim, i) => dim === wanted[i]));
  if (found !== undefined && isConsistent(kind, open)) return found;
  const what = { batch: 'batch size', 'image-size': 'height and width', dims: 'dimensions of all inputs' }[kind];
  throw new AscendBundleError('TENSOR_MISMATCH', {
    message: `The inputs are ${given.map(({ shape }) => describeShape(shape)).join(', ')}, which is none of the sizes that the bundle was compiled for.`,
    fix: `Give inputs of one of these (${what}): ${rows.map((row) => row.join(' × ')).join(', ')}.`,
  });
}

/** One batch size is that of every input, and so is one image size. */
function isConsistent(kind: Gears['kind'], open: readonly number[]): boolean {
  if (kind === 'dims') return true;
  const width = kind === 'batch' ? 1 : 2;
  return open.every((dim, i) => dim === open[i % width]);
}

export function setGear({ native }: Device, modelId: number, { kind, input }: Gears, row: readonly number[], dataset: Dataset): void {
  switch (kind) {
    case 'batch':
      return native.call('aclmdlSetDynamicBatchSize', modelId, dataset.address, input, row[0] as number);
    case 'image-size':
      return native.call('aclmdlSetDynamicHWSize', modelId, dataset.address, input, row[0] as number, row[1] as number);
    case 'dims':
      return native.call('aclmdlSetInputDynamicDims', modelId, dataset.address, input, writeDims(row));
  }
}
