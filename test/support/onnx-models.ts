// Small ONNX models, encoded for tests.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { memoryBytes, utf8Bytes } from '../../src/base/bytes.js';
import { encode } from '../../src/base/protobuf/index.js';
import {
  type OnnxAttribute,
  type OnnxGraph,
  OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxType,
  type ValueInfo,
} from '../../src/formats/encodings/onnx-model.js';

/** A number is an integer unless it is wrapped. */
export type AttrSpec =
  | number
  | string
  | readonly number[]
  | { float: number }
  | { floats: number[] }
  | { tensor: OnnxTensor }
  | { graph: OnnxGraph };

export function attribute(name: string, value: AttrSpec): OnnxAttribute {
  if (typeof value === 'number') return { name, type: 2, i: value };
  if (typeof value === 'string') return { name, type: 3, s: utf8Bytes(value) };
  if ('float' in value) return { name, type: 1, f: value.float };
  if ('floats' in value) return { name, type: 6, floats: value.floats };
  if ('tensor' in value) return { name, type: 4, t: value.tensor };
  if ('graph' in value) return { name, type: 5, g: value.graph };
  return { name, type: 7, ints: [...(value as readonly number[])] };
}

/** `node('Add', 'a b', 'c', { axis: 1 })`; `_` is an input that is left out. */
export function node(
  opType: string,
  input: string,
  output: string,
  attrs: Readonly<Record<string, AttrSpec>> = {},
  name?: string,
): OnnxNode {
  const split = (text: string): string[] => (text === '' ? [] : text.split(' ').map((part) => (part === '_' ? '' : part)));
  return {
    opType,
    input: split(input),
    output: split(output),
    attribute: Object.entries(attrs).map(([key, value]) => attribute(key, value)),
    ...(name === undefined ? {} : { name }),
  };
}

/** `value('x', [1, 'N', 3])`; without a shape the rank is unknown. */
export function value(name: string, dims?: readonly (number | string)[], elemType = 1): ValueInfo {
  return { name, type: tensorType(dims, elemType) };
}

export function tensorType(dims?: readonly (number | string)[], elemType = 1): OnnxType {
  const dim = dims?.map((one) => (typeof one === 'number' ? { dimValue: one } : { dimParam: one }));
  return { tensorType: { elemType, ...(dim === undefined ? {} : { shape: { dim } }) } };
}

export function floats(name: string, dims: readonly number[], values: readonly number[]): OnnxTensor {
  return { name, dims: [...dims], dataType: 1, rawData: memoryBytes(new Uint8Array(Float32Array.from(values).buffer)) };
}

export function int64s(name: string, dims: readonly number[], values: readonly number[]): OnnxTensor {
  return { name, dims: [...dims], dataType: 7, rawData: memoryBytes(new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer)) };
}

export interface ModelParts {
  readonly opset?: number;
  readonly ir?: number;
  readonly nodes: readonly OnnxNode[];
  readonly initializers?: readonly OnnxTensor[];
  readonly inputs?: readonly ValueInfo[];
  readonly outputs?: readonly ValueInfo[];
  readonly graph?: Partial<OnnxGraph>;
  readonly model?: Partial<OnnxModel>;
}

export function model({
  opset = 21,
  ir = 10,
  nodes,
  initializers = [],
  inputs = [],
  outputs = [],
  graph,
  model: more,
}: ModelParts): OnnxModel {
  return {
    irVersion: ir,
    opsetImport: [{ domain: '', version: opset }],
    graph: { name: 'g', node: [...nodes], initializer: [...initializers], input: [...inputs], output: [...outputs], ...graph },
    ...more,
  };
}

export function modelBytes(parts: ModelParts): Uint8Array {
  return encode(OnnxModel, model(parts)).read();
}

/** Writes files into a temporary folder that lasts as long as the test; the path of the folder. */
export function filesIn(files: Readonly<Record<string, Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

/** The path of a file that holds the model. */
export function modelFile(parts: ModelParts): string {
  return join(filesIn({ 'model.onnx': modelBytes(parts) }), 'model.onnx');
}
