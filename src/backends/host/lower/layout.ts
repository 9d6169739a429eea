// Operators that reorder or regroup dimensions: how ONNX says them.
import {
  flattenAxis,
  flattenRange,
  permuteOrder,
  reshaped,
  reshapeRange,
  squeezedAxes,
  transDataOrder,
} from '../../../graph/ops/rules/layout.js';
import { knownRank } from '../../../graph/ops/shapes.js';
import type { LowerContext, Lowerings } from './context.js';
import { type Extent, extents, int64Input, product, reshape } from './shape-values.js';

export const layoutLowerings: Lowerings = {
  Reshape: lowerReshape,
  Transpose: (op) => {
    const perm = op.constantInts('perm') ?? op.fail('needs a Const as "perm".', 'Give the order of the axes as a const of the graph.');
    transpose(op, op.value('x'), perm, [op.output()]);
  },
  TransposeD: (op) => transpose(op, op.value('x'), op.ints('perm'), [op.output()]),
  Permute: (op) => transpose(op, op.value('x'), permuteOrder(op.ints('order'), knownRank(op, 'x').length), [op.output()]),
  Flatten: (op) => {
    const dims = knownRank(op, 'x');
    // ONNX's Flatten takes axis = rank but gives [1, 1] for a scalar only with axis 0.
    op.emit('Flatten', [op.value('x')], { axis: flattenAxis(op, dims.length) }, [op.output()]);
  },
  FlattenV2: (op) => {
    const dims = extents(op, 'x');
    const [first, last] = flattenRange(op, dims.length);
    reshape(op, op.value('x'), [...dims.slice(0, first), product(dims.slice(first, last + 1)), ...dims.slice(last + 1)], [op.output()]);
  },
  Squeeze: (op) => squeeze(op, op.ints('axis')),
  SqueezeV2: (op) => squeeze(op, op.ints('axis')),
  SqueezeV3: (op) => {
    const axes = op.has('axes') ? op.constantInts('axes') : [];
    if (axes !== undefined) return squeeze(op, axes);
    op.emit('Squeeze', [op.value('x'), int64Input(op, 'axes')], {}, [op.output()]);
  },
  Unsqueeze: (op) => unsqueeze(op, op.int64s(op.ints('axes'))),
  UnsqueezeV2: (op) => unsqueeze(op, op.int64s(op.ints('axis'))),
  UnsqueezeV3: (op) => unsqueeze(op, int64Input(op, 'axes')),
  ExpandDims: (op) => unsqueeze(op, int64Input(op, 'axis')),
  ConfusionTransposeD: (op) => confusionTranspose(op, op.ints('shape')),
  ConfusionTranspose: (op) => {
    const shape = op.constantInts('shape') ?? op.fail('needs a Const as "shape".');
    confusionTranspose(op, shape);
  },
  TransData: (op) => {
    const perm = transDataOrder(op);
    if (perm === undefined) op.emit('Identity', [op.value('src')], {}, [op.output()]);
    else transpose(op, op.value('src'), perm, [op.output()]);
  },
};

/** Emits `Transpose`. */
export function transpose(op: LowerContext, value: string, perm: readonly number[], outputs?: readonly string[]): string {
  // GE takes negative axes, ONNX does not.
  return op.emit('Transpose', [value], { perm: perm.map((axis) => (axis < 0 ? axis + perm.length : axis)) }, outputs);
}

function lowerReshape(op: LowerContext): void {
  const shape = op.constantInts('shape');
  if (shape === undefined) {
    // Without constants GE's 0 is a size; ONNX's, without allowzero, would copy.
    op.emit('Reshape', [op.value('x'), int64Input(op, 'shape')], { allowzero: 1 }, [op.output()]);
    return;
  }
  const dims = extents(op, 'x');
  const { first, end, copiesZero } = reshapeRange(op, knownRank(op, 'x'));
  const asked = shape.map((dim, i) => (dim === 0 && copiesZero ? (dims[first + i] as Extent) : dim));
  // What the rule found out is a number already; a dimension that stays −1 is the rest, or is read from the input.
  const wanted = [...dims.slice(0, first), ...asked, ...dims.slice(end)];
  const known = reshaped(op, knownRank(op, 'x'), shape);
  reshape(
    op,
    op.value('x'),
    wanted.map((dim, i) => (dim === -1 ? (known[i] as number) : dim)),
    [op.output()],
  );
}

function squeeze(op: LowerContext, given: readonly number[]): void {
  const axes = squeezedAxes(op, knownRank(op, 'x'), given);
  if (axes.length === 0) op.emit('Identity', [op.value('x')], {}, [op.output()]);
  else op.emit('Squeeze', [op.value('x'), op.int64s(axes)], {}, [op.output()]);
}

function unsqueeze(op: LowerContext, axes: string): void {
  op.emit('Unsqueeze', [op.value('x'), axes], {}, [op.output()]);
}

function confusionTranspose(op: LowerContext, shape: readonly number[]): void {
  const perm = op.ints('perm');
  const x = op.value('x');
  if (op.bool('transpose_first')) reshape(op, transpose(op, x, perm), shape, [op.output()]);
  else transpose(op, reshape(op, x, shape), perm, [op.output()]);
}
