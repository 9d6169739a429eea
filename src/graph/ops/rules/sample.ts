// Rotary position embeddings, and sampling an image at the points of a grid: what they give.
import { describeShape, hasUnknownRank, UNKNOWN_DIM } from '../../tensor.js';
import type { OutputRule, OutputRules } from '../context.js';
import { resizedAs } from '../shape-tools.js';
import { each, like } from '../shapes.js';

const rotated: OutputRule = (op) => {
  const { shape } = op.input('x');
  const last = shape.at(-1) ?? 1;
  if (!hasUnknownRank(shape) && last >= 0 && last % 2 === 1)
    op.fail(`turns pairs of ${last} elements.`, 'Give the last dimension an even size.');
  return like('x')(op);
};

export const sampleRules: OutputRules = {
  ...each('RotaryMul RotaryPositionEmbedding', rotated),
  GridSampler2D: resizedAs('x', (op, dims) => {
    const { shape } = op.input('grid');
    if (dims.length !== 4) op.fail(`samples ${describeShape(dims)}.`, 'Give it an image in NCHW.');
    const outer = dims.slice(0, 2);
    if (hasUnknownRank(shape)) return [...outer, UNKNOWN_DIM, UNKNOWN_DIM];
    const isGrid = shape.length === 4 && (shape[3] === 2 || shape[3] === UNKNOWN_DIM);
    if (!isGrid) op.fail(`samples at the grid ${describeShape(shape)}.`, 'Give it as [batch, height, width, 2].');
    return [...outer, ...shape.slice(1, 3)];
  }),
};
