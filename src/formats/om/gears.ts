// The sizes that a model with gears was compiled for (ge.dynamicBatchSize and the like), as those of each of its inputs.
// Source: om-format §4; how GE deals the numbers of a gear out to the inputs: its ParserDataToDynamicInfo.
import { GEAR_INPUT } from './gear-input.js';
import type { InoutInfo } from './inout-info.js';

export type GearKind = 'batch' | 'image-size' | 'dims';

export interface InputGears {
  readonly kind: GearKind;
  /** One list per gear: what the open dimensions of the input are then, in their order. */
  readonly sizes: readonly (readonly number[])[];
}

/** GE makes 256. Gears are told for each input, so a file that is not GE's could ask for all memory with them. */
const MOST_GEARS = 4096;

/** By name of the input; without inputs of one shape. Nothing of gears that do not fit the inputs. */
export function inputGears(info: InoutInfo): ReadonlyMap<string, InputGears> {
  const { kind, rows } = gearsOf(info);
  const found = new Map<string, InputGears>();
  if (rows.length > MOST_GEARS) return found;
  let first = 0;
  for (const { name, shape } of inputsInGearOrder(info)) {
    const open = shape.filter((dim) => dim < 0).length;
    const [from, to] = [first, first + open];
    first = to;
    // One batch or image size is that of every input; the numbers of dims are for one input after the other.
    const isForEvery = rows.every((row) => row.length === open);
    const sizes = isForEvery ? rows : rows.map((row) => row.slice(from, to));
    if (open > 0 && sizes.length > 0 && sizes.every(({ length }) => length === open)) found.set(name, { kind, sizes });
  }
  return found;
}

/**
 * The inputs that a gear by dims has sizes for, in its order: those of `--input-shape`. AscendCL takes and gives the whole shapes of
 * these behind each other, also of those of one size, and no others. A file that has no order is read as one that names all inputs.
 */
export function inputsOfGears({ inputs, userDesignateShapeOrder: order }: InoutInfo): readonly string[] {
  const names = inputs.map(({ name }) => name).filter((name) => name !== GEAR_INPUT);
  return order.length === 0 ? names : order.filter((name) => names.includes(name));
}

/**
 * In words, as atc's options have them: `batch 1, 2, 4`; `image size 224,224; 448,448`.
 *
 * @param list  puts the sizes together, or the first of them
 */
export function describeGears(
  { kind, sizes }: InputGears,
  list: (sizes: readonly string[], separator: string) => string = (all, separator) => all.join(separator),
): string {
  return `${TITLES[kind]} ${list(
    sizes.map((one) => one.join()),
    kind === 'batch' ? ', ' : '; ',
  )}`;
}

const TITLES: Readonly<Record<GearKind, string>> = { batch: 'batch', 'image-size': 'image size', dims: 'dims' };

function gearsOf({ dynamicBatch, dynamicImageSizes, dynamicDims }: InoutInfo): { kind: GearKind; rows: readonly (readonly number[])[] } {
  if (dynamicBatch.length > 0) return { kind: 'batch', rows: dynamicBatch.map((size) => [size]) };
  if (dynamicImageSizes.length > 0) return { kind: 'image-size', rows: dynamicImageSizes };
  return { kind: 'dims', rows: dynamicDims };
}

/** The order of `--input-shape`, which need not be the model's; then those that it did not name. */
function inputsInGearOrder({ inputs, userDesignateShapeOrder }: InoutInfo): InoutInfo['inputs'] {
  const places = new Map(userDesignateShapeOrder.map((name, i) => [name, i]));
  const place = ({ name }: { readonly name: string }) => places.get(name) ?? places.size;
  return [...inputs].sort((a, b) => place(a) - place(b));
}
