// Comparisons, logic and bits.
import { dtype } from '../../../graph/dtype.js';
import type { LowerContext, Lowering, Lowerings } from './context.js';
import { castTo, direct, formula } from './formula.js';

const pair = ['x1', 'x2'];

export const logicLowerings: Lowerings = {
  Equal: direct('Equal', pair),
  NotEqual: (op) => void op.emit('Not', [op.emit('Equal', [op.value('x1'), op.value('x2')])], {}, [op.output()]),
  Less: direct('Less', pair),
  LessEqual: direct('LessOrEqual', pair),
  Greater: direct('Greater', pair),
  GreaterEqual: direct('GreaterOrEqual', pair),
  ApproximateEqual: (op) => {
    const { call, input, finish } = formula(op, 'x1');
    finish(call('Less', call('Abs', call('Sub', input('x1'), input('x2'))), op.float('tolerance')));
  },
  IsClose: (op) => {
    const { call, input, finish } = formula(op, 'x1');
    const [x1, x2] = [input('x1'), input('x2')];
    const limit = call('Add', call('Mul', call('Abs', x2), op.float('rtol')), op.float('atol'));
    // Equal covers infinities, whose difference is NaN; a finite value is not close to an infinite limit.
    const isBounded = call('Not', call('IsInf', x2));
    const isNear = call('And', isBounded, call('LessOrEqual', call('Abs', call('Sub', x1, x2)), limit));
    const isClose = call('Or', call('Equal', x1, x2), isNear);
    finish(op.bool('equal_nan') ? call('Or', isClose, call('And', call('IsNaN', x1), call('IsNaN', x2))) : isClose);
  },
  LogicalAnd: direct('And', pair),
  LogicalOr: direct('Or', pair),
  LogicalNot: direct('Not'),
  BitwiseAnd: bitwise('BitwiseAnd', 'And'),
  BitwiseOr: bitwise('BitwiseOr', 'Or'),
  BitwiseXor: bitwise('BitwiseXor', 'Xor'),
  Invert: (op) => void op.emit(op.input('x').dtype.name === 'bool' ? 'Not' : 'BitwiseNot', [op.value('x')], {}, [op.output()]),
  LeftShift: (op) => {
    const { spec, distance, unsigned } = shift(op);
    const shifted = op.emit('BitShift', [castTo(op, op.value('x'), unsigned), distance], { direction: 'LEFT' });
    op.emit('Identity', [castTo(op, shifted, spec)], {}, [op.output()]);
  },
  RightShift: (op) => {
    const { spec, distance, unsigned } = shift(op);
    const x = op.value('x');
    const right = (value: string): string => {
      return castTo(op, op.emit('BitShift', [castTo(op, value, unsigned), distance], { direction: 'RIGHT' }), spec);
    };
    if (spec.dtype.name.startsWith('u')) {
      op.emit('Identity', [right(x)], {}, [op.output()]);
      return;
    }
    // Of a negative number ones come in from the left: those are the zeros of its complement.
    const isNegative = op.emit('Less', [x, op.scalar(0, spec)]);
    const negative = op.emit('BitwiseNot', [right(op.emit('BitwiseNot', [x]))]);
    op.emit('Where', [isNegative, negative, right(x)], {}, [op.output()]);
  },
};

/** On bools the same as the logical operator, which is all that ONNX has for them. */
function bitwise(ofIntegers: string, ofBools: string): Lowering {
  return (op) =>
    void op.emit(op.input('x1').dtype.name === 'bool' ? ofBools : ofIntegers, [op.value('x1'), op.value('x2')], {}, [op.output()]);
}

/** ONNX Runtime shifts 8, 32 and 64 unsigned bits; the narrower ones are cut off by the cast back. */
const SHIFTED: Readonly<Record<string, string>> = {
  int8: 'uint8',
  uint8: 'uint8',
  int16: 'uint32',
  uint16: 'uint32',
  int32: 'uint32',
  uint32: 'uint32',
  int64: 'uint64',
  uint64: 'uint64',
};

/** The distance is held between 0 and the last bit, as TensorFlow's operators of that name do. */
function shift(op: LowerContext) {
  const spec = { dtype: op.input('x').dtype, shape: [] };
  const name = SHIFTED[spec.dtype.name];
  if (name === undefined) return op.fail(`shifts ${spec.dtype.name}.`, 'Give integers.');
  const unsigned = { dtype: dtype(name), shape: [] };
  const distance = op.emit('Clip', [op.value('y'), op.scalar(0, spec), op.scalar(spec.dtype.bits - 1, spec)]);
  return { spec, unsigned, distance: castTo(op, distance, unsigned) };
}
