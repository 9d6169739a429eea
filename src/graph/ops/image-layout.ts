// The order of the dimensions of image tensors. GE's convolutions and poolings take several, and list their attributes in that order.
import { describeShape, hasUnknownRank, type Shape, type TensorSpec } from '../tensor.js';
import type { OpContext } from './context.js';

/** One letter per dimension: `NCHW`, `NHWC`, `NDHWC`; filters also `HWCN`, `DHWCN`. */
export type Layout = string;

/** Letters of the dimensions that a window slides over, in the order of pads and kernels. */
export type Spatial = readonly ('D' | 'H' | 'W')[];

const IMAGES: Readonly<Record<number, readonly Layout[]>> = { 4: ['NCHW', 'NHWC'], 5: ['NCDHW', 'NDHWC'] };
const FILTERS: Readonly<Record<number, readonly Layout[]>> = { 4: ['NCHW', 'HWCN', 'NHWC'], 5: ['NCDHW', 'DHWCN', 'NDHWC'] };

/**
 * The layout of an image input of `rank` dimensions: the tensor's own format where it has one, as in GE, which then
 * overwrites `data_format`; else `data_format`.
 */
export function imageLayout(op: OpContext, input: string, rank: number): Layout {
  const spec = op.input(input);
  checkRank(op, input, spec, rank);
  const layouts = IMAGES[rank] as readonly Layout[];
  if (spec.format !== undefined && layouts.includes(spec.format)) return spec.format;
  const given = op.string('data_format');
  return layouts.includes(given) ? given : op.fail(`has the data_format "${given}".`, `Use ${layouts.join(' or ')}.`);
}

/** The layout of a filter: its own format, else the one that goes with the image's: channels first with NCHW, last with NHWC. */
export function filterLayout(op: OpContext, input: string, image: Layout): Layout {
  const spec = op.input(input);
  const rank = image.length;
  checkRank(op, input, spec, rank);
  const [first, last] = FILTERS[rank] as readonly [Layout, Layout];
  if (spec.format !== undefined && FILTERS[rank]?.includes(spec.format)) return spec.format;
  return image[1] === 'C' ? first : last;
}

function checkRank(op: OpContext, input: string, { shape }: TensorSpec, rank: number): void {
  if (hasUnknownRank(shape) || shape.length === rank) return;
  op.fail(`needs ${rank} dimensions in "${input}"; it has ${describeShape(shape)}.`);
}

export function spatialOf(layout: Layout): Spatial {
  return layout.includes('D') ? ['D', 'H', 'W'] : ['H', 'W'];
}

/** The size of the dimension `letter`. */
export function sizeOf(shape: Shape, layout: Layout, letter: string): number {
  return shape[layout.indexOf(letter)] as number;
}

/** The values of a list that is in the order of `layout`, by spatial letter. Also taken: only the spatial ones, or one for all. */
export function spatialValues(op: OpContext, name: string, list: readonly number[], layout: Layout): readonly number[] {
  const letters = spatialOf(layout);
  if (list.length === layout.length) return letters.map((letter) => list[layout.indexOf(letter)] as number);
  if (list.length === letters.length) return list;
  if (list.length === 1) return letters.map(() => list[0] as number);
  return op.fail(`has ${list.length} ${name}.`, `Give ${layout.length}, in the order ${layout}.`);
}

/** A shape in `layout` from its sizes. */
export function shapeIn(layout: Layout, batch: number, channels: number, spatial: readonly number[]): Shape {
  const letters = spatialOf(layout);
  return [...layout].map((letter) =>
    letter === 'N' ? batch : letter === 'C' ? channels : (spatial[letters.indexOf(letter as 'H')] as number),
  );
}

/** The permutation that brings a tensor from one layout to another. */
export function reordering(from: Layout, to: Layout): readonly number[] {
  return [...to].map((letter) => from.indexOf(letter));
}

/** The layout of ONNX: batch and channels first. */
export function channelsFirst(layout: Layout): Layout {
  return ['N', 'C', ...spatialOf(layout)].join('');
}
