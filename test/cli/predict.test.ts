// predict, and verify against what it predicts. The rounded values are plain formulas; a float16 build stands in for a device.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { memoryBytes } from '../../src/base/bytes.js';
import { resultSchema } from '../../src/cli/result-schema/index.js';
import type { PredictResult } from '../../src/commands/predict.js';
import type { VerifyResult } from '../../src/commands/verify.js';
import { readSafetensors, writeSafetensors } from '../../src/formats/safetensors.js';
import { dtype } from '../../src/graph/dtype.js';
import { decodeElements } from '../../src/graph/elements.js';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../../src/graph/float16.js';
import { randomBytes } from '../../src/graph/random.js';
import { PREDICTION_KEY } from '../../src/weights/prediction.js';
import { type PredictionInfo, predictionSchema } from '../../src/weights/prediction-schema.js';
import { type ResultDocument, Workplace } from '../support/cli.js';

const N = 32;
const numbers = (seed: number): number[] =>
  decodeElements({ dtype: dtype('float32'), shape: [N], data: randomBytes(dtype('float32'), [N], seed) }).map(Number);
const ROUND = { fp16: (x: number) => fromFloat16(toFloat16(x)), bf16: (x: number) => fromBfloat16(toBfloat16(x)) };

/** y = x · w + b, element by element; x is random of seed 0 unless it is given. */
const GRAPH = {
  name: 'net',
  inputs: [{ name: 'x', dtype: 'float32', shape: [N] }],
  consts: [
    { name: 'w', dtype: 'float32', shape: [N], data: { random: 1 } },
    { name: 'b', dtype: 'float32', shape: [N], data: { random: 2 } },
  ],
  nodes: [
    { name: 'p', type: 'Mul', inputs: ['x', 'w'] },
    { name: 's', type: 'Add', inputs: ['p', 'b'] },
  ],
  outputs: [{ name: 'y', value: 's' }],
};

const exact = (): number[] => numbers(0).map((x, i) => Math.fround(Math.fround(x * (numbers(1)[i] as number)) + (numbers(2)[i] as number)));

function rounded(round: (x: number) => number): number[] {
  const [x, w, b] = [numbers(0), numbers(1), numbers(2)].map((list) => list.map(round)) as [number[], number[], number[]];
  return x.map((one, i) => round(Math.fround(round(Math.fround(one * (w[i] as number))) + (b[i] as number))));
}

function placeWith(graph: object): Workplace {
  const place = new Workplace();
  writeFileSync(place.path('net.json'), JSON.stringify(graph));
  return place;
}

async function document<R>(place: Workplace, ...args: string[]): Promise<ResultDocument<R>> {
  const { stdout, status } = await place.call([...args, '--json']);
  const parsed = JSON.parse(stdout);
  expect(resultSchema.safeParse(parsed).error?.issues ?? []).toEqual([]);
  expect(parsed.exitCode).toBe(status);
  return parsed;
}

test.each(['g.npz', 'g.npy', 'g.JSON', 'g.bin', 'g.om', 'g.onnx', 'g.air'])(
  'an output %s would not be what its ending says, and is refused',
  async (output) => {
    const place = placeWith(GRAPH);
    const { error } = await document(place, 'predict', 'net.json', '-o', output);
    expect(error).toMatchObject({
      code: 'USAGE',
      message: `A prediction is written as safetensors, and ${output} has the ending of another format.`,
      fix: 'Give a name that ends in .safetensors.',
    });
    expect(place.files()).toEqual(['net.json']);
  },
);

test.each(['g', 'g.safetensors', 'v1.2', 'g.golden'])('an output %s is written', async (output) => {
  const place = placeWith(GRAPH);
  await document(place, 'predict', 'net.json', '-o', output);
  expect(fileAt(place.path(output)).tensors.map(({ name }) => name)).toEqual(['y']);
});

const fileAt = (path: string) => readSafetensors(memoryBytes(readFileSync(path)), path);

test.each(['fp16', 'bf16'] as const)(
  'the value is exact, and the envelope the margin times what rounding to %s does',
  async (precision) => {
    const place = placeWith(GRAPH);
    const { result, warnings } = await document<PredictResult>(
      place,
      'predict',
      'net.json',
      '-o',
      'p.st',
      '--precision',
      precision,
      '--margin',
      '2.5',
    );
    const values = exact();
    const deviation = Math.max(...rounded(ROUND[precision]).map((value, i) => Math.abs(value - (values[i] as number))));
    expect(deviation).toBeGreaterThan(0);
    expect(result).toMatchObject({
      precision: precision === 'fp16' ? 'float16' : 'bfloat16',
      calibrated: false,
      inputs: [{ name: 'x', seed: 0 }],
      outputs: [{ name: 'y', dtype: 'float32', deviation, atol: 2.5 * deviation, overflowed: 0 }],
    });
    expect(warnings).toEqual([]);
    const { tensors, metadata } = fileAt(place.path('p.st'));
    expect(tensors.map((tensor) => decodeElements(tensor))).toEqual([values]);
    const info = predictionSchema.parse(JSON.parse(metadata.get(PREDICTION_KEY) as string));
    expect(info).toMatchObject({ margin: 2.5, calibrated: false, outputs: [{ name: 'y', atol: 2.5 * deviation }] });
  },
);

test('the text says plainly what the envelope is not', async () => {
  const { stdout, status } = await placeWith(GRAPH).call(['predict', 'net.json']);
  expect([status, stdout]).toEqual([0, expect.stringContaining('this envelope is not calibrated on devices yet')]);
});

const build = (place: Workplace, ...args: string[]) => place.call(['build', ...args, '-o', 'net.om']);

test('verify takes the envelope and the inputs from the file; more than the envelope is a failure', async () => {
  const place = placeWith(GRAPH);
  await build(place, 'net.json', '--consts', 'w,b');
  const { result } = await document<PredictResult>(place, 'predict', 'net.json', '--seed', '7', '-o', 'p.st');
  const atol = result.outputs[0]?.atol as number;
  const verify = (...args: string[]) => document<VerifyResult>(place, 'verify', 'net.om', '--golden', 'p.st', ...args);
  const passed = await verify();
  expect(passed.result).toMatchObject({
    passed: true,
    inputs: [{ name: 'x', seed: 7 }],
    checks: [{ outputs: [{ tolerance: { atol, rtol: 0 } }] }],
  });
  expect(passed.result.checks[0]?.message).toContain('not calibrated');
  // One bias that is off by a bit more, or by a bit less, than allowed.
  const b = numbers(2);
  for (const [factor, exitCode] of [
    [0.99, 0],
    [1.01, 3],
  ] as const) {
    const off = b.map((value, i) => (i === 5 ? Math.fround(value + factor * atol) : value));
    expect((await verify('--update', `b=${off.join(',')}`)).exitCode).toBe(exitCode);
  }
  expect((await verify('--input', 'x=rand:8')).error).toMatchObject({
    code: 'TENSOR_MISMATCH',
    message: 'Input "x", with which p.st was predicted, has other values now.',
  });
  expect((await verify('--input', 'x=rand:7')).exitCode).toBe(0);
});

test('inputs that were given must be given again, and are compared', async () => {
  const place = placeWith(GRAPH);
  await build(place, 'net.json', '--consts', 'b');
  await document(place, 'predict', 'net.json', '--input', 'x=splat:0.3', '-o', 'p.st');
  const verify = (...args: string[]) => document<VerifyResult>(place, 'verify', 'net.om', '--golden', 'p.st', ...args);
  expect((await verify()).error?.code).toBe('INPUT_MISSING');
  expect((await verify('--input', 'x=splat:0.3')).exitCode).toBe(0);
  expect((await verify('--input', 'x=splat:0.4')).error?.code).toBe('TENSOR_MISMATCH');
  expect((await verify('--input', 'x=splat:0.3', '--golden', 'y=splat:0')).error?.code).toBe('INPUT_REPEATED');
});

/** Three layers; as float16 they are what a device might make of the float32 ones: every value kept in 16 bits. */
function layers(type: string): object {
  const names = ['w1', 'w2', 'w3'];
  return {
    name: 'net',
    inputs: [{ name: 'x', dtype: type, shape: [4, 64] }],
    consts: names.map((name, seed) => ({
      name,
      dtype: type,
      shape: [64, 64],
      data: { file: 'weights.safetensors', key: `${type}/${seed}` },
    })),
    nodes: [
      { name: 'a', type: 'MatMul', inputs: ['x', 'w1'] },
      { name: 'ar', type: 'Relu', inputs: ['a'] },
      { name: 'b', type: 'MatMul', inputs: ['ar', 'w2'] },
      { name: 'bt', type: 'Tanh', inputs: ['b'] },
      { name: 'c', type: 'MatMul', inputs: ['bt', 'w3'] },
    ],
    outputs: [{ name: 'y', value: 'c' }],
  };
}

function layersPlace(): Workplace {
  const place = new Workplace();
  const tensors = ['float16', 'float32'].flatMap((type) =>
    [0, 1, 2].map((seed) => {
      // The same values in both dtypes.
      const halves = decodeElements({ dtype: dtype('float16'), shape: [4096], data: randomBytes(dtype('float16'), [4096], seed) }).map(
        Number,
      );
      const data = type === 'float16' ? Uint16Array.from(halves, toFloat16) : Float32Array.from(halves);
      return { name: `${type}/${seed}`, dtype: dtype(type), shape: [64, 64], data: memoryBytes(new Uint8Array(data.buffer)) };
    }),
  );
  writeFileSync(place.path('weights.safetensors'), writeSafetensors(tensors).read());
  for (const type of ['float16', 'float32']) writeFileSync(place.path(`${type}.json`), JSON.stringify(layers(type)));
  return place;
}

test('a float16 build of the same network is within the envelope, and far outside a thousandth of it', async () => {
  const place = layersPlace();
  await build(place, 'float16.json', '--consts', 'w1,w2,w3');
  const verify = (...args: string[]) => document<VerifyResult>(place, 'verify', 'net.om', ...args);
  const predicted = await verify('--predict', 'float16.json', '--update', 'w2=rand:9');
  expect(predicted.result.checks.map(({ check, passed }) => [check, passed])).toEqual([
    ['predict', true],
    ['update', true],
  ]);
  expect(predicted.result.checks[0]?.outputs[0]).toMatchObject({ dtype: 'float16', beyond: 0 });
  expect(predicted.result.checks[0]?.outputs[0]?.maxAbs).toBeGreaterThan(0);
  // What is predicted of the float16 graph is what is predicted of the float32 one, whose values are the same.
  const outputsOf = async (graph: string) =>
    (await document<PredictResult>(place, 'predict', graph, '--input', 'x=splat:0.3125')).result.outputs;
  expect(await outputsOf('float16.json')).toEqual(await outputsOf('float32.json'));
  const allowed = predicted.result.checks[0]?.outputs[0]?.tolerance?.atol as number;
  const wrong = await verify('--predict', 'float16.json', '--atol', String(allowed / 1000));
  expect(wrong.exitCode).toBe(3);
});

test('where rounding changes nothing, the envelope is a unit in the last place: of 0.75 it is 2^-11 in float16', async () => {
  const consts = [
    { name: 'w', dtype: 'float32', shape: [N], data: { fill: 0.5 } },
    { name: 'b', dtype: 'float32', shape: [N], data: { fill: 0.25 } },
  ];
  const place = placeWith({ ...GRAPH, consts });
  await build(place, 'net.json', '--consts', 'b');
  const { result, warnings } = await document<PredictResult>(place, 'predict', 'net.json', '--input', 'x=splat:1', '-o', 'p.st');
  expect([result.outputs[0], warnings]).toMatchObject([{ deviation: 0, atol: 2 ** -11 }, []]);
  for (const [off, exitCode] of [
    [2 ** -11, 0],
    [2 ** -10, 3],
  ] as const) {
    const verify = ['verify', 'net.om', '--golden', 'p.st', '--input', 'x=splat:1', '--update', `b=splat:${0.25 + off}`];
    expect((await document(place, ...verify)).exitCode).toBe(exitCode);
  }
});

test('an ONNX model is rounded after every node', async () => {
  const place = new Workplace();
  await build(place, 'examples/onnx/mlp.onnx', '--consts', 'fc1.weight');
  expect(
    (await document<VerifyResult>(place, 'verify', 'net.om', '--predict', 'examples/onnx/mlp.onnx', '--precision', 'bf16')).exitCode,
  ).toBe(0);
});

test('values beyond float16 are told, and do not make the envelope infinite', async () => {
  const nodes = [{ name: 's', type: 'Mul', inputs: ['x', 'x'] }];
  const place = placeWith({ ...GRAPH, consts: [], nodes });
  const input = ['--input', `x=${[300, 0.3, ...Array(N - 2).fill(1)].join(',')}`];
  const { result, warnings } = await document<PredictResult>(place, 'predict', 'net.json', ...input);
  const third = Math.fround(0.3);
  const square = ROUND.fp16(ROUND.fp16(third) ** 2);
  expect(result.outputs[0]).toMatchObject({ overflowed: 1, deviation: Math.abs(square - Math.fround(third * third)) });
  expect(warnings).toMatchObject([{ code: 'PREDICTION_OVERFLOW', message: expect.stringContaining('1 of 32 elements') }]);
  expect((await document<PredictResult>(place, 'predict', 'net.json', ...input, '--precision', 'bf16')).warnings).toEqual([]);
});

test('an envelope that is wider than the values is told', async () => {
  const { warnings } = await document<PredictResult>(placeWith(GRAPH), 'predict', 'net.json', '--margin', '1e5');
  expect(warnings.map(({ code }) => code)).toEqual(['PREDICTION_LOOSE']);
});

test('an index that hangs on nearly equal values is told to be unstable', async () => {
  const nodes = [{ name: 's', type: 'ArgMaxV2', inputs: ['x', 'axis'] }];
  const consts = [{ name: 'axis', dtype: 'int32', shape: [], data: 0 }];
  const place = placeWith({ ...GRAPH, consts, nodes });
  const input = ['--input', `x=${[1, 1.0001, ...Array(N - 2).fill(0)].join(',')}`];
  const { warnings, result } = await document<PredictResult>(place, 'predict', 'net.json', ...input);
  expect(result.outputs[0]).toMatchObject({ dtype: expect.stringContaining('int'), deviation: 1 });
  expect(warnings.map(({ code }) => code)).toEqual(['PREDICTION_UNSTABLE']);
});

test('a file whose prediction is damaged, or of another model, is refused', async () => {
  const place = placeWith(GRAPH);
  await build(place, 'net.json', '--consts', 'b');
  await document(place, 'predict', 'net.json', '-o', 'p.st');
  const { tensors, metadata } = fileAt(place.path('p.st'));
  const info: PredictionInfo = JSON.parse(metadata.get(PREDICTION_KEY) as string);
  const [output] = info.outputs;
  for (const [text, code, words] of [
    ['{', 'FILE_MALFORMED', 'is not valid JSON'],
    [JSON.stringify({ ...info, margin: -1 }), 'FILE_MALFORMED', 'is not a prediction'],
    [JSON.stringify({ ...info, inputs: [{ ...info.inputs[0], shape: [-4] }] }), 'FILE_MALFORMED', 'is not a prediction'],
    [JSON.stringify({ ...info, outputs: [{ ...output, name: 'z' }] }), 'TENSOR_NOT_FOUND', 'an output "z"'],
    [JSON.stringify({ ...info, outputs: [output, output] }), 'TENSOR_MISMATCH', 'predicts "y" float32 [32], "y" float32 [32]'],
    [JSON.stringify({ ...info, inputs: [{ ...info.inputs[0], name: 'image' }] }), 'INPUT_MISSING', 'Input "x"'],
    [JSON.stringify({ ...info, inputs: [{ ...info.inputs[0], shape: [2 ** 52] }] }), 'TENSOR_MISMATCH', 'the bundle has float32 [32]'],
  ] as const) {
    writeFileSync(place.path('bad.st'), writeSafetensors(tensors, { [PREDICTION_KEY]: text }).read());
    const { error } = await document(place, 'verify', 'net.om', '--golden', 'bad.st');
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
  }
});

test('mistakes end before anything is computed, and nothing is overwritten', async () => {
  const place = placeWith(GRAPH);
  const before = readFileSync(place.path('net.json'));
  writeFileSync(place.path('p.st'), 'mine');
  for (const [args, code] of [
    [['-o', 'p.st'], 'FILE_EXISTS'],
    [['-o', 'net.json', '--force'], 'USAGE'],
    [['-o', './net.json', '--force'], 'USAGE'],
    [['--precision', 'fp8'], 'USAGE'],
    [['--margin', 'wide'], 'USAGE'],
    [['--margin', 'Infinity'], 'USAGE'],
    [['--input', 'z=1'], 'INPUT_UNKNOWN'],
    [['--input', 'x=1,2'], 'TENSOR_MISMATCH'],
  ] as const)
    expect([args, (await document(place, 'predict', 'net.json', ...args)).error?.code]).toEqual([args, code]);
  expect(readFileSync(place.path('net.json'))).toEqual(before);
  expect(readFileSync(place.path('p.st'), 'utf8')).toBe('mine');
});
