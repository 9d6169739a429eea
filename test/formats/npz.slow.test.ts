import { expect, test } from 'vitest';
import { zeroBytes } from '../../src/base/bytes.js';
import { readNpz, writeNpz } from '../../src/formats/npz.js';
import { dtype } from '../../src/graph/dtype.js';
import { named, plain, tensorOf } from '../support/tensors.js';

test('more than 65,535 arrays are counted in a zip64 record', () => {
  const many = Array.from({ length: 65_600 }, (_, i) => named(`t${i}`, { dtype: dtype('uint8'), shape: [0], data: zeroBytes(0) }));
  expect(readNpz(writeNpz(many), 'w.npz').length).toBe(65_600);
});

test('an array over 4 GiB, and one behind it, are written and found again', () => {
  const size = 2 ** 32 + 5;
  const tensors = [
    named('large', { dtype: dtype('uint8'), shape: [size], data: zeroBytes(size) }),
    named('behind', tensorOf('float32', [2], [1, -2])),
  ];
  const archive = writeNpz(tensors);
  expect(archive.length).toBeGreaterThan(size);
  const [large, behind] = readNpz(archive, 'w.npz');
  expect(large!.shape).toEqual([size]);
  expect(large!.data.length).toBe(size);
  expect(plain(behind!)).toEqual(plain(tensors[1]!));
});
