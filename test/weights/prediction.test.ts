// Files of predicted outputs: written, read, and held against the outputs of a bundle.
import { expect, test } from 'vitest';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import { dtype } from '../../src/graph/dtype.js';
import { decodeElements } from '../../src/graph/elements.js';
import type { NamedSpec } from '../../src/graph/tensor.js';
import { deviationOf } from '../../src/weights/envelope.js';
import { expectedOutputs, type Prediction, predictionBytes, readPrediction } from '../../src/weights/prediction.js';
import type { PredictionInfo } from '../../src/weights/prediction-schema.js';
import { caught } from '../support/caught.js';
import { testFolder } from '../support/folder.js';
import { named, tensorOf } from '../support/tensors.js';

const folder = testFolder();
const OUTPUTS = [named('top', tensorOf('int64', [1], [3])), named('y', tensorOf('float32', [2], [1, 2]))];
const INFO: PredictionInfo = {
  schema: 'ascend-bundle/prediction@1',
  tool: { name: 'ascend-bundle', version: '0.0.0' },
  precision: 'float16',
  margin: 4,
  calibrated: false,
  inputs: [],
  outputs: [
    { name: 'top', atol: 0, deviation: 0, overflowed: 0 },
    { name: 'y', atol: 0.5, deviation: 0.125, overflowed: 0 },
  ],
};
const specs = (...names: string[]): NamedSpec[] => names.map((name) => ({ name, dtype: dtype('float16'), shape: [-1] }));
const reread = (): Prediction => readPrediction(folder.write('p.st', predictionBytes(INFO, OUTPUTS))) as Prediction;

test('outputs keep the order of the graph, whatever the order of the file', () => {
  const { info, outputs } = reread();
  expect(info).toEqual(INFO);
  expect(outputs.map(({ name }) => name)).toEqual(['top', 'y']);
});

test('they go to the outputs of a bundle by name, or by order where GE has given names of its own', () => {
  const shown = (names: string[]) =>
    [...expectedOutputs(reread(), specs(...names))].map(([name, tensor]) => [name, tensor.atol, decodeElements(tensor).map(Number)]);
  expect(shown(['y', 'top'])).toEqual([
    ['y', 0.5, [1, 2]],
    ['top', 0, [3]],
  ]);
  expect(shown(['output_0_top_0', 'output_1_add_0'])).toEqual([
    ['output_0_top_0', 0, [3]],
    ['output_1_add_0', 0.5, [1, 2]],
  ]);
  expect(caught(() => expectedOutputs(reread(), specs('y')))).toMatchObject({ code: 'TENSOR_MISMATCH', exitCode: 4 });
  expect(caught(() => expectedOutputs(reread(), specs('y', 'z')))).toMatchObject({ code: 'TENSOR_MISMATCH' });
});

test('another file is no prediction', () => {
  expect(readPrediction(folder.write('w.safetensors', writeSafetensors(OUTPUTS)))).toBeUndefined();
  expect(readPrediction(folder.write('a.txt', 'text'))).toBeUndefined();
});

test('a deviation is over what is finite in both; what overflows is counted', () => {
  const tensor = (...values: number[]) => tensorOf('float32', [values.length], values);
  const odd = deviationOf('y', tensor(1, Infinity, Number.NaN, Number.NaN, 2), tensor(1.25, 1e6, Number.NaN, 3, 2));
  expect(odd).toEqual({ maxAbs: 0.25, largest: 1e6, overflowed: 2, different: 3, elements: 5 });
  expect(deviationOf('y', tensor(Infinity), tensor(Infinity))).toEqual({ maxAbs: 0, largest: 0, overflowed: 0, different: 0, elements: 1 });
  expect(deviationOf('n', tensorOf('int64', [2], [3, 4]), tensorOf('int64', [2], [3, 7]))).toMatchObject({ maxAbs: 3, different: 1 });
  expect(deviationOf('h', tensorOf('float16', [1], [1.5]), tensorOf('float16', [1], [1]))).toMatchObject({ maxAbs: 0.5 });
  expect(caught(() => deviationOf('y', tensor(1), tensor(1, 2)))).toMatchObject({
    code: 'TENSOR_MISMATCH',
    message: expect.stringContaining('Output "y" is float32 [2], and float32 [1] when every value is rounded'),
  });
});
