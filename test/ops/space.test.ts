// Rows that trade places between space, depth and batch, and rows that resize. Expected values: the definitions' index arithmetic.
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.js';
import { inLayout } from '../support/images.js';
import { fromFormula, type Index, moved, reader } from '../support/nd.js';
import { expectOp, random, runOp, t } from '../support/op-vectors.js';

const ints = (values: readonly number[], type = 'int32'): Tensor => t(type, [values.length], values);
const LAYOUTS = ['NCHW', 'NHWC'] as const;

describe.each(LAYOUTS)('depth and space in %s', (layout) => {
  const deep = random('float32', [2, 12, 2, 3]);
  test.each(['DCR', 'CRD'])('DepthToSpace %s', async (mode) => {
    const wide = moved(deep, [2, 3, 4, 6], ([n, c, h, w]) => {
      const [i, j] = [(h as number) % 2, (w as number) % 2];
      const depth = mode === 'DCR' ? (i * 2 + j) * 3 + (c as number) : (c as number) * 4 + i * 2 + j;
      return [n as number, depth, Math.floor((h as number) / 2), Math.floor((w as number) / 2)];
    });
    const attrs = { block_size: 2, mode };
    await expectOp('DepthToSpace', { x: inLayout(deep, 'NCHW', layout) }, attrs, inLayout(wide, 'NCHW', layout));
    const { format: _, ...plain } = inLayout(deep, 'NCHW', layout);
    await expectOp('DepthToSpace', { x: plain }, { ...attrs, data_format: layout }, inLayout(wide, 'NCHW', layout), { unknown: ['x'] });
  });
  test.each(['float32', 'int32', 'int8'])('SpaceToDepth of %s', async (type) => {
    const image = random(type, [2, 3, 4, 6], [-9, 9]);
    const packed = moved(image, [2, 12, 2, 3], ([n, d, h, w]) => {
      const [block, c] = [Math.floor((d as number) / 3), (d as number) % 3];
      return [n as number, c, (h as number) * 2 + Math.floor(block / 2), (w as number) * 2 + (block % 2)];
    });
    await expectOp('SpaceToDepth', { x: inLayout(image, 'NCHW', layout) }, { block_size: 2 }, inLayout(packed, 'NCHW', layout));
  });
  test('what does not divide is refused', async () => {
    const run = runOp('DepthToSpace', { x: inLayout(deep, 'NCHW', layout) }, { block_size: 5 });
    await expect(run).rejects.toThrow('12 (channels) into blocks of 25');
  });
  test('BatchToSpace and SpaceToBatch cut height and width', async () => {
    const image = random('float32', [1, 3, 4, 5]);
    // Padded by (1, 1) and (0, 1) it is 6 × 6; block (i, j) of the batch sees every second row from i and column from j.
    const paddings = [1, 1, 0, 1];
    const cut = fromFormula('float32', [4, 3, 3, 3], ([b, c, h, w]) => {
      const [i, j] = [Math.floor((b as number) / 2), (b as number) % 2];
      return reader(image)([0, c as number, (h as number) * 2 + i - 1, (w as number) * 2 + j]) ?? 0;
    });
    const [x, y] = [inLayout(image, 'NCHW', layout), inLayout(cut, 'NCHW', layout)];
    await expectOp('SpaceToBatch', { x, paddings: t('int64', [2, 2], paddings) }, { block_size: 2 }, y, { consts: ['paddings'] });
    await expectOp('SpaceToBatchD', { x }, { block_size: 2, paddings }, y);
    await expectOp('BatchToSpace', { x: y, crops: t('int32', [2, 2], paddings) }, { block_size: 2 }, x, { consts: ['crops'] });
    await expectOp('BatchToSpaceD', { x: y }, { block_size: 2, crops: paddings }, x);
  });
});

describe('blocks of any rank', () => {
  const x = random('int32', [2, 4, 7, 3], [-99, 99]);
  const [blocks, paddings] = [ints([2, 3], 'int64'), t('int64', [2, 2], [0, 0, 1, 1])];
  const cut = fromFormula('int32', [12, 2, 3, 3], ([b, i, j, c]) => {
    const [block, n] = [Math.floor((b as number) / 2), (b as number) % 2];
    return reader(x)([n, (i as number) * 2 + Math.floor(block / 3), (j as number) * 3 + (block % 3) - 1, c as number]) ?? 0;
  });
  test('SpaceToBatchND and back', async () => {
    await expectOp('SpaceToBatchND', { x, block_shape: blocks, paddings }, {}, cut, { consts: ['block_shape', 'paddings'] });
    await expectOp('SpaceToBatchNDD', { x }, { block_shape: [2, 3], paddings: [0, 0, 1, 1] }, cut);
    await expectOp('BatchToSpaceND', { x: cut, block_shape: blocks, crops: paddings }, {}, x, { consts: ['block_shape', 'crops'] });
    await expectOp('BatchToSpaceNDD', { x: cut }, { block_shape: [2, 3], crops: [0, 0, 1, 1] }, x);
  });
  test('along one axis', async () => {
    const line = random('float32', [3, 6]);
    const parts = moved(line, [6, 3], ([b, i]) => [(b as number) % 3, (i as number) * 2 + Math.floor((b as number) / 3)]);
    await expectOp('SpaceToBatchNDD', { x: line }, { block_shape: [2], paddings: [0, 0] }, parts);
    await expectOp('BatchToSpaceNDD', { x: parts }, { block_shape: [2], crops: [0, 0] }, line);
    const scalar = runOp('SpaceToBatchNDD', { x: t('float32', [], [1]) }, { block_shape: [], paddings: [] });
    await expect(scalar).rejects.toThrow('cuts [] by blocks');
    await expect(runOp('BatchToSpaceNDD', { x: line }, { block_shape: [2], crops: [0, 0] })).rejects.toThrow('3 (batch) into blocks of 2');
  });
});

describe('resizing', () => {
  const x = random('float32', [2, 3, 4, 5], [-5, 5]);
  type Place = 'plain' | 'centers' | 'corners';
  const flags = { plain: {}, centers: { half_pixel_centers: true }, corners: { align_corners: true } };

  /** Where output `i` of `to` lies among `from` inputs, as TensorFlow has it. */
  function position(place: Place, i: number, from: number, to: number): number {
    if (place === 'corners') return to > 1 ? (i * (from - 1)) / (to - 1) : 0;
    return place === 'centers' ? ((i + 0.5) * from) / to - 0.5 : (i * from) / to;
  }
  function bilinear(image: Tensor, size: readonly [number, number], place: Place): Tensor {
    const [batch, channels, ...from] = image.shape as [number, number, number, number];
    const read = reader(image);
    return fromFormula('float32', [batch, channels, ...size], ([n, c, ...at]) => {
      let total = 0;
      const ends = at.map((i, d) => {
        const exact = Math.max(0, position(place, i, from[d] as number, size[d] as number));
        const low = Math.min(Math.floor(exact), (from[d] as number) - 1);
        return { low, high: Math.min(low + 1, (from[d] as number) - 1), part: exact - low };
      });
      const [row, column] = ends as [(typeof ends)[0], (typeof ends)[0]];
      for (const [h, wh] of [[row.low, 1 - row.part] as const, [row.high, row.part] as const]) {
        for (const [w, ww] of [[column.low, 1 - column.part] as const, [column.high, column.part] as const]) {
          total += wh * ww * (read([n as number, c as number, h, w]) as number);
        }
      }
      return total;
    });
  }
  function nearest(image: Tensor, size: readonly [number, number], place: Place): Tensor {
    const [batch, channels, ...from] = image.shape as [number, number, number, number];
    return moved(image, [batch, channels, ...size], ([n, c, ...at]) => {
      const pick = (i: number, d: number): number => {
        const exact = position(place, i, from[d] as number, size[d] as number);
        const rounded = place === 'corners' ? Math.round(exact) : Math.floor(place === 'centers' ? exact + 0.5 : exact);
        return Math.min(rounded, (from[d] as number) - 1);
      };
      return [n as number, c as number, ...at.map(pick)];
    });
  }
  const sizes: readonly (readonly [number, number])[] = [
    [8, 10],
    [7, 3],
    [1, 5],
    [4, 12],
  ];
  test.each(['plain', 'centers', 'corners'] as const)('bilinear, placed by %s', async (place) => {
    for (const layout of LAYOUTS) {
      for (const size of sizes) {
        const image = inLayout(x, 'NCHW', layout);
        const y = inLayout(bilinear(x, size, place), 'NCHW', layout);
        const options = { consts: ['size'], tolerance: 1e-4 };
        await expectOp('ResizeBilinearV2', { x: image, size: ints(size) }, flags[place], y, options);
        await expectOp('ResizeBilinearV2D', { x: image }, { ...flags[place], size }, y, { tolerance: 1e-4 });
      }
      const [image, y] = [inLayout(x, 'NCHW', layout), inLayout(bilinear(x, [7, 3], place), 'NCHW', layout)];
      await expectOp('ResizeBilinearV2', { x: image, size: ints([7, 3]) }, flags[place], y, { unknown: ['x'], tolerance: 1e-4 });
    }
  });
  test('bilinear gives float32 of any image', async () => {
    const bytes = random('uint8', [1, 2, 3, 3], [0, 255]);
    const y = bilinear(bytes, [5, 4], 'plain');
    await expectOp('ResizeBilinearV2', { x: { ...bytes, format: 'NCHW' }, size: ints([5, 4]) }, {}, y, {
      consts: ['size'],
      tolerance: 1e-4,
    });
  });
  test.each(['plain', 'centers', 'corners'] as const)('nearest, placed by %s', async (place) => {
    for (const layout of LAYOUTS) {
      for (const size of sizes) {
        const image = inLayout(x, 'NCHW', layout);
        const y = inLayout(nearest(x, size, place), 'NCHW', layout);
        await expectOp('ResizeNearestNeighborV2', { x: image, size: ints(size) }, flags[place], y, { consts: ['size'] });
        await expectOp('ResizeNearestNeighborV2', { x: image, size: ints(size) }, flags[place], y, { unknown: ['x'] });
        await expectOp('ResizeNearestNeighborV2D', { x: image }, { ...flags[place], size }, y);
      }
    }
    const whole = random('int64', [1, 1, 3, 4], [-9, 9]);
    const y = nearest(whole, [5, 6], place);
    await expectOp('ResizeNearestNeighborV2D', { x: { ...whole, format: 'NCHW' } }, { ...flags[place], size: [5, 6] }, y);
  });
  test('needs to know the layout', async () => {
    await expect(runOp('ResizeNearestNeighborV2D', { x }, { size: [2, 2] })).rejects.toThrow('the layout of its image');
    const both = { size: [2, 2], align_corners: true, half_pixel_centers: true };
    await expect(runOp('ResizeBilinearV2D', { x: { ...x, format: 'NCHW' } }, both)).rejects.toThrow('at once');
  });
  test('ResizeTrilinear', async () => {
    const volume = random('float32', [1, 2, 3, 4, 5]);
    // Only the depth changes, so that the plane formula serves: [depth, height × width].
    const flat = { ...volume, shape: [1, 2, 3, 20] };
    const y = { ...bilinear(flat, [5, 20], 'centers'), shape: [1, 2, 5, 4, 5] };
    const attrs = { half_pixel_centers: true };
    await expectOp('ResizeTrilinear', { x: { ...volume, format: 'NCDHW' }, size: ints([5, 4, 5]) }, attrs, y, {
      consts: ['size'],
      tolerance: 1e-4,
    });
  });
  test("Resize is ONNX's", async () => {
    const options = { consts: ['sizes'], tolerance: 1e-4 };
    const linear = { mode: 'linear', coordinate_transformation_mode: 'half_pixel' };
    await expectOp('Resize', { x, sizes: ints([2, 3, 7, 3], 'int64') }, linear, bilinear(x, [7, 3], 'centers'), options);
    const scales = t('float32', [4], [1, 1, 2, 3]);
    const floor = { coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
    await expectOp('Resize', { x, scales }, floor, nearest(x, [8, 15], 'plain'), { consts: ['scales'] });
    await expectOp('Resize', { x, scales }, floor, nearest(x, [8, 15], 'plain'), { unknown: ['x'] });
    const nn = { coordinate_transformation_mode: 'tf_half_pixel_for_nn' };
    await expectOp('Resize', { x, sizes: ints([2, 3, 7, 3], 'int64') }, nn, nearest(x, [7, 3], 'centers'), { consts: ['sizes'] });
    await expect(runOp('Resize', { x })).rejects.toThrow('neither sizes nor scales');
  });
  test('ResizeD', async () => {
    const attrs = { mode: 'linear', sizes: [9], coordinate_transformation_mode: 'align_corners' };
    await expectOp('ResizeD', { x }, attrs, bilinear(x, [4, 9], 'corners'), { tolerance: 1e-4 });
    const cubic = { mode: 'cubic', sizes: [8, 10], coordinate_transformation_mode: 'align_corners', cubic_coeff_a: -0.5 };
    await expectOp('ResizeD', { x }, cubic, bicubic([8, 10], -0.5), { tolerance: 1e-4 });
  });
  /** Keys' cubic with the border repeated, corners aligned. */
  function bicubic(size: readonly [number, number], a: number): Tensor {
    const weight = (distance: number): number => {
      const d = Math.abs(distance);
      if (d <= 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
      return d < 2 ? a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a : 0;
    };
    const taps = (i: number, from: number, to: number): (readonly [number, number])[] => {
      const exact = position('corners', i, from, to);
      const low = Math.floor(exact);
      return [-1, 0, 1, 2].map((offset) => [Math.min(Math.max(low + offset, 0), from - 1), weight(exact - low - offset)] as const);
    };
    const read = reader(x) as (index: Index) => number;
    return fromFormula('float32', [2, 3, ...size], ([n, c, h, w]) => {
      let total = 0;
      for (const [row, wr] of taps(h as number, 4, size[0])) {
        for (const [column, wc] of taps(w as number, 5, size[1])) total += wr * wc * read([n as number, c as number, row, column]);
      }
      return total;
    });
  }
  test('Upsample repeats and scales', async () => {
    const y = fromFormula('float32', [2, 3, 12, 10], ([n, c, h, w]) => {
      return 0.5 * (reader(x)([n as number, c as number, Math.floor((h as number) / 3), Math.floor((w as number) / 2)]) as number);
    });
    await expectOp('Upsample', { x }, { scale: 0.5, stride_h: 3 }, y);
    await expectOp('Upsample', { x }, { scale: 0.5, stride_h: 3, stride_w: 2 }, y, { unknown: ['x'] });
  });
});
