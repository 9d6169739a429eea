// Poolings: how ONNX says them. Where ONNX Runtime counts otherwise than GE, the padding is made a step of its own.
import { spatialOf } from '../../../graph/ops/image-layout.js';
import { type PoolPlan, poolPlan } from '../../../graph/ops/rules/pool.js';
import { knownRank } from '../../../graph/ops/shapes.js';
import type { Padding } from '../../../graph/ops/windows.js';
import { adaptiveAverage, adaptiveMax } from './adaptive-pool.js';
import type { LowerContext, Lowering, Lowerings } from './context.js';
import { autoPad, finishImage, imageFirst, onnxPads } from './conv.js';

export const poolLowerings: Lowerings = {
  MaxPool: maxPool,
  MaxPoolExt2: maxPool,
  MaxPoolV2: maxPool,
  MaxPoolV3: maxPool,
  MaxPool3D: maxPool,
  AvgPool: averagePool(() => ({ includesPad: false, divisor: 0 })),
  AvgPoolV2: averagePool((op) => ({ includesPad: !op.bool('exclusive'), divisor: op.int('divisor_override') })),
  AvgPool1D: averagePool((op) => ({ includesPad: op.bool('count_include_pad'), divisor: 0 })),
  AvgPool3D: averagePool(average3D),
  AvgPool3DD: averagePool(average3D),
  Pooling: (op) => {
    const mode = op.int('mode');
    if (mode !== 0 && mode !== 1) op.fail(`has the mode ${mode}.`, 'Use 0 for the maximum, 1 for the average.');
    return mode === 0 ? maxPool(op) : averagePool(() => ({ includesPad: true, divisor: 0 }))(op);
  },
  GlobalAveragePool: (op) => void op.emit('ReduceMean', [op.value('x'), spatialAxes(op)], { keepdims: 1 }, [op.output()]),
  GlobalLpPool: (op) => {
    const p = op.float('p');
    if (p !== 1 && p !== 2) op.fail(`takes the norm of order ${p}, which the host cannot do.`, 'Use 1 or 2.');
    op.emit(p === 1 ? 'ReduceL1' : 'ReduceL2', [op.value('x'), spatialAxes(op)], { keepdims: 1 }, [op.output()]);
  },
  AdaptiveAvgPool2d: adaptiveAverage,
  AdaptiveMaxPool2d: adaptiveMax,
};

interface Averaging {
  /** Whether zeros of the padding count as elements. */
  readonly includesPad: boolean;
  /** Divides every sum, if it is not 0. */
  readonly divisor: number;
}

function average3D(op: LowerContext): Averaging {
  const isSame = op.given('padding') && op.string('padding') === 'SAME';
  return { includesPad: op.bool('count_include_pad') && !isSame, divisor: op.int('divisor_override') };
}

function spatialAxes(op: LowerContext): string {
  return op.int64s(knownRank(op, 'x').flatMap((_, axis) => (axis < 2 ? [] : [axis])));
}

function planned(op: LowerContext): PoolPlan {
  knownRank(op, 'x');
  const plan = poolPlan(op) as PoolPlan;
  if (!plan.isGlobal && plan.windows.some(({ kernel }) => kernel < 0)) {
    op.fail('has a window that is computed when it runs, which the host cannot do.', 'Make "ksize" and "strides" consts.');
  }
  return plan;
}

/** Reduces over all of the image, in the layout that it has. */
function overall(op: LowerContext, { layout }: PoolPlan, type: string, outputs: readonly string[] | undefined): string {
  const axes = spatialOf(layout).map((letter) => layout.indexOf(letter));
  return op.emit(type, [op.value('x'), op.int64s(axes)], { keepdims: 1 }, outputs);
}

function maxPool(op: LowerContext): void {
  const plan = planned(op);
  if (plan.isGlobal) {
    overall(op, plan, 'ReduceMax', [op.output()]);
    return;
  }
  const image = imageFirst(op, 'x', plan.layout);
  const padding = plan.padding.map((pad, i) => reachingPadding(plan, pad, i));
  const isWide = padding.some((pad, i) => pad !== undefined && !isNarrow(pad, plan, i));
  const attrs = { kernel_shape: plan.windows.map(({ kernel }) => kernel), strides: plan.windows.map(({ stride }) => stride) };
  finishImage(op, plan.layout, (outputs) => {
    if (!isWide) return op.emit('MaxPool', [image], { ...attrs, ...padAttrs(op, plan, padding) }, outputs);
    const lowest = op.scalar(lowestOf(op), op.input('x'));
    return op.emit('MaxPool', [padded(op, image, padding as readonly Padding[], lowest)], attrs, outputs);
  });
}

function lowestOf(op: LowerContext): number {
  const { name, bits } = op.input('x').dtype;
  if (name.includes('float')) return Number.NEGATIVE_INFINITY;
  return name.startsWith('u') ? 0 : -(2 ** (bits - 1));
}

function averagePool(how: (op: LowerContext) => Averaging): Lowering {
  return (op) => {
    const plan = planned(op);
    const { includesPad, divisor } = how(op);
    if (plan.isGlobal) return globalAverage(op, plan, divisor);
    const kernel = plan.windows.map((window) => window.kernel);
    const attrs = { kernel_shape: kernel, strides: plan.windows.map(({ stride }) => stride) };
    const reaching = plan.padding.map((pad, i) => reachingPadding(plan, pad, i));
    const image = imageFirst(op, 'x', plan.layout);
    const zero = (): string => op.scalar(0, op.input('x'));
    finishImage(op, plan.layout, (outputs) => {
      if (divisor !== 0) {
        // With all of the padding there, every window has as many elements as the kernel: its average times that is the sum.
        const sums = op.emit('AveragePool', [padded(op, image, knownPadding(op, reaching), zero())], attrs);
        const scale = op.scalar(kernel.reduce((product, size) => product * size, 1) / divisor, op.input('x'));
        return op.emit('Mul', [sums, scale], {}, outputs);
      }
      if (!includesPad || !plan.padding.some((pad) => pad === undefined || pad.before + pad.after > 0)) {
        return op.emit('AveragePool', [image], { ...attrs, ...narrowPads(op, plan, reaching), count_include_pad: 0 }, outputs);
      }
      if (plan.padding.includes(undefined))
        return op.emit('AveragePool', [image], { ...attrs, ...padAttrs(op, plan, reaching), count_include_pad: 1 }, outputs);
      // The padding counts, what a last window reaches beyond it does not: so the padding becomes part of the image.
      const given = (plan.padding as readonly Padding[]).map(({ before, after }, i) => ({
        before,
        after: Math.min(after, reaching[i]?.after ?? after),
      }));
      const none = given.map(() => ({ before: 0, after: 0 }));
      const rest = reaching.map((pad, i) => pad && { before: 0, after: pad.after - (given[i] as Padding).after });
      return op.emit(
        'AveragePool',
        [padded(op, image, given, zero())],
        { ...attrs, ...narrowPads(op, plan, rest, none), count_include_pad: 0 },
        outputs,
      );
    });
  };
}

function globalAverage(op: LowerContext, plan: PoolPlan, divisor: number): void {
  if (divisor === 0) overall(op, plan, 'ReduceMean', [op.output()]);
  else op.emit('Mul', [overall(op, plan, 'ReduceSum', undefined), op.scalar(1 / divisor, op.input('x'))], {}, [op.output()]);
}

/** The padding with what a last, rounded-up window reaches beyond it; undefined where sizes are not known. */
function reachingPadding({ windows, sizes, isCeiled }: PoolPlan, pad: Padding | undefined, i: number): Padding | undefined {
  const { size, kernel, stride } = windows[i] as PoolPlan['windows'][number];
  if (pad === undefined || !isCeiled) return pad;
  if (size < 0) return undefined;
  return { before: pad.before, after: Math.max(0, ((sizes[i] as number) - 1) * stride + kernel - size - pad.before) };
}

/** ONNX Runtime wants paddings smaller than the kernel. */
function isNarrow({ before, after }: Padding, { windows }: PoolPlan, i: number): boolean {
  const { kernel } = windows[i] as PoolPlan['windows'][number];
  return before < kernel && after < kernel;
}

/** @param given  the padding where sizes are not known: what is asked for */
function narrowPads(op: LowerContext, plan: PoolPlan, padding: readonly (Padding | undefined)[], given = plan.padding): PadAttrs {
  const wide = padding.findIndex((pad, i) => pad !== undefined && !isNarrow(pad, plan, i));
  if (wide >= 0)
    op.fail(
      `averages over windows that lie in the padding alone, in dimension ${spatialOf(plan.layout)[wide]}.`,
      'Pad less than the size of the kernel.',
    );
  return padAttrs(op, plan, padding, given);
}

type PadAttrs = Readonly<Record<string, string | number | readonly number[]>>;

/** Where sizes are not known, ONNX Runtime works out what a last window needs. */
function padAttrs(op: LowerContext, plan: PoolPlan, padding: readonly (Padding | undefined)[], given = plan.padding): PadAttrs {
  if (!padding.includes(undefined)) return { pads: onnxPads(padding as readonly Padding[]) };
  if (plan.mode.startsWith('SAME')) return autoPad(op, plan.mode, plan.windows);
  return { pads: onnxPads(given as readonly Padding[]), ceil_mode: plan.isCeiled ? 1 : 0 };
}

function knownPadding(op: LowerContext, padding: readonly (Padding | undefined)[]): readonly Padding[] {
  if (!padding.includes(undefined)) return padding as readonly Padding[];
  return op.fail('pads by a size that is not known.', 'Give the shape of its input.');
}

function padded(op: LowerContext, image: string, padding: readonly Padding[], value: string): string {
  const whole = [{ before: 0, after: 0 }, { before: 0, after: 0 }, ...padding];
  return op.emit('Pad', [image, op.int64s(onnxPads(whole)), value]);
}
