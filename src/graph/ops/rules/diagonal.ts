// Operators that put a diagonal into a matrix or take it out: what they give.
import { describeShape, type Shape, UNKNOWN_DIM } from '../../tensor.js';
import type { OpContext, OutputRules } from '../context.js';
import { shapedAs } from '../shape-tools.js';

export const diagonalRules: OutputRules = {
  MatrixDiag: shapedAs('x', (op, dims) => [...dims, dims.at(-1) ?? op.fail('needs a diagonal.', 'Give it at least one dimension.')]),
  MatrixDiagPart: shapedAs('x', (op, dims) => {
    if (dims.length < 2) op.fail('needs a matrix.', 'Give it at least two dimensions.');
    const [rows, columns] = dims.slice(-2) as [number, number];
    return [...dims.slice(0, -2), rows < 0 || columns < 0 ? UNKNOWN_DIM : Math.min(rows, columns)];
  }),
  Diag: shapedAs('x', (_, dims) => [...dims, ...dims]),
  DiagPart: shapedAs('x', firstHalf),
};

/** The first half of dimensions that come twice. */
function firstHalf(op: OpContext, dims: Shape): Shape {
  const [first, second] = [dims.slice(0, dims.length / 2), dims.slice(dims.length / 2)];
  const isTwice = dims.length % 2 === 0 && first.every((dim, i) => dim < 0 || (second[i] as number) < 0 || dim === second[i]);
  if (!isTwice) op.fail(`has no diagonal: ${describeShape(dims)}.`, 'Every dimension must come twice.');
  return first.map((dim, i) => (dim < 0 ? (second[i] as number) : dim));
}
