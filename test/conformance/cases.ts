// What every backend must do, as a list: a graph, the weights that may change, and steps with the outputs that they must give.
// Expected values are the formulas of the networks, written out here.
import { encode } from '../../src/base/protobuf/index.js';
import { OnnxModel } from '../../src/formats/encodings/onnx-model.js';
import { floats, model, node, value } from '../support/onnx-models.js';

/** New values by weight; `empty` is an empty tensor, which keeps the weight. */
export type Update = Readonly<Record<string, readonly number[] | 'empty'>>;

export type Step =
  | { readonly do: 'init' }
  | { readonly do: 'update'; readonly weights: Update; readonly updated: readonly string[] }
  | {
      readonly do: 'infer';
      readonly inputs: Readonly<Record<string, { readonly shape: readonly number[]; readonly values: readonly number[] }>>;
      readonly outputs: readonly (readonly number[])[];
    }
  /** Remembers the weights, or gives them back. */
  | { readonly do: 'snapshot' | 'restore' }
  /** Must be refused with this code, and change nothing. */
  | { readonly do: 'refused'; readonly step: Step; readonly code: string };

export interface ConformanceCase {
  readonly name: string;
  readonly graph: { readonly json: object } | { readonly onnx: Uint8Array };
  readonly consts: readonly string[];
  /** More of the command line of `build`. */
  readonly build?: readonly string[];
  /** Operators of the graph as GE calls them: a backend that lacks one leaves the case out, and says so. */
  readonly operators: readonly string[];
  readonly steps: readonly Step[];
}

const W = [1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1];
const B = [0.5, -0.5, 0.25, 0];
const W2 = [2, -1, 0, 0.5, 1, 1, -2, 0, 0, 3, 1, -1];
const B2 = [8, -4, 2, 1];
const X = [1, 2, 3, -4, 5, -6];

/** x [rows, 3] · w [3, 4] + b [4] */
function linear(x: readonly number[], w: readonly number[], b: readonly number[]): number[] {
  return Array.from({ length: (x.length / 3) * 4 }, (_, i) => {
    const [row, column] = [Math.floor(i / 4), i % 4];
    return [0, 1, 2].reduce((sum, k) => sum + (x[3 * row + k] as number) * (w[4 * k + column] as number), b[column] as number);
  });
}

function linearJson({ dtype = 'float32', rows = 2 } = {}): object {
  return {
    schema: 'ascend-bundle/graph@1',
    name: 'linear',
    inputs: [{ name: 'x', dtype, shape: [rows, 3] }],
    consts: [
      { name: 'w', dtype, shape: [3, 4], data: [W.slice(0, 4), W.slice(4, 8), W.slice(8)] },
      { name: 'b', dtype, shape: [4], data: B },
    ],
    nodes: [
      { name: 'mm', type: 'MatMul', inputs: ['x', 'w'] },
      { name: 'add', type: 'Add', inputs: ['mm', 'b'] },
    ],
    outputs: [{ name: 'y', value: 'add' }],
  };
}

const linearOnnx = encode(
  OnnxModel,
  model({
    opset: 13,
    ir: 8,
    nodes: [node('MatMul', 'x w', 'p', {}, 'mm'), node('Add', 'p b', 's', {}, 'add'), node('Relu', 's', 'y', {}, 'relu')],
    initializers: [floats('w', [3, 4], W), floats('b', [4], B)],
    inputs: [value('x', [2, 3])],
    outputs: [value('y', [2, 4])],
  }),
).read();

const relu = (values: readonly number[]): number[] => values.map((one) => Math.max(one, 0));

const infer = (w: readonly number[], b: readonly number[], x = X): Step => ({
  do: 'infer',
  inputs: { x: { shape: [x.length / 3, 3], values: x } },
  outputs: [linear(x, w, b)],
});
const inferRelu = (w: readonly number[], b: readonly number[]): Step => ({
  do: 'infer',
  inputs: { x: { shape: [2, 3], values: X } },
  outputs: [relu(linear(X, w, b))],
});

const MATMUL_ADD = ['MatMul', 'Add'];

export const CASES: readonly ConformanceCase[] = [
  {
    name: 'graph.json: built-in weights, then new ones, then the built-in ones again',
    graph: { json: linearJson() },
    consts: ['w', 'b'],
    operators: MATMUL_ADD,
    steps: [
      infer(W, B),
      { do: 'update', weights: { w: W2, b: B2 }, updated: ['w', 'b'] },
      infer(W2, B2),
      infer(W2, B2, [...X].reverse()),
      { do: 'init' },
      infer(W, B),
    ],
  },
  {
    name: 'partial updates: what is not given keeps its value',
    graph: { json: linearJson() },
    consts: ['b', 'w'],
    operators: MATMUL_ADD,
    steps: [
      { do: 'update', weights: { b: B2 }, updated: ['b'] },
      infer(W, B2),
      { do: 'update', weights: { w: W2 }, updated: ['w'] },
      infer(W2, B2),
      { do: 'update', weights: {}, updated: [] },
      infer(W2, B2),
    ],
  },
  {
    name: 'empty tensors keep the weight',
    graph: { json: linearJson() },
    consts: ['w', 'b'],
    operators: MATMUL_ADD,
    steps: [
      { do: 'update', weights: { w: 'empty', b: B2 }, updated: ['b'] },
      infer(W, B2),
      { do: 'update', weights: { w: 'empty', b: 'empty' }, updated: [] },
      infer(W, B2),
    ],
  },
  {
    name: 'A, B, and A again: by values and by snapshot',
    graph: { json: linearJson() },
    consts: ['w', 'b'],
    operators: MATMUL_ADD,
    steps: [
      infer(W, B),
      { do: 'snapshot' },
      { do: 'update', weights: { w: W2, b: B2 }, updated: ['w', 'b'] },
      infer(W2, B2),
      { do: 'update', weights: { w: W, b: B }, updated: ['w', 'b'] },
      infer(W, B),
      { do: 'update', weights: { w: W2 }, updated: ['w'] },
      { do: 'restore' },
      infer(W, B),
    ],
  },
  {
    name: 'one constant of two is a weight; the other stays in the graph',
    graph: { json: linearJson() },
    consts: ['b'],
    operators: MATMUL_ADD,
    steps: [infer(W, B), { do: 'update', weights: { b: B2 }, updated: ['b'] }, infer(W, B2)],
  },
  {
    name: 'without an init graph: nothing runs before every weight has a value',
    graph: { json: linearJson() },
    consts: ['w', 'b'],
    build: ['--no-init'],
    operators: MATMUL_ADD,
    steps: [
      { do: 'refused', step: infer(W, B), code: 'WEIGHTS_NOT_INITIALIZED' },
      { do: 'refused', step: { do: 'init' }, code: 'WEIGHTS_NOT_INITIALIZED' },
      { do: 'update', weights: { w: W2, b: B2 }, updated: ['w', 'b'] },
      infer(W2, B2),
      { do: 'update', weights: { b: B }, updated: ['b'] },
      infer(W2, B),
    ],
  },
  {
    name: 'the static update graph: partial updates all the same',
    graph: { json: linearJson() },
    consts: ['w', 'b'],
    build: ['--update-graph', 'static'],
    operators: MATMUL_ADD,
    steps: [
      infer(W, B),
      { do: 'update', weights: { b: B2 }, updated: ['b'] },
      infer(W, B2),
      { do: 'update', weights: { w: W2, b: 'empty' }, updated: ['w'] },
      infer(W2, B2),
      { do: 'init' },
      infer(W, B),
    ],
  },
  {
    name: 'float16 weights',
    graph: { json: linearJson({ dtype: 'float16' }) },
    consts: ['w', 'b'],
    operators: MATMUL_ADD,
    steps: [infer(W, B), { do: 'update', weights: { w: W2 }, updated: ['w'] }, infer(W2, B)],
  },
  {
    name: 'an open batch: inputs of several sizes, with weights that change between them',
    graph: { json: linearJson({ rows: -1 }) },
    consts: ['w', 'b'],
    operators: MATMUL_ADD,
    steps: [infer(W, B), infer(W, B, X.slice(0, 3)), { do: 'update', weights: { b: B2 }, updated: ['b'] }, infer(W, B2, [...X, ...X])],
  },
  {
    name: 'ONNX: the names of its initializers are the names of the weights',
    graph: { onnx: linearOnnx },
    consts: ['w', 'b'],
    operators: ['BatchMatMulV2', 'Add', 'Relu'],
    steps: [
      inferRelu(W, B),
      { do: 'update', weights: { b: B2 }, updated: ['b'] },
      inferRelu(W, B2),
      { do: 'update', weights: { w: W2, b: 'empty' }, updated: ['w'] },
      inferRelu(W2, B2),
      { do: 'init' },
      inferRelu(W, B),
    ],
  },
  {
    name: 'tensors that do not fit, and names that are not there, change nothing',
    graph: { json: linearJson() },
    consts: ['w', 'b'],
    operators: MATMUL_ADD,
    steps: [
      { do: 'refused', step: { do: 'update', weights: { w: W2, b: [1, 2] }, updated: [] }, code: 'TENSOR_MISMATCH' },
      { do: 'refused', step: { do: 'update', weights: { w: W2, c: B2 }, updated: [] }, code: 'WEIGHT_UNKNOWN' },
      { do: 'refused', step: { do: 'infer', inputs: {}, outputs: [] }, code: 'INPUT_MISSING' },
      infer(W, B),
    ],
  },
  {
    name: 'a convolution with its bias',
    graph: {
      json: {
        schema: 'ascend-bundle/graph@1',
        name: 'conv',
        inputs: [{ name: 'x', dtype: 'float32', shape: [1, 1, 3, 3], format: 'NCHW' }],
        consts: [
          {
            name: 'k',
            dtype: 'float32',
            shape: [1, 1, 2, 2],
            format: 'NCHW',
            data: [
              [
                [
                  [1, 0],
                  [0, 1],
                ],
              ],
            ],
          },
          { name: 'c', dtype: 'float32', shape: [1], data: [10] },
        ],
        nodes: [
          {
            name: 'conv',
            type: 'Conv2D',
            inputs: { x: 'x', filter: 'k', bias: 'c' },
            attrs: { strides: [1, 1, 1, 1], pads: [0, 0, 0, 0], data_format: 'NCHW' },
          },
        ],
        outputs: [{ name: 'y', value: 'conv' }],
      },
    },
    consts: ['k', 'c'],
    operators: ['Conv2D'],
    steps: [
      // A window [[a, b], [c, d]] gives a + d, then b + c.
      { do: 'infer', inputs: { x: { shape: [1, 1, 3, 3], values: [1, 2, 3, 4, 5, 6, 7, 8, 9] } }, outputs: [[16, 18, 22, 24]] },
      { do: 'update', weights: { k: [0, 1, 1, 0] }, updated: ['k'] },
      { do: 'infer', inputs: { x: { shape: [1, 1, 3, 3], values: [1, 2, 3, 4, 5, 6, 7, 8, 9] } }, outputs: [[16, 18, 22, 24]] },
      { do: 'update', weights: { c: [0] }, updated: ['c'] },
      { do: 'infer', inputs: { x: { shape: [1, 1, 3, 3], values: [1, 0, 0, 0, 0, 0, 0, 0, 9] } }, outputs: [[0, 0, 0, 0]] },
    ],
  },
];
