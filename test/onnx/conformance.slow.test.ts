// ONNX's backend test cases through build → run: with every float constant refreshable, again after an update with the same values,
// and after each constant has changed. References: the case's own outputs; ONNX Runtime on the model with the constant changed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor as OrtTensor } from 'onnxruntime-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bytes, memoryBytes } from '../../src/base/bytes.js';
import { encode } from '../../src/base/protobuf/index.js';
import { OnnxModel } from '../../src/formats/encodings/onnx-model.js';
import { readOnnx } from '../../src/formats/onnx/index.js';
import { decodeElements, encodeElements, isFloat } from '../../src/graph/elements.js';
import { describeSpec, type Tensor } from '../../src/graph/tensor.js';
import { type AscendBundleError, build, type OpenedBundle, openBundle, type TensorData } from '../../src/index.js';
import { firstDifference } from '../support/close.js';
import { corpus, hasCorpus } from '../support/corpus.js';
import { extractOnnx } from '../support/extracted.js';
import { tensorData, tensorDatas, tensorOf } from '../support/library.js';
import { type OnnxCase, onnxCaseNames, readOnnxCase } from '../support/onnx-cases.js';
import { wholeModel, withConst, withInputAsConst } from '../support/onnx-changes.js';
import { fromOrt, runOrt, toOrt } from '../support/ort.js';

/** Case → the code of the refusal and its reason in words. Everything else must run. */
const REFUSED: readonly (readonly [RegExp, string, RegExp])[] = [
  [/test_strnorm_/, 'DTYPE_UNSUPPORTED', /is text, which no tensor file holds|holds strings/],
  [/test_gradient_of_/, 'OP_UNSUPPORTED', /an operator of training/],
];

/** The constant is multiplied by beta = 0, is not among the tensors that are picked, or only the length of the sequence is asked. */
const WITHOUT_EFFECT = [
  'pytorch-operator/test_operator_mm',
  'simple/test_sequence_model1',
  'simple/test_sequence_model6',
  'simple/test_sequence_model8',
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'conformance-'));
});

const ran: string[] = [];
const refused: string[] = [];

afterAll(() => {
  rmSync(folder, { recursive: true });
  if (hasCorpus) console.log(`ONNX cases: ${ran.length} ran, ${refused.length} were refused:\n  ${refused.join('\n  ')}`);
});

test.skipIf(!hasCorpus).each(onnxCaseNames().filter((name) => expectedRefusal(name) === undefined))('%s', async (name) => {
  const given = readOnnxCase(name);
  const { model, inputs, names } = prepare(given);
  const path = join(folder, `${name.replace('/', '-')}.onnx`);
  writeFileSync(path, encode(OnnxModel, model).read());
  const output = `${path}.om`;
  await build(path, { consts: names, output, backend: 'host', allowScalar: true });
  await using bundle = await openBundle(output);
  expect(bundle.weights.map((weight) => weight.name)).toEqual(names);

  expectOutputs(await run(bundle, inputs), given.outputs, 'with the built-in weights');
  await extractOnnx(output, `${path}.out`);
  expectOutputs(await runModel(`${path}.out`, model, inputs), given.outputs, 'with ONNX Runtime, of the model that comes out');
  const own = new Map(readOnnx(path).consts.map(({ constName, tensor }) => [constName, tensor]));
  await bundle.update(Object.fromEntries(names.map((weight) => [weight, tensorData(own.get(weight) as Tensor)])));
  expectOutputs(await run(bundle, inputs), given.outputs, 'after an update with the same values');
  let differs = false;
  for (const weight of names) {
    const old = own.get(weight) as Tensor;
    const changed = { ...old, data: changedData(old) };
    await bundle.update({ [weight]: tensorData(changed) });
    const got = await run(bundle, inputs);
    expectOutputs(got, await reference(path, model, weight, changed, inputs), `with another ${weight}`);
    differs ||= given.outputs.some((want, i) => difference(got[i], want) !== undefined);
    await bundle.update({ [weight]: tensorData(old) });
  }
  expect(differs, 'a changed weight changes the outputs').toBe(!WITHOUT_EFFECT.includes(name));
  ran.push(name);
});

test.skipIf(!hasCorpus).each(onnxCaseNames().filter((name) => expectedRefusal(name) !== undefined))('%s is refused', async (name) => {
  const [, code, words] = expectedRefusal(name) as (typeof REFUSED)[number];
  const building = build(corpus('onnx', name, 'model.onnx'), { consts: ['x'], output: join(folder, 'refused.om'), backend: 'host' });
  const error = await building.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code, message: expect.stringMatching(words) });
  refused.push(`${name}: ${(error as AscendBundleError).message}`);
});

function expectedRefusal(name: string): (typeof REFUSED)[number] | undefined {
  return REFUSED.find(([pattern]) => pattern.test(name));
}

interface Prepared {
  readonly model: OnnxModel;
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** The consts to make refreshable. */
  readonly names: readonly string[];
}

/** The case with at least one const: all its float ones, else its last float input as one, else what it has of integers. */
function prepare({ path, model, inputs }: OnnxCase): Prepared {
  const { consts } = readOnnx(path);
  const floats = consts.filter(({ tensor }) => isFloat(tensor.dtype)).map(({ constName }) => constName);
  if (floats.length > 0) return { model, inputs, names: floats };
  const last = [...inputs].findLast(([, tensor]) => isFloat(tensor.dtype));
  if (last === undefined) return { model, inputs, names: consts.map(({ constName }) => constName) };
  const [name, tensor] = last;
  return {
    model: withInputAsConst(model, name, tensor),
    inputs: new Map([...inputs].filter(([input]) => input !== name)),
    names: [name],
  };
}

/** Positive values stay positive (a variance), and everything moves. */
function changedData(tensor: Tensor): Tensor['data'] {
  const values = decodeElements(tensor).map((element) => (typeof element === 'number' ? element * 0.75 + 0.375 : BigInt(element) + 1n));
  return memoryBytes(encodeElements(tensor.dtype, values, (_, why) => expect.fail(why)));
}

async function run(bundle: OpenedBundle, inputs: ReadonlyMap<string, Tensor>): Promise<readonly Tensor[]> {
  const results = await bundle.run(tensorDatas(inputs));
  return bundle.outputs.map(({ name }) => tensorOf(results[name] as TensorData));
}

/** What ONNX Runtime gives for the model with another constant; where it refuses so old a model, for the upgraded one. */
async function reference(
  path: string,
  model: OnnxModel,
  weight: string,
  changed: Tensor,
  inputs: ReadonlyMap<string, Tensor>,
): Promise<readonly Tensor[]> {
  const run = (whole: OnnxModel) => runModel(encode(OnnxModel, whole), model, inputs);
  return run(withConst(model, weight, changed)).catch((cause: unknown) => {
    if (!/Could not find an implementation for \w+\([1-6]\)/.test(String(cause))) throw cause;
    const program = readOnnx(path);
    const consts = program.consts.map((constant) => (constant.constName === weight ? { ...constant, tensor: changed } : constant));
    return run(wholeModel({ ...program, consts }));
  });
}

/** @param model  whose outputs are wanted, in their order */
async function runModel(given: Bytes | string, model: OnnxModel, inputs: ReadonlyMap<string, Tensor>): Promise<readonly Tensor[]> {
  const results = await runOrt(given, Object.fromEntries([...inputs].map(([name, tensor]) => [name, toOrt(tensor)])));
  return (model.graph?.output ?? []).map(({ name = '' }) => fromOrt(results[name] as OrtTensor));
}

function expectOutputs(got: readonly Tensor[], want: readonly Tensor[], when: string): void {
  expect(got.map(describeSpec), when).toEqual(want.map(describeSpec));
  for (const [i, tensor] of want.entries()) expect(difference(got[i], tensor), `output ${i} ${when}`).toBeUndefined();
}

function difference(got: Tensor | undefined, want: Tensor): string | undefined {
  return got === undefined ? 'absent' : firstDifference(decodeElements(got).map(Number), decodeElements(want).map(Number));
}
