// Expected outputs from every place they may come from, and what is wrong with them before anything runs.
import { mkdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { writeNpy } from '../../src/formats/npy.js';
import { writeNpz } from '../../src/formats/npz.js';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import { dtype } from '../../src/graph/dtype.js';
import type { NamedSpec } from '../../src/graph/tensor.js';
import { readGolden } from '../../src/weights/golden.js';
import { OUT_FORMATS, writeTensors } from '../../src/weights/write.js';
import { caught } from '../support/caught.js';
import { testFolder } from '../support/folder.js';
import { named, plain, tensorOf } from '../support/tensors.js';

const folder = testFolder();
const spec = (name: string, type: string, ...shape: number[]): NamedSpec => ({ name, dtype: dtype(type), shape });
const Y = [spec('y', 'float32', 2)];
const TWO = [spec('scores/0', 'float32', 2), spec('top', 'int64', 1)];
const VALUES = tensorOf('float32', [2], [1, 2]);
const OUTPUTS = [named('scores/0', VALUES), named('top', tensorOf('int64', [1], [7]))];

const values = (given: readonly string[], specs = TWO) =>
  Object.fromEntries(
    [...readGolden(given, specs)].map(([name, { dtype: type, shape, data }]) => [name, plain({ dtype: type, shape, data })]),
  );
const EXPECTED = Object.fromEntries(OUTPUTS.map(({ name, ...tensor }) => [name, plain(tensor)]));

test.each(OUT_FORMATS.filter((format) => format !== 'json'))('what run -o has written as %s', async (format) => {
  await writeTensors(folder.path('out'), OUTPUTS, format);
  expect(values([folder.path('out')])).toEqual(EXPECTED);
});

test('files with names, files of one array, values', () => {
  expect(values([folder.write('g.npz', writeNpz(OUTPUTS))])).toEqual(EXPECTED);
  expect(values([folder.write('g.safetensors', writeSafetensors(OUTPUTS))])).toEqual(EXPECTED);
  const npy = folder.write('y.npy', writeNpy(VALUES));
  expect(values([npy], Y)).toEqual({ y: plain(VALUES) });
  expect(values([`scores/0=@${npy}`, 'top=7'])).toEqual(EXPECTED);
  expect(values([folder.write('a.npz', writeNpz([named('arr_0', VALUES)]))], Y)).toEqual({ y: plain(VALUES) });
  expect(values(['top=7'])).toEqual({ top: EXPECTED['top'] });
});

test('another float dtype, or another of integers, is compared by value', () => {
  const wide = folder.write(
    'wide.npz',
    writeNpz([named('scores/0', tensorOf('float64', [2], [1, 2])), named('top', tensorOf('int8', [1], [7]))]),
  );
  expect(values([wide])).toMatchObject({ 'scores/0': { dtype: 'float64' }, top: { dtype: 'int8' } });
});

test('an open dimension takes any size', () => {
  expect(values([folder.write('y.npy', writeNpy(VALUES))], [spec('y', 'float32', -1)])).toMatchObject({ y: { shape: [2] } });
});

test('all that does not fit is told at once', () => {
  const wrong = [named('scores/0', tensorOf('float32', [1, 2], [1, 2])), named('top', tensorOf('float32', [1], [7]))];
  const path = folder.write('wrong.npz', writeNpz(wrong));
  const error = caught(() => readGolden([path], TWO));
  expect(error).toMatchObject({ code: 'TENSOR_MISMATCH', exitCode: 4 });
  expect(error.problems.map(({ message }) => message)).toEqual([
    `Output "scores/0" is float32 [2] in the bundle; ${path} expects float32 [1, 2].`,
    `Output "top" is int64 [1] in the bundle; ${path} expects float32 [1].`,
  ]);
});

test('names that are none, or twice, and places with nothing in them', () => {
  const wrong = folder.write('wrong.npz', writeNpz([named('scores/1', VALUES)]));
  expect(caught(() => readGolden([wrong], TWO))).toMatchObject({ code: 'TENSOR_NOT_FOUND', fix: 'Did you mean "scores/0"?' });
  expect(caught(() => readGolden(['pot=7'], TWO))).toMatchObject({ code: 'TENSOR_NOT_FOUND' });
  expect(caught(() => readGolden(['top=7', 'top=8'], TWO))).toMatchObject({ code: 'INPUT_REPEATED' });
  expect(caught(() => readGolden([folder.write('y.npy', writeNpy(VALUES))], TWO))).toMatchObject({ code: 'VALUE_SYNTAX' });
  expect(caught(() => readGolden([folder.write('none.safetensors', writeSafetensors([]))], TWO))).toMatchObject({
    code: 'TENSOR_NOT_FOUND',
  });
  expect(caught(() => readGolden([folder.path('missing.npz')], TWO))).toMatchObject({ code: 'FILE_NOT_FOUND' });
  mkdirSync(folder.path('empty'));
  expect(caught(() => readGolden([folder.path('empty')], TWO))).toMatchObject({
    code: 'TENSOR_NOT_FOUND',
    message: expect.stringMatching(/"scores%2F0.npy", "top.npy".* and nothing is there/),
  });
});
