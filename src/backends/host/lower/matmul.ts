// Products of matrices and vectors.
import { fullyConnectedAxis, matrix } from '../../../graph/ops/rules/matmul.js';
import { each, knownRank } from '../../../graph/ops/shapes.js';
import type { LowerContext, Lowerings } from './context.js';
import { castTo, formula } from './formula.js';
import { extents, product, reshape } from './shape-values.js';

/** ONNX's Gemm, which transposes and adds by itself, has kernels for these. */
const GEMM: ReadonlySet<string> = new Set(['float32', 'float16', 'float64']);

export const matmulLowerings: Lowerings = {
  ...each('MatMul MatMulV2', (op: LowerContext) => {
    refuseOffsets(op);
    matrixProduct(op, { slot: 'x1', transposed: op.bool('transpose_x1') }, { slot: 'x2', transposed: op.bool('transpose_x2') }, 'bias');
  }),
  ...each('BatchMatMul BatchMatMulV2', (op: LowerContext) => {
    refuseOffsets(op);
    const [x1, x2] = [factor(op, 'x1'), factor(op, 'x2')];
    const result = op.emit('MatMul', [swapped(op, x1, 'x1', op.bool('adj_x1')), swapped(op, x2, 'x2', op.bool('adj_x2'))]);
    finish(op, result, 'bias');
  }),
  GEMM: (op) => {
    const f = formula(op, 'c');
    const side = (slot: string, transposed: boolean): string => {
      matrix(op, slot, transposed);
      const value = castTo(op, op.value(slot), f.spec);
      return transposed ? op.emit('Transpose', [value], { perm: [1, 0] }) : value;
    };
    const ab = f.call('MatMul', side('a', op.bool('transpose_a')), side('b', op.bool('transpose_b')));
    f.finish(f.call('Add', f.call('Mul', ab, f.input('alpha')), f.call('Mul', f.input('c'), f.input('beta'))));
  },
  FullyConnection: (op) => {
    refuseOffsets(op);
    const dims = extents(op, 'x');
    const axis = fullyConnectedAxis(op);
    const x =
      dims.length === axis + 1 ? factor(op, 'x') : reshape(op, factor(op, 'x'), [...dims.slice(0, axis), product(dims.slice(axis))]);
    const w = factor(op, 'w');
    const result = op.emit('MatMul', [x, op.bool('transpose') ? w : op.emit('Transpose', [w], { perm: [1, 0] })]);
    const shaped = op.outputSpec().shape.length > axis + 1 ? unsqueezeTwo(op, result) : result;
    finish(op, shaped, 'b', shaped === result ? undefined : unsqueezeTwo);
  },
  Dot: (op) => {
    const f = formula(op, 'input_x');
    f.finish(f.callWith({ keepdims: 1 }, 'ReduceSum', f.call('Mul', f.input('input_x'), f.input('input_y')), op.int64s([0])));
  },
  Ger: (op) => {
    const column = op.emit('Unsqueeze', [op.value('x1'), op.int64s([1])]);
    op.emit('Mul', [column, op.value('x2')], {}, [op.output()]);
  },
  Einsum: (op) => {
    op.emit('Einsum', op.values('x'), { equation: op.string('equation') }, [op.output()]);
  },
};

interface Factor {
  readonly slot: string;
  readonly transposed: boolean;
}

/** x1 · x2 + bias of two matrices. */
function matrixProduct(op: LowerContext, a: Factor, b: Factor, bias: string): void {
  // An unknown rank is 2 here: the operator takes nothing else.
  if (GEMM.has(op.outputSpec().dtype.name)) {
    const inputs = [op.value(a.slot), op.value(b.slot), ...(op.has(bias) ? [factor(op, bias)] : [])];
    op.emit('Gemm', inputs, { transA: Number(a.transposed), transB: Number(b.transposed) }, [op.output()]);
    return;
  }
  const side = ({ slot, transposed }: Factor): string => {
    const value = factor(op, slot);
    return transposed ? op.emit('Transpose', [value], { perm: [1, 0] }) : value;
  };
  finish(op, op.emit('MatMul', [side(a), side(b)]), bias);
}

/** The input in the dtype of the product: int8 is summed up in int32, a bias may be wider. */
function factor(op: LowerContext, slot: string): string {
  return op.input(slot).dtype === op.outputSpec().dtype ? op.value(slot) : castTo(op, op.value(slot), op.outputSpec());
}

function finish(op: LowerContext, result: string, bias: string, shapeBias?: (op: LowerContext, value: string) => string): void {
  if (!op.has(bias)) {
    op.emit('Identity', [result], {}, [op.output()]);
    return;
  }
  const value = factor(op, bias);
  op.emit('Add', [result, shapeBias === undefined ? value : shapeBias(op, value)], {}, [op.output()]);
}

/** Exchanges the last two dimensions. */
function swapped(op: LowerContext, value: string, slot: string, isTransposed: boolean): string {
  if (!isTransposed) return value;
  const rank = knownRank(op, slot).length;
  const perm = Array.from({ length: rank }, (_, i) => i);
  return op.emit('Transpose', [value], { perm: [...perm.slice(0, -2), rank - 1, rank - 2] });
}

function unsqueezeTwo(op: LowerContext, value: string): string {
  return op.emit('Unsqueeze', [value, op.int64s([-2, -1])]);
}

/** The offsets of quantized products; GE has the slots in reserve. */
function refuseOffsets(op: LowerContext): void {
  if (op.node.inputNames.includes('offset_w') && op.has('offset_w')) {
    op.fail('has an offset_w, which the host backend does not add.', 'Leave it out, or build with --backend ascend.');
  }
  if (op.given('offset_x') && op.int('offset_x') !== 0) {
    op.fail(
      `has the offset_x ${op.int('offset_x')}, which the host backend does not add.`,
      'Leave it out, or build with --backend ascend.',
    );
  }
}
