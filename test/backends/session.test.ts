// The weights of an opened bundle: snapshots of them, and what a failure leaves.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.js';
import { build, openBundle } from '../../src/index.js';
import { EXAMPLES } from '../support/cli.js';
import { float32s } from '../support/graphs.js';
import { floats, modelFile, node, value } from '../support/onnx-models.js';
import { folderForTest, openedBundle } from '../support/opened.js';
import { plain, tensorOf } from '../support/tensors.js';

const LINEAR = `${EXAMPLES}/linear/graph.json`;
const CONSTS = { consts: ['const_1', 'const_2'] };
const X = new Map([['x', float32s([1, 2, 3, 4, 5, 6], [2, 3])]]);

test('a snapshot is the weights as they were last given, and later updates do not change it', async () => {
  const { session } = await openedBundle(LINEAR, CONSTS);
  const initial = session.snapshot();
  expect(plain(initial.get('const_2') as Tensor)).toEqual({ dtype: 'float32', shape: [4], values: [0.5, -0.5, 0.25, 0] });
  const [before] = await session.run(X);
  await session.update(new Map([['const_2', float32s([1, 2, 3, 4])]]));
  const updated = session.snapshot();
  expect(plain(initial.get('const_2') as Tensor)).toEqual({ dtype: 'float32', shape: [4], values: [0.5, -0.5, 0.25, 0] });
  expect(plain(updated.get('const_2') as Tensor)).toEqual({ dtype: 'float32', shape: [4], values: [1, 2, 3, 4] });
  expect(plain(updated.get('const_1') as Tensor)).toEqual(plain(initial.get('const_1') as Tensor));
  await session.restore(initial);
  const [after] = await session.run(X);
  expect(after?.data.read()).toEqual(before?.data.read());
});

test('a snapshot before the first update of a bundle without init is empty, and restoring it takes the values away', async () => {
  const { session } = await openedBundle(LINEAR, { ...CONSTS, init: false });
  const empty = session.snapshot();
  expect([...empty]).toEqual([]);
  await session.update(
    new Map([
      ['const_1', float32s(Array(12).fill(1), [3, 4])],
      ['const_2', float32s([0, 0, 0, 0])],
    ]),
  );
  expect(await session.run(X)).toHaveLength(1);
  await session.restore(empty);
  await expect(session.run(X)).rejects.toMatchObject({ code: 'WEIGHTS_NOT_INITIALIZED' });
});

test('a snapshot of another bundle is refused, and nothing has changed', async () => {
  const { session } = await openedBundle(LINEAR, CONSTS);
  const [before] = await session.run(X);
  await expect(session.restore(new Map([['other', float32s([1])]]))).rejects.toMatchObject({ code: 'WEIGHT_UNKNOWN' });
  const wrong = new Map([
    ['const_1', float32s(Array(12).fill(1), [3, 4])],
    ['const_2', float32s([1, 2, 3])],
  ]);
  await expect(session.restore(wrong)).rejects.toMatchObject({ code: 'TENSOR_MISMATCH' });
  const [after] = await session.run(X);
  expect(after?.data.read()).toEqual(before?.data.read());
});

test('a bfloat16 weight comes back as its own 16 bits, and any range of it can be read', async () => {
  const values = [1.5, -2, 0.0078125, 3.140625, Number.NaN];
  const path = modelFile({
    nodes: [node('Mul', 'x w', 'y')],
    initializers: [{ ...floats('w', [5], []), dataType: 16, rawData: tensorOf('bfloat16', [5], values).data }],
    inputs: [value('x', [5], 16)],
    outputs: [value('y', [5], 16)],
  });
  const { session } = await openedBundle(path, { consts: ['w'] });
  const { data } = session.snapshot().get('w') as Tensor;
  const bits = tensorOf('bfloat16', [5], values).data.read();
  expect(data.length).toBe(10);
  expect(data.read()).toEqual(new Uint8Array(bits));
  for (const [start, end] of [
    [0, 1],
    [1, 4],
    [3, 10],
    [9, 10],
  ] as const)
    expect(data.read(start, end)).toEqual(new Uint8Array(bits.slice(start, end)));
});

test('restore gives a scalar its 0 again, which an update would skip', async () => {
  const path = modelFile({
    nodes: [node('Mul', 'x w', 'y')],
    initializers: [floats('w', [], [0])],
    inputs: [value('x', [1])],
    outputs: [value('y', [1])],
  });
  const { session } = await openedBundle(path, { consts: ['w'], allowScalar: true });
  const zero = session.snapshot();
  await session.update(new Map([['w', float32s([2], [])]]));
  await session.restore(zero);
  const [y] = await session.run(new Map([['x', float32s([3])]]));
  expect(plain(y as Tensor)).toMatchObject({ values: [0] });
});

test('the library gives snapshots as typed arrays and takes them back', async () => {
  const output = join(folderForTest(), 'linear.om');
  await build(LINEAR, { ...CONSTS, output, backend: 'host' });
  await using bundle = await openBundle(output);
  const initial = bundle.snapshot();
  expect(initial['const_2']).toEqual({ dtype: 'float32', shape: [4], data: Float32Array.of(0.5, -0.5, 0.25, 0) });
  await bundle.update({ const_2: { dtype: 'float32', shape: [4], data: Float32Array.of(9, 9, 9, 9) } });
  await bundle.restore(initial);
  expect(bundle.snapshot()).toEqual(initial);
});
