// Division of integers. The device's Div and FloorDiv round down (as numpy's //), TruncateDiv and RealDiv towards zero.
import type { TensorSpec } from '../../../graph/tensor.js';
import type { LowerContext } from './context.js';
import { castTo } from './formula.js';

export type Rounding = 'down' | 'towards zero';

/** The smallest integer divided by −1 does not fit, and kills the process in ONNX Runtime; narrower types are widened by it. */
const TRAPPED: ReadonlySet<string> = new Set(['int32', 'int64']);

/** x1 / x2 of integers; a division by zero fails in ONNX Runtime, with a message. */
export function divideIntegers(op: LowerContext, x1: string, x2: string, spec: TensorSpec, rounding: Rounding): string {
  refuseZero(op);
  const isUnsigned = spec.dtype.name.startsWith('u');
  if (!TRAPPED.has(spec.dtype.name) || hasNoMinusOne(op)) {
    return isUnsigned || rounding === 'towards zero' ? op.emit('Div', [x1, x2]) : floorDivide(op, x1, x2, spec);
  }
  const isMinusOne = op.emit('Equal', [x2, op.scalar(-1, spec)]);
  const divisor = op.emit('Where', [isMinusOne, op.scalar(1, spec), x2]);
  const quotient = rounding === 'down' ? floorDivide(op, x1, divisor, spec) : op.emit('Div', [x1, divisor]);
  return op.emit('Where', [isMinusOne, op.emit('Neg', [quotient]), quotient]);
}

/** The remainder of integers with the sign of x1 (towards zero) or of x2 (down). */
export function integerRemainder(op: LowerContext, x1: string, x2: string, spec: TensorSpec, rounding: Rounding): string {
  refuseZero(op);
  const attrs = { fmod: rounding === 'down' ? 0 : 1 };
  if (!TRAPPED.has(spec.dtype.name) || hasNoMinusOne(op)) return op.emit('Mod', [x1, x2], attrs);
  // The remainder by −1 is that by 1: nothing.
  const isMinusOne = op.emit('Equal', [x2, op.scalar(-1, spec)]);
  return op.emit('Mod', [x1, op.emit('Where', [isMinusOne, op.scalar(1, spec), x2])], attrs);
}

/** One less than the quotient where the two remainders differ; nothing in it overflows. */
function floorDivide(op: LowerContext, x1: string, x2: string, spec: TensorSpec): string {
  const isExact = op.emit('Equal', [op.emit('Mod', [x1, x2], { fmod: 0 }), op.emit('Mod', [x1, x2], { fmod: 1 })]);
  return op.emit('Sub', [op.emit('Div', [x1, x2]), castTo(op, op.emit('Not', [isExact]), spec)]);
}

/** A Const divisor with a 0 would fail at every run. */
function refuseZero(op: LowerContext): void {
  if (op.node.type !== 'DivNoNan' && op.constantInts('x2')?.includes(0) === true) {
    op.fail('divides integers by a Const that has a 0.', 'Take the 0 out of "x2", or use DivNoNan.');
  }
}

/** Whether x2 is a Const of few values without −1. */
function hasNoMinusOne(op: LowerContext): boolean {
  const values = op.constantInts('x2');
  return values?.every((value) => value !== -1) === true;
}
