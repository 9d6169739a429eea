// The rank of a value, for the upgrades that need it. Old models describe few of their values, but nearly every old operator
// keeps the rank of its first input, so a walk in execution order finds the rest.

import { hasUnknownRank } from '../../graph/tensor.js';
import type { OnnxGraph, OnnxNode } from '../encodings/onnx-model.js';
import { intAttr, intsAttr } from './attributes.js';
import { isConstant } from './constant-value.js';
import { describedValues } from './values.js';

export class Ranks {
  readonly #ranks = new Map<string, number>();
  /** The number of elements of one-dimensional constants: the rank that a Reshape to them gives. */
  readonly #lengths = new Map<string, number>();
  readonly #outer: Ranks | undefined;

  constructor(graph: OnnxGraph, outer?: Ranks) {
    this.#outer = outer;
    for (const [name, { shape }] of describedValues(graph)) {
      if (!hasUnknownRank(shape)) this.#ranks.set(name, shape.length);
      if (shape.length === 1 && (shape[0] ?? -1) >= 0) this.#lengths.set(name, shape[0] as number);
    }
    for (const { name = '', dims = [] } of graph.initializer ?? []) this.#setConstant(name, dims.map(Number));
  }

  of(value: string | undefined): number | undefined {
    return value === undefined || value === '' ? undefined : (this.#ranks.get(value) ?? this.#outer?.of(value));
  }

  lengthOf(value: string | undefined): number | undefined {
    return value === undefined ? undefined : (this.#lengths.get(value) ?? this.#outer?.lengthOf(value));
  }

  /** Takes note of what `node` gives. Nodes must come in execution order. */
  add(node: OnnxNode): void {
    const { opType = '', output = [] } = node;
    if (isConstant(node)) {
      const dims = node.attribute?.find(({ name }) => name === 'value')?.t?.dims;
      if (dims !== undefined) this.#setConstant(output[0] ?? '', dims.map(Number));
      return;
    }
    if (!Object.hasOwn(RULES, opType)) return;
    const rank = (RULES[opType] as Rule)(node, this);
    if (rank === undefined) return;
    for (const value of output) if (!this.#ranks.has(value)) this.#ranks.set(value, rank);
  }

  #setConstant(name: string, dims: readonly number[]): void {
    this.#ranks.set(name, dims.length);
    if (dims.length === 1) this.#lengths.set(name, dims[0] as number);
  }
}

/** The rank of every output, or undefined. */
type Rule = (node: OnnxNode, ranks: Ranks) => number | undefined;

const SAME_AS_FIRST = `Abs Acos Add And Asin Atan AveragePool BatchNormalization Cast Ceil Clip Concat Cos Crop DepthToSpace Div Dropout
  Elu Equal Exp Floor GlobalAveragePool GlobalLpPool GlobalMaxPool Greater HardSigmoid Hardmax Identity ImageScaler InstanceNormalization
  LRN LeakyRelu Less Log LogSoftmax LpNormalization LpPool Max MaxPool Mean MeanVarianceNormalization Min Mul Neg Not Or PRelu Pad
  ParametricSoftplus Pow Reciprocal Relu ScaledTanh Selu Sigmoid Sin Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Sub Sum Tan
  Tanh ThresholdedRelu Tile TopK Transpose Upsample Xor`.split(/\s+/);

const REDUCTIONS = 'L1 L2 LogSum LogSumExp Max Mean Min Prod Sum SumSquare'.split(' ').map((name) => `Reduce${name}`);

const sameAsFirst: Rule = ({ input = [] }, ranks) => ranks.of(input[0]);
const convolution: Rule = ({ input = [] }, ranks) => ranks.of(input[0]) ?? ranks.of(input[1]);

const reduction: Rule = (node, ranks) => {
  const rank = ranks.of(node.input?.[0]);
  if (rank === undefined || (intAttr(node, 'keepdims') ?? 1) !== 0) return rank;
  return rank - (intsAttr(node, 'axes')?.length ?? rank);
};

const argument: Rule = (node, ranks) => {
  const rank = ranks.of(node.input?.[0]);
  return rank === undefined || (intAttr(node, 'keepdims') ?? 1) !== 0 ? rank : rank - 1;
};

function shiftedByAxes(direction: 1 | -1): Rule {
  return (node, ranks) => {
    const rank = ranks.of(node.input?.[0]);
    const axes = intsAttr(node, 'axes');
    return rank === undefined || axes === undefined ? undefined : rank + direction * axes.length;
  };
}

const RULES: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(SAME_AS_FIRST.map((name) => [name, sameAsFirst])),
  ...Object.fromEntries(REDUCTIONS.map((name) => [name, reduction])),
  ArgMax: argument,
  ArgMin: argument,
  // The filter has the rank of the input, and is a constant whose rank is known.
  Conv: convolution,
  ConvTranspose: convolution,
  Flatten: () => 2,
  Gather: ({ input = [] }, ranks) => {
    const [data, indices] = [ranks.of(input[0]), ranks.of(input[1])];
    return data === undefined || indices === undefined ? undefined : data + indices - 1;
  },
  Gemm: () => 2,
  MatMul: ({ input = [] }, ranks) => {
    const [a, b] = [ranks.of(input[0]), ranks.of(input[1])];
    if (a === undefined || b === undefined) return undefined;
    return a === 1 || b === 1 ? Math.max(a, b) - 1 : Math.max(a, b);
  },
  Reshape: (node, ranks) => intsAttr(node, 'shape')?.length ?? ranks.lengthOf(node.input?.[1]),
  Shape: () => 1,
  Size: () => 0,
  Squeeze: shiftedByAxes(-1),
  Unsqueeze: shiftedByAxes(1),
};
