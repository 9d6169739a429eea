// Activations.
import { each } from '../../../graph/ops/shapes.js';
import type { LowerContext, Lowerings } from './context.js';
import { castTo, direct, type Formula, formula } from './formula.js';
import { expm1 } from './unary.js';

export const activationLowerings: Lowerings = {
  Relu: (op) => {
    const { call, input, finish } = formula(op, 'x');
    finish(/float/.test(op.input('x').dtype.name) ? call('Relu', input('x')) : call('Max', input('x'), 0));
  },
  Relu6: (op) => clip(op, 0, 6),
  Relu6D: (op) => clip(op, 0, 6 * op.float('scale')),
  LeakyRelu: (op) => {
    const slope = op.float('negative_slope');
    if (op.input('x').dtype.name !== 'float64') {
      op.emit('LeakyRelu', [op.value('x')], { alpha: { float: slope } }, [op.output()]);
      return;
    }
    const { call, input, finish } = formula(op, 'x');
    const x = input('x');
    finish(call('Where', call('Less', x, 0), call('Mul', x, slope), x));
  },
  Elu: (op) => {
    const f = formula(op, 'x');
    const x = f.input('x');
    const negative = f.call(
      'Mul',
      expm1(f, below(f, op.float('input_scale') === 1 ? x : f.call('Mul', x, op.float('input_scale')))),
      op.float('alpha'),
    );
    const y = f.call('Where', f.call('Less', x, 0), negative, x);
    f.finish(op.float('scale') === 1 ? y : f.call('Mul', y, op.float('scale')));
  },
  Selu: direct('Selu'),
  Celu: (op) => celu(op, op.float('alpha1'), op.float('alpha2'), op.float('alpha3')),
  CeluV2: (op) => celu(op, op.float('alpha'), op.float('alpha'), 1),
  // GE's Gelu is the approximation by tanh.
  Gelu: direct('Gelu', ['x'], () => ({ approximate: 'tanh' })),
  FastGelu: (op) => {
    const f = formula(op, 'x');
    f.finish(swish(f, f.input('x'), 1.702));
  },
  FastGeluV2: (op) => {
    const { call, input, finish } = formula(op, 'x');
    const x = input('x');
    // biome-ignore lint/suspicious/noApproximativeNumericConstant: the operator is defined by this number, not by the square root.
    const distance = call('Sub', call('Min', call('Abs', call('Mul', x, 0.7071)), 1.769), 1.769);
    const half = call('Add', call('Mul', call('Mul', distance, distance), -0.1444), 0.5);
    const nudged = call('Add', x, 1e-12);
    const sign = call('Div', nudged, call('Abs', nudged));
    finish(call('Mul', x, call('Add', call('Mul', sign, half), 0.5)));
  },
  Sigmoid: direct('Sigmoid'),
  LogSigmoid: (op) => {
    const { call, input, finish } = formula(op, 'x');
    finish(call('Neg', call('Softplus', call('Neg', input('x')))));
  },
  HardSigmoid: (op) => {
    const { call, input, finish } = formula(op, 'input_x');
    finish(call('Min', call('Max', call('Add', call('Mul', input('input_x'), op.float('alpha')), op.float('beta')), 0), 1));
  },
  HardSwish: direct('HardSwish'),
  Swish: (op) => {
    const f = formula(op, 'x');
    f.finish(swish(f, f.input('x'), op.float('scale')));
  },
  Mish: direct('Mish'),
  Softplus: direct('Softplus'),
  BNLL: direct('Softplus'),
  SoftplusV2: (op) => {
    const { call, input, finish } = formula(op, 'x');
    const x = input('x');
    const [beta, threshold] = [op.float('beta'), op.float('threshold')];
    const scaled = call('Mul', x, beta);
    finish(call('Where', call('Greater', scaled, threshold), x, call('Mul', call('Softplus', scaled), 1 / beta)));
  },
  Softsign: direct('Softsign'),
  Tanh: direct('Tanh'),
  Threshold: (op) => {
    const { spec, call, input, finish } = formula(op, 'x');
    finish(castTo(op, call('Greater', input('x'), op.float('threshold')), spec));
  },
  ThresholdV2: (op) => {
    const { call, input, finish } = formula(op, 'x');
    const x = input('x');
    finish(call('Where', call('Greater', x, input('threshold')), x, op.has('value') ? input('value') : 0));
  },
  ThresholdV2D: (op) => {
    const { call, input, finish } = formula(op, 'x');
    const x = input('x');
    finish(call('Where', call('Greater', x, op.float('threshold')), x, op.float('value')));
  },
  ThresholdedRelu: direct('ThresholdedRelu', ['x'], (op) => ({ alpha: { float: op.float('alpha') } })),
  Shrink: (op) => shrink(op, op.float('lambd'), op.float('bias')),
  HardShrink: (op) => shrink(op, op.float('lambd'), 0),
  SoftShrink: (op) => shrink(op, op.float('lambd'), op.float('lambd')),
  Logit: (op) => {
    const { call, input, finish } = formula(op, 'x');
    const eps = op.float('eps');
    const x = eps < 0 ? input('x') : call('Min', call('Max', input('x'), eps), 1 - eps);
    finish(call('Log', call('Div', x, call('Sub', 1, x))));
  },
  HardMax: direct('Hardmax', ['x'], (op) => ({ axis: op.int('axis') })),
  ...each('GLU SwiGlu', (op: LowerContext) => {
    const f = formula(op, 'x');
    const [a, b] = halves(op, f.input('x'));
    const gated = op.node.type === 'GLU' ? f.call('Mul', a, f.call('Sigmoid', b)) : f.call('Mul', swish(f, a, 1), b);
    f.finish(gated);
  }),
};

function clip(op: LowerContext, low: number, high: number): void {
  const { spec, call, input, finish } = formula(op, 'x');
  const top = /float/.test(spec.dtype.name) ? high : Math.trunc(high);
  finish(call('Min', call('Max', input('x'), low), top));
}

/** The negative part alone: the exponential of the other one may overflow. */
function below({ call }: Formula, x: string): string {
  return call('Min', x, 0);
}

function celu(op: LowerContext, factor: number, slope: number, positive: number): void {
  const f = formula(op, 'x');
  const x = f.input('x');
  const negative = f.call('Mul', expm1(f, f.call('Div', below(f, x), slope)), factor);
  f.finish(f.call('Where', f.call('Less', x, 0), negative, positive === 1 ? x : f.call('Mul', x, positive)));
}

/** Not by ONNX's Shrink: its kernels compute in float32 whatever the dtype is. */
function shrink(op: LowerContext, lambd: number, bias: number): void {
  const { call, input, finish } = formula(op, 'input_x');
  const x = input('input_x');
  const shifted = (opType: string): string => (bias === 0 ? x : call(opType, x, bias));
  finish(call('Where', call('Less', x, -lambd), shifted('Add'), call('Where', call('Greater', x, lambd), shifted('Sub'), 0)));
}

/** x · sigmoid(scale · x). */
function swish({ call }: Formula, x: string, scale: number): string {
  return call('Mul', x, call('Sigmoid', scale === 1 ? x : call('Mul', x, scale)));
}

function halves(op: LowerContext, x: string): readonly [string, string] {
  const second = op.fresh();
  return [op.emit('Split', [x], { axis: op.int('dim'), num_outputs: 2 }, [op.fresh(), second]), second];
}
