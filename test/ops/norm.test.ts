// Rows of normalisations over the last axes or over chosen ones. Expected values: means and variances by loops in float64.
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.js';
import { inLayout } from '../support/images.js';
import { kept, momentsOf, read } from '../support/moments.js';
import { fromFormula, type Index, reader } from '../support/nd.js';
import { expectOp, random, runOp, t } from '../support/op-vectors.js';

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
