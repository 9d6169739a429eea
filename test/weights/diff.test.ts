// What one pair of values comes to.
import { expect, test } from 'vitest';
import { memoryBytes } from '../../src/base/bytes.js';
import { openFile } from '../../src/base/open-file.js';
import { dtype } from '../../src/graph/dtype.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { diffValue, type GivenValue } from '../../src/weights/diff.js';
import { testFolder } from '../support/folder.js';
import { tensorOf } from '../support/tensors.js';

const folder = testFolder();
const EXACT = { atol: 0, rtol: 0 };

function given({ data, ...spec }: Tensor): GivenValue {
  return { name: 'w', spec, updateIndex: undefined, data };
}

const one = given(tensorOf('float32', [2], [1, -2]));

test('equal, within, different, another dtype or shape, in one only', async () => {
  expect(await diffValue('w', one, given(tensorOf('float32', [2], [1, -2])), EXACT)).toMatchObject({ status: 'equal', metrics: undefined });
  const near = given(tensorOf('float32', [2], [1, -2.5]));
  // 0.5 of 2: a fourth of the first, which is what is expected.
  expect(await diffValue('w', one, near, EXACT)).toMatchObject({
    status: 'different',
    metrics: { maxAbs: 0.5, maxRel: 0.25, worst: { place: 1, expected: -2, actual: -2.5 }, beyond: 1 },
  });
  expect(await diffValue('w', one, near, { atol: 0.5, rtol: 0 })).toMatchObject({ status: 'within', metrics: { beyond: 0, different: 1 } });
  expect((await diffValue('w', one, near, { atol: 0, rtol: 0.24 })).status).toBe('different');
  expect(await diffValue('w', one, given(tensorOf('float16', [2], [1, -2])), EXACT)).toMatchObject({
    status: 'mismatch',
    metrics: { maxAbs: 0 },
  });
  expect(await diffValue('w', one, given(tensorOf('float32', [1, 2], [1, -2])), EXACT)).toMatchObject({
    status: 'mismatch',
    metrics: undefined,
  });
  expect((await diffValue('w', one, undefined, EXACT)).status).toBe('only-a');
  expect((await diffValue('w', undefined, one, EXACT)).status).toBe('only-b');
});

test('the same values in other bits are within any tolerance, and not equal', async () => {
  expect(await diffValue('w', given(tensorOf('float32', [1], [0])), given(tensorOf('float32', [1], [-0])), EXACT)).toMatchObject({
    status: 'within',
    metrics: { different: 0, beyond: 0 },
  });
});

test('a value that cannot be told is not taken for equal', async () => {
  expect((await diffValue('w', one, { ...one, data: undefined }, EXACT)).status).toBe('unknown');
});

test('a dtype without elements is compared by its bytes', async () => {
  const packed = (byte: number): GivenValue => given({ dtype: dtype('int4'), shape: [2], data: memoryBytes(Uint8Array.of(byte)) });
  expect((await diffValue('w', packed(0x21), packed(0x21), EXACT)).status).toBe('equal');
  expect(await diffValue('w', packed(0x21), packed(0x22), EXACT)).toMatchObject({ status: 'different', metrics: undefined });
});

test('large values in files are measured to the end, in pieces of as many elements of both', async () => {
  // Doubles in a piece of 1 MiB are 131072.
  const count = 2 * 131_072 + 7;
  const values = Array.from({ length: count }, (_, i) => (i % 512) - 200);
  const inFile = (name: string, list: readonly number[]): GivenValue => {
    const tensor = tensorOf(name, [count], list);
    return given({ ...tensor, data: openFile(folder.write(name, tensor.data)) });
  };
  const other = values.with(5, 1000).with(131_072, -3000).with(-1, 2000);
  const difference = await diffValue('w', inFile('float32', values), inFile('float64', other), EXACT);
  expect(difference).toMatchObject({
    status: 'mismatch',
    metrics: { elements: count, different: 3, maxAbs: 2800, worst: { place: 131_072, expected: -200, actual: -3000 } },
  });
});
