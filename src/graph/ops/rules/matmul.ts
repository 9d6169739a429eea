// Products of matrices and vectors.
import { type DType, dtype } from '../../dtype.js';
import { describeShape, describeSpec, hasUnknownRank, type Shape, type TensorSpec, UNKNOWN_DIM, UNKNOWN_RANK } from '../../tensor.js';
import type { OpContext, OutputRules } from '../context.js';
import { broadcastShapes, checkFits, each, elements, mergeShapes, sharedDType } from '../shapes.js';
import { einsumShape } from './einsum.js';

const int32 = dtype('int32');

export const matmulRules: OutputRules = {
  ...each('MatMul MatMulV2', (op) => {
    return withBias(op, 'bias', { dtype: productDType(op, 'x1', 'x2'), shape: matrixProduct(op, 'transpose_x1', 'transpose_x2') });
  }),
  ...each('BatchMatMul BatchMatMulV2', (op) => withBias(op, 'bias', { dtype: productDType(op, 'x1', 'x2'), shape: batchProduct(op) })),
  GEMM: (op) => {
    sharedDType(op, ['a', 'b']);
    sharedDType(op, ['c', 'alpha', 'beta']);
    return [{ dtype: op.input('c').dtype, shape: gemmShape(op) }];
  },
  FullyConnection: (op) => {
    const result = { dtype: productDType(op, 'x', 'w'), shape: fullyConnected(op) };
    const [outputs] = matrix(op, 'w', op.bool('transpose'));
    withBias(op, 'b', { ...result, shape: [outputs] });
    return [result];
  },
  Dot: (op) => {
    const shared = sharedDType(op, ['input_x', 'input_y']);
    const [x, y] = [vector(op, 'input_x'), vector(op, 'input_y')];
    if (mergeShapes([x], [y]) === undefined) op.fail(`multiplies vectors of ${x} and ${y} elements.`, 'Their lengths must be equal.');
    return [{ dtype: shared, shape: [1] }];
  },
  Ger: (op) => [{ dtype: sharedDType(op, ['x1', 'x2']), shape: [vector(op, 'x1'), vector(op, 'x2')] }],
  Einsum: (op) => {
    const inputs = op.inputs('x');
    const first = inputs[0] ?? op.fail('needs at least one input "x0".');
    const other = inputs.find((spec) => spec.dtype !== first.dtype);
    if (other !== undefined)
      op.fail(`multiplies ${first.dtype.name} and ${other.dtype.name}; the dtypes of its inputs must be equal.`, 'Cast one.');
    return [
      {
        dtype: first.dtype,
        shape: einsumShape(
          op,
          inputs.map(({ shape }) => shape),
        ),
      },
    ];
  },
};

/** Products of int8 are summed up in int32. */
function productDType(op: OpContext, x1: string, x2: string): DType {
  const shared = sharedDType(op, [x1, x2]);
  return shared.name === 'int8' ? int32 : shared;
}

/** The product with a bias, if there is one: of its dtype (float16 may have a float32 bias), and not larger. */
function withBias(op: OpContext, slot: string, product: TensorSpec): readonly TensorSpec[] {
  if (!op.node.inputNames.includes(slot) || !op.has(slot)) return [product];
  const bias = op.input(slot);
  const isWide = bias.dtype.name === 'float32' && /^b?float16$/.test(product.dtype.name);
  if (bias.dtype !== product.dtype && !isWide) {
    op.fail(`adds a bias ${describeSpec(bias)} to a product ${describeSpec(product)}.`, `Cast it to ${product.dtype.name}.`);
  }
  checkFits(op, slot, product.shape);
  return [product];
}

/** The shape of a slot that must be a matrix, its sides exchanged if it is transposed; unknown sides of an unknown rank. */
export function matrix(op: OpContext, slot: string, isTransposed: boolean): readonly [number, number] {
  const { shape } = op.input(slot);
  const [rows = UNKNOWN_DIM, columns = UNKNOWN_DIM, ...rest] = hasUnknownRank(shape) ? [] : shape;
  if (!hasUnknownRank(shape) && (shape.length < 2 || rest.length > 0)) {
    op.fail(`takes matrices; ${slot} is ${describeShape(shape)}.`, 'Reshape it, or use BatchMatMulV2 for more than two dimensions.');
  }
  return isTransposed ? [columns, rows] : [rows, columns];
}

/** @throws (fails the operator) when the inner dimensions differ */
function inner(op: OpContext, columns: number, rows: number, shapes: string): void {
  if (columns === rows || columns === UNKNOWN_DIM || rows === UNKNOWN_DIM) return;
  op.fail(
    `cannot multiply ${shapes}: rows of ${columns} elements meet columns of ${rows}.`,
    'The last dimension of the first must equal the first one of the second, after transposing.',
  );
}

function matrixProduct(op: OpContext, transpose1: string, transpose2: string, x1 = 'x1', x2 = 'x2'): Shape {
  const [m, k1] = matrix(op, x1, op.bool(transpose1));
  const [k2, n] = matrix(op, x2, op.bool(transpose2));
  inner(op, k1, k2, `[${side(m)}, ${side(k1)}] by [${side(k2)}, ${side(n)}]`);
  return [m, n];
}

const side = (size: number): string => (size < 0 ? '?' : String(size));

function gemmShape(op: OpContext): Shape {
  const product = matrixProduct(op, 'transpose_a', 'transpose_b', 'a', 'b');
  const { shape } = op.input('c');
  return (
    mergeShapes(product, shape) ??
    op.fail(`adds c ${describeShape(shape)} to a product ${describeShape(product)}.`, 'Their shapes must be equal.')
  );
}

function batchProduct(op: OpContext): Shape {
  const [a, b] = [op.input('x1').shape, op.input('x2').shape];
  const isFlat = (shape: Shape): boolean => !hasUnknownRank(shape) && shape.length < 2;
  if (isFlat(a) || isFlat(b)) {
    op.fail(`takes matrices; x1 is ${describeShape(a)} and x2 ${describeShape(b)}.`, 'Give each at least two dimensions.');
  }
  if (hasUnknownRank(a) || hasUnknownRank(b)) return UNKNOWN_RANK;
  const [m, k1] = lastTwo(a, op.bool('adj_x1'));
  const [k2, n] = lastTwo(b, op.bool('adj_x2'));
  inner(op, k1, k2, `${describeShape(a)} by ${describeShape(b)}`);
  const batch = broadcastShapes(a.slice(0, -2), b.slice(0, -2));
  if (batch === undefined) return op.fail(`cannot broadcast the batches of ${describeShape(a)} and ${describeShape(b)}.`);
  return [...batch, m, n];
}

function lastTwo(shape: Shape, isTransposed: boolean): readonly [number, number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return isTransposed ? [columns, rows] : [rows, columns];
}

/**
 * x flattened from `axis` (1 or 2) on, times w [num_output, K]. GE appends two dimensions of 1 to the result when axis is 1 and
 * the first dimension is 1 (FullyConnectionInfer in its matrix_calculation_ops.cc, all published versions).
 */
function fullyConnected(op: OpContext): Shape {
  const { shape } = op.input('x');
  const [outputs, k] = matrix(op, 'w', op.bool('transpose'));
  if (hasUnknownRank(shape)) return UNKNOWN_RANK;
  const axis = fullyConnectedAxis(op);
  const flat = elements(shape.slice(axis));
  inner(op, flat, k, `x ${describeShape(shape)} flattened from axis ${axis} by w ${describeShape(op.input('w').shape)}`);
  const leading = shape.slice(0, axis);
  return axis === 1 && leading[0] === 1 ? [1, outputs, 1, 1] : [...leading, outputs];
}

/** Also for the lowering. */
export function fullyConnectedAxis(op: OpContext): number {
  const rank = op.input('x').shape.length;
  const axis = op.int('axis') < 0 ? op.int('axis') + rank : op.int('axis');
  if ((axis === 1 || axis === 2) && axis < rank) return axis;
  return op.fail(`has the axis ${op.int('axis')} for an x of rank ${rank}.`, 'It must be 1 or 2, and x must have that axis.');
}

function vector(op: OpContext, slot: string): number {
  const { shape }: TensorSpec = op.input(slot);
  if (hasUnknownRank(shape)) return UNKNOWN_DIM;
  return shape.length === 1
    ? (shape[0] as number)
    : op.fail(`takes vectors; ${slot} is ${describeShape(shape)}.`, 'Reshape it to one dimension.');
}
