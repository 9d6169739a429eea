// Vectors for operator rows: a test row names an operator, its inputs, its attributes and what must come out.
//
//   test('adds', () => expectOp('Add', { x1: t('float32', [2], [1, 2]), x2: t('float32', [], [3]) }, {}, t('float32', [2], [4, 5])));
//
// `expectOp` builds a GE graph of that one node (every input a Data), checks it, lowers it, runs it in ONNX Runtime and compares.
// It also holds the output rule to the truth: its dtype must be the real one, its shape too where it is static, and must be
// compatible where dimensions are open. What is expected comes from a formula written in the test, never from the lowering.
//
// * A tensor with a `format` (`{ ...t(…), format: 'NCHW' }`) comes from a source that says so.
// * Inputs are keyed by the prototype's slot names; a dynamic slot takes a list: `{ x: [a, b] }` gives `x0`, `x1`.
// * Attributes are plain values, typed by the prototype: `{ strides: [1, 1], dst_type: 'int32' }`; a dtype is its numpy name.
// * `options.consts` names the inputs that are Consts of the graph instead (`axes`, `shape`): do both where both work.
// * `options.unknown` names the inputs whose shape the graph does not know (−1 everywhere), to test what is worked out at run time.
// * `options.outputs` is the number of outputs of an operator with a dynamic output and no rule.
// * `options.given` are specs of the outputs as a graph.json gives them.
// * An expected value is a Tensor, or a list of them (undefined: do not look at that output).
// * Floats are compared within `tolerance` (relative and absolute; by dtype when not given), integers exactly, NaN is NaN.
// * bfloat16 tensors are fed as float32 and the results are compared as float32, as the host backend does it.
import { InferenceSession, type Tensor as OrtTensor } from 'onnxruntime-node';
import { expect } from 'vitest';
import { lowerGraph } from '../../src/backends/host/lower/lower.js';
import { FAULTY_FUSIONS } from '../../src/backends/host/ort.js';
import { memoryBytes } from '../../src/base/bytes.js';
import { encode } from '../../src/base/protobuf/index.js';
import { OnnxModel } from '../../src/formats/encodings/onnx-model.js';
import { type CheckedGraph, checkGraph } from '../../src/graph/check.js';
import { dtype, findDType } from '../../src/graph/dtype.js';
import { decodeElements, encodeElements, isFloat } from '../../src/graph/elements.js';
import { type AttrValue, type Graph, type Node, valueRef } from '../../src/graph/graph.js';
import { type AttrPrototype, prototypeOf } from '../../src/graph/ops/prototypes.js';
import { elementCount, type Shape, type Tensor, type TensorSpec } from '../../src/graph/tensor.js';
import { fromOrt, toOrt } from './ort.js';

export type OpInputs = Readonly<Record<string, Tensor | readonly Tensor[]>>;
type AttrInput = number | string | boolean | readonly number[] | readonly string[] | readonly boolean[] | readonly (readonly number[])[];
export type OpAttrs = Readonly<Record<string, AttrInput>>;

export interface OpOptions {
  readonly consts?: readonly string[];
  readonly unknown?: readonly string[];
  readonly outputs?: number;
  readonly given?: readonly TensorSpec[];
  readonly tolerance?: number;
}

/** A tensor from its elements in row-major order; booleans as 0 and 1, one value fills the whole. */
export function t(type: string, shape: Shape, values: readonly (number | bigint)[]): Tensor {
  const count = elementCount(shape);
  const all = values.length === 1 ? Array.from({ length: count }, () => values[0]) : values;
  if (all.length !== count) throw new Error(`${all.length} values for the shape [${shape}]`);
  const bytes = encodeElements(dtype(type), all, (index, why) => {
    throw new Error(`Value ${index} ${why}`);
  });
  return { dtype: dtype(type), shape, data: memoryBytes(bytes) };
}

/** Numbers in [low, high) that are the same at every run; the seed tells series apart. Whole ones for an integer dtype. */
export function random(type: string, shape: Shape, [low, high]: readonly [number, number] = [-2, 2], seed = 1): Tensor {
  let state = seed * 2654435761;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const value = low + (state / 2 ** 32) * (high - low);
    return isFloat(dtype(type)) ? value : Math.floor(value);
  };
  for (let i = 0; i < 8; i++) next();
  return t(type, shape, elementCount(shape) === 1 ? [next()] : Array.from({ length: elementCount(shape) }, next));
}

/** The elements as numbers (float16 decoded, bool 0 or 1; beyond ±2^53 they are rounded). */
export function numbersOf(tensor: Tensor): number[] {
  return decodeElements(tensor).map(Number);
}

export async function expectOp(
  type: string,
  inputs: OpInputs,
  attrs: OpAttrs,
  expected: Tensor | readonly (Tensor | undefined)[],
  options: OpOptions = {},
): Promise<void> {
  const actual = await runOp(type, inputs, attrs, options);
  const wanted = 'dtype' in expected ? [expected] : expected;
  wanted.forEach((tensor, i) => {
    if (tensor !== undefined) expectTensor(actual[i] as Tensor, tensor, options.tolerance);
  });
}

/** Runs one operator; gives all its outputs. bfloat16 outputs come as float32. */
export async function runOp(type: string, inputs: OpInputs, attrs: OpAttrs = {}, options: OpOptions = {}): Promise<Tensor[]> {
  const checked = checkGraph(graphOf(type, inputs, attrs, options));
  const op = checked.nodes.find(({ name }) => name === 'op') as Node;
  const outputs = op.outputDescs.map((_, i) => ({ name: `y${i}`, value: valueRef('op', i) }));
  const results = await runGraph({ ...checked, outputs } as CheckedGraph, feedsOf(inputs, options));
  results.forEach((result, i) => {
    expectSpec(checked.spec(valueRef('op', i)), result);
  });
  return results;
}

/** Lowers a checked graph and runs it once, with its Consts as initializers. */
export async function runGraph(checked: CheckedGraph, feeds: ReadonlyMap<string, Tensor>): Promise<Tensor[]> {
  const program = lowerGraph(checked);
  const initializer = program.consts.map(({ valueName, tensor }) => {
    const { dtype: row, shape, data } = widen(tensor);
    return { name: valueName, dataType: row.onnx as number, dims: [...shape], rawData: data };
  });
  const graph = program.model.graph ?? {};
  const model = { ...program.model, graph: { ...graph, initializer: [...(graph.initializer ?? []), ...initializer] } };
  const session = await InferenceSession.create(encode(OnnxModel, model, {}).read(), {
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
    extra: { optimization: { disable_specified_optimizers: FAULTY_FUSIONS } },
  });
  try {
    const results = await session.run(
      Object.fromEntries(program.inputs.map(({ name }, i) => [graph.input?.[i]?.name as string, toOrt(widen(feeds.get(name) as Tensor))])),
    );
    return (graph.output ?? []).map(({ name }) => fromOrt(results[name as string] as OrtTensor));
  } finally {
    await session.release();
  }
}

export function expectTensor(actual: Tensor, expected: Tensor, tolerance?: number): void {
  const wanted = widen(expected);
  expect({ dtype: actual.dtype.name, shape: actual.shape }).toEqual({ dtype: wanted.dtype.name, shape: wanted.shape });
  if (!isFloat(expected.dtype)) {
    expect(decodeElements(actual)).toEqual(decodeElements(wanted));
    return;
  }
  const limit = tolerance ?? { float64: 1e-12, float16: 2e-3, bfloat16: 1e-2 }[expected.dtype.name] ?? 1e-5;
  const got = numbersOf(actual);
  const off = numbersOf(wanted).findIndex((value, i) => !isClose(got[i] as number, value, limit));
  if (off >= 0) expect({ at: off, values: got }, `not within ${limit}`).toEqual({ at: off, values: numbersOf(wanted) });
}

function isClose(actual: number, expected: number, limit: number): boolean {
  if (Object.is(actual, expected) || actual === expected) return true;
  if (!Number.isFinite(expected) || !Number.isFinite(actual)) return false;
  return Math.abs(actual - expected) <= limit * (1 + Math.abs(expected));
}

/** The rule's spec must not claim anything that the result is not. */
function expectSpec(ruled: TensorSpec, result: Tensor): void {
  expect(ruled.dtype.name.replace('bfloat16', 'float32'), 'dtype by the output rule').toBe(result.dtype.name);
  if (ruled.shape.length === 1 && ruled.shape[0] === -2) return;
  const claimed = ruled.shape.map((dim, i) => (dim === -1 ? result.shape[i] : dim));
  expect(claimed, 'shape by the output rule').toEqual(result.shape);
}

export function graphOf(type: string, inputs: OpInputs, attrs: OpAttrs, options: OpOptions = {}): Graph {
  const prototype = prototypeOf(type);
  if (prototype === undefined) throw new Error(`${type} is no operator`);
  const entries = entriesOf(inputs);
  const sources = entries.map(({ name, slot, tensor }): Node => {
    const isUnknown = options.unknown?.includes(slot) === true;
    const shape = isUnknown ? tensor.shape.map(() => -1) : tensor.shape;
    const isConst = options.consts?.includes(slot) === true;
    const value: [string, AttrValue][] = isConst ? [['value', { kind: 'tensor', value: tensor }]] : [];
    return {
      ...emptyNode(name, isConst ? 'Const' : 'Data'),
      outputNames: ['y'],
      outputDescs: [{ dtype: tensor.dtype, shape, ...(tensor.format === undefined ? {} : { format: tensor.format }) }],
      attrs: new Map(value),
    };
  });
  const op: Node = {
    ...emptyNode('op', type),
    inputs: entries.map(({ name }) => valueRef(name)),
    inputNames: entries.map(({ name }) => name),
    outputNames: Array.from({ length: options.outputs ?? 0 }, (_, i) => `y${i}`),
    outputDescs: options.given ?? [],
    attrs: new Map(
      Object.entries(attrs).map(([name, value]) => {
        return [
          name,
          attrValue(
            prototype.attrs.find((attr) => attr.name === name),
            value,
          ),
        ];
      }),
    ),
  };
  return { name: 'g', dialect: 'ge', nodes: [...sources, op], outputs: [], subgraphs: [] };
}

function emptyNode(name: string, type: string): Node {
  return { name, type, inputs: [], inputNames: [], outputNames: [], inputDescs: [], outputDescs: [], attrs: new Map() };
}

function entriesOf(inputs: OpInputs): { readonly name: string; readonly slot: string; readonly tensor: Tensor }[] {
  return Object.entries(inputs).flatMap(([slot, value]) => {
    if ('dtype' in value) return [{ name: slot, slot, tensor: value }];
    return value.map((tensor, i) => ({ name: `${slot}${i}`, slot, tensor }));
  });
}

function feedsOf(inputs: OpInputs, options: OpOptions): ReadonlyMap<string, Tensor> {
  return new Map(
    entriesOf(inputs)
      .filter(({ slot }) => options.consts?.includes(slot) !== true)
      .map(({ name, tensor }) => [name, tensor]),
  );
}

/** An undeclared attribute keeps a kind of its own, so that the check can refuse it. */
function attrValue(attr: AttrPrototype | undefined, value: OpAttrs[string]): AttrValue {
  const kind = attr?.kind ?? 'string';
  if (kind === 'dtype') return { kind, value: dtype(value as string) };
  if (kind === 'int' && typeof value === 'string') return { kind, value: (findDType(value) ?? dtype(value)).ge };
  return { kind, value } as AttrValue;
}

function widen(tensor: Tensor): Tensor {
  if (tensor.dtype.name !== 'bfloat16') return tensor;
  const values = Float32Array.from(numbersOf(tensor));
  return { dtype: dtype('float32'), shape: tensor.shape, data: memoryBytes(new Uint8Array(values.buffer)) };
}
