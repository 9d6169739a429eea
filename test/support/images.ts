// References for operators on images, in the definition's own loops: tensors as [batch, channels, ...spatial], filters as [out, in, ...spatial].
import type { Shape, Tensor } from '../../src/graph/tensor.js';
import { fromFormula, type Index, indices, moved, reader } from './nd.js';

/** The same tensor with its dimensions in another order, and with that order as its format. */
export function inLayout(tensor: Tensor, from: string, to: string): Tensor {
  const shape = [...to].map((letter) => tensor.shape[from.indexOf(letter)] as number);
  return { ...moved(tensor, shape, (index) => [...from].map((letter) => index[to.indexOf(letter)] as number)), format: to };
}

export interface Sliding {
  readonly strides: readonly number[];
  readonly dilations?: readonly number[];
  /** Before and after for each dimension in turn. */
  readonly pads: readonly number[];
  readonly groups?: number;
}

/** A convolution: every output element is the sum of what its window sees. */
export function convolved(
  x: Tensor,
  filter: Tensor,
  { strides, dilations, pads, groups = 1 }: Sliding,
  bias?: Tensor,
  type = x.dtype.name,
): Tensor {
  const [batch, , ...size] = x.shape as [number, number, ...number[]];
  const [out, perGroup, ...kernel] = filter.shape as [number, number, ...number[]];
  const holes = dilations ?? kernel.map(() => 1);
  const sizes = size.map((dim, i) => {
    const reach = ((kernel[i] as number) - 1) * (holes[i] as number) + 1;
    return Math.floor((dim + (pads[2 * i] as number) + (pads[2 * i + 1] as number) - reach) / (strides[i] as number)) + 1;
  });
  const [readX, readW, readBias] = [reader(x), reader(filter), bias === undefined ? () => 0 : reader(bias)];
  const taps = indices(kernel);
  return fromFormula(type, [batch, out, ...sizes], ([n, o, ...at]) => {
    const group = Math.floor((o as number) / (out / groups));
    let sum = readBias([o as number]) as number;
    for (let c = 0; c < perGroup; c++) {
      for (const tap of taps) {
        const from = at.map((i, d) => i * (strides[d] as number) - (pads[2 * d] as number) + (tap[d] as number) * (holes[d] as number));
        sum += (readX([n as number, group * perGroup + c, ...from]) ?? 0) * (readW([o as number, c, ...tap]) as number);
      }
    }
    return sum;
  });
}

/** The transpose of a convolution: every input element spreads over the window that would have seen it. `size` is the output's. */
export function transposeConvolved(
  x: Tensor,
  filter: Tensor,
  { strides, dilations, pads, groups = 1 }: Sliding,
  size: Shape,
  bias?: Tensor,
): Tensor {
  const [batch, channels, ...from] = x.shape as [number, number, ...number[]];
  const [, perGroup, ...kernel] = filter.shape as [number, number, ...number[]];
  const holes = dilations ?? kernel.map(() => 1);
  const sums = new Map<string, number>();
  const [readX, readW] = [reader(x), reader(filter)];
  for (const [n, c, ...at] of indices([batch, channels, ...from]) as [number, number, ...number[]][]) {
    const group = Math.floor(c / (channels / groups));
    for (const [o, ...tap] of indices([perGroup, ...kernel]) as [number, ...number[]][]) {
      const to = at.map((i, d) => i * (strides[d] as number) - (pads[2 * d] as number) + (tap[d] as number) * (holes[d] as number));
      const key = [n, group * perGroup + o, ...to].join();
      sums.set(key, (sums.get(key) ?? 0) + (readX([n, c, ...at]) as number) * (readW([c, o, ...tap]) as number));
    }
  }
  const readBias = bias === undefined ? () => 0 : reader(bias);
  return fromFormula(x.dtype.name, [batch, perGroup * groups, ...size], (index: Index) => {
    return (sums.get(index.join()) ?? 0) + (readBias([index[1] as number]) as number);
  });
}

export interface Pooling {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  /** Before and after for each dimension in turn. */
  readonly pads: readonly number[];
  /** How many windows each dimension has. */
  readonly sizes: readonly number[];
}

/**
 * Every window of an image, cut where the padded image ends: `values` are the elements of the image in it, `cells` the
 * elements with those of the padding.
 */
export function pooled(
  x: Tensor,
  { kernel, strides, pads, sizes }: Pooling,
  what: (values: readonly number[], cells: number) => number,
): Tensor {
  const [batch, channels, ...size] = x.shape as [number, number, ...number[]];
  const read = reader(x);
  return fromFormula(x.dtype.name, [batch, channels, ...sizes], ([n, c, ...at]) => {
    const starts = at.map((i, d) => i * (strides[d] as number) - (pads[2 * d] as number));
    const ends = starts.map((start, d) => Math.min(start + (kernel[d] as number), (size[d] as number) + (pads[2 * d + 1] as number)));
    const extent = ends.map((end, d) => end - (starts[d] as number));
    const values = indices(extent).flatMap(
      (offset) => read([n as number, c as number, ...offset.map((o, d) => o + (starts[d] as number))]) ?? [],
    );
    return what(
      values,
      extent.reduce((product, length) => product * length, 1),
    );
  });
}
