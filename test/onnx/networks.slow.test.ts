// Whole networks with random weights through build → run → update, against ONNX Runtime on the same model.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor as OrtTensor } from 'onnxruntime-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryBytes } from '../../src/base/bytes.js';
import { writeFileAtomically } from '../../src/base/output-file.js';
import { encode } from '../../src/base/protobuf/index.js';
import { OnnxModel } from '../../src/formats/encodings/onnx-model.js';
import { readOnnx } from '../../src/formats/onnx/index.js';
import { dtype } from '../../src/graph/dtype.js';
import { isFloat, typedView } from '../../src/graph/elements.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { build, type OpenedBundle, openBundle, type TensorData } from '../../src/index.js';
import { firstDifference } from '../support/close.js';
import { hasCorpus } from '../support/corpus.js';
import { tensorData, tensorOf } from '../support/library.js';
import { lightModel, uniform } from '../support/light-models.js';
import { withConst } from '../support/onnx-changes.js';
import { fromOrt, runOrt, toOrt } from '../support/ort.js';

const SIDE = 224;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'networks-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test.skipIf(!hasCorpus).each(['resnet50', 'inception_v2', 'densenet121'])('%s', async (name) => {
  const model = lightModel(name, 1);
  const path = join(folder, `${name}.onnx`);
  await writeFileAtomically(path, encode(OnnxModel, model));
  const { consts, inputs } = readOnnx(path);
  const input = inputs[0]?.name as string;
  const names = consts.filter(({ tensor }) => isFloat(tensor.dtype)).map(({ constName }) => constName);
  await build(path, { consts: names, output: `${path}.om`, backend: 'host' });
  await using bundle = await openBundle(`${path}.om`);

  const [first, second] = [image(1), image(2)];
  const got = await run(bundle, input, first);
  expectSame(got, await reference(path, input, first));
  const other = await run(bundle, input, second);
  expectSame(other, await reference(path, input, second));
  expect(firstDifference(values(got), values(other), { relative: 1e-2, absolute: 0 }), 'outputs differ between inputs').toBeDefined();

  // A filter in the middle of the network.
  const weight = consts.filter(({ tensor }) => tensor.shape.length === 4)[20];
  const old = weight?.tensor as Tensor;
  const changed = float32s(
    old.shape,
    values(old).map((element) => -element),
  );
  await bundle.update({ [weight?.constName as string]: tensorData(changed) });
  const updated = await run(bundle, input, first);
  expect(firstDifference(values(got), values(updated), { relative: 1e-2, absolute: 0 }), 'the update has an effect').toBeDefined();
  await writeFileAtomically(`${path}.changed`, encode(OnnxModel, withConst(model, weight?.constName as string, changed)));
  expectSame(updated, await reference(`${path}.changed`, input, first));
});

/** Waves whose direction, length and brightness the seed decides, and some noise: noise alone would be averaged away. */
function image(seed: number): Tensor {
  const random = uniform(seed);
  const waves = [0, 1, 2].map(() => ({ x: random() / 4, y: random() / 4, brightness: 2 * random() }));
  const data = Float32Array.from({ length: 3 * SIDE * SIDE }, (_, i) => {
    const { x, y, brightness } = waves[Math.floor(i / (SIDE * SIDE))] as (typeof waves)[number];
    return brightness + 2 * Math.sin(x * (i % SIDE) + y * (Math.floor(i / SIDE) % SIDE)) + random() / 4;
  });
  return float32s([1, 3, SIDE, SIDE], data);
}

function float32s(shape: readonly number[], data: Float32Array): Tensor {
  return { dtype: dtype('float32'), shape, data: memoryBytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) };
}

async function run(bundle: OpenedBundle, input: string, tensor: Tensor): Promise<Tensor> {
  const results = await bundle.run({ [input]: tensorData(tensor) });
  return tensorOf(results[bundle.outputs[0]?.name as string] as TensorData);
}

async function reference(path: string, input: string, tensor: Tensor): Promise<Tensor> {
  const results = await runOrt(path, { [input]: toOrt(tensor) });
  return fromOrt(Object.values(results)[0] as OrtTensor);
}

/** ONNX Runtime fuses what it knows to be constant, so sums are rounded in another order. */
function expectSame(got: Tensor, want: Tensor): void {
  const largest = Math.max(...Array.from(values(want), Math.abs));
  expect(firstDifference(values(got), values(want), { relative: 1e-3, absolute: 1e-5 * largest })).toBeUndefined();
}

function values({ dtype: type, data }: Tensor): Float32Array {
  return typedView(type, new Uint8Array(data.read())) as Float32Array;
}
