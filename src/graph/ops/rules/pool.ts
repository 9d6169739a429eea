// Poolings: what they give. Semantics from op_proto/nn_pooling_ops.cc: lists such as ksize are in the order of data_format, the
// image in that of its own format.
import { dtype } from '../../dtype.js';
import { describeShape, hasUnknownRank, type Shape, type TensorSpec, UNKNOWN_DIM, UNKNOWN_RANK } from '../../tensor.js';
import type { OpContext, OutputRules } from '../context.js';
import { imageLayout, type Layout, shapeIn, sizeOf, spatialOf, spatialValues } from '../image-layout.js';
import { outputSize, type Padding, type PaddingMode, paddingMode, paddingOf, type Window } from '../windows.js';

export const poolRules: OutputRules = {
  MaxPool: pool,
  MaxPoolExt2: pool,
  MaxPoolV2: pool,
  MaxPoolV3: pool,
  MaxPool3D: pool,
  AvgPool: pool,
  AvgPoolV2: pool,
  AvgPool1D: pool,
  AvgPool3D: pool,
  AvgPool3DD: pool,
  Pooling: pool,
  GlobalAveragePool: globalPool,
  GlobalLpPool: globalPool,
  AdaptiveAvgPool2d: (op) => [adaptive(op)],
  AdaptiveMaxPool2d: (op) => {
    const y = adaptive(op);
    return [y, { ...y, dtype: dtype('int32') }];
  },
};

/** What one pooling operator says by its attributes; lists in the order of the spatial dimensions. */
interface PoolAttrs {
  /** undefined where they are inputs that are not constant. */
  readonly kernel: readonly number[] | undefined;
  readonly strides: readonly number[] | undefined;
  readonly mode: PaddingMode;
  readonly pads: readonly number[];
  readonly isCeiled: boolean;
  /** Whether a last window that begins beyond the image is left out: always, never, or where there is padding. */
  readonly clips: 'always' | 'never' | 'padded';
  readonly isGlobal: boolean;
}

export interface PoolPlan {
  readonly layout: Layout;
  readonly windows: readonly Window[];
  readonly mode: PaddingMode;
  /** As asked for; a last window that is rounded up reaches beyond it. */
  readonly padding: readonly (Padding | undefined)[];
  readonly isCeiled: boolean;
  readonly isGlobal: boolean;
  readonly sizes: readonly number[];
  readonly shape: Shape;
}

/** A list attribute in the order of data_format, of which only the spatial ones may differ from 1. */
function listed(op: OpContext, name: string, list: readonly number[], order: Layout): readonly number[] {
  const others = list.length === order.length ? [...order].filter((letter) => letter === 'N' || letter === 'C') : [];
  if (others.some((letter) => list[order.indexOf(letter)] !== 1)) {
    op.fail(
      `has the ${name} [${list.join(', ')}], in the order ${order}: over batch and channels it must be 1.`,
      'Set data_format to the order that it is in.',
    );
  }
  return spatialValues(op, name, list, order);
}

function listOrder(op: OpContext, layout: Layout): Layout {
  const order = op.string('data_format');
  return [...order].sort().join() === [...layout].sort().join() ? order : layout;
}

const tensorflow = (op: OpContext, layout: Layout): PoolAttrs => ({
  ...kernelAttrs(op, layout),
  mode: paddingMode(op, op.string('padding')),
  pads: [],
  isCeiled: false,
  clips: 'never',
  isGlobal: false,
});

function kernelAttrs(op: OpContext, layout: Layout): Pick<PoolAttrs, 'kernel' | 'strides'> {
  const order = listOrder(op, layout);
  return { kernel: listed(op, 'ksize', op.ints('ksize'), order), strides: listed(op, 'strides', op.ints('strides'), order) };
}

const version2 = (op: OpContext, layout: Layout): PoolAttrs => ({
  ...kernelAttrs(op, layout),
  mode: paddingMode(op, op.string('padding_mode')),
  pads: op.ints('pads'),
  isCeiled: op.bool('ceil_mode') && op.string('padding_mode') !== 'SAME',
  clips: 'never',
  isGlobal: op.bool('global_pooling'),
});

const average3D = (op: OpContext, layout: Layout): PoolAttrs => ({
  ...kernelAttrs(op, layout),
  // TensorFlow's parser leaves its padding on the node, undeclared.
  mode: op.given('padding') ? paddingMode(op, op.string('padding')) : 'EXPLICIT',
  pads: op.ints('pads'),
  isCeiled: op.bool('ceil_mode'),
  clips: 'always',
  isGlobal: false,
});

const ATTRS: Readonly<Record<string, (op: OpContext, layout: Layout) => PoolAttrs>> = {
  MaxPool: tensorflow,
  MaxPoolExt2: tensorflow,
  AvgPool: tensorflow,
  MaxPoolV2: (op, layout) => {
    const order = listOrder(op, layout);
    const list = (name: string): readonly number[] | undefined => {
      const values = op.constantInts(name);
      return values === undefined ? undefined : listed(op, name, values, order);
    };
    return {
      kernel: list('ksize'),
      strides: list('strides'),
      mode: paddingMode(op, op.string('padding')),
      pads: [],
      isCeiled: false,
      clips: 'never',
      isGlobal: false,
    };
  },
  MaxPoolV3: version2,
  AvgPoolV2: version2,
  MaxPool3D: (op, layout) => {
    if (op.ints('dilation').some((dilation) => dilation !== 1))
      op.fail(`has the dilation [${op.ints('dilation').join(', ')}], which GE ignores.`, 'Leave it at 1.');
    const mode = paddingMode(op, op.string('padding'));
    const isCeiled = op.int('ceil_mode') !== 0 && mode === 'EXPLICIT';
    return { ...kernelAttrs(op, layout), mode, pads: op.ints('pads'), isCeiled, clips: 'never', isGlobal: false };
  },
  AvgPool3D: average3D,
  AvgPool3DD: average3D,
  AvgPool1D: (op) => ({
    kernel: [1, op.int('ksize')],
    strides: [1, op.int('strides')],
    mode: 'EXPLICIT',
    pads: [0, 0, ...op.ints('pads').slice(0, 2)],
    isCeiled: op.bool('ceil_mode'),
    clips: 'padded',
    isGlobal: false,
  }),
  // Caffe's: 0 means to round up, and pads must be the same on both sides.
  Pooling: (op) => {
    const pads = op.ints('pad');
    if (pads[0] !== pads[1] || pads[2] !== pads[3]) op.fail(`has the pads [${pads.join(', ')}].`, 'Pad as much before as after.');
    if (op.ints('dilation').some((dilation) => dilation !== 1))
      op.fail(`has the dilation [${op.ints('dilation').join(', ')}], which GE ignores.`, 'Leave it at 1.');
    const isCeiled = op.int('ceil_mode') === 0;
    return {
      kernel: op.ints('window'),
      strides: op.ints('stride'),
      mode: 'EXPLICIT',
      pads,
      isCeiled,
      clips: 'padded',
      isGlobal: op.bool('global_pooling'),
    };
  },
};

function pool(op: OpContext): readonly TensorSpec[] {
  const { dtype: given } = op.input('x');
  const plan = poolPlan(op);
  return [plan === undefined ? { dtype: given, shape: UNKNOWN_RANK } : { dtype: given, shape: plan.shape, format: plan.layout }];
}

/** undefined where the rank of the image is not known. */
export function poolPlan(op: OpContext): PoolPlan | undefined {
  const { shape } = op.input('x');
  if (hasUnknownRank(shape)) return undefined;
  const layout = poolLayout(op);
  const attrs = (ATTRS[op.node.type] as (typeof ATTRS)[string])(op, layout);
  const windows = spatialOf(layout).map((letter, i): Window => {
    const size = sizeOf(shape, layout, letter);
    if (attrs.isGlobal) return { size, kernel: size, stride: 1, dilation: 1 };
    return { size, kernel: attrs.kernel?.[i] ?? -1, stride: attrs.strides?.[i] ?? 1, dilation: 1 };
  });
  const mode = attrs.isGlobal ? 'VALID' : attrs.mode;
  const padding = paddingOf(op, mode, attrs.pads, windows);
  const isKnown = attrs.isGlobal || (attrs.kernel !== undefined && attrs.strides !== undefined);
  const sizes = windows.map((window, i) => {
    if (attrs.isGlobal) return 1;
    return isKnown ? pooledSize(op, window, padding[i], mode, attrs) : UNKNOWN_DIM;
  });
  const whole = shapeIn(layout, sizeOf(shape, layout, 'N'), sizeOf(shape, layout, 'C'), sizes);
  return { layout, windows, mode, padding, isCeiled: attrs.isCeiled, isGlobal: attrs.isGlobal, sizes, shape: whole };
}

/** AvgPool1D has no data_format: its image is [N, C, 1, W] unless its format says otherwise. */
function poolLayout(op: OpContext): Layout {
  if (op.node.type === 'AvgPool1D') return op.input('x').format === 'NHWC' ? 'NHWC' : 'NCHW';
  return imageLayout(op, 'x', op.node.type.includes('3D') ? 5 : 4);
}

function pooledSize(op: OpContext, window: Window, padding: Padding | undefined, mode: PaddingMode, attrs: PoolAttrs): number {
  if (mode.startsWith('SAME')) return window.size < 0 ? UNKNOWN_DIM : Math.ceil(window.size / window.stride);
  const count = outputSize(op, window, padding, attrs.isCeiled);
  if (count < 0 || padding === undefined) return UNKNOWN_DIM;
  const isPadded = attrs.clips === 'padded' && attrs.pads.some((pad) => pad > 0);
  const isClipped = attrs.isCeiled && (attrs.clips === 'always' || isPadded);
  return isClipped && (count - 1) * window.stride >= window.size + padding.before ? count - 1 : count;
}

function globalPool(op: OpContext): readonly TensorSpec[] {
  const { dtype: given, shape } = op.input('x');
  return [{ dtype: given, shape: hasUnknownRank(shape) ? UNKNOWN_RANK : shape.map((dim, i) => (i < 2 ? dim : 1)) }];
}

/** The last two dimensions become `output_size`; they are height and width in every case (channels first). */
function adaptive(op: OpContext): TensorSpec {
  const { dtype: given, shape } = op.input('x');
  const size = op.ints('output_size');
  if (size.length !== 2 || size.some((dim) => dim < 1)) op.fail(`has the output_size [${size.join(', ')}].`, 'Give height and width.');
  if (hasUnknownRank(shape)) return { dtype: given, shape };
  if (shape.length < 3) op.fail(`pools ${describeShape(shape)}, which is no image.`, 'Give it channels, height and width.');
  return { dtype: given, shape: [...shape.slice(0, -2), ...size] };
}
