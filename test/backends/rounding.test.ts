// Models whose values are rounded to 16 bits after every operator: against plain formulas, and at every level of optimization.
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import type { GraphSource } from '../../src/backends/backend.js';
import { openGraphRunner } from '../../src/backends/host/graph-runner.js';
import { loadOrt } from '../../src/backends/host/ort.js';
import { floatValues, roundModel } from '../../src/backends/host/rounding.js';
import { encode } from '../../src/base/protobuf/index.js';
import { type OnnxGraph, OnnxModel, type OnnxNode, type OnnxTensor } from '../../src/formats/encodings/onnx-model.js';
import { readOnnx } from '../../src/formats/onnx/index.js';
import { checkGraph } from '../../src/graph/check.js';
import { dtype } from '../../src/graph/dtype.js';
import { decodeElements } from '../../src/graph/elements.js';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../../src/graph/float16.js';
import { randomBytes } from '../../src/graph/random.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { graphOf } from '../support/graph.js';
import { floats, int64s, type ModelParts, model, modelFile, node, value } from '../support/onnx-models.js';
import { tensorOf } from '../support/tensors.js';

const ROUND = {
  float16: (x: number) => fromFloat16(toFloat16(x)),
  bfloat16: (x: number) => fromBfloat16(toBfloat16(x)),
} as const;
type Precision = keyof typeof ROUND;

const numbers = (count: number, seed: number, type = 'float32'): number[] =>
  decodeElements({ dtype: dtype(type), shape: [count], data: randomBytes(dtype(type), [count], seed) }).map(Number);
const N = 64;
const [X, W, B] = [numbers(N, 1), numbers(N, 2), numbers(N, 3)];

/** y = |x · w + b| · w, and the integer place of its greatest element. */
const CHAIN: ModelParts = {
  nodes: [
    node('Mul', 'x w', 'p'),
    node('Add', 'p b', 's'),
    node('Abs', 's', 'a'),
    node('Mul', 'a w', 'y'),
    node('ArgMax', 'y', 'top', { axis: 0 }),
    node('Shape', 'y', 'size'),
    node('Add', 'size one', 'more'),
  ],
  initializers: [floats('w', [N], W), floats('b', [N], B), int64s('one', [1], [4097])],
  inputs: [value('x', [N])],
  outputs: [value('y', [N]), value('top', [1], 7), value('more', [1], 7)],
};

function chain(round: (x: number) => number): number[] {
  const r = (value: number): number => round(Math.fround(value));
  return X.map((x, i) => {
    const w = r(W[i] as number);
    return r(Math.abs(r(r(r(x) * w) + r(B[i] as number))) * w);
  });
}

test('the float32 values of a model are found by what ONNX Runtime infers', async () => {
  expect([...(await floatValues(await loadOrt(), model(CHAIN)))].sort()).toEqual(['a', 'b', 'p', 's', 'w', 'x', 'y']);
});

test.each(['float16', 'bfloat16'] as const)('every level of optimization keeps the rounding to %s', async (precision) => {
  const ort = await loadOrt();
  const rounded = roundModel(model(CHAIN), await floatValues(ort, model(CHAIN)), precision).model;
  const bytes = encode(OnnxModel, rounded).read();
  const expected = Float32Array.from(chain(ROUND[precision]));
  for (const graphOptimizationLevel of ['disabled', 'basic', 'extended', 'all'] as const) {
    const session = await InferenceSession.create(bytes, { graphOptimizationLevel, logSeverityLevel: 4 });
    const [input] = session.inputNames;
    const out = await session.run({ [input as string]: new OrtTensor('float32', Float32Array.from(X), [N]) });
    expect(out['y']?.data).toEqual(expected);
    // Integers stay as they are, those beyond the precision too.
    expect(out['more']?.data).toEqual(BigInt64Array.from([BigInt(N) + 4097n]));
    await session.release();
  }
});

function onnxSource(parts: ModelParts): GraphSource {
  const path = modelFile(parts);
  const { graph, ...program } = readOnnx(path);
  return { path, kind: 'onnx', graph, program };
}

async function outputs(source: GraphSource, arithmetic: Precision | 'exact' | 'own', inputs: Record<string, Tensor>): Promise<number[][]> {
  await using runner = await openGraphRunner(source, [], arithmetic);
  return (await runner.run(new Map(Object.entries(inputs)))).map((tensor) => decodeElements(tensor).map(Number));
}

test.each(['float16', 'bfloat16', 'exact', 'own'] as const)(
  'an ONNX model in %s arithmetic, weights and inputs included',
  async (arithmetic) => {
    const [y] = await outputs(onnxSource(CHAIN), arithmetic, { x: tensorOf('float32', [N], X) });
    const round = arithmetic === 'exact' || arithmetic === 'own' ? (x: number) => x : ROUND[arithmetic];
    expect(y).toEqual(chain(round));
  },
);

test('of a GE operator only the result is rounded, not what its lowering has in between', async () => {
  // x / sqrt(max(sum of squares, eps)), which takes several nodes: an input that is rounded, and a result rounded once.
  const checked = checkGraph(
    graphOf({
      inputs: [{ name: 'x', dtype: 'float32', shape: [N] }],
      nodes: [{ name: 'n', type: 'L2Normalize', inputs: ['x'], attrs: { axis: [0], eps: 1e-4 } }],
      outputs: [{ name: 'y', value: 'n' }],
    }),
  );
  const source: GraphSource = { path: 'g.json', kind: 'graph-json', graph: checked, checked };
  const [y = []] = await outputs(source, 'float16', { x: tensorOf('float32', [N], X) });
  const rounded = X.map(ROUND.float16);
  const norm = Math.sqrt(
    Math.max(
      rounded.reduce((sum, x) => sum + x * x, 0),
      1e-4,
    ),
  );
  y.forEach((got, i) => {
    expect(got).toBe(ROUND.float16(got));
    // Rounded once, it is within half a unit (2^-11) of the formula; squares and their sum rounded as well would be farther off.
    expect(Math.abs(got - (rounded[i] as number) / norm)).toBeLessThanOrEqual(Math.abs(got) * 2 ** -11 * 1.01);
  });
});

const relu = (x: number): number => Math.max(x, 0);

test('a float16 graph is computed in float32 where it is to be exact, and comes out as float32', async () => {
  const halves = { x: tensorOf('float16', [N], X), w: W.map(ROUND.float16), b: B.map(ROUND.float16) };
  const checked = checkGraph(
    graphOf({
      inputs: [{ name: 'x', dtype: 'float16', shape: [N] }],
      consts: [
        { name: 'w', dtype: 'float16', shape: [N], data: halves.w },
        { name: 'b', dtype: 'float16', shape: [N], data: halves.b },
      ],
      nodes: [
        { name: 'p', type: 'Mul', inputs: ['x', 'w'] },
        { name: 's', type: 'Add', inputs: ['p', 'b'] },
        // Computed in float32 between casts where it runs as it is; a Cast of the graph rounds in any case.
        { name: 'a', type: 'Relu', inputs: ['s'] },
        { name: 'wide', type: 'Cast', inputs: ['x'], attrs: { dst_type: 'float32' } },
        { name: 'third', type: 'Muls', inputs: ['wide'], attrs: { value: 0.3 } },
        { name: 'narrow', type: 'Cast', inputs: ['third'], attrs: { dst_type: 'float16' } },
      ],
      outputs: [
        { name: 'y', value: 'a' },
        { name: 'z', value: 'narrow' },
      ],
    }),
  );
  const source: GraphSource = { path: 'g.json', kind: 'graph-json', graph: checked, checked };
  const x = decodeElements(halves.x).map(Number);
  const exact = x.map((one, i) => Math.fround(Math.fround(one * (halves.w[i] as number)) + (halves.b[i] as number)));
  const thirds = x.map((one) => ROUND.float16(Math.fround(one * Math.fround(0.3))));
  expect(await outputs(source, 'exact', { x: halves.x })).toEqual([exact.map(relu), thirds]);
  const r = ROUND.float16;
  const rounded = x.map((one, i) => r(Math.fround(r(one * (halves.w[i] as number)) + (halves.b[i] as number))));
  expect((await outputs(source, 'float16', { x: halves.x }))[0]).toEqual(rounded.map(relu));
});

test('a factor that decides a size is not rounded', async () => {
  // As float16 the factor would be 0.7001953125, and the result two columns shorter.
  const parts: ModelParts = {
    nodes: [node('Resize', 'x _ scales', 'y', { mode: 'nearest' })],
    initializers: [floats('scales', [2], [1, 0.70035])],
    inputs: [value('x', [1, 10000])],
    outputs: [value('y', [1, 'n'])],
  };
  const x = tensorOf('float32', [1, 10000], Array(10000).fill(1));
  const [y] = await outputs(onnxSource(parts), 'float16', { x });
  expect(y).toHaveLength(7003);
});

describe('inside of sub-graphs', () => {
  const branch = (name: string, nodes: OnnxNode[], output: string, initializer: OnnxTensor[] = []): { graph: OnnxGraph } => ({
    graph: { name, node: nodes, initializer, output: [{ name: output }] },
  });
  /** One value more is rounded than the result alone would need: x · w, before b is added. */
  const expected = (round: (x: number) => number): number[] => {
    const r = (value: number): number => round(Math.fround(value));
    return X.map((x, i) => r(r(r(x) * r(W[i] as number)) + r(B[i] as number)));
  };

  test.each(['float16', 'bfloat16'] as const)(
    'the branches of an If, with their own constants and those around them, in %s',
    async (precision) => {
      const parts: ModelParts = {
        nodes: [
          node('If', 'c', 'y', {
            then_branch: branch('t', [node('Mul', 'x w', 'p'), node('Add', 'p inner', 's')], 's', [floats('inner', [N], B)]),
            else_branch: branch('e', [node('Identity', 'x', 'same')], 'same'),
          }),
        ],
        initializers: [floats('w', [N], W)],
        inputs: [value('x', [N]), value('c', [], 9)],
        outputs: [value('y', [N])],
      };
      const given = { x: tensorOf('float32', [N], X), c: tensorOf('bool', [], [1]) };
      expect(await outputs(onnxSource(parts), precision, given)).toEqual([expected(ROUND[precision])]);
      expect(await unrounded(parts, precision)).toEqual([]);
    },
  );

  test('the body of a Loop: what it carries has the dtype of what goes in', async () => {
    // v = v · w + b, twice; of v the body says nothing.
    const body: OnnxGraph = {
      name: 'b',
      node: [node('Identity', 'go', 'on'), node('Mul', 'v w', 'p'), node('Add', 'p b', 'next')],
      input: [value('i', [], 7), value('go', [], 9), { name: 'v' }],
      output: [{ name: 'on' }, { name: 'next' }],
    };
    const parts: ModelParts = {
      nodes: [node('Loop', 'twice _ x', 'y', { body: { graph: body } })],
      initializers: [floats('w', [N], W), floats('b', [N], B), int64s('twice', [], [2])],
      inputs: [value('x', [N])],
      outputs: [value('y', [N])],
    };
    const r = (value: number): number => ROUND.float16(Math.fround(value));
    const step = (v: number, i: number): number => r(r(v * r(W[i] as number)) + r(B[i] as number));
    const [y] = await outputs(onnxSource(parts), 'float16', { x: tensorOf('float32', [N], X) });
    expect(y).toEqual(X.map((x, i) => step(step(r(x), i), i)));
  });

  test('the body of a Scan', async () => {
    // The sum so far, of products that are rounded before they are added.
    const body: OnnxGraph = {
      name: 'b',
      node: [node('Mul', 'x0 w0', 'p'), node('Add', 'sum p', 'next'), node('Identity', 'next', 'out')],
      input: [{ name: 'sum' }, { name: 'x0' }, { name: 'w0' }],
      output: [{ name: 'next' }, { name: 'out' }],
    };
    const parts: ModelParts = {
      nodes: [node('Scan', 'zero x w', 'last all', { body: { graph: body }, num_scan_inputs: 2 })],
      initializers: [floats('zero', [], [0]), floats('w', [N], W)],
      inputs: [value('x', [N])],
      outputs: [value('all', [N])],
    };
    const r = (value: number): number => ROUND.float16(Math.fround(value));
    let sum = 0;
    const sums = X.map((x, i) => {
      sum = r(sum + r(r(x) * r(W[i] as number)));
      return sum;
    });
    expect(await outputs(onnxSource(parts), 'float16', { x: tensorOf('float32', [N], X) })).toEqual([sums]);
  });

  test('a body with values of unknown dtype is named', async () => {
    // The dtype of ConstantOfShape is that of an attribute, which is not looked into.
    const then = branch('t', [node('Shape', 'x', 'size'), node('ConstantOfShape', 'size', 'zeros'), node('Add', 'x zeros', 'z')], 'z');
    const parts: ModelParts = {
      nodes: [node('If', 'c', 'y', { then_branch: then, else_branch: branch('e', [node('Neg', 'x', 'n')], 'n') }, 'choice')],
      inputs: [value('x', [N]), value('c', [], 9)],
      outputs: [value('y', [N])],
    };
    expect(await unrounded(parts, 'float16')).toEqual(['choice (If)']);
  });

  async function unrounded(parts: ModelParts, precision: Precision): Promise<readonly string[]> {
    await using runner = await openGraphRunner(onnxSource(parts), [], precision);
    return runner.unrounded;
  }
});
