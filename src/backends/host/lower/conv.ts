// Convolutions and their transposes: how ONNX says them. ONNX has channels first and filters [out, in, ...] only.
import { dtype } from '../../../graph/dtype.js';
import { channelsFirst, type Layout, reordering, sizeOf, spatialOf } from '../../../graph/ops/image-layout.js';
import { type ConvPlan, convPlan, depthwisePlan, imageSlot, transposePlan } from '../../../graph/ops/rules/conv.js';
import { knownRank } from '../../../graph/ops/shapes.js';
import { type Padding, type PaddingMode, reach, type Window } from '../../../graph/ops/windows.js';
import type { LowerContext, Lowering, Lowerings, OnnxAttr } from './context.js';
import { transpose } from './layout.js';
import { cast, extents, reshape } from './shape-values.js';

export const convLowerings: Lowerings = {
  Conv2D: (op) => convolve(op, planned(op, convPlan(op, 4)), filterFirst),
  Conv3D: (op) => convolve(op, planned(op, convPlan(op, 5)), filterFirst),
  DepthwiseConv2D: (op) => convolve(op, planned(op, depthwisePlan(op)), depthwiseFilter),
  Conv2DTranspose: transposed(4),
  Conv2DTransposeD: transposed(4),
  Conv3DTranspose: transposed(5),
  Conv3DTransposeD: transposed(5),
  Deconvolution: transposed(4),
  Conv2DBackpropInput: transposed(4),
  Conv2DBackpropInputD: transposed(4),
  Conv3DBackpropInput: transposed(5),
  Conv3DBackpropInputD: transposed(5),
};

function planned(op: LowerContext, plan: ConvPlan | undefined): ConvPlan {
  if (plan !== undefined) return plan;
  knownRank(op, imageSlot(op));
  knownRank(op, 'filter');
  throw new Error('A convolution of known ranks has a plan');
}

/** Brings an image to channels first. */
export function imageFirst(op: LowerContext, input: string, layout: Layout): string {
  const first = channelsFirst(layout);
  return layout === first ? op.value(input) : transpose(op, op.value(input), reordering(layout, first));
}

/** Makes a value that has channels first the operator's output, in its layout. */
export function finishImage(op: LowerContext, layout: Layout, emit: (outputs?: readonly string[]) => string): void {
  const first = channelsFirst(layout);
  if (layout === first) emit([op.output()]);
  else transpose(op, emit(), reordering(first, layout), [op.output()]);
}

function filterFirst(op: LowerContext, { filterLayout }: ConvPlan): string {
  const first = channelsFirst(filterLayout);
  return filterLayout === first ? op.value('filter') : transpose(op, op.value('filter'), reordering(filterLayout, first));
}

/** Channel c makes the channels c·m to c·m + m − 1; a filter [c·m, 1, h, w] has them in this order already. */
function depthwiseFilter(op: LowerContext, plan: ConvPlan): string {
  const filter = knownRank(op, 'filter');
  if (sizeOf(filter, plan.filterLayout, 'C') !== plan.groups) return filterFirst(op, plan);
  const kernel = spatialOf(plan.filterLayout).map((letter) => extents(op, 'filter')[plan.filterLayout.indexOf(letter)] as number);
  const byChannel = transpose(op, op.value('filter'), reordering(plan.filterLayout, 'CNHW'));
  return reshape(op, byChannel, [-1, 1, ...kernel]);
}

function convolve(op: LowerContext, plan: ConvPlan, filterOf: (op: LowerContext, plan: ConvPlan) => string): void {
  checkOffsets(op);
  const { dtype: given } = op.input('x');
  const [x, filter] = [imageFirst(op, 'x', plan.layout), filterOf(op, plan)];
  const attrs = { ...windowAttrs(plan), ...padAttrs(op, plan) };
  const rank = plan.layout.length;
  finishImage(op, plan.layout, (outputs) => {
    if (given.name !== 'int8') return op.emit('Conv', [x, filter, ...bias(op)], attrs, outputs);
    const sums = op.emit('ConvInteger', [x, filter], attrs, op.has('bias') ? undefined : outputs);
    if (!op.has('bias')) return sums;
    const perChannel = op.emit('Reshape', [op.value('bias'), op.int64s([-1, ...new Array<number>(rank - 2).fill(1)])]);
    return op.emit('Add', [sums, perChannel], {}, outputs);
  });
}

/** The bias in the dtype of the image: the device also takes float32 with float16. */
function bias(op: LowerContext): readonly string[] {
  if (!op.has('bias')) return [];
  return [cast(op, op.value('bias'), op.input('bias').dtype, op.input('x').dtype)];
}

function checkOffsets(op: LowerContext): void {
  if (op.has('offset_w')) op.fail('has an "offset_w", which is reserved.', 'Leave it out.');
  if (op.int('offset_x') !== 0)
    op.fail('has an "offset_x", which only the device applies.', 'Build with --backend ascend, or leave it at 0.');
}

function windowAttrs({ windows, groups }: ConvPlan): Readonly<Record<string, OnnxAttr>> {
  return { strides: windows.map(({ stride }) => stride), dilations: windows.map(({ dilation }) => dilation), group: groups };
}

/** Paddings that depend on a size known only at run time are left to ONNX Runtime. */
function padAttrs(op: LowerContext, { padding, mode, windows }: ConvPlan): Readonly<Record<string, OnnxAttr>> {
  if (padding.includes(undefined)) return autoPad(op, mode, windows);
  return { pads: onnxPads(padding as readonly Padding[]) };
}

/** With steps larger than the window the padding that ONNX Runtime works out is negative where it should be 0. */
export function autoPad(op: LowerContext, mode: PaddingMode, windows: readonly Window[]): { readonly auto_pad: string } {
  const far = windows.find((window) => window.size < 0 && window.stride > reach(window));
  if (far !== undefined)
    op.fail(
      `pads by a size that is not known, with a stride of ${far.stride} over a window of ${reach(far)}.`,
      'Give the shape of its input.',
    );
  return { auto_pad: mode === 'SAME' ? 'SAME_UPPER' : 'SAME_LOWER' };
}

/** All befores, then all afters. */
export function onnxPads(padding: readonly Padding[]): readonly number[] {
  return [...padding.map(({ before }) => before), ...padding.map(({ after }) => after)];
}

function transposed(rank: 4 | 5): Lowering {
  return (op) => {
    const plan = planned(op, transposePlan(op, rank));
    const image = imageSlot(op);
    if (image === 'x') checkOffsets(op);
    if (op.input(image).dtype === dtype('int8'))
      op.fail('transposes a convolution of int8, which only the device does.', 'Use float16 or float32.');
    if (plan.outputPadding.includes(-1)) {
      op.fail(
        'makes a size that is computed when it runs, which the host cannot do.',
        'Make "input_size" a const, and give the shape of its input.',
      );
    }
    const attrs = { ...windowAttrs(plan), ...padAttrs(op, plan), output_padding: plan.outputPadding };
    const inputs = [imageFirst(op, image, plan.layout), filterFirst(op, plan), ...(image === 'x' ? bias(op) : [])];
    finishImage(op, plan.layout, (outputs) => op.emit('ConvTranspose', inputs, attrs, outputs));
  };
}
