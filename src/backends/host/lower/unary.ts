// Element-wise operators of one input.
import type { LowerContext, Lowerings } from './context.js';
import { direct, type Formula, formula, type Term } from './formula.js';

export const unaryLowerings: Lowerings = {
  Abs: direct('Abs'),
  Neg: direct('Neg'),
  Sqrt: direct('Sqrt'),
  Sin: direct('Sin'),
  Cos: direct('Cos'),
  Tan: direct('Tan'),
  Asin: direct('Asin'),
  Acos: direct('Acos'),
  Atan: direct('Atan'),
  Sinh: direct('Sinh'),
  Cosh: direct('Cosh'),
  Asinh: direct('Asinh'),
  Acosh: direct('Acosh'),
  Atanh: direct('Atanh'),
  Erf: direct('Erf'),
  Reciprocal: direct('Reciprocal'),
  Floor: direct('Floor'),
  Ceil: direct('Ceil'),
  Rint: direct('Round'),
  Sign: direct('Sign'),
  IsNan: direct('IsNaN'),
  IsInf: direct('IsInf'),
  IsPosInf: direct('IsInf', ['x'], () => ({ detect_negative: 0 })),
  IsNegInf: direct('IsInf', ['x'], () => ({ detect_positive: 0 })),
  IsFinite: (op) => {
    const { call, input, finish } = formula(op, 'x');
    finish(call('Not', call('Or', call('IsNaN', input('x')), call('IsInf', input('x')))));
  },
  Square: (op) => void op.emit('Mul', [op.value('x'), op.value('x')], {}, [op.output()]),
  Rsqrt: (op) => {
    const { call, input, finish } = formula(op, 'x');
    finish(call('Reciprocal', call('Sqrt', input('x'))));
  },
  Inv: (op) => {
    // For integers 1/x is 1, −1 or 0; a division by zero fails in ONNX Runtime, and is undefined on the device.
    if (op.constantInts('x')?.includes(0) === true) op.fail('divides integers by a Const that has a 0.', 'Take the 0 out of "x".');
    const { call, input, finish } = formula(op, 'x');
    finish(call('Div', 1, input('x')));
  },
  Exp: (op) => {
    const f = formula(op, 'x');
    const base = op.float('base');
    const exponent = scaled(op, f);
    f.finish(f.call('Exp', base === -1 ? exponent : f.call('Mul', exponent, Math.log(base))));
  },
  Log: (op) => {
    const f = formula(op, 'x');
    const base = op.float('base');
    const natural = f.call('Log', scaled(op, f));
    f.finish(base === -1 ? natural : f.call('Mul', natural, 1 / Math.log(base)));
  },
  Expm1: (op) => {
    const f = formula(op, 'x');
    f.finish(expm1(f, f.input('x')));
  },
  Log1p: (op) => {
    const f = formula(op, 'x');
    f.finish(log1p(f, f.input('x')));
  },
  Erfc: (op) => {
    const f = formula(op, 'x');
    if (f.spec.dtype.name === 'float64')
      op.fail('is computed in float32 at most by the host backend.', 'Use float32, or --backend ascend.');
    f.finish(erfc(f, f.input('x')));
  },
  Round: (op) => {
    const decimals = op.int('decimals');
    if (!/float/.test(op.input('x').dtype.name)) {
      if (decimals < 0)
        op.fail(`rounds integers to ${decimals} decimals, which the host backend cannot.`, 'Use floats, or --backend ascend.');
      op.emit('Identity', [op.value('x')], {}, [op.output()]);
      return;
    }
    const { call, input, finish } = formula(op, 'x');
    if (decimals === 0) finish(call('Round', input('x')));
    else finish(call('Div', call('Round', call('Mul', input('x'), 10 ** decimals)), 10 ** decimals));
  },
  Trunc: (op) => {
    const { call, input, finish } = formula(op, 'input_x');
    if (!/float/.test(op.input('input_x').dtype.name)) finish(input('input_x'));
    else finish(call('Mul', call('Sign', input('input_x')), call('Floor', call('Abs', input('input_x')))));
  },
  NanToNum: (op) => {
    const { call, callWith, input, finish } = formula(op, 'x');
    const x = input('x');
    const low = call('Where', callWith({ detect_positive: 0 }, 'IsInf', x), op.float('neginf'), x);
    const high = call('Where', callWith({ detect_negative: 0 }, 'IsInf', x), op.float('posinf'), low);
    finish(call('Where', call('IsNaN', x), op.float('nan'), high));
  },
  Power: (op) => {
    const f = formula(op, 'x');
    const base = scaled(op, f);
    f.finish(op.float('power') === 1 ? base : f.call('Pow', base, op.float('power')));
  },
  Adds: (op) => withScalar(op, 'Add'),
  Muls: (op) => withScalar(op, 'Mul'),
};

/** `scale * x + shift`, of the attributes that Exp, Log and Power have. */
function scaled(op: LowerContext, { call, input }: Formula): string {
  const product = op.float('scale') === 1 ? input('x') : call('Mul', input('x'), op.float('scale'));
  return op.float('shift') === 0 ? product : call('Add', product, op.float('shift'));
}

/** With a number from the attribute `value`; an integer tensor takes a whole number. */
function withScalar(op: LowerContext, opType: string): void {
  const { call, input, finish } = formula(op, 'x');
  const value = op.float('value');
  if (!/float/.test(op.input('x').dtype.name) && !Number.isInteger(value)) {
    op.fail(`has the value ${value} for integers.`, 'Give a whole number, or cast x to a float first.');
  }
  finish(call(opType, input('x'), value));
}

/** exp(x) − 1 without cancellation near 0, and without overflow where the result has none. */
export function expm1({ call }: Formula, x: string): string {
  return call('Mul', call('Tanh', call('Mul', x, 0.5)), call('Add', call('Exp', x), 1));
}

/** log(1 + x) without cancellation near 0: the error of u = 1 + x is taken back by the factor x / (u − 1) (W. Kahan). */
export function log1p({ call }: Formula, x: string): string {
  const u = call('Add', x, 1);
  const log = call('Log', u);
  const corrected = call('Mul', log, call('Div', x, call('Sub', u, 1)));
  const small = call('Where', call('Equal', u, 1), x, corrected);
  return call('Where', call('Less', call('Abs', x), 0.5), small, log);
}

/**
 * The complementary error function with a relative error of 1.2e-7 everywhere, where 1 − erf(x) has nothing left from x = 4 on.
 * A Chebyshev fit of the exponent in t = 1 / (1 + |x|/2) (Numerical Recipes, §6.2).
 */
function erfc({ call }: Formula, x: string): string {
  const coefficients = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277,
  ];
  const t = call('Reciprocal', call('Add', call('Mul', call('Abs', x), 0.5), 1));
  const [highest = 0, ...rest] = coefficients.reverse();
  const polynomial = rest.reduce<Term>((sum, coefficient) => call('Add', call('Mul', t, sum), coefficient), highest);
  const positive = call('Mul', t, call('Exp', call('Sub', polynomial, call('Mul', x, x))));
  return call('Where', call('Less', x, 0), call('Sub', 2, positive), positive);
}
