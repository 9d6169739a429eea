// Operators that put a diagonal into a matrix or take it out: how ONNX says them.
import { dtype } from '../../../graph/dtype.js';
import { dimProduct } from '../../../graph/ops/shape-tools.js';
import { bounded, knownRank, knownShape } from '../../../graph/ops/shapes.js';
import type { LowerContext, Lowerings } from './context.js';
import { onnxType } from './host-dtype.js';
import { type Extent, extents, reshape, shapeValue } from './shape-values.js';

export const diagonalLowerings: Lowerings = {
  MatrixDiag: (op) => {
    const size = extents(op, 'x').at(-1) as Extent;
    spread(op, op.value('x'), size, knownRank(op, 'x').length, [op.output()]);
  },
  MatrixDiagPart: (op) => {
    const [rows, columns] = knownRank(op, 'x').slice(-2) as [number, number];
    if (rows < 0 || columns < 0) op.fail('takes the diagonal of a matrix whose size is not known.', 'Give the shape of its input.');
    const flat = reshape(op, op.value('x'), [...extents(op, 'x').slice(0, -2), rows * columns]);
    op.emit('Gather', [flat, op.int64s(diagonal(op, Math.min(rows, columns), columns))], { axis: -1 }, [op.output()]);
  },
  Diag: (op) => {
    const dims = extents(op, 'x');
    const size = dimProduct(knownShape(op, 'x'));
    const matrix = spread(op, reshape(op, op.value('x'), [size]), size, 1);
    reshape(op, matrix, [...dims, ...dims], [op.output()]);
  },
  DiagPart: (op) => {
    const dims = knownShape(op, 'x');
    const own = dims.slice(0, dims.length / 2);
    const size = dimProduct(own);
    const flat = reshape(op, op.value('x'), [size * size]);
    reshape(op, op.emit('Gather', [flat, op.int64s(diagonal(op, size, size))], { axis: 0 }), own, [op.output()]);
  },
};

/** Where the elements of a diagonal lie in the flat matrix. */
function diagonal(op: LowerContext, count: number, columns: number): readonly number[] {
  return Array.from({ length: bounded(op, count, 'elements on its diagonal', 1 << 24) }, (_, i) => i * (columns + 1));
}

/** The last of `rank` dimensions becomes the diagonal of a matrix that is 0 elsewhere. */
function spread(op: LowerContext, value: string, size: Extent, rank: number, outputs?: readonly string[]): string {
  const float32 = dtype('float32');
  const square = op.emit('Expand', [op.scalar(0, { dtype: float32, shape: [] }), shapeValue(op, [size, size])]);
  const ones = op.emit('EyeLike', [square], { dtype: onnxType(float32) });
  const isDiagonal = op.emit('Cast', [ones], { to: onnxType(dtype('bool')) });
  const columns = op.emit('Unsqueeze', [value, op.int64s([rank])]);
  return op.emit('Where', [isDiagonal, columns, op.scalar(0, op.input('x'))], {}, outputs);
}
