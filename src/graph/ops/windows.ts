// The arithmetic of sliding windows: paddings and output sizes of convolutions and poolings, per spatial dimension.
import { UNKNOWN_DIM } from '../tensor.js';
import type { OpContext } from './context.js';

/** A window along one dimension. */
export interface Window {
  /** The size of the dimension; −1 where it is not known. */
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
}

/** Paddings along one dimension; undefined where they depend on a size that is not known. */
export interface Padding {
  readonly before: number;
  readonly after: number;
}

/** `SAME` puts the odd element after, `SAME_LOWER` before. */
export type PaddingMode = 'EXPLICIT' | 'VALID' | 'SAME' | 'SAME_LOWER';

const MODES: Readonly<Record<string, PaddingMode>> = {
  SAME: 'SAME',
  SAME_UPPER: 'SAME',
  SAME_LOWER: 'SAME_LOWER',
  VALID: 'VALID',
  EXPLICIT: 'EXPLICIT',
  NOTSET: 'EXPLICIT',
  CALCULATED: 'EXPLICIT',
};

export function paddingMode(op: OpContext, name: string): PaddingMode {
  return MODES[name] ?? op.fail(`pads by "${name}".`, 'Use SAME or VALID.');
}

/**
 * How a convolution pads. GE's parsers leave `padding` (TensorFlow) or `auto_pad` (ONNX) on the node, undeclared, and
 * they overrule `pads` (op_proto/nn_calculation_ops.cc).
 */
export function convPaddingMode(op: OpContext): PaddingMode {
  if (op.given('auto_pad') && op.string('auto_pad') !== 'NOTSET') return paddingMode(op, op.string('auto_pad'));
  return op.given('padding') ? paddingMode(op, op.string('padding')) : 'EXPLICIT';
}

/** How far a kernel reaches with its holes. */
export function reach({ kernel, dilation }: Pick<Window, 'kernel' | 'dilation'>): number {
  return (kernel - 1) * dilation + 1;
}

/**
 * The paddings of each dimension.
 *
 * @param pads  before and after for each dimension in turn: [top, bottom, left, right]
 */
export function paddingOf(
  op: OpContext,
  mode: PaddingMode,
  pads: readonly number[],
  windows: readonly Window[],
): readonly (Padding | undefined)[] {
  checkWindows(op, windows);
  if (mode === 'VALID') return windows.map(() => ({ before: 0, after: 0 }));
  if (mode === 'EXPLICIT') {
    if (pads.length !== 2 * windows.length)
      op.fail(`has ${pads.length} pads.`, `Give ${2 * windows.length}: before and after for each of its dimensions.`);
    if (pads.some((pad) => pad < 0)) op.fail(`has the pads [${pads.join(', ')}], of which one is negative.`);
    return windows.map((_, i) => ({ before: pads[2 * i] as number, after: pads[2 * i + 1] as number }));
  }
  return windows.map((window) => {
    // A single element is in the image at every stride.
    if (reach(window) === 1) return { before: 0, after: 0 };
    if (window.size < 0) return undefined;
    const total = Math.max((Math.ceil(window.size / window.stride) - 1) * window.stride + reach(window) - window.size, 0);
    const less = Math.floor(total / 2);
    return mode === 'SAME' ? { before: less, after: total - less } : { before: total - less, after: less };
  });
}

function checkWindows(op: OpContext, windows: readonly Window[]): void {
  for (const { kernel, stride, dilation } of windows) {
    if (stride < 1 || dilation < 1 || kernel === 0 || kernel < -1) {
      op.fail(`has a kernel of ${kernel}, a stride of ${stride} and a dilation of ${dilation}; all are 1 or more.`);
    }
  }
}

/**
 * How many positions a window takes. With `isCeiled` the last one may reach beyond the padding.
 * A window that is larger than the padded dimension fails the node.
 */
export function outputSize(op: OpContext, window: Window, padding: Padding | undefined, isCeiled = false): number {
  const { size, kernel, stride } = window;
  if (padding === undefined || size < 0 || kernel < 0) return UNKNOWN_DIM;
  const room = size + padding.before + padding.after - reach(window);
  if (room < 0) {
    op.fail(
      `has a window of ${reach(window)} over ${size} elements, padded to ${size + padding.before + padding.after}.`,
      'Pad more, or use a smaller kernel.',
    );
  }
  return (isCeiled ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
}

/** The size that a convolution of this window would have made `size` from: what its transpose gives. */
export function transposedSize(op: OpContext, window: Window, padding: Padding, outputPadding: number): number {
  if (window.size < 0 || window.kernel < 0) return UNKNOWN_DIM;
  const size = (window.size - 1) * window.stride + reach(window) + outputPadding - padding.before - padding.after;
  return size > 0 ? size : op.fail(`makes ${size} elements out of ${window.size}.`, 'Pad less.');
}
