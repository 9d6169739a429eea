// Convolutions and their transposes: what they give. Semantics from op_proto/nn_calculation_ops.cc and nn_calculation_ops.h.
import { type DType, dtype } from '../../dtype.js';
import { describeShape, hasUnknownRank, type Shape, UNKNOWN_RANK } from '../../tensor.js';
import type { OpContext, OutputRule, OutputRules } from '../context.js';
import { filterLayout, imageLayout, type Layout, shapeIn, sizeOf, spatialOf, spatialValues } from '../image-layout.js';
import { convPaddingMode, outputSize, type Padding, type PaddingMode, paddingOf, transposedSize, type Window } from '../windows.js';

export const convRules: OutputRules = {
  Conv2D: convolution('x', (op) => convPlan(op, 4)),
  DepthwiseConv2D: convolution('x', depthwisePlan),
  Conv3D: convolution('x', (op) => convPlan(op, 5)),
  Conv2DTranspose: convolution('x', (op) => transposePlan(op, 4)),
  Conv2DTransposeD: convolution('x', (op) => transposePlan(op, 4)),
  Conv3DTranspose: convolution('x', (op) => transposePlan(op, 5)),
  Conv3DTransposeD: convolution('x', (op) => transposePlan(op, 5)),
  Deconvolution: convolution('x', (op) => transposePlan(op, 4)),
  Conv2DBackpropInput: convolution('out_backprop', (op) => transposePlan(op, 4)),
  Conv2DBackpropInputD: convolution('out_backprop', (op) => transposePlan(op, 4)),
  Conv3DBackpropInput: convolution('out_backprop', (op) => transposePlan(op, 5)),
  Conv3DBackpropInputD: convolution('out_backprop', (op) => transposePlan(op, 5)),
};

/** All that a convolution is, with every list in the order of the spatial dimensions. */
export interface ConvPlan {
  /** Of the image that goes in, and of the one that comes out. */
  readonly layout: Layout;
  readonly filterLayout: Layout;
  readonly groups: number;
  readonly windows: readonly Window[];
  readonly mode: PaddingMode;
  readonly padding: readonly (Padding | undefined)[];
  /** What a transpose adds at the end of each dimension; −1 where it is not known. */
  readonly outputPadding: readonly number[];
  readonly shape: Shape;
}

/** int8 and int4 are summed up in int32 (SetOutputDtypeConv2d). */
function resultDType({ name }: DType, given: DType): DType {
  return name === 'int8' || name === 'int4' ? dtype('int32') : given;
}

function convolution(image: string, planOf: (op: OpContext) => ConvPlan | undefined): OutputRule {
  return (op) => {
    const { dtype: given } = op.input(image);
    const plan = planOf(op);
    const result = resultDType(given, given);
    return [plan === undefined ? { dtype: result, shape: UNKNOWN_RANK } : { dtype: result, shape: plan.shape, format: plan.layout }];
  };
}

/** undefined where the rank of the image or of the filter is not known. */
export function convPlan(op: OpContext, rank: 4 | 5): ConvPlan | undefined {
  const [x, filter] = [op.input('x').shape, op.input('filter').shape];
  if (hasUnknownRank(x) || hasUnknownRank(filter)) return undefined;
  const layout = imageLayout(op, 'x', rank);
  const weights = filterLayout(op, 'filter', layout);
  const groups = groupsOf(op, sizeOf(x, layout, 'C'), sizeOf(filter, weights, 'C'), layout, weights);
  const channels = sizeOf(filter, weights, 'N');
  if (channels >= 0 && channels % groups !== 0)
    op.fail(`makes ${channels} channels in ${groups} groups.`, 'Their number must divide the channels.');
  return forward(op, layout, weights, groups, channels);
}

/** One filter per channel; the filter is [.., channels, multiplier], or, as ONNX's parser leaves it, [channels × multiplier, 1, ..]. */
export function depthwisePlan(op: OpContext): ConvPlan | undefined {
  const [x, filter] = [op.input('x').shape, op.input('filter').shape];
  if (hasUnknownRank(x) || hasUnknownRank(filter)) return undefined;
  const layout = imageLayout(op, 'x', 4);
  const weights = filterLayout(op, 'filter', layout);
  const [multiplier, own] = [sizeOf(filter, weights, 'N'), sizeOf(filter, weights, 'C')];
  const given = sizeOf(x, layout, 'C');
  const groups = given < 0 ? own : given;
  const isGrouped = own === 1 && groups > 0 && multiplier % groups === 0;
  if (groups < 1 || (own !== groups && !isGrouped)) {
    op.fail(`has ${given} channels and a filter ${describeShape(filter)} in ${weights} for ${own}.`, wrongLayout(layout, weights));
  }
  return forward(op, layout, weights, groups, multiplier < 0 ? multiplier : multiplier * own);
}

function forward(op: OpContext, layout: Layout, weights: Layout, groups: number, channels: number): ConvPlan {
  const x = op.input('x').shape;
  const windows = windowsOf(op, layout, weights, x, op.input('filter').shape);
  const mode = convPaddingMode(op);
  const padding = paddingOf(op, mode, op.ints('pads'), windows);
  const sizes = windows.map((window, i) => {
    // Padded to be the same, its size is known by the stride alone.
    return mode.startsWith('SAME') && window.size >= 0 ? Math.ceil(window.size / window.stride) : outputSize(op, window, padding[i]);
  });
  const shape = shapeIn(layout, sizeOf(x, layout, 'N'), channels, sizes);
  return { layout, filterLayout: weights, groups, windows, mode, padding, outputPadding: windows.map(() => 0), shape };
}

function windowsOf(op: OpContext, layout: Layout, weights: Layout, image: Shape, filter: Shape): readonly Window[] {
  const strides = spatialValues(op, 'strides', op.ints('strides'), layout);
  const dilations = spatialValues(op, 'dilations', op.ints('dilations'), layout);
  return spatialOf(layout).map((letter, i) => ({
    size: sizeOf(image, layout, letter),
    kernel: sizeOf(filter, weights, letter),
    stride: strides[i] as number,
    dilation: dilations[i] as number,
  }));
}

/** GE takes the default of one group for "as many as it takes" where the channels say so (ProcessInputChannelAndGroup). */
function groupsOf(op: OpContext, channels: number, perGroup: number, layout: Layout, weights: Layout): number {
  const given = op.int('groups');
  if (given < 1) op.fail(`has ${given} groups.`);
  if (channels < 0 || perGroup < 1) return given;
  const groups = given === 1 && channels % perGroup === 0 ? channels / perGroup : given;
  if (channels === perGroup * groups) return groups;
  return op.fail(
    `has ${channels} channels in ${layout}, but its filter in ${weights} takes ${perGroup} in each of ${groups} groups.`,
    wrongLayout(layout, weights),
  );
}

function wrongLayout(layout: Layout, weights: Layout): string {
  return `If the layouts are others, say so by "format": the image was taken as ${layout}, the filter as ${weights}.`;
}

/** A transpose is the gradient of a convolution: its filter reads as that convolution's, N being the channels that go in. */
export function transposePlan(op: OpContext, rank: 4 | 5): ConvPlan | undefined {
  const image = imageSlot(op);
  const [x, filter] = [op.input(image).shape, op.input('filter').shape];
  if (hasUnknownRank(x) || hasUnknownRank(filter)) return undefined;
  const layout = imageLayout(op, image, rank);
  const weights = filterLayout(op, 'filter', layout);
  const [channels, taken, perGroup] = [sizeOf(x, layout, 'C'), sizeOf(filter, weights, 'N'), sizeOf(filter, weights, 'C')];
  if (channels >= 0 && taken >= 0 && channels !== taken) {
    op.fail(`has ${channels} channels in ${layout}, but its filter in ${weights} takes ${taken}.`, wrongLayout(layout, weights));
  }
  const groups = op.int('groups');
  if (groups < 1 || (taken >= 0 && taken % groups !== 0)) op.fail(`takes ${taken} channels in ${groups} groups.`);
  const windows = windowsOf(op, layout, weights, x, filter);
  const wanted = wantedSize(op, layout);
  const mode = convPaddingMode(op);
  const padding = transposePadding(op, mode, windows, wanted);
  const added = op.node.type.includes('Transpose')
    ? spatialValues(op, 'output_padding', op.ints('output_padding'), layout)
    : windows.map(() => 0);
  const sizes = windows.map((window, i) => {
    if (wanted !== undefined) return wanted[i] as number;
    return transposedSize(op, window, padding[i] as Padding, added[i] as number);
  });
  const outputPadding = windows.map((window, i) => {
    if (wanted === undefined) return added[i] as number;
    if ((wanted[i] as number) < 0 || window.size < 0) return -1;
    return (wanted[i] as number) - transposedSize(op, window, padding[i] as Padding, 0);
  });
  checkOutputPadding(op, windows, outputPadding, sizes);
  const shape = shapeIn(layout, sizeOf(x, layout, 'N'), perGroup < 0 ? -1 : perGroup * groups, sizes);
  return { layout, filterLayout: weights, groups, windows, mode, padding, outputPadding, shape };
}

export function imageSlot(op: OpContext): string {
  return op.node.type.includes('BackpropInput') ? 'out_backprop' : 'x';
}

/** The spatial sizes that `input_size` asks for: undefined where the operator has none or gives zeros, −1 where it is not constant. */
function wantedSize(op: OpContext, layout: Layout): readonly number[] | undefined {
  if (op.node.type === 'Deconvolution') return undefined;
  const list = op.node.type.endsWith('D') && !op.has('input_size') ? op.ints('input_size') : op.constantInts('input_size');
  if (list === undefined) return spatialOf(layout).map(() => -1);
  const sizes = spatialValues(op, 'sizes in "input_size"', list, layout);
  return list.every((size) => size === 0) ? undefined : sizes;
}

/** Padded to be the same, a transpose pads as the convolution that it undoes: by the size that it gives. */
function transposePadding(
  op: OpContext,
  mode: PaddingMode,
  windows: readonly Window[],
  wanted: readonly number[] | undefined,
): readonly Padding[] {
  if (!mode.startsWith('SAME')) return paddingOf(op, mode, op.ints('pads'), windows) as readonly Padding[];
  if (wanted === undefined || wanted.some((size) => size < 0))
    op.fail('is padded to be the same as a size that is not known.', 'Give it a constant "input_size".');
  const undone = windows.map((window, i) => ({ ...window, size: wanted[i] as number }));
  return paddingOf(op, mode, [], undone) as readonly Padding[];
}

function checkOutputPadding(op: OpContext, windows: readonly Window[], added: readonly number[], sizes: readonly number[]): void {
  const bad = windows.findIndex(({ stride, dilation, size }, i) => {
    const extra = added[i] as number;
    return size >= 0 && (sizes[i] as number) >= 0 && (extra < 0 || extra >= Math.max(stride, dilation));
  });
  if (bad < 0) return;
  const { size, kernel, stride } = windows[bad] as Window;
  op.fail(
    `cannot make ${sizes[bad]} elements out of ${size} by a kernel of ${kernel} and a stride of ${stride}.`,
    'Check "input_size" against the pads and strides: a convolution of it must give the input.',
  );
}
