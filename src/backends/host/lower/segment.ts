// Operators that reduce by segment or add at indices: how ONNX says them.
import { dtype } from '../../../graph/dtype.js';
import { axisIndex, each, knownRank } from '../../../graph/ops/shapes.js';
import type { LowerContext, Lowering, Lowerings } from './context.js';
import { scalarOf } from './fill.js';
import { emitReduced } from './gather.js';
import { cast, extents, int64Input, shapeValue } from './shape-values.js';

const INT64 = dtype('int64');

export const segmentLowerings: Lowerings = {
  ...each('UnsortedSegmentSum UnsortedSegmentSumD', segments('add')),
  ...each('UnsortedSegmentProd UnsortedSegmentProdD', segments('mul')),
  ...each('UnsortedSegmentMax UnsortedSegmentMaxD', segments('max')),
  ...each('UnsortedSegmentMin UnsortedSegmentMinD', segments('min')),
  ...each('IndexAdd InplaceIndexAdd', indexAdd),
};

type Reduction = 'add' | 'mul' | 'max' | 'min';

/** What an empty segment holds. */
function neutral(reduction: Reduction, { name, bits }: { readonly name: string; readonly bits: number }): number {
  if (reduction === 'add') return 0;
  if (reduction === 'mul') return 1;
  const isMax = reduction === 'max';
  if (name.includes('float')) {
    const largest = { float16: 65504, float32: 3.4028234663852886e38 }[name] ?? Number.MAX_VALUE;
    return isMax ? -largest : largest;
  }
  const unsigned = name.startsWith('uint');
  // Of 64 bits, the largest number that is exact.
  const span = Math.min(unsigned ? bits : bits - 1, 53);
  if (isMax) return unsigned ? 0 : -(2 ** span) + (span === 53 ? 1 : 0);
  return 2 ** span - 1;
}

/** A negative id drops its elements: it goes to a segment behind the last one, which is then cut off. */
function segments(reduction: Reduction): Lowering {
  return (op) => {
    const x = op.input('x');
    const idRank = knownRank(op, 'segment_ids').length;
    knownRank(op, 'x');
    const isD = op.node.type.endsWith('D');
    const count = isD ? op.int64s([op.int('num_segments')]) : int64Input(op, 'num_segments');
    const ids = cast(op, op.value('segment_ids'), op.input('segment_ids').dtype, INT64);
    const zero = op.scalar(0, { dtype: INT64, shape: [] });
    const kept = op.emit('Where', [op.emit('Less', [ids, zero]), count, ids]);
    const rows = op.emit('Add', [count, op.int64s([1])]);
    const rest = extents(op, 'x').slice(idRank);
    const shape = rest.length === 0 ? rows : op.emit('Concat', [rows, shapeValue(op, rest)], { axis: 0 });
    emitReduced(op, x.dtype, reduction, (wide, outputs) => {
      const empty = op.emit('Expand', [wide(op.scalar(neutral(reduction, x.dtype), x)), shape]);
      const at = op.emit('Unsqueeze', [kept, op.int64s([-1])]);
      const sums = op.emit('ScatterND', [empty, at, wide(op.value('x'))], { reduction });
      return op.emit('Slice', [sums, op.int64s([0]), count, op.int64s([0])], {}, outputs);
    });
  };
}

/** Whole slices along an axis; the axis goes first, because ScatterND works from there. */
function indexAdd(op: LowerContext): void {
  // The Inplace form writes into `var`; into a weight, that would change it for every later run.
  if (op.node.type.startsWith('Inplace') && op.constant('var') !== undefined)
    op.fail('writes into a const.', 'Use IndexAdd, which makes a new tensor.');
  const { dtype: given } = op.input('var');
  const rank = knownRank(op, 'var').length;
  const axis = axisIndex(op, op.int('axis'), rank);
  const order = [axis, ...Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis)];
  const back = Array.from({ length: rank }, (_, i) => order.indexOf(i));
  const alpha = op.node.inputNames.includes('alpha') && op.has('alpha') ? scalarOf(op, 'alpha') : '';
  const indices = cast(op, op.value('indices'), op.input('indices').dtype, INT64);
  const at = op.emit('Unsqueeze', [indices, op.int64s([-1])]);
  emitReduced(op, given, 'add', (wide, outputs) => {
    const scaled = alpha === '' ? wide(op.value('updates')) : op.emit('Mul', [wide(op.value('updates')), wide(alpha)]);
    const [data, updates] = [wide(op.value('var')), scaled].map((value) => op.emit('Transpose', [value], { perm: order })) as [
      string,
      string,
    ];
    return op.emit('Transpose', [op.emit('ScatterND', [data, at, updates], { reduction: 'add' })], { perm: back }, outputs);
  });
}
