// Operators that reduce by segment or add at indices: what they give.
import { describeShape, hasUnknownRank, type TensorSpec, UNKNOWN_DIM, UNKNOWN_RANK } from '../../tensor.js';
import type { OpContext, OutputRules } from '../context.js';
import { axisIndex, each } from '../shapes.js';

export const segmentRules: OutputRules = {
  ...each('UnsortedSegmentSum UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd', segments),
  ...each('UnsortedSegmentSumD UnsortedSegmentMaxD UnsortedSegmentMinD UnsortedSegmentProdD', segments),
  ...each('IndexAdd InplaceIndexAdd', (op) => {
    const { shape } = op.input('var');
    if (!hasUnknownRank(shape)) axisIndex(op, op.int('axis'), shape.length);
    return [op.input('var')];
  }),
};

/** [segments, …] with what of x is behind the dimensions of the ids. */
function segments(op: OpContext): readonly TensorSpec[] {
  const [x, ids] = [op.input('x'), op.input('segment_ids')];
  const count = op.node.type.endsWith('D') ? op.int('num_segments') : op.constantInts('num_segments')?.[0];
  if (hasUnknownRank(x.shape) || hasUnknownRank(ids.shape)) return [{ dtype: x.dtype, shape: UNKNOWN_RANK }];
  const covers = ids.shape.every((dim, i) => i < x.shape.length && (dim < 0 || (x.shape[i] as number) < 0 || dim === x.shape[i]));
  if (!covers || (count ?? 0) < 0) {
    op.fail(
      `puts ${describeShape(x.shape)} into ${count} segments by ids of ${describeShape(ids.shape)}.`,
      'Let the ids cover its first dimensions.',
    );
  }
  return [{ dtype: x.dtype, shape: [count ?? UNKNOWN_DIM, ...x.shape.slice(ids.shape.length)] }];
}
