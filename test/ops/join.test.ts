// Rows of operators that join tensors or take one apart. Expected values: elements found by index arithmetic.
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.js';
import { fromFormula, moved, reader } from '../support/nd.js';
import { expectOp, random, runOp, t } from '../support/op-vectors.js';

const scalar = (value: number, type = 'int32'): Tensor => t(type, [], [value]);

/** Part of a tensor along an axis. */
function part(x: Tensor, axis: number, from: number, size: number): Tensor {
  return moved(x, x.shape.with(axis, size), (index) => index.with(axis, (index[axis] as number) + from));
}

function joined(parts: readonly Tensor[], axis: number): Tensor {
  const sizes = parts.map(({ shape }) => shape[axis] as number);
  const first = parts[0] as Tensor;
  const shape = first.shape.with(
    axis,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  return fromFormula(first.dtype.name, shape, (index) => {
    let at = index[axis] as number;
    let which = 0;
    while (at >= (sizes[which] as number)) at -= sizes[which++] as number;
    return reader(parts[which] as Tensor)(index.with(axis, at)) as number;
  });
}

describe('joining', () => {
  const parts = [
    random('float32', [2, 3, 2], [-2, 2], 1),
    random('float32', [2, 1, 2], [-2, 2], 2),
    random('float32', [2, 2, 2], [-2, 2], 3),
  ];
  test('Concat takes its axis first, ConcatV2 last', async () => {
    const expected = joined(parts, 1);
    const consts = { consts: ['concat_dim'] };
    await expectOp('Concat', { concat_dim: scalar(1), x: parts }, { N: 3 }, expected, consts);
    await expectOp('ConcatV2', { x: parts, concat_dim: scalar(-2, 'int64') }, { N: 3 }, expected, consts);
    await expectOp('ConcatV2', { x: parts, concat_dim: scalar(1) }, { N: 3 }, expected, { consts: ['concat_dim'], unknown: ['x'] });
  });
  test.each(['ConcatD', 'ConcatV2D'])('%s', async (type) => {
    await expectOp(type, { x: parts }, { concat_dim: 1, N: 3 }, joined(parts, 1));
    await expectOp(type, { x: parts.slice(0, 1) }, { concat_dim: -3, N: 1 }, parts[0] as Tensor);
    const flags = [t('bool', [1, 2], [1, 0]), t('bool', [2, 2], [0, 0, 1, 1])];
    await expectOp(type, { x: flags }, { concat_dim: 0, N: 2 }, t('bool', [3, 2], [1, 0, 0, 0, 1, 1]));
  });
  test('shapes that differ elsewhere are refused', async () => {
    await expect(runOp('ConcatD', { x: parts }, { concat_dim: 0, N: 3 })).rejects.toThrow('shapes that differ');
    const mixed = [t('float32', [1], [1]), t('int32', [1], [1])];
    await expect(runOp('ConcatD', { x: mixed }, { concat_dim: 0, N: 2 })).rejects.toThrow('float32 and int32');
  });
  test.each([0, 1, -1])('Pack along axis %i', async (axis) => {
    const x = [1, 2, 3].map((seed) => random('float16', [2, 4], [-3, 3], seed));
    const at = axis < 0 ? axis + 3 : axis;
    const expected = fromFormula('float16', [2, 4].toSpliced(at, 0, 3), (index) => {
      return reader(x[index[at] as number] as Tensor)(index.toSpliced(at, 1)) as number;
    });
    await expectOp('Pack', { x }, { axis, N: 3 }, expected);
    await expectOp('Pack', { x }, { axis, N: 3 }, expected, { unknown: ['x'] });
  });
  test('Pack of scalars gives a list', async () => {
    await expectOp('Pack', { x: [scalar(4), scalar(-5)] }, { N: 2 }, t('int32', [2], [4, -5]));
  });
});

describe('taking apart', () => {
  const x = random('float32', [2, 6, 3], [-9, 9]);
  const thirds = [0, 2, 4].map((from) => part(x, 1, from, 2));
  test('Split and SplitD into equal parts', async () => {
    await expectOp('Split', { split_dim: scalar(1), x }, { num_split: 3 }, thirds, { consts: ['split_dim'] });
    await expectOp('Split', { split_dim: scalar(1), x }, { num_split: 3 }, thirds, { consts: ['split_dim'], unknown: ['x'] });
    await expectOp('SplitD', { x }, { split_dim: -2, num_split: 3 }, thirds);
    await expectOp('SplitD', { x }, { split_dim: 0, num_split: 1 }, [x]);
    await expect(runOp('SplitD', { x }, { split_dim: 1, num_split: 4 })).rejects.toThrow('6 into 4 equal parts');
  });
  test('SplitV and SplitVD by sizes, of which one may be the rest', async () => {
    const parts = [part(x, 1, 0, 1), part(x, 1, 1, 3), part(x, 1, 4, 2)];
    const sizes = (values: readonly number[]): Tensor => t('int64', [3], values);
    const consts = { consts: ['size_splits', 'split_dim'] };
    await expectOp('SplitV', { x, size_splits: sizes([1, 3, 2]), split_dim: scalar(1) }, { num_split: 3 }, parts, consts);
    await expectOp('SplitV', { x, size_splits: sizes([1, -1, 2]), split_dim: scalar(1) }, { num_split: 3 }, parts, consts);
    await expectOp('SplitV', { x, size_splits: sizes([1, 3, 2]), split_dim: scalar(1) }, { num_split: 3 }, parts, {
      consts: ['split_dim'],
    });
    await expectOp('SplitVD', { x }, { size_splits: [1, 3, -1], split_dim: -2, num_split: 3 }, parts);
    await expectOp('SplitVD', { x }, { size_splits: [1, 3, 2], split_dim: 1, num_split: 3 }, parts, { unknown: ['x'] });
    await expectOp('SplitVD', { x }, { size_splits: [0, 6], split_dim: 1, num_split: 2 }, [t('float32', [2, 0, 3], []), x]);
    await expect(runOp('SplitVD', { x }, { size_splits: [1, 3], split_dim: 1, num_split: 2 })).rejects.toThrow('[1, 3]');
  });
  test.each([0, 2, -2])('Unpack along axis %i', async (axis) => {
    const at = axis < 0 ? axis + 3 : axis;
    const count = x.shape[at] as number;
    const parts = Array.from({ length: count }, (_, i) => moved(x, x.shape.toSpliced(at, 1), (index) => index.toSpliced(at, 0, i)));
    await expectOp('Unpack', { x }, { num: count, axis }, parts);
    await expectOp('Unpack', { x }, { num: count, axis }, parts, { unknown: ['x'] });
  });
  test('Unpack of one', async () => {
    await expectOp('Unpack', { x: t('int8', [1, 2], [3, -4]) }, { num: 1 }, [t('int8', [2], [3, -4])]);
  });
});
