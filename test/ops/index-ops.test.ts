// Rows of operators that give positions or reorder by them. Expected values: plain loops and a stable sort.
import { describe, expect, test } from 'vitest';
import type { Shape, Tensor } from '../../src/graph/tensor.js';
import { fromFormula, inShape, moved, reader } from '../support/nd.js';
import { expectOp, numbersOf, random, runOp, t } from '../support/op-vectors.js';

const scalar = (value: number, type = 'int32'): Tensor => t(type, [], [value]);

/** For each line along an axis, what `pick` makes of its values; the axis becomes as long as what it gives. */
function alongAxis(x: Tensor, axis: number, type: string, size: number, pick: (line: readonly number[]) => readonly number[]): Tensor {
  const read = reader(x);
  const length = x.shape[axis] as number;
  return fromFormula(type, x.shape.with(axis, size), (index) => {
    const line = Array.from({ length }, (_, i) => read(index.with(axis, i)) as number);
    return pick(line)[index[axis] as number] as number;
  });
}

const drop = (shape: Shape, axis: number): Shape => shape.toSpliced(axis, 1);
const argMax = (line: readonly number[]): readonly number[] => [line.indexOf(Math.max(...line))];
const argMin = (line: readonly number[]): readonly number[] => [line.indexOf(Math.min(...line))];
/** Positions in ascending or descending order of value; equal values keep their order. */
const order = (line: readonly number[], descending: boolean): number[] =>
  line
    .map((_, i) => i)
    .sort((a, b) => (descending ? (line[b] as number) - (line[a] as number) : (line[a] as number) - (line[b] as number)));

describe('the extreme element', () => {
  // Few distinct values, so that there are ties.
  const x = random('float32', [3, 5, 4], [-3, 3]);
  const ties = random('int32', [3, 5, 4], [-3, 3]);
  test.each([0, 1, -1])('ArgMaxV2 and ArgMin along axis %i', async (axis) => {
    const at = axis < 0 ? axis + 3 : axis;
    const by = (from: Tensor, pick: typeof argMax, type: string) => inShape(alongAxis(from, at, type, 1, pick), drop(from.shape, at));
    await expectOp('ArgMaxV2', { x: ties, dimension: scalar(axis) }, {}, by(ties, argMax, 'int64'), { consts: ['dimension'] });
    await expectOp('ArgMaxV2', { x, dimension: scalar(axis) }, { dtype: 'int32' }, by(x, argMax, 'int32'), {
      consts: ['dimension'],
      unknown: ['x'],
    });
    await expectOp('ArgMin', { x: ties, dimension: scalar(axis, 'int64') }, { dtype: 'int32' }, by(ties, argMin, 'int32'), {
      consts: ['dimension'],
    });
    await expectOp('ArgMaxD', { x: ties }, { dimension: axis }, by(ties, argMax, 'int32'));
    await expectOp('ArgMinD', { x: ties }, { dimension: axis }, by(ties, argMin, 'int32'));
  });
  test.each(['float16', 'int8', 'uint8', 'int16', 'int64', 'float64'])('of %s', async (type) => {
    const y = random(type, [2, 7], [0, 4]);
    await expectOp('ArgMaxV2', { x: y, dimension: scalar(1) }, {}, inShape(alongAxis(y, 1, 'int64', 1, argMax), [2]), {
      consts: ['dimension'],
    });
    const minimum = alongAxis(y, 1, type, 1, (line) => [Math.min(...line)]);
    await expectOp('ArgMinWithValue', { x: y }, { dimension: 1, keep_dims: true }, [alongAxis(y, 1, 'int32', 1, argMin), minimum]);
  });
  test('ArgMaxWithValue', async () => {
    const [where, value] = [alongAxis(ties, 1, 'int32', 1, argMax), alongAxis(ties, 1, 'int32', 1, (line) => [Math.max(...line)])];
    await expectOp('ArgMaxWithValue', { x: ties }, { dimension: -2 }, [inShape(where, [3, 4]), inShape(value, [3, 4])]);
    await expectOp('ArgMaxWithValue', { x: ties }, { dimension: 1, keep_dims: true }, [where, value]);
  });
  test('an axis that is not there is refused', async () => {
    await expect(runOp('ArgMaxD', { x }, { dimension: 3 })).rejects.toThrow('the axis 3');
  });
});

describe('TopK and Sort', () => {
  const x = random('float32', [3, 6], [-5, 5]);
  const ties = random('int32', [4, 6], [-2, 3]);
  const top = (from: Tensor, k: number, largest: boolean, axis = 1): [Tensor, Tensor] => {
    const best = (line: readonly number[]): number[] => order(line, largest).slice(0, k);
    return [
      alongAxis(from, axis, from.dtype.name, k, (line) => best(line).map((i) => line[i] as number)),
      alongAxis(from, axis, 'int32', k, best),
    ];
  };
  test.each(['TopK', 'TopKV2'])('%s', async (type) => {
    await expectOp(type, { x, k: scalar(2) }, {}, top(x, 2, true), { consts: ['k'] });
    await expectOp(type, { x: ties, k: scalar(4) }, { largest: false }, top(ties, 4, false), { consts: ['k'] });
    await expectOp(type, { x: ties, k: scalar(3, 'int64') }, { dim: 0 }, top(ties, 3, true, 0), { unknown: ['x'] });
    await expect(runOp(type, { x, k: scalar(7) }, {}, { consts: ['k'] })).rejects.toThrow('7 largest of 6');
  });
  test('TopKD has its k as an attribute', async () => {
    const assist = t('float16', [12], [0]);
    await expectOp('TopKD', { x, assist_seq: assist }, { k: 3 }, top(x, 3, true));
    await expectOp('TopKV2D', { x, k: scalar(3), assist_seq: assist }, {}, top(x, 3, true), { consts: ['k'] });
  });
  test.each(['float32', 'float16', 'int8', 'uint8', 'int16', 'int64'])('Sort of %s', async (type) => {
    const y = random(type, [5, 4], [0, 6]);
    await expectOp('Sort', { x: y }, {}, top(y, 4, false));
    await expectOp('Sort', { x: y }, { descending: true, axis: 0, stable: true }, top(y, 5, true, 0), { unknown: ['x'] });
    await expectOp('SortV2', { x: y }, { descending: true }, top(y, 4, true)[0]);
  });
});

describe('other orders', () => {
  const x = random('float32', [2, 3, 4]);
  test('ReverseV2', async () => {
    const expected = moved(x, x.shape, ([i, j, k]) => [1 - (i as number), j as number, 3 - (k as number)]);
    await expectOp('ReverseV2', { x, axis: t('int32', [2], [-1, 0]) }, {}, expected, { consts: ['axis'], unknown: ['x'] });
    await expectOp('ReverseV2D', { x }, { axis: [0, 2] }, expected);
    await expectOp('ReverseV2D', { x }, { axis: [] }, x);
    await expect(runOp('ReverseV2D', { x }, { axis: [0, -3] })).rejects.toThrow('twice');
  });
  test('ReverseSequence', async () => {
    const lengths = t('int64', [2], [2, 3]);
    const expected = moved(x, x.shape, ([b, i, k]) => {
      const length = numbersOf(lengths)[b as number] as number;
      return [b as number, (i as number) < length ? length - 1 - (i as number) : (i as number), k as number];
    });
    await expectOp('ReverseSequence', { x, seq_lengths: lengths }, { seq_dim: 1 }, expected);
  });
  test.each([
    { shifts: [1], dims: [1] },
    { shifts: [-1, 6], dims: [0, -1] },
    { shifts: [0], dims: [2] },
  ])('Roll by $shifts along $dims', async ({ shifts, dims }) => {
    const expected = moved(x, x.shape, (index) =>
      dims.reduce((at, dim, i) => {
        const [axis, shift] = [dim < 0 ? dim + 3 : dim, shifts[i] as number];
        const size = x.shape[axis] as number;
        return at.with(axis, ((((at[axis] as number) - shift) % size) + size) % size);
      }, index as number[]),
    );
    await expectOp('Roll', { x }, { shifts, dims }, expected);
  });
  test('Roll without dims rolls the whole as one list', async () => {
    const values = numbersOf(x);
    await expectOp('Roll', { x }, { shifts: [5] }, t('float32', [2, 3, 4], [...values.slice(-5), ...values.slice(0, -5)]));
  });
  test('ShuffleChannel', async () => {
    const image = random('int32', [2, 6, 2, 2], [0, 99]);
    // Channels 0 1 2 | 3 4 5 in two groups become 0 3 1 4 2 5.
    const expected = moved(image, image.shape, ([n, c, h, w]) => [
      n as number,
      ((c as number) % 2) * 3 + Math.floor((c as number) / 2),
      h as number,
      w as number,
    ]);
    await expectOp('ShuffleChannel', { x: image }, { group: 2 }, expected);
  });
  test('InvertPermutation', async () => {
    await expectOp('InvertPermutation', { x: t('int32', [4], [2, 0, 3, 1]) }, {}, t('int32', [4], [1, 3, 0, 2]));
    await expectOp('InvertPermutation', { x: t('int64', [3], [1, 2, 0]) }, {}, t('int64', [3], [2, 0, 1]));
  });
});

test('nothing to sort, nothing to choose from', async () => {
  const empty = t('float32', [0, 4], []);
  await expectOp('Sort', { x: empty }, {}, [empty, t('int32', [0, 4], [])]);
  await expectOp('TopKV2', { x: empty, k: t('int32', [1], [2]) }, {}, [t('float32', [0, 2], []), t('int32', [0, 2], [])], {
    consts: ['k'],
  });
});
