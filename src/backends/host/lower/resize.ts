// Operators that resize images: how ONNX says them.
import { memoryBytes } from '../../../base/bytes.js';
import { dtype } from '../../../graph/dtype.js';
import { channelsFirst, reordering, sizeOf, spatialOf } from '../../../graph/ops/image-layout.js';
import { resizeLayout } from '../../../graph/ops/rules/resize.js';
import { bounded, knownRank } from '../../../graph/ops/shapes.js';
import type { Tensor } from '../../../graph/tensor.js';
import type { LowerContext, Lowering, Lowerings, OnnxAttr } from './context.js';
import { imageFirst } from './conv.js';
import { transpose } from './layout.js';
import { cast, extents, int64Input, shapeValue } from './shape-values.js';

const FLOAT32 = dtype('float32');

export const resizeLowerings: Lowerings = {
  ResizeBilinearV2: (op) => linear(op, int64Input(op, 'size')),
  ResizeBilinearV2D: (op) => linear(op, op.int64s(op.ints('size'))),
  ResizeTrilinear: (op) => linear(op, int64Input(op, 'size')),
  ResizeNearestNeighborV2: nearest((op) => op.constantInts('size')),
  ResizeNearestNeighborV2D: nearest((op) => op.ints('size')),
  Resize: lowerResize,
  ResizeD: (op) => {
    const sizes = op.ints('sizes');
    const dims = extents(op, 'x');
    const attrs = {
      mode: op.string('mode'),
      coordinate_transformation_mode: op.string('coordinate_transformation_mode'),
      cubic_coeff_a: { float: op.float('cubic_coeff_a') },
      exclude_outside: op.int('exclude_outside'),
      extrapolation_value: { float: op.float('extrapolation_value') },
    };
    op.emit('Resize', [op.value('x'), '', '', shapeValue(op, [...dims.slice(0, 4 - sizes.length), ...sizes])], attrs, [op.output()]);
  },
  Upsample: (op) => {
    const scales = op.initializer(float32s([1, 1, op.int('stride_h'), op.int('stride_w')]));
    const attrs = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
    const repeated = op.emit('Resize', [op.value('x'), '', scales], attrs);
    op.emit('Mul', [repeated, op.scalar(op.float('scale'), op.input('x'))], {}, [op.output()]);
  },
};

/** TensorFlow's three ways to place the samples; two at once is none. */
function placement(op: LowerContext): 'corners' | 'centers' | 'plain' {
  const [corners, centers] = [op.bool('align_corners'), op.bool('half_pixel_centers')];
  if (corners && centers) op.fail('aligns corners and pixel centers at once.', 'Set only one of align_corners and half_pixel_centers.');
  return corners ? 'corners' : centers ? 'centers' : 'plain';
}

const COORDINATES = { corners: 'align_corners', centers: 'half_pixel', plain: 'asymmetric' } as const;

function linear(op: LowerContext, size: string): void {
  const { dtype: to } = op.outputSpec();
  if (!to.name.includes('float')) op.fail(`gives ${to.name}, which the host cannot round as the device does.`, 'Use float32.');
  emitResize(op, size, { mode: 'linear', coordinate_transformation_mode: COORDINATES[placement(op)] }, true);
}

/** Resizes the spatial dimensions to `size`, a value with one number for each. */
function emitResize(op: LowerContext, size: string, attrs: Readonly<Record<string, OnnxAttr>>, isFloat: boolean): void {
  const layout = resizeLayout(op, knownRank(op, 'x'));
  const first = channelsFirst(layout);
  const given = op.input('x').dtype;
  const raw = imageFirst(op, 'x', layout);
  const image = isFloat ? cast(op, raw, given, given.name === 'float64' ? given : FLOAT32) : raw;
  const sizes = op.emit('Concat', [op.emit('Shape', [image], { start: 0, end: 2 }), size], { axis: 0 });
  const resized = op.emit('Resize', [image, '', '', sizes], attrs);
  const placed = layout === first ? resized : transpose(op, resized, reordering(first, layout));
  const inside = isFloat && given.name !== 'float64' ? FLOAT32 : given;
  cast(op, placed, inside, op.outputSpec().dtype, [op.output()]);
}

/** Of known sizes every row and column is picked by its index, in the layout that the image has, whatever its dtype. */
function nearest(sizeOfOp: (op: LowerContext) => readonly number[] | undefined): Lowering {
  return (op) => {
    const how = placement(op);
    const dims = knownRank(op, 'x');
    const layout = resizeLayout(op, dims);
    const size = sizeOfOp(op);
    const from = spatialOf(layout).map((letter) => sizeOf(dims, layout, letter));
    if (size === undefined || from.some((dim) => dim < 0)) {
      const rounding = { plain: 'floor', centers: 'round_prefer_ceil', corners: 'round_prefer_ceil' } as const;
      const attrs = { mode: 'nearest', coordinate_transformation_mode: COORDINATES[how], nearest_mode: rounding[how] };
      emitResize(op, size === undefined ? int64Input(op, 'size') : op.int64s(size), attrs, false);
      return;
    }
    const picked = spatialOf(layout).reduce((value, letter, i) => {
      const count = bounded(op, size[i] as number, 'elements along an axis', 1 << 24);
      const indices = Array.from({ length: count }, (_, at) => nearestIndex(how, at, from[i] as number, size[i] as number));
      return op.emit('Gather', [value, op.int64s(indices)], { axis: layout.indexOf(letter) });
    }, op.value('x'));
    op.emit('Identity', [picked], {}, [op.output()]);
  };
}

function nearestIndex(how: 'corners' | 'centers' | 'plain', at: number, from: number, to: number): number {
  if (how === 'corners') return to === 1 ? 0 : Math.round((at * (from - 1)) / (to - 1));
  const position = how === 'centers' ? ((at + 0.5) * from) / to : (at * from) / to;
  return Math.min(Math.floor(position), from - 1);
}

/** ONNX's own operator, but for one coordinate mode that it has since given up. */
function lowerResize(op: LowerContext): void {
  const asked = op.string('coordinate_transformation_mode');
  const isNn = asked === 'tf_half_pixel_for_nn';
  const attrs = {
    mode: op.string('mode'),
    // ⌊(i + ½)·scale⌋ is the half pixel, rounded half up.
    coordinate_transformation_mode: isNn ? 'half_pixel' : asked,
    nearest_mode: isNn ? 'round_prefer_ceil' : op.string('nearest_mode'),
    cubic_coeff_a: { float: op.float('cubic_coeff_a') },
    exclude_outside: op.int('exclude_outside'),
    extrapolation_value: { float: op.float('extrapolation_value') },
  };
  const sizes = op.has('sizes') && op.input('sizes').shape[0] !== 0 ? int64Input(op, 'sizes') : '';
  const scales = sizes === '' && op.has('scales') ? op.value('scales') : '';
  if (sizes === '' && scales === '') op.fail('is given neither sizes nor scales.', 'Connect one of them.');
  op.emit('Resize', [op.value('x'), op.value('roi'), scales, sizes], attrs, [op.output()]);
}

function float32s(values: readonly number[]): Tensor {
  return { dtype: FLOAT32, shape: [values.length], data: memoryBytes(new Uint8Array(Float32Array.from(values).buffer)) };
}
