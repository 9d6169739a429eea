import { describe, expect, test } from 'vitest';
import { memoryBytes, zeroBytes } from '../../../src/base/bytes.js';
import { layoutConstants, layoutVariables, weightsPartition } from '../../../src/formats/om/layout.js';
import { dtype } from '../../../src/graph/dtype.js';

const filled = (length: number, value: number) => memoryBytes(new Uint8Array(length).fill(value));

// Sizes, offsets and totals of the init models that GE compiled from `linear`, `half`, `lora_zero` (equal bytes) and `nz`,
// and of an infer model without constants.
test.each([
  ['linear', [filled(48, 1), filled(16, 2)], [512, 1024], 2048],
  ['half', [filled(1024, 1), filled(64, 2)], [512, 1536], 2560],
  ['lora_zero', [zeroBytes(64), zeroBytes(64)], [512, 512], 1536],
  ['nz', [filled(96, 1)], [512], 1536],
  ['no constants', [], [], 1024],
])('constants lie where GE puts them: %s', (_, tensors, offsets, totalBytes) => {
  expect(layoutConstants(tensors, { share: true })).toEqual({ offsets, totalBytes });
});

test('equal constants keep places of their own unless sharing is asked for', () => {
  expect(layoutConstants([zeroBytes(4), zeroBytes(4)])).toEqual({ offsets: [512, 1024], totalBytes: 2048 });
});

test('only whole equality shares', () => {
  const almost = Uint8Array.from({ length: 1000 }, (_, i) => i);
  const other = Uint8Array.from(almost);
  other[300] = 0xff;
  const { offsets } = layoutConstants([memoryBytes(almost), memoryBytes(other), memoryBytes(almost)], { share: true });
  expect(offsets).toEqual([512, 1536, 512]);
});

test('distinct weights are not read whole to find equal ones', () => {
  let read = 0;
  const counted = (value: number, length = 1 << 20) => ({
    ...filled(length, value),
    length,
    read(start = 0, end = length) {
      read += end - start;
      return new Uint8Array(end - start).fill(value);
    },
    slice: () => filled(length, value),
  });
  layoutConstants([counted(1), counted(2), counted(3)], { share: true });
  expect(read).toBeLessThan(1000);
});

describe('the partition', () => {
  test('has each tensor at its offset and zeros elsewhere', () => {
    const tensors = [filled(3, 7), zeroBytes(0), filled(600, 9), filled(3, 7), filled(1, 5)];
    const layout = layoutConstants(tensors, { share: true });
    expect(layout.offsets).toEqual([512, 1024, 1024, 512, 2048]);
    const raw = weightsPartition(tensors, layout).read();
    const expected = new Uint8Array(3072);
    expected.fill(7, 512, 515).fill(9, 1024, 1624).fill(5, 2048, 2049);
    expect(Buffer.from(raw).equals(expected)).toBe(true);
  });
});

// `var_size` and offsets of the bundles that GE compiled: two small variables, half's, and nz's FRACTAL_NZ ones.
test.each([
  ['linear', 'float32', [[3, 4], [4]], [0, 1536], 3072],
  ['half', 'float16', [[16, 32], [32]], [0, 2560], 4096],
  [
    'nz',
    'float16',
    [
      [2, 2, 1, 1, 16, 16],
      [2, 2, 1, 1, 16, 16],
    ],
    [0, 3584],
    7168,
  ],
] as const)('variables lie where GE puts them: %s', (_, name, shapes, offsets, varSize) => {
  expect(layoutVariables(shapes.map((shape) => ({ dtype: dtype(name), shape })))).toEqual({ offsets, varSize });
});
