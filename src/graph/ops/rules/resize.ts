// Operators that resize images: what they give. Semantics from op_proto/image_ops.cc, which follows TensorFlow, and from ONNX's Resize.
import { type DType, dtype } from '../../dtype.js';
import { decodeElements } from '../../elements.js';
import { hasUnknownRank, type Shape, type TensorSpec, UNKNOWN_DIM, UNKNOWN_RANK } from '../../tensor.js';
import type { OpContext, OutputRule, OutputRules } from '../context.js';
import { type Layout, shapeIn, sizeOf, spatialOf } from '../image-layout.js';
import { resizedAs } from '../shape-tools.js';

const FLOAT32 = dtype('float32');

export const resizeRules: OutputRules = {
  ResizeBilinearV2: sized(bySize, (op) => op.dtype('dtype')),
  ResizeBilinearV2D: sized(byAttr, () => FLOAT32),
  ResizeNearestNeighborV2: sized(bySize, (_, given) => given),
  ResizeNearestNeighborV2D: sized(byAttr, (_, given) => given),
  ResizeTrilinear: sized(bySize, (_, given) => given),
  Resize: resizedAs('x', (op, dims) => resized(op, dims)),
  ResizeD: resizedAs('x', (op, dims) => {
    const sizes = op.ints('sizes');
    const wanted =
      { cubic: 2, linear: 1 }[op.string('mode')] ?? op.fail(`resizes by the mode "${op.string('mode')}".`, 'Use cubic or linear.');
    if (dims.length !== 4 || sizes.length !== wanted)
      op.fail(`resizes ${dims.length} dimensions to [${sizes.join(', ')}].`, `Give ${wanted} of NCHW.`);
    return [...dims.slice(0, 4 - wanted), ...sizes];
  }),
  Upsample: resizedAs('x', (op, dims) => {
    if (dims.length !== 4) op.fail(`upsamples ${dims.length} dimensions.`, 'Give it an image in NCHW.');
    const steps = [1, 1, op.int('stride_h'), op.int('stride_w')];
    return dims.map((dim, i) => (dim < 0 ? dim : dim * (steps[i] as number)));
  }),
};

function bySize(op: OpContext): readonly number[] | undefined {
  return op.constantInts('size');
}

function byAttr(op: OpContext): readonly number[] {
  return op.ints('size');
}

function sized(sizeOfOp: (op: OpContext) => readonly number[] | undefined, result: (op: OpContext, given: DType) => DType): OutputRule {
  return (op): readonly TensorSpec[] => {
    const { dtype: given, shape } = op.input('x');
    if (hasUnknownRank(shape)) return [{ dtype: result(op, given), shape: UNKNOWN_RANK }];
    const layout = resizeLayout(op, shape);
    const spatial = spatialOf(layout);
    const size = sizeOfOp(op) ?? spatial.map(() => UNKNOWN_DIM);
    if (size.length !== spatial.length) op.fail(`resizes ${spatial.join(', ')} to [${size.join(', ')}].`);
    const whole = shapeIn(layout, sizeOf(shape, layout, 'N'), sizeOf(shape, layout, 'C'), size);
    return [{ dtype: result(op, given), shape: whole, format: layout }];
  };
}

/** GE takes the layout from the format alone; without one there is nothing to go by. */
export function resizeLayout(op: OpContext, shape: Shape): Layout {
  const layouts = op.node.type === 'ResizeTrilinear' ? ['NCDHW', 'NDHWC'] : ['NCHW', 'NHWC'];
  const { format } = op.input('x');
  if (shape.length !== layouts[0]?.length) op.fail(`resizes ${shape.length} dimensions.`, `Give it an image in ${layouts.join(' or ')}.`);
  if (format !== undefined && layouts.includes(format)) return format;
  return op.fail(
    'does not know the layout of its image.',
    `Give the input of the graph, or the node before, the format ${layouts.join(' or ')}.`,
  );
}

function resized(op: OpContext, dims: Shape): Shape {
  if (op.has('sizes')) {
    const sizes = op.constantInts('sizes');
    if (sizes === undefined) return dims.map(() => UNKNOWN_DIM);
    if (sizes.length > 0)
      return sizes.length === dims.length ? sizes : op.fail(`resizes ${dims.length} dimensions to [${sizes.join(', ')}].`);
  }
  const scales = constantScales(op);
  if (scales === undefined || scales.length !== dims.length) return dims.map(() => UNKNOWN_DIM);
  return dims.map((dim, i) => (dim < 0 ? UNKNOWN_DIM : Math.floor(dim * (scales[i] as number))));
}

function constantScales(op: OpContext): readonly number[] | undefined {
  const tensor = op.has('scales') ? op.constant('scales') : undefined;
  return tensor === undefined ? undefined : decodeElements(tensor).map(Number);
}
