// Rows of slicing operators. Expected values: Python's slice rules, written out as lists of positions.
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.js';
import { inShape, moved } from '../support/nd.js';
import { expectOp, random, runOp, t } from '../support/op-vectors.js';

const x = random('float32', [4, 5, 6], [-9, 9]);
const ints = (values: readonly number[], type = 'int64'): Tensor => t(type, [values.length], values);
const BIG = 2n ** 63n - 1n;

/** Positions that Python's `start:end:step` takes of an axis; undefined is a bound left out. */
function positions(size: number, start?: number, end?: number, step = 1): readonly number[] {
  const all: number[] = [];
  const from = start === undefined ? (step > 0 ? 0 : size - 1) : start < 0 ? start + size : start;
  const to = end === undefined ? (step > 0 ? size : -1) : end < 0 ? end + size : end;
  for (let i = from; step > 0 ? i < to : i > to; i += step) if (i >= 0 && i < size) all.push(i);
  return all;
}

/** The elements at the product of these positions; a single number drops its axis. */
function taken(from: Tensor, lists: readonly (readonly number[] | number)[]): Tensor {
  const shape = lists.flatMap((list) => (typeof list === 'number' ? [] : [list.length]));
  return moved(from, shape, (index) => {
    const rest = index.values();
    return lists.map((list) => (typeof list === 'number' ? list : (list[rest.next().value as number] as number)));
  });
}

const all = (axis: number): readonly number[] => positions(x.shape[axis] as number);

describe('StridedSlice', () => {
  const rows = [
    {
      name: '1:3, ::2, -2:',
      begin: [1, 0, -2],
      end: [3, 5, 6],
      strides: [1, 2, 1],
      masks: {},
      gives: [positions(4, 1, 3), positions(5, 0, 5, 2), [4, 5]],
    },
    { name: 'fewer than the rank', begin: [1], end: [-1], strides: [1], masks: {}, gives: [[1, 2], all(1), all(2)] },
    { name: 'negative steps', begin: [-1, 3, 0], end: [0, 0, 6], strides: [-1, -2, 1], masks: {}, gives: [[3, 2, 1], [3, 1], all(2)] },
    {
      name: 'begin and end masks',
      begin: [9, 9, 9],
      end: [2, 9, 9],
      strides: [1, 1, 2],
      masks: { begin_mask: 7, end_mask: 6 },
      gives: [[0, 1], all(1), [0, 2, 4]],
    },
    {
      name: 'masks of a negative step',
      begin: [0, 0, 0],
      end: [0, 0, 0],
      strides: [1, -1, -3],
      masks: { begin_mask: 7, end_mask: 7 },
      gives: [all(0), [4, 3, 2, 1, 0], [5, 2]],
    },
    {
      name: 'a shrunk axis',
      begin: [1, 2, 0],
      end: [0, 0, 3],
      strides: [1, 1, 1],
      masks: { shrink_axis_mask: 3 },
      gives: [1, 2, [0, 1, 2]],
    },
    {
      name: 'a shrunk axis from the end',
      begin: [-1, -5],
      end: [0, 0],
      strides: [1, 1],
      masks: { shrink_axis_mask: 3 },
      gives: [3, 0, all(2)],
    },
    {
      name: 'an ellipsis before the last',
      begin: [0, 1],
      end: [0, 4],
      strides: [1, 2],
      masks: { ellipsis_mask: 1 },
      gives: [all(0), all(1), [1, 3]],
    },
    {
      name: 'an ellipsis between',
      begin: [2, 0, -1],
      end: [3, 0, 0],
      strides: [1, 1, 1],
      masks: { ellipsis_mask: 2, shrink_axis_mask: 4 },
      gives: [[2], all(1), 5],
    },
    {
      name: 'an ellipsis over nothing',
      begin: [0, 0, 0, 5],
      end: [1, 1, 0, 6],
      strides: [1, 1, 1, 1],
      masks: { ellipsis_mask: 4 },
      gives: [[0], [0], [5]],
    },
    { name: 'nothing left', begin: [3], end: [1], strides: [1], masks: {}, gives: [[], all(1), all(2)] },
  ] as const;
  test.each(rows)('$name', async ({ begin, end, strides, masks, gives }) => {
    // An ellipsis over nothing has no axis to give.
    const expected = taken(x, gives);
    const inputs = { x, begin: ints(begin), end: ints(end), strides: ints(strides) };
    const consts = ['begin', 'end', 'strides'];
    await expectOp('StridedSlice', inputs, masks, expected, { consts });
    await expectOp('StridedSlice', inputs, masks, expected, { consts, unknown: ['x'] });
    await expectOp('StridedSliceD', { x }, { ...masks, begin, end, strides }, expected);
    const inputsV2 = { x, begin: ints(begin, 'int32'), end: ints(end, 'int32'), strides: ints(strides, 'int32') };
    await expectOp('StridedSliceV2', inputsV2, masks, expected, { consts });
  });
  test('new axes stand where the specification has them', async () => {
    const attrs = { begin: [0, 1, 0, 2], end: [0, 3, 0, 3], strides: [1, 1, 1, 1], new_axis_mask: 5, shrink_axis_mask: 8 };
    const expected = taken(x, [[1, 2], 2, all(2)]);
    await expectOp('StridedSliceD', { x }, attrs, inShape(expected, [1, 2, 1, 6]));
    const last = { begin: [0, 0], end: [0, 0], strides: [1, 1], ellipsis_mask: 1, new_axis_mask: 2 };
    await expectOp('StridedSliceD', { x }, last, inShape(x, [4, 5, 6, 1]));
  });
  test('bounds computed at run time', async () => {
    const inputs = { x, begin: ints([1, 0, -2]), end: ints([3, 5, 6]), strides: ints([1, 2, 1]) };
    const expected = taken(x, [
      [1, 2],
      [0, 2, 4],
      [4, 5],
    ]);
    await expectOp('StridedSlice', inputs, {}, expected);
    await expectOp('StridedSliceV3', inputs, {}, expected, { consts: ['strides'] });
    await expect(runOp('StridedSlice', inputs, { begin_mask: 1 })).rejects.toThrow('masks');
  });
  test.each(['StridedSliceV2', 'StridedSliceV3'])('%s along named axes', async (type) => {
    const inputs = { x, begin: ints([-3, 1]), end: t('int64', [2], [BIG, 3n]), axes: ints([-1, 0]), strides: ints([2, 1]) };
    const expected = taken(x, [[1, 2], all(1), [3, 5]]);
    await expectOp(type, inputs, {}, expected, { consts: ['begin', 'end', 'axes', 'strides'] });
    await expectOp(type, inputs, {}, expected);
    const { strides: _, ...plain } = inputs;
    await expectOp(type, plain, {}, taken(x, [[1, 2], all(1), [3, 4, 5]]), { consts: ['begin', 'end', 'axes'] });
  });
  test('impossible specifications are refused', async () => {
    const run = (attrs: Parameters<typeof runOp>[2]) => runOp('StridedSliceD', { x }, attrs);
    await expect(run({ begin: [0], end: [2], strides: [0] })).rejects.toThrow('stride of 0');
    await expect(run({ begin: [4], end: [5], strides: [1], shrink_axis_mask: 1 })).rejects.toThrow('index 4 of axis 0');
    await expect(run({ begin: [0, 0], end: [1, 1], strides: [1, 1], ellipsis_mask: 3 })).rejects.toThrow('more than one ellipsis');
    await expect(run({ begin: [0, 0, 0, 0], end: [1, 1, 1, 1], strides: [1, 1, 1, 1] })).rejects.toThrow('slices 4 axes');
  });
});

describe('slices by offset and size', () => {
  const expected = taken(x, [[1, 2], all(1), [3, 4, 5]]);
  test('Slice', async () => {
    const inputs = { x, offsets: ints([1, 0, 3], 'int32'), size: ints([2, 5, -1], 'int32') };
    await expectOp('Slice', inputs, {}, expected, { consts: ['offsets', 'size'] });
    await expectOp('Slice', inputs, {}, expected, { consts: ['size'], unknown: ['x'] });
    await expectOp('Slice', inputs, {}, expected);
    await expect(runOp('Slice', { ...inputs, size: ints([4, 5, 1]) }, {}, { consts: ['offsets', 'size'] })).rejects.toThrow('up to 5');
  });
  test('SliceD and SliceDV2', async () => {
    await expectOp('SliceD', { x }, { offsets: [1, 0, 3], size: [2, -1, 3] }, expected);
    await expectOp('SliceDV2', { x, offsets: ints([1, 0, 3]) }, { size: [2, 5, -1] }, expected, { consts: ['offsets'] });
    await expectOp('SliceDV2', { x, offsets: ints([1, 0, 3]) }, { size: [2, 5, 3] }, expected);
  });
  test('SliceWithAxes', async () => {
    const inputs = { x, offsets: ints([3, 1]), size: ints([-1, 2]) };
    await expectOp('SliceWithAxes', inputs, { axes: [-1, 0] }, expected, { consts: ['offsets', 'size'] });
    await expectOp('SliceWithAxes', inputs, { axes: [2, 0] }, expected);
  });
  test('SliceLastDim', async () => {
    await expectOp('SliceLastDim', { x }, { start: 1, end: -1, stride: 3 }, taken(x, [all(0), all(1), [1, 4]]));
  });
  test('Crop to the size of a reference, from an axis on', async () => {
    const size = t('float32', [9, 3, 2], [0]);
    const at = (offsets: readonly number[]) =>
      taken(x, [all(0), positions(5, offsets[0], (offsets[0] as number) + 3), positions(6, offsets[1], (offsets[1] as number) + 2)]);
    await expectOp('Crop', { x, size }, { axis: 1, offsets: [2, 4] }, at([2, 4]));
    await expectOp('Crop', { x, size }, { axis: -2, offsets: [1] }, at([1, 1]), { unknown: ['x'] });
  });
});
