// Operators that trade places between space, depth and batch: what they give.
import { describeShape, type Shape, UNKNOWN_DIM } from '../../tensor.js';
import type { OpContext, OutputRule, OutputRules } from '../context.js';
import { imageLayout, type Layout, shapeIn, sizeOf, spatialOf } from '../image-layout.js';
import { resizedAs, shapedAs, unknownDims } from '../shape-tools.js';
import { each } from '../shapes.js';

export const spaceRules: OutputRules = {
  DepthToSpace: blocks((op, layout, dims) => {
    const block = blockSize(op);
    const channels = sizeOf(dims, layout, 'C');
    return shapeIn(
      layout,
      sizeOf(dims, layout, 'N'),
      divided(op, channels, block * block, 'channels'),
      spatialOf(layout).map((letter) => times(sizeOf(dims, layout, letter), block)),
    );
  }),
  SpaceToDepth: blocks((op, layout, dims) => {
    const block = blockSize(op);
    const spatial = spatialOf(layout).map((letter) => divided(op, sizeOf(dims, layout, letter), block, letter));
    return shapeIn(layout, sizeOf(dims, layout, 'N'), times(sizeOf(dims, layout, 'C'), block * block), spatial);
  }),
  ...each('BatchToSpace BatchToSpaceD BatchToSpaceND BatchToSpaceNDD', resizedAs('x', fromBatch)),
  ...each('SpaceToBatch SpaceToBatchD SpaceToBatchND SpaceToBatchNDD', resizedAs('x', toBatch)),
};

function blocks(shape: (op: OpContext, layout: Layout, dims: Shape) => Shape): OutputRule {
  return (op) => {
    const layout = imageLayout(op, 'x', 4);
    return shapedAs('x', (_, dims) => shape(op, layout, dims))(op).map((spec) => ({ ...spec, format: layout }));
  };
}

export function blockSize(op: OpContext): number {
  const block = op.int('block_size');
  return block >= 1 ? block : op.fail(`has blocks of ${block}.`, 'Use 2 or more.');
}

function times(dim: number, count: number): number {
  return dim < 0 ? UNKNOWN_DIM : dim * count;
}

function divided(op: OpContext, dim: number, count: number, what: string): number {
  if (dim < 0) return UNKNOWN_DIM;
  return dim % count === 0 ? dim / count : op.fail(`cannot cut ${dim} (${what}) into blocks of ${count}.`);
}

/** Which axes are cut into blocks, and what is padded or cropped around them. */
export interface BlockPlan {
  readonly axes: readonly number[];
  readonly blocks: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** undefined where the blocks or the edges are not constant. */
export function blockPlan(op: OpContext, dims: Shape): BlockPlan | undefined {
  const { type } = op.node;
  const edges = type.startsWith('BatchToSpace') ? 'crops' : 'paddings';
  const isD = type.endsWith('NDD') || (type.endsWith('D') && !type.endsWith('ND'));
  const list = (name: string): readonly number[] | undefined => (isD ? op.ints(name) : op.constantInts(name));
  const isND = type.includes('ND');
  const block = isND ? list('block_shape') : [blockSize(op), blockSize(op)];
  const flat = list(edges);
  if (block === undefined || flat === undefined) return undefined;
  // The ND forms cut the axes after the batch; the others height and width, wherever they are.
  const first = !isND && op.input('x').format === 'NCHW' ? 2 : 1;
  const axes = block.map((_, i) => first + i);
  if (
    dims.length === 0 ||
    flat.length !== 2 * block.length ||
    axes.some((axis) => axis >= dims.length) ||
    block.some((size) => size < 1) ||
    flat.some((edge) => edge < 0)
  ) {
    op.fail(
      `cuts ${describeShape(dims)} by blocks [${block.join(', ')}] and ${edges} [${flat.join(', ')}].`,
      'Give two edges for each block.',
    );
  }
  return { axes, blocks: block, before: block.map((_, i) => flat[2 * i] as number), after: block.map((_, i) => flat[2 * i + 1] as number) };
}

function fromBatch(op: OpContext, dims: Shape): Shape {
  const plan = blockPlan(op, dims);
  if (plan === undefined) return unknownDims(dims.length);
  const { axes, blocks, before, after } = plan;
  const grown = axes.reduce<Shape>((shape, axis, i) => {
    const size = dims[axis] as number;
    const cropped = size < 0 ? UNKNOWN_DIM : size * (blocks[i] as number) - (before[i] as number) - (after[i] as number);
    if (size >= 0 && cropped < 0) op.fail(`crops axis ${axis} to ${cropped} elements.`);
    return shape.with(axis, cropped);
  }, dims);
  return grown.with(0, divided(op, dims[0] as number, product(blocks), 'batch'));
}

function toBatch(op: OpContext, dims: Shape): Shape {
  const plan = blockPlan(op, dims);
  if (plan === undefined) return unknownDims(dims.length);
  const { axes, blocks, before, after } = plan;
  const cut = axes.reduce<Shape>((shape, axis, i) => {
    const size = dims[axis] as number;
    const padded = size < 0 ? UNKNOWN_DIM : size + (before[i] as number) + (after[i] as number);
    return shape.with(axis, divided(op, padded, blocks[i] as number, `axis ${axis}`));
  }, dims);
  return cut.with(0, times(dims[0] as number, product(blocks)));
}

export function product(list: readonly number[]): number {
  return list.reduce((total, value) => total * value, 1);
}
