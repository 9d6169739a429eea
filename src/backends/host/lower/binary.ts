// Element-wise operators of two and more inputs.
import { each } from '../../../graph/ops/shapes.js';
import type { LowerContext, Lowering, Lowerings } from './context.js';
import { direct, type Formula, formula, type Term } from './formula.js';
import { divideIntegers, integerRemainder, type Rounding } from './integer-division.js';
import { log1p } from './unary.js';

const pair = ['x1', 'x2'];

export const binaryLowerings: Lowerings = {
  Add: direct('Add', pair),
  AddV2: direct('Add', pair),
  Sub: direct('Sub', pair),
  Mul: direct('Mul', pair),
  Maximum: direct('Max', pair),
  Minimum: direct('Min', pair),
  Pow: direct('Pow', pair),
  Div: division('down', ({ call }, x1, x2) => call('Div', x1, x2)),
  RealDiv: division('towards zero', ({ call }, x1, x2) => call('Div', x1, x2)),
  FloorDiv: division('down', ({ call }, x1, x2) => call('Floor', call('Div', x1, x2))),
  TruncateDiv: division('towards zero', ({ call }, x1, x2) => {
    const quotient = call('Div', x1, x2);
    return call('Mul', call('Sign', quotient), call('Floor', call('Abs', quotient)));
  }),
  FloorMod: remainder('down'),
  Mod: remainder('towards zero'),
  TruncateMod: remainder('towards zero'),
  SquaredDifference: ofPair(({ call }, x1, x2) => {
    const difference = call('Sub', x1, x2);
    return call('Mul', difference, difference);
  }),
  DivNoNan: (op) => {
    const f = formula(op, 'x1');
    const [x1, x2] = [f.input('x1'), f.input('x2')];
    const isZero = f.call('Equal', x2, 0);
    const divisor = f.call('Where', isZero, 1, x2);
    const quotient = isFloat(op) ? f.call('Div', x1, divisor) : divideIntegers(op, x1, divisor, f.spec, 'towards zero');
    f.finish(f.call('Where', isZero, 0, quotient));
  },
  MulNoNan: ofPair(({ call }, x1, x2) => call('Where', call('Equal', x2, 0), 0, call('Mul', x1, x2))),
  Xlogy: ofPair(({ call }, x1, x2) => {
    // 0 · log(x2) is 0 for every x2 but NaN, which the product with x2 itself carries over.
    const zero = call('Where', call('IsNaN', x2), x2, 0);
    return call('Where', call('Equal', x1, 0), zero, call('Mul', x1, call('Log', x2)));
  }),
  Xdivy: (op) => {
    if (!isFloat(op)) op.fail(`divides ${op.input('x1').dtype.name}.`, 'Cast its inputs to a float, or use DivNoNan.');
    ofPair(({ call }, x1, x2) => call('Where', call('Equal', x1, 0), 0, call('Div', x1, x2)))(op);
  },
  Xlog1py: (op) => {
    const f = formula(op, 'x');
    const x = f.input('x');
    f.finish(f.call('Where', f.call('Equal', x, 0), 0, f.call('Mul', x, log1p(f, f.input('y')))));
  },
  Atan2: ofPair((f, x1, x2) => atan2(f, x1, x2)),
  Axpy: (op) => {
    const { call, input, finish } = formula(op, 'x1');
    const alpha = op.float('alpha');
    if (!isFloat(op) && !Number.isInteger(alpha)) {
      op.fail(`has the alpha ${alpha} for integers.`, 'Give a whole number, or cast the inputs to a float first.');
    }
    finish(call('Add', input('x1'), call('Mul', input('x2'), alpha)));
  },
  AxpyV2: ofInputs(['x1', 'x2', 'alpha'], ({ call }, x1, x2, alpha) => call('Add', x1, call('Mul', x2, alpha))),
  FusedMulAdd: ofInputs(['x1', 'x2', 'x3'], ({ call }, x1, x2, x3) => call('Add', call('Mul', x1, x2), x3)),
  FusedMulAddAdd: ofInputs(['x1', 'x2', 'x3', 'x4'], ({ call }, x1, x2, x3, x4) => call('Add', call('Add', call('Mul', x1, x2), x3), x4)),
  FusedMulAddN: ofInputs(['x1', 'x2', 'x3'], ({ call }, x1, x2, x3) => call('Add', call('Mul', x1, x3), x2)),
  Addcmul: ofInputs(['input_data', 'x1', 'x2', 'value'], ({ call }, x, x1, x2, value) => {
    return call('Add', x, call('Mul', value, call('Mul', x1, x2)));
  }),
  Addcdiv: (op) => {
    if (!isFloat(op)) op.fail(`divides ${op.input('x1').dtype.name}.`, 'Cast its inputs to a float.');
    ofInputs(['input_data', 'x1', 'x2', 'value'], ({ call }, x, x1, x2, value) => {
      return call('Add', x, call('Mul', value, call('Div', x1, x2)));
    })(op);
  },
  Lerp: ofInputs(['start', 'end', 'weight'], ({ call }, start, end, weight) => {
    return call('Add', start, call('Mul', weight, call('Sub', end, start)));
  }),
  ClipByValue: ofInputs(['x', 'clip_value_min', 'clip_value_max'], ({ call }, x, low, high) => call('Max', call('Min', x, high), low)),
  ClipByValueV2: ofInputs(['x', 'clip_value_min', 'clip_value_max'], ({ call }, x, low, high) => call('Min', call('Max', x, low), high)),
  ...each('AddN AccumulateNV2', (op: LowerContext) => fold(op, 'Add')),
  MaxN: (op) => fold(op, 'Max'),
  Eltwise: (op) => {
    const mode = op.int('mode');
    const opType = ['Mul', 'Add', 'Max'][mode];
    if (opType === undefined) op.fail(`has the mode ${mode}.`, 'Use 0 (product), 1 (sum) or 2 (maximum).');
    else fold(op, opType, mode === 1 ? op.floats('coeff') : []);
  },
};

function isFloat(op: LowerContext, slot = 'x1'): boolean {
  return /float/.test(op.input(slot).dtype.name);
}

/** A formula of x1 and x2. */
function ofPair(compute: (f: Formula, x1: string, x2: string) => string): Lowering {
  return ofInputs(pair, compute);
}

/** A formula of the inputs in these slots, in the dtype of the first. */
function ofInputs(slots: readonly string[], compute: (f: Formula, ...inputs: [string, string, string, string]) => string): Lowering {
  return (op) => {
    const f = formula(op, slots[0] as string);
    f.finish(compute(f, ...(slots.map((slot) => f.input(slot)) as [string, string, string, string])));
  };
}

function division(rounding: Rounding, ofFloats: (f: Formula, x1: string, x2: string) => string): Lowering {
  return (op) => {
    const f = formula(op, 'x1');
    const [x1, x2] = [f.input('x1'), f.input('x2')];
    f.finish(isFloat(op) ? ofFloats(f, x1, x2) : divideIntegers(op, x1, x2, f.spec, rounding));
  };
}

function remainder(rounding: Rounding): Lowering {
  return (op) => {
    const f = formula(op, 'x1');
    const [x1, x2] = [f.input('x1'), f.input('x2')];
    if (!isFloat(op)) {
      f.finish(integerRemainder(op, x1, x2, f.spec, rounding));
      return;
    }
    const truncated = f.callWith({ fmod: 1 }, 'Mod', x1, x2);
    f.finish(rounding === 'down' ? withSignOf(f, truncated, x2) : truncated);
  };
}

/** The remainder that has the sign of the divisor, from the one that has the sign of the dividend. */
function withSignOf({ call }: Formula, truncated: string, divisor: string): string {
  const differ = call('Xor', call('Less', truncated, 0), call('Less', divisor, 0));
  const isOff = call('And', differ, call('Not', call('Equal', truncated, 0)));
  return call('Where', isOff, call('Add', truncated, divisor), truncated);
}

/** The angle of (x2, x1), as C's atan2(x1, x2): the signs of zeros count, infinities are at 45°. */
function atan2({ call }: Formula, y: string, x: string): string {
  const [absY, absX] = [call('Abs', y), call('Abs', x)];
  const [low, high] = [call('Min', absX, absY), call('Max', absX, absY)];
  const ratio = call('Where', call('Equal', high, 0), 0, call('Where', call('Equal', absX, absY), 1, call('Div', low, high)));
  const octant = call('Atan', ratio);
  const quadrant = call('Where', call('Greater', absY, absX), call('Sub', Math.PI / 2, octant), octant);
  const half = call('Where', isNegative(x), call('Sub', Math.PI, quadrant), quadrant);
  return call('Where', isNegative(y), call('Neg', half), half);

  /** Also of −0, whose reciprocal is −∞. */
  function isNegative(value: string): string {
    return call('Or', call('Less', value, 0), call('Less', call('Reciprocal', value), 0));
  }
}

/** The elements of the dynamic slot x, one after the other, each times its coefficient. */
function fold(op: LowerContext, opType: string, coefficients: readonly number[] = []): void {
  const values = op.values('x');
  if (coefficients.length > 0 && coefficients.length !== values.length) {
    op.fail(`has ${coefficients.length} coefficients for ${values.length} inputs.`, 'Give one per input, or none.');
  }
  const f = formula(op, 'x0');
  const terms = values.map((_, i): Term => {
    const value = f.input(`x${i}`);
    const coefficient = coefficients[i] ?? 1;
    return coefficient === 1 ? value : f.call('Mul', value, coefficient);
  });
  f.finish(terms.reduce((sum, term) => f.call(opType, sum, term)) as string);
}
