// Operators whose meaning changed up to opset 7, and the form of opset 7 that means the same (ONNX's operator change log).
import { memoryBytes } from '../../base/bytes.js';
import { ATTRIBUTE_TYPE, type OnnxNode } from '../encodings/onnx-model.js';
import {
  floatAttr,
  floatAttribute,
  floatsAttribute,
  intAttr,
  intAttribute,
  intsAttr,
  intsAttribute,
  stringAttr,
  stringAttribute,
  withAttr,
  withoutAttrs,
} from './attributes.js';

export interface UpgradeContext {
  readonly opset: number;
  /** Undefined when the model does not say and it does not follow. */
  rankOf(value: string | undefined): number | undefined;
  /** Whether a node or an output of the graph reads the value. */
  isUsed(value: string): boolean;
  freshValue(base: string): string;
  fail(message: string, fix?: string): never;
}

export type Upgrade = (node: OnnxNode, context: UpgradeContext) => readonly OnnxNode[];

interface Row {
  /** The first opset that has the new form. */
  readonly until: number;
  readonly upgrade: Upgrade;
}

/** Opset 7 aligns shapes at their last dimensions, as numpy does; before, `axis` said where the second operand belongs. */
const broadcast: Upgrade = (node, context) => {
  const axis = intAttr(node, 'axis');
  const plain = withoutAttrs(node, 'broadcast', 'axis');
  if ((intAttr(node, 'broadcast') ?? 0) === 0 || axis === undefined) return [plain];
  const [a, b] = [context.rankOf(node.input?.[0]), context.rankOf(node.input?.[1])];
  if (a === undefined || b === undefined) {
    return context.fail(`broadcasts along axis ${axis}, and the rank of "${node.input?.[a === undefined ? 0 : 1] ?? ''}" is not known`);
  }
  const start = axis < 0 ? axis + a : axis;
  const missing = a - start - b;
  if (start < 0 || missing < 0) {
    return context.fail(`broadcasts a value of rank ${b} along axis ${axis} of one of rank ${a}, which does not fit`);
  }
  return unsqueezeSecond(plain, b, missing, context);
};

/** A slope per channel was one-dimensional; now it must have the dimensions after the channel as well. */
const prelu: Upgrade = (node, context) => {
  const [x, slope] = [context.rankOf(node.input?.[0]), context.rankOf(node.input?.[1])];
  if (slope !== undefined && slope !== 1) return [node];
  if (x === undefined || slope === undefined) {
    return context.fail(`needs the rank of "${node.input?.[x === undefined ? 0 : 1] ?? ''}", which is not known`);
  }
  return unsqueezeSecond(node, 1, Math.max(0, x - 2), context);
};

function unsqueezeSecond(node: OnnxNode, rank: number, missing: number, context: UpgradeContext): readonly OnnxNode[] {
  if (missing === 0) return [node];
  const [first = '', second = '', ...rest] = node.input ?? [];
  const wide = context.freshValue(`${second}_wide`);
  const axes = intsAttribute(
    'axes',
    Array.from({ length: missing }, (_, i) => rank + i),
  );
  return [
    { opType: 'Unsqueeze', input: [second], output: [wide], attribute: [axes] },
    { ...node, input: [first, wide, ...rest] },
  ];
}

/** The number of outputs now says whether statistics are computed or given; a bundle is for inference, where they are given. */
const batchNormalization: Upgrade = (node, context) => {
  const statistics = (node.output ?? []).slice(1).filter((value) => value !== '');
  const isTest = (intAttr(node, 'is_test') ?? 0) !== 0;
  if (!isTest && statistics.length > 0) {
    return context.fail('computes its mean and variance (training form)', 'Export the model for inference (is_test = 1).');
  }
  const read = statistics.find((value) => context.isUsed(value));
  if (read !== undefined) return context.fail(`gives "${read}", which the inference form does not have`);
  return [{ ...withoutAttrs(node, 'is_test'), output: (node.output ?? []).slice(0, 1) }];
};

const upsample: Upgrade = (node, context) => {
  const [height, width] = [floatAttr(node, 'height_scale'), floatAttr(node, 'width_scale')];
  const mode = stringAttr(node, 'mode') ?? 'nearest';
  if (height === undefined || width === undefined) return context.fail('has no height_scale and width_scale');
  const scales = floatsAttribute('scales', [1, 1, height, width]);
  const plain = withoutAttrs(node, 'height_scale', 'width_scale');
  return [withAttr(withAttr(plain, scales), stringAttribute('mode', mode === 'bilinear' ? 'linear' : mode))];
};

const reshape: Upgrade = (node, context) => {
  const shape = intsAttr(node, 'shape');
  if (shape === undefined) return [node];
  return withConstantInput(withoutAttrs(node, 'shape'), 'shape', shape.map(Number), context);
};

function withConstantInput(node: OnnxNode, what: string, values: readonly number[], context: UpgradeContext): readonly OnnxNode[] {
  const name = context.freshValue(`${node.output?.[0] ?? ''}_${what}`);
  const dims = [values.length];
  const data = Buffer.alloc(values.length * 8);
  for (const [i, value] of values.entries()) data.writeBigInt64LE(BigInt(value), i * 8);
  const t = { dims, dataType: 7, rawData: memoryBytes(data) };
  return [
    { opType: 'Constant', output: [name], attribute: [{ name: 'value', type: ATTRIBUTE_TYPE.t, t }] },
    { ...node, input: [node.input?.[0] ?? '', name] },
  ];
}

const cast: Upgrade = (node, context) => {
  const name = stringAttr(node, 'to');
  if (name === undefined) return [node];
  const type = ELEMENT_TYPES.indexOf(name.toUpperCase());
  return type < 0 ? context.fail(`casts to "${name}", which is no data type`) : [withAttr(node, intAttribute('to', type))];
};

/** TensorProto.DataType by number, as far as opset 5 knew it. */
const ELEMENT_TYPES =
  'UNDEFINED FLOAT UINT8 INT8 UINT16 INT16 INT32 INT64 STRING BOOL FLOAT16 DOUBLE UINT32 UINT64 COMPLEX64 COMPLEX128'.split(' ');

const concat: Upgrade = (node) => [intAttr(node, 'axis') === undefined ? withAttr(node, intAttribute('axis', 1)) : node];

const selu: Upgrade = (node) => [
  withAttr(
    withAttr(node, floatAttribute('alpha', floatAttr(node, 'alpha') ?? 1.6732)),
    floatAttribute('gamma', floatAttr(node, 'gamma') ?? 1.0507),
  ),
];

const lpPool: Upgrade = (node) => [withAttr(node, intAttribute('p', intAttr(node, 'p') ?? Math.round(floatAttr(node, 'p') ?? 2)))];

const pad: Upgrade = (node) => {
  const paddings = intsAttr(node, 'paddings');
  return paddings === undefined ? [node] : [withAttr(withoutAttrs(node, 'paddings'), intsAttribute('pads', paddings.map(Number)))];
};

/** The sizes were an input; no model that still is in use has them computed. */
const split: Upgrade = (node, context) =>
  (node.input?.[1] ?? '') === '' ? [node] : context.fail('has the sizes of its parts as an input');

const tile: Upgrade = (node, context) => (node.input?.length === 3 ? context.fail('has its axis as an input') : [node]);

/** Dropout does nothing in inference, and a bundle is for inference, whatever `is_test` says. */
const without =
  (...names: readonly string[]): Upgrade =>
  (node) => [withoutAttrs(node, ...names)];

export const UPGRADES: Readonly<Record<string, Row>> = {
  ...Object.fromEntries(
    ['Add', 'And', 'Div', 'Equal', 'Greater', 'Less', 'Mul', 'Or', 'Pow', 'Sub', 'Xor'].map((name) => [
      name,
      { until: 7, upgrade: broadcast },
    ]),
  ),
  BatchNormalization: { until: 7, upgrade: batchNormalization },
  Cast: { until: 7, upgrade: cast },
  Concat: { until: 4, upgrade: concat },
  Dropout: { until: 7, upgrade: without('is_test') },
  GRU: { until: 7, upgrade: without('output_sequence') },
  Gemm: { until: 7, upgrade: without('broadcast') },
  GlobalLpPool: { until: 2, upgrade: lpPool },
  LSTM: { until: 7, upgrade: without('output_sequence') },
  LpPool: { until: 2, upgrade: lpPool },
  PRelu: { until: 7, upgrade: prelu },
  Pad: { until: 2, upgrade: pad },
  RNN: { until: 7, upgrade: without('output_sequence') },
  Reshape: { until: 5, upgrade: reshape },
  Selu: { until: 6, upgrade: selu },
  Split: { until: 2, upgrade: split },
  Tile: { until: 6, upgrade: tile },
  Upsample: { until: 7, upgrade: upsample },
};
