// Rows of batch, instance and group normalisations. Expected values: means and variances by loops in float64.
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.js';
import { inLayout } from '../support/images.js';
import { momentsOf, read } from '../support/moments.js';
import { fromFormula, type Index, inShape } from '../support/nd.js';
import { expectOp, random, runOp, t } from '../support/op-vectors.js';

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
