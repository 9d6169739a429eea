// Operators that trade places between space, depth and batch: how ONNX says them.
import { imageLayout } from '../../../graph/ops/image-layout.js';
import { type BlockPlan, blockPlan, blockSize, product } from '../../../graph/ops/rules/space.js';
import { each, knownRank } from '../../../graph/ops/shapes.js';
import type { LowerContext, Lowerings } from './context.js';
import { finishImage, imageFirst } from './conv.js';
import { transpose } from './layout.js';
import { type Extent, extents, reshape } from './shape-values.js';

export const spaceLowerings: Lowerings = {
  DepthToSpace: (op) => {
    const layout = imageLayout(op, 'x', 4);
    const image = imageFirst(op, 'x', layout);
    finishImage(op, layout, (outputs) => op.emit('DepthToSpace', [image], { blocksize: blockSize(op), mode: op.string('mode') }, outputs));
  },
  SpaceToDepth: (op) => {
    const layout = imageLayout(op, 'x', 4);
    const image = imageFirst(op, 'x', layout);
    finishImage(op, layout, (outputs) => op.emit('SpaceToDepth', [image], { blocksize: blockSize(op) }, outputs));
  },
  ...each('BatchToSpace BatchToSpaceD BatchToSpaceND BatchToSpaceNDD', batchToSpace),
  ...each('SpaceToBatch SpaceToBatchD SpaceToBatchND SpaceToBatchNDD', spaceToBatch),
};

function planned(op: LowerContext): BlockPlan {
  const dims = knownRank(op, 'x');
  const plan =
    blockPlan(op, dims) ?? op.fail('has blocks or edges that are computed when it runs, which the host cannot do.', 'Make them consts.');
  const open = plan.axes.find((axis) => (dims[axis] as number) < 0);
  return open === undefined ? plan : op.fail(`cuts axis ${open}, whose size is not known.`, 'Give the shape of its input.');
}

/** [blocks…, batch, axes…, rest] becomes [batch, axis, block, axis, block, …, rest], which reads as the larger space. */
function batchToSpace(op: LowerContext): void {
  const { axes, blocks, before, after } = planned(op);
  const dims = extents(op, 'x');
  const [batch, ...rest] = dims as [Extent, ...Extent[]];
  const count = blocks.length;
  const own = typeof batch === 'number' ? batch / product(blocks) : -1;
  const apart = reshape(op, op.value('x'), [...blocks, own, ...rest]);
  const order = rest.flatMap((_, i) => [count + 1 + i, ...(axes.includes(i + 1) ? [axes.indexOf(i + 1)] : [])]);
  const woven = transpose(op, apart, [count, ...order]);
  const sizes = rest.map((size, i) => (axes.includes(i + 1) ? (size as number) * (blocks[axes.indexOf(i + 1)] as number) : size));
  const whole = reshape(op, woven, [own, ...sizes]);
  const ends = axes.map((axis, i) => (sizes[axis - 1] as number) - (after[i] as number));
  op.emit('Slice', [whole, op.int64s(before), op.int64s(ends), op.int64s(axes)], {}, [op.output()]);
}

/** The padded [batch, axis, block, …, rest] becomes [blocks…, batch, axes…, rest]. */
function spaceToBatch(op: LowerContext): void {
  const { axes, blocks, before, after } = planned(op);
  const dims = extents(op, 'x');
  const edges = (list: readonly number[]): number[] =>
    dims.map((_, axis) => (axes.includes(axis) ? (list[axes.indexOf(axis)] as number) : 0));
  const padded = op.emit('Pad', [op.value('x'), op.int64s([...edges(before), ...edges(after)]), op.scalar(0, op.input('x'))]);
  const [batch, ...rest] = dims as [Extent, ...Extent[]];
  const sizes = rest.map((size, i) => {
    const at = axes.indexOf(i + 1);
    return at < 0 ? size : ((size as number) + (before[at] as number) + (after[at] as number)) / (blocks[at] as number);
  });
  const apart = rest.flatMap((_, i) => [sizes[i] as Extent, ...(axes.includes(i + 1) ? [blocks[axes.indexOf(i + 1)] as number] : [])]);
  const own = typeof batch === 'number' ? batch : -1;
  // Where each axis and its block stand in the cut shape.
  const places = rest.map((_, i) => 1 + i + axes.filter((axis) => axis < i + 1).length);
  const order = [...axes.map((axis) => (places[axis - 1] as number) + 1), 0, ...places];
  const woven = transpose(op, reshape(op, padded, [own, ...apart]), order);
  reshape(op, woven, [own < 0 ? -1 : own * product(blocks), ...sizes], [op.output()]);
}
