// Rotary position embeddings, and sampling an image at the points of a grid: how ONNX says them.
import { knownRank } from '../../../graph/ops/shapes.js';
import type { LowerContext, Lowerings } from './context.js';
import { extents, reshape } from './shape-values.js';
import { statistics } from './statistics.js';

export const sampleLowerings: Lowerings = {
  RotaryMul: (op) => rotate(op, 'r1', 'r2', halves),
  RotaryPositionEmbedding: (op) => {
    const turns = [halves, pairs][op.int('mode')] ?? op.fail(`has the mode ${op.int('mode')}.`, 'Use 0 for halves, 1 for pairs.');
    rotate(op, 'cos', 'sin', turns);
  },
  GridSampler2D: (op) => {
    const asked = op.string('interpolation_mode');
    const mode =
      { bilinear: 'linear', bicubic: 'cubic', nearest: 'nearest' }[asked] ??
      op.fail(`samples by "${asked}".`, 'Use bilinear, bicubic or nearest.');
    const attrs = { mode, padding_mode: op.string('padding_mode'), align_corners: op.bool('align_corners') ? 1 : 0 };
    op.emit('GridSample', [op.value('x'), op.value('grid')], attrs, [op.output()]);
  },
};

/** x·cos + turned(x)·sin. */
function rotate(op: LowerContext, cos: string, sin: string, turned: (op: LowerContext, x: string) => string): void {
  const f = statistics(op, 'x');
  const x = f.read('x');
  f.give(f.call('Add', f.call('Mul', x, f.read(cos)), f.call('Mul', turned(op, x), f.read(sin))));
}

/** [a, b] becomes [−b, a], a and b being the halves of the last dimension. */
function halves(op: LowerContext, x: string): string {
  const [a, b] = [`${op.output()}/first`, `${op.output()}/second`];
  op.emit('Split', [x], { axis: -1, num_outputs: 2 }, [a, b]);
  return op.emit('Concat', [op.emit('Neg', [b]), a], { axis: -1 });
}

/** Each pair of neighbours (a, b) becomes (−b, a). */
function pairs(op: LowerContext, x: string): string {
  const dims = extents(op, 'x');
  const last = knownRank(op, 'x').at(-1) as number;
  if (last < 0) op.fail('turns pairs of a dimension whose size is not known.', 'Give the shape of its input.');
  const apart = reshape(op, x, [...dims.slice(0, -1), last / 2, 2]);
  const [a, b] = [`${op.output()}/first`, `${op.output()}/second`];
  op.emit('Split', [apart], { axis: -1, num_outputs: 2 }, [a, b]);
  return reshape(op, op.emit('Concat', [op.emit('Neg', [b]), a], { axis: -1 }), dims);
}
