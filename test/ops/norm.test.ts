// Rows of normalisations. Expected values: means and variances by loops in float64.
import { describe, expect, test } from 'vitest';
import type { Shape, Tensor } from '../../src/graph/tensor.js';
import { inLayout } from '../support/images.js';
import { fromFormula, type Index, indices, inShape, reader } from '../support/nd.js';
import { expectOp, random, runOp, t } from '../support/op-vectors.js';

interface Moments {
  readonly mean: (index: Index) => number;
  readonly variance: (index: Index) => number;
}

/** Mean and (biased) variance over axes, at the place where the axes are `index`. */
function momentsOf(read: (index: Index) => number, shape: Shape, axes: readonly number[]): Moments {
  const line = (index: Index): number[] =>
    indices(axes.map((axis) => shape[axis] as number)).map((at) =>
      read(index.map((i, axis) => (axes.includes(axis) ? (at[axes.indexOf(axis)] as number) : i))),
    );
  const mean = (index: Index): number => average(line(index));
  return {
    mean,
    variance: (index) => {
      const center = mean(index);
      return average(line(index).map((value) => (value - center) ** 2));
    },
  };
}

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const kept = (shape: Shape, axes: readonly number[]): Shape => shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
const read = (tensor: Tensor) => reader(tensor) as (index: Index) => number;

describe('batch normalisation', () => {
  const x = random('float32', [2, 3, 4, 5]);
  const scale = random('float32', [3], [0.5, 2], 2);
  const offset = random('float32', [3], [-1, 1], 3);
  const mean = random('float32', [3], [-1, 1], 4);
  const variance = random('float32', [3], [0.1, 2], 5);
  const inputs = { scale, offset, mean, variance };
  const normal = (epsilon: number): Tensor =>
    fromFormula('float32', x.shape, (index) => {
      const c = [index[1] as number];
      return ((read(x)(index) - read(mean)(c)) / Math.sqrt(read(variance)(c) + epsilon)) * read(scale)(c) + read(offset)(c);
    });
  test.each(['NCHW', 'NHWC'])('BatchNorm in %s', async (layout) => {
    const expected = [inLayout(normal(1e-2), 'NCHW', layout), mean, variance, mean, variance, t('float32', [1], [0])];
    const attrs = { epsilon: 1e-2, is_training: false };
    await expectOp('BatchNorm', { x: inLayout(x, 'NCHW', layout), ...inputs }, attrs, expected);
    const { format: _, ...plain } = inLayout(x, 'NCHW', layout);
    await expectOp('BatchNorm', { x: plain, ...inputs }, { ...attrs, data_format: layout }, expected, { unknown: ['x'] });
    await expectOp('FusedBatchNormV2', { x: plain, ...inputs }, { ...attrs, data_format: layout }, expected.slice(0, 5));
    const ext = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`input_${name}`, value]));
    await expectOp('BatchNormExt2', { input_x: plain, ...ext }, { ...attrs, data_format: layout }, expected.slice(0, 5));
    await expectOp('BNInfer', { x: inLayout(x, 'NCHW', layout), ...inputs }, { epsilon: 1e-2 }, inLayout(normal(1e-2), 'NCHW', layout));
  });
  test('of float16 is computed in float32', async () => {
    const half = random('float16', [2, 3, 4, 5], [-40, 40]);
    const y = fromFormula('float16', x.shape, (index) => {
      const c = [index[1] as number];
      return ((read(half)(index) - read(mean)(c)) / Math.sqrt(read(variance)(c) + 1e-4)) * read(scale)(c) + read(offset)(c);
    });
    await expectOp('BatchNorm', { x: { ...half, format: 'NCHW' }, ...inputs }, { is_training: false }, [y]);
  });
  test('BatchNorm3D', async () => {
    const volume = random('float32', [2, 3, 2, 2, 3]);
    const y = fromFormula('float32', volume.shape, (index) => {
      const c = [index[1] as number];
      return ((read(volume)(index) - read(mean)(c)) / Math.sqrt(read(variance)(c) + 1e-4)) * read(scale)(c) + read(offset)(c);
    });
    await expectOp('BatchNorm3D', { x: volume, ...inputs }, { is_training: false }, [y, mean, variance]);
    await expectOp('BatchNorm3D', { x: inLayout(volume, 'NCDHW', 'NDHWC'), ...inputs }, { is_training: false }, [
      inLayout(y, 'NCDHW', 'NDHWC'),
    ]);
  });
  test.each(['NCHW', 'NHWC'])('in training takes the statistics of the batch, in %s', async (layout) => {
    const { mean: center, variance: spread } = momentsOf(read(x), x.shape, [0, 2, 3]);
    const y = fromFormula('float32', x.shape, (index) => {
      const c = [index[1] as number];
      return ((read(x)(index) - center(index)) / Math.sqrt(spread(index) + 1e-3)) * read(scale)(c) + read(offset)(c);
    });
    const perChannel = (value: (index: Index) => number): Tensor => fromFormula('float32', [3], ([c]) => value([0, c as number, 0, 0]));
    const count = 2 * 4 * 5;
    const bessel = perChannel((index) => (spread(index) * count) / (count - 1));
    const expected = [inLayout(y, 'NCHW', layout), perChannel(center), bessel, perChannel(center), perChannel(spread)];
    const attrs = { epsilon: 1e-3, data_format: layout };
    await expectOp('BatchNorm', { x: inLayout(x, 'NCHW', layout), scale, offset }, attrs, expected, { tolerance: 1e-4 });
    await expectOp('BatchNorm', { x: inLayout(x, 'NCHW', layout), scale, offset }, attrs, expected, { tolerance: 1e-4, unknown: ['x'] });
  });
  test("Caffe's BNInference divides its statistics by momentum", async () => {
    const momentum = t('float32', [1], [4]);
    const y = fromFormula('float32', x.shape, (index) => {
      const c = [index[1] as number];
      return (read(x)(index) - read(mean)(c) / 4) / Math.sqrt(read(variance)(c) / 4 + 1e-5);
    });
    await expectOp('BNInference', { x, mean, variance, momentum }, {}, y);
    await expect(runOp('BNInference', { x, mean, variance, momentum, scale })).rejects.toThrow('a scale or an offset');
  });
  test('BNInferenceD takes them prepared', async () => {
    const y = (scaled: boolean): Tensor =>
      fromFormula('float32', x.shape, (index) => {
        const c = [index[1] as number];
        const value = (read(x)(index) + read(mean)(c)) * read(variance)(c);
        return scaled ? value * read(scale)(c) + read(offset)(c) : value;
      });
    await expectOp('BNInferenceD', { x, mean, variance }, {}, y(false));
    await expectOp('BNInferenceD', { x, mean, variance, scale, b: offset }, {}, y(true));
  });
  test('what it lacks is said', async () => {
    await expect(runOp('BatchNorm', { x, scale, offset }, { is_training: false })).rejects.toThrow('mean and variance');
  });
});

describe('layer normalisation', () => {
  const x = random('float32', [2, 3, 4], [-3, 3]);
  const layer = (
    from: Tensor,
    axes: readonly number[],
    epsilon: number,
    gamma: (index: Index) => number,
    beta: (index: Index) => number,
  ) => {
    const { mean, variance } = momentsOf(read(from), from.shape, axes);
    const rstd = (index: Index): number => 1 / Math.sqrt(variance(index) + epsilon);
    const rows = (value: (index: Index) => number): Tensor => fromFormula('float32', kept(from.shape, axes), value);
    const y = fromFormula(
      from.dtype.name,
      from.shape,
      (index) => (read(from)(index) - mean(index)) * rstd(index) * gamma(index) + beta(index),
    );
    return { y, mean: rows(mean), variance: rows(variance), rstd: rows(rstd) };
  };
  const [gamma, beta] = [random('float32', [4], [0.5, 2], 2), random('float32', [4], [-1, 1], 3)];
  const [wide, shift] = [random('float32', [3, 4], [0.5, 2], 2), random('float32', [3, 4], [-1, 1], 3)];
  const lastOf = (tensor: Tensor) => (index: Index) => read(tensor)(index.slice(-tensor.shape.length));

  test('LayerNorm gives mean and variance, LayerNormV3 mean and 1/deviation', async () => {
    const one = layer(x, [2], 1e-3, lastOf(gamma), lastOf(beta));
    const attrs = { begin_norm_axis: -1, begin_params_axis: -1, epsilon: 1e-3 };
    await expectOp('LayerNorm', { x, gamma, beta }, attrs, [one.y, one.mean, one.variance]);
    await expectOp('LayerNormV3', { x, gamma, beta }, attrs, [one.y, one.mean, one.rstd], { unknown: ['x'] });
    const two = layer(x, [1, 2], 1e-5, lastOf(wide), lastOf(shift));
    await expectOp('LayerNormV3', { x, gamma: wide, beta: shift }, { begin_norm_axis: 1, begin_params_axis: 1 }, [
      two.y,
      two.mean,
      two.rstd,
    ]);
    const mixed = layer(x, [1, 2], 1e-5, lastOf(gamma), lastOf(beta));
    await expectOp('LayerNormV3', { x, gamma, beta }, { begin_norm_axis: 1, begin_params_axis: -1 }, [mixed.y, mixed.mean, mixed.rstd]);
  });
  test('LayerNormV4 counts the axes of its shape', async () => {
    const { y, mean, rstd } = layer(x, [1, 2], 1e-5, lastOf(wide), lastOf(shift));
    const shape = t('int32', [2], [3, 4]);
    await expectOp('LayerNormV4', { x, normalized_shape: shape, gamma: wide, beta: shift }, {}, [y, mean, rstd], {
      consts: ['normalized_shape'],
    });
    const bare = layer(
      x,
      [1, 2],
      1e-2,
      () => 1,
      () => 0,
    );
    await expectOp('LayerNormV4', { x, normalized_shape: shape }, { epsilon: 1e-2 }, [bare.y, bare.mean, bare.rstd]);
    const tooMany = t('int32', [4], [1, 1, 1, 1]);
    await expect(runOp('LayerNormV4', { x, normalized_shape: tooMany })).rejects.toThrow('the last 4 axes of 3');
  });
  test('of float16, with statistics of float32', async () => {
    const half = random('float16', [3, 8], [-30, 30]);
    const [weights, offsets] = [random('float16', [8], [0.5, 2], 2), random('float16', [8], [-1, 1], 3)];
    const { y, mean, rstd } = layer(half, [1], 1e-5, lastOf(weights), lastOf(offsets));
    await expectOp('LayerNormV4', { x: half, normalized_shape: t('int32', [1], [8]), gamma: weights, beta: offsets }, {}, [y, mean, rstd]);
  });
  test.each(['AddLayerNorm', 'InplaceAddLayerNorm'])('%s', async (type) => {
    const x2 = random('float32', [2, 3, 4], [-3, 3], 7);
    const bias = random('float32', [4], [-1, 1], 8);
    for (const hasBias of [false, true]) {
      const sum = fromFormula('float32', x.shape, (index) => read(x)(index) + read(x2)(index) + (hasBias ? lastOf(bias)(index) : 0));
      const { y, mean, rstd } = layer(sum, [2], 1e-5, lastOf(gamma), lastOf(beta));
      const inputs = { x1: x, x2, gamma, beta, ...(hasBias ? { bias } : {}) };
      await expectOp(type, inputs, { additional_output: true }, [y, mean, rstd, sum], { tolerance: 1e-4 });
    }
  });
  test('DeepNorm', async () => {
    const gx = random('float32', [2, 3, 4], [-3, 3], 7);
    const sum = fromFormula('float32', x.shape, (index) => read(x)(index) * 0.75 + read(gx)(index));
    const { y, mean, rstd } = layer(sum, [2], 1e-3, lastOf(gamma), lastOf(beta));
    await expectOp('DeepNorm', { x, gx, beta, gamma }, { alpha: 0.75, epsilon: 1e-3 }, [mean, rstd, y]);
  });
  const rms = (from: Tensor, axes: readonly number[], epsilon: number, weight: (index: Index) => number) => {
    const { mean } = momentsOf((index) => read(from)(index) ** 2, from.shape, axes);
    const rstd = (index: Index): number => 1 / Math.sqrt(mean(index) + epsilon);
    const y = fromFormula(from.dtype.name, from.shape, (index) => read(from)(index) * rstd(index) * weight(index));
    return { y, rstd: fromFormula('float32', kept(from.shape, axes), rstd) };
  };
  test('RmsNorm and GemmaRmsNorm', async () => {
    const one = rms(x, [2], 1e-2, lastOf(gamma));
    await expectOp('RmsNorm', { x, gamma }, { epsilon: 1e-2 }, [one.y, one.rstd], { unknown: ['x'] });
    const two = rms(x, [1, 2], 1e-6, lastOf(wide));
    await expectOp('RmsNorm', { x, gamma: wide }, {}, [two.y, two.rstd]);
    const gemma = rms(x, [2], 1e-6, (index) => 1 + lastOf(gamma)(index));
    await expectOp('GemmaRmsNorm', { x, gamma }, {}, [gemma.y, gemma.rstd]);
    const half = random('float16', [2, 6], [-50, 50]);
    const weights = random('float16', [6], [0.5, 2], 2);
    const { y, rstd } = rms(half, [1], 1e-6, lastOf(weights));
    await expectOp('RmsNorm', { x: half, gamma: weights }, {}, [y, rstd]);
  });
  test.each(['AddRmsNorm', 'InplaceAddRmsNorm'])('%s', async (type) => {
    const x2 = random('float32', [2, 3, 4], [-3, 3], 7);
    const sum = fromFormula('float32', x.shape, (index) => read(x)(index) + read(x2)(index));
    const { y, rstd } = rms(sum, [2], 1e-6, lastOf(gamma));
    await expectOp(type, { x1: x, x2, gamma }, {}, [y, rstd, sum]);
  });
});

describe('normalisation of each image', () => {
  const x = random('float32', [2, 6, 3, 4], [-3, 3]);
  const [gamma, beta] = [random('float32', [6], [0.5, 2], 2), random('float32', [6], [-1, 1], 3)];
  test.each(['NCHW', 'NHWC'])('InstanceNorm in %s', async (layout) => {
    const { mean, variance } = momentsOf(read(x), x.shape, [2, 3]);
    const y = fromFormula('float32', x.shape, (index) => {
      const c = [index[1] as number];
      return ((read(x)(index) - mean(index)) / Math.sqrt(variance(index) + 1e-3)) * read(gamma)(c) + read(beta)(c);
    });
    const rows = (value: (index: Index) => number): Tensor => inLayout(fromFormula('float32', [2, 6, 1, 1], value), 'NCHW', layout);
    const inputs = { x: inLayout(x, 'NCHW', layout), gamma, beta };
    await expectOp('InstanceNorm', inputs, { epsilon: 1e-3 }, [inLayout(y, 'NCHW', layout), rows(mean), rows(variance)]);
    const { format: _, ...plain } = inputs.x;
    await expectOp('InstanceNorm', { ...inputs, x: plain }, { epsilon: 1e-3, data_format: layout }, [inLayout(y, 'NCHW', layout)]);
  });
  test('INInferV2 with statistics of its own', async () => {
    const [mean, variance] = [random('float32', [2, 6, 1, 1], [-1, 1], 4), random('float32', [2, 6, 1, 1], [0.1, 2], 5)];
    const [scale, offset] = [inShape(gamma, [1, 6, 1, 1]), inShape(beta, [1, 6, 1, 1])];
    const y = (isScaled: boolean): Tensor =>
      fromFormula('float32', x.shape, (index) => {
        const at = [index[0] as number, index[1] as number, 0, 0];
        const value = (read(x)(index) - read(mean)(at)) / Math.sqrt(read(variance)(at) + 1e-5);
        return isScaled ? value * read(gamma)([index[1] as number]) + read(beta)([index[1] as number]) : value;
      });
    await expectOp('INInferV2', { x, gamma: scale, beta: offset, mean, variance }, {}, [y(true), mean, variance]);
    await expectOp('INInferV2', { x, mean, variance }, {}, [y(false), mean, variance]);
  });

  /** Groups of neighbouring channels, each normalised as a whole. */
  function grouped(groups: number, epsilon: number) {
    const size = 6 / groups;
    const split = inShape(x, [2, groups, size * 3 * 4]);
    const { mean, variance } = momentsOf(read(split), split.shape, [2]);
    const at = (index: Index): Index => [index[0] as number, Math.floor((index[1] as number) / size), 0];
    const rstd = (index: Index): number => 1 / Math.sqrt(variance(index) + epsilon);
    const normal = (index: Index): number => (read(x)(index) - mean(at(index))) * rstd(at(index));
    const y = (index: Index): number => normal(index) * read(gamma)([index[1] as number]) + read(beta)([index[1] as number]);
    const rows = (value: (index: Index) => number): Tensor =>
      fromFormula('float32', [2, groups], ([n, g]) => value([n as number, g as number, 0]));
    return { normal, y, mean: rows(mean), variance: rows(variance), rstd: rows(rstd) };
  }
  const image = (formula: (index: Index) => number): Tensor => fromFormula('float32', x.shape, formula);
  const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

  test.each([1, 2, 3, 6])('GroupNorm and GroupNormV2 in %i groups', async (groups) => {
    const { y, mean, variance, rstd } = grouped(groups, 1e-4);
    const flat = (tensor: Tensor): Tensor => inShape(tensor, [2 * groups]);
    for (const unknown of [[], ['x']]) {
      await expectOp('GroupNorm', { x, gamma, beta }, { num_groups: groups }, [image(y), flat(mean), flat(variance)], { unknown });
      await expectOp('GroupNormV2', { x, gamma, beta }, { num_groups: groups }, [image(y), flat(mean), flat(rstd)], { unknown });
    }
    const last = inLayout(image(y), 'NCHW', 'NHWC');
    await expectOp('GroupNormV2', { x: inLayout(x, 'NCHW', 'NHWC'), gamma, beta }, { num_groups: groups }, [last, flat(mean), flat(rstd)]);
  });
  test('with an activation', async () => {
    const { normal, y, mean, rstd } = grouped(2, 1e-5);
    await expectOp(
      'GroupNormRelu',
      { x, gamma, beta },
      { num_groups: 2 },
      image((index) => Math.max(0, y(index))),
    );
    const silu = image((index) => y(index) * sigmoid(y(index)));
    await expectOp('GroupNormSilu', { x, gamma, beta }, { num_groups: 2 }, [silu, mean, rstd]);
    await expectOp('GroupNormSilu', { x }, { num_groups: 2, activate_silu: false }, [image(normal), mean, rstd]);
    const swish = image((index) => y(index) * sigmoid(1.5 * y(index)));
    await expectOp('GroupNormSwish', { x, gamma, beta }, { num_groups: 2, swish_scale: 1.5 }, [swish, mean, rstd]);
    await expectOp('GroupNormSwish', { x, gamma, beta }, { num_groups: 2, activate_swish: false }, [image(y), mean, rstd]);
    await expect(runOp('GroupNormSilu', { x }, { num_groups: 4 })).rejects.toThrow('6 channels into 4 groups');
  });
});

describe('other normalisations', () => {
  const x = random('float32', [2, 5, 3, 4], [-3, 3]);
  test('L2Normalize', async () => {
    const norm = (axes: readonly number[], eps: number) => {
      const { mean } = momentsOf((index) => read(x)(index) ** 2, x.shape, axes);
      const count = axes.reduce((product, axis) => product * (x.shape[axis] as number), 1);
      return fromFormula('float32', x.shape, (index) => read(x)(index) / Math.sqrt(Math.max(mean(index) * count, eps)));
    };
    await expectOp('L2Normalize', { x }, { axis: [1] }, norm([1], 1e-4));
    await expectOp('L2Normalize', { x }, { axis: [-1, 1], eps: 40 }, norm([1, 3], 40));
    await expectOp('L2Normalize', { x }, {}, norm([], 1e-4));
    await expect(runOp('L2Normalize', { x }, { axis: [4] })).rejects.toThrow('the axis 4');
  });
  test.each(['NCHW', 'NHWC'])('LRN in %s', async (layout) => {
    const y = fromFormula('float32', x.shape, ([n, c, h, w]) => {
      let sum = 0;
      for (let k = (c as number) - 1; k <= (c as number) + 1; k++) sum += (reader(x)([n as number, k, h as number, w as number]) ?? 0) ** 2;
      return read(x)([n as number, c as number, h as number, w as number]) / (2 + 0.3 * sum) ** 0.75;
    });
    const attrs = { depth_radius: 1, bias: 2, alpha: 0.3, beta: 0.75 };
    await expectOp('LRN', { x: inLayout(x, 'NCHW', layout) }, attrs, inLayout(y, 'NCHW', layout));
  });
  test('MVN adds its epsilon to the deviation', async () => {
    const by = (axes: readonly number[], eps: number): Tensor => {
      const { mean, variance } = momentsOf(read(x), x.shape, axes);
      return fromFormula('float32', x.shape, (index) => (read(x)(index) - mean(index)) / (Math.sqrt(variance(index)) + eps));
    };
    await expectOp('MVN', { x }, { eps: 0.5 }, by([2, 3], 0.5));
    await expectOp('MVN', { x }, { across_channels: true }, by([1, 2, 3], 1e-9));
    const { mean } = momentsOf(read(x), x.shape, [2, 3]);
    await expectOp(
      'MVN',
      { x },
      { normalize_variance: false },
      fromFormula('float32', x.shape, (index) => read(x)(index) - mean(index)),
    );
    await expectOp('MVNV2', { x }, { eps: 0.25 }, by([0, 2, 3], 0.25));
    await expectOp('MVNV2', { x }, { axes: [-1, 1] }, by([1, 3], 1e-9));
  });
  test("Caffe's Normalize", async () => {
    const scale = random('float32', [5], [0.5, 2], 2);
    const sums = (axes: readonly number[]) => {
      const { mean } = momentsOf((index) => read(x)(index) ** 2, x.shape, axes);
      const count = axes.reduce((product, axis) => product * (x.shape[axis] as number), 1);
      return (index: Index): number => Math.sqrt(mean(index) * count + 1e-10);
    };
    const whole = fromFormula('float32', x.shape, (index) => (3 * read(x)(index)) / sums([1, 2, 3])(index));
    await expectOp('Normalize', { x1: { ...x, format: 'NCHW' }, x2: t('float32', [1], [3]) }, {}, whole);
    const attrs = { across_spatial: false, channel_shared: false };
    const each = fromFormula('float32', x.shape, (index) => (read(scale)([index[1] as number]) * read(x)(index)) / sums([1])(index));
    await expectOp('Normalize', { x1: { ...x, format: 'NCHW' }, x2: scale }, attrs, each);
    await expectOp('Normalize', { x1: inLayout(x, 'NCHW', 'NHWC'), x2: scale }, attrs, inLayout(each, 'NCHW', 'NHWC'));
  });
});
