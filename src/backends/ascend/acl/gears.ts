// Models that were compiled for a few fixed sizes: which gear the given inputs are, and how the model is told. Source: cann-api §3.5.
import { AscendBundleError } from '../../../base/errors.js';
import { describeGears } from '../../../formats/om/gears.js';
import { describeShape, type Shape } from '../../../graph/tensor.js';
import type { Dataset } from './dataset.js';
import type { Device } from './device.js';
import { type Gears, type Port, writeDims } from './model-description.js';

/**
 * @param shapes  by input
 * @throws TENSOR_MISMATCH when they are no gear of the model, with the legal ones
 */
export function gearOf(ports: readonly Port[], gears: Gears, gearOrder: readonly number[], shapes: readonly Shape[]): readonly number[] {
  const { kind, rows } = gears;
  const open = shapes.flatMap((shape, i) => shape.filter((_, axis) => (ports[i]?.shape[axis] ?? 0) < 0));
  const wanted = kind === 'dims' ? gearOrder.flatMap((i) => shapes[i] ?? []) : open.slice(0, kind === 'batch' ? 1 : 2);
  const found = rows.find((row) => row.length === wanted.length && row.every((dim, i) => dim === wanted[i]));
  if (found !== undefined && isConsistent(kind, open)) return found;
  const sizes = legalSizes(ports, gears, gearOrder);
  throw new AscendBundleError('TENSOR_MISMATCH', {
    message: `The inputs are ${ports.map(({ name }, i) => `"${name}" ${describeShape(shapes[i] ?? [])}`).join(', ')}, which is none of the sizes that the bundle was compiled for.`,
    fix: `Give inputs of one of these sizes: ${sizes.join(' and ')}${sizes.length > 1 ? ', each from the same place of its list' : ''}.`,
  });
}

/** Input by input, in the words of `inspect`. */
function legalSizes(ports: readonly Port[], { kind, rows }: Gears, gearOrder: readonly number[]): readonly string[] {
  const isOpen = ({ shape }: Port): boolean => shape.some((dim) => dim < 0);
  if (kind !== 'dims') return ports.filter(isOpen).map(({ name }) => `"${name}" ${describeGears({ kind, sizes: rows })}`);
  let first = 0;
  return gearOrder.flatMap((place) => {
    const port = ports[place] as Port;
    const from = first;
    first += port.shape.length;
    const sizes = rows.map((row) => port.shape.flatMap((dim, axis) => (dim < 0 ? [row[from + axis] as number] : [])));
    return isOpen(port) ? [`"${port.name}" ${describeGears({ kind, sizes })}`] : [];
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
