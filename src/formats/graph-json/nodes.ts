// From the parts of a graph.json to nodes as an `.air` file has them: same slots, same names, same descriptors.
import type { JsonPath } from '../../base/json-text.js';
import { jsonPointer } from '../../base/json-text.js';
import { dtype } from '../../graph/dtype.js';
import { formatNumber } from '../../graph/format.js';
import type { AttrValue, Node, TensorDesc } from '../../graph/graph.js';
import { type OpPrototype, operatorTypes } from '../../graph/ops/prototypes.js';
import { hasUnknownRank, type Tensor } from '../../graph/tensor.js';
import { readAttrs } from './attrs.js';
import { type DataSources, readConstData } from './const-data.js';
import type { Names } from './names.js';
import type { Problems } from './problems.js';
import type { ConstJson, InputJson, NodeJson, SpecJson } from './schema.js';
import { readSlots } from './slots.js';

export interface Reading {
  readonly names: Names;
  /** `prototypeOf`, with a memory: a graph has thousands of nodes of a few types. */
  readonly prototypes: (type: string) => OpPrototype | undefined;
  readonly problems: Problems;
  readonly sources: DataSources;
}

export function inputNode(json: InputJson, index: number, path: JsonPath, { problems }: Reading): Node {
  const desc = readDesc(json, path, problems);
  return {
    name: json.name,
    type: 'Data',
    inputs: [null],
    inputNames: ['x'],
    outputNames: ['y'],
    inputDescs: [desc],
    outputDescs: [desc],
    attrs: new Map([['index', { kind: 'int', value: index }]]),
    at: jsonPointer(path),
  };
}

/** @returns undefined, with problems reported, where its data cannot be had */
export function constNode(json: ConstJson, path: JsonPath, { sources, problems }: Reading): Node | undefined {
  const desc = readDesc(json, path, problems);
  const data = readConstData(json, desc, path, sources, problems);
  if (data === undefined) return undefined;
  const value: Tensor = { ...desc, data };
  return {
    name: json.name,
    type: 'Const',
    inputs: [],
    inputNames: [],
    outputNames: ['y'],
    inputDescs: [],
    outputDescs: [desc],
    attrs: new Map<string, AttrValue>([['value', { kind: 'tensor', value }]]),
    at: jsonPointer(path),
  };
}

/** Nodes that a graph.json has in another form. */
const DECLARED_ELSEWHERE: Readonly<Record<string, string>> = {
  Data: 'List it under "inputs".',
  RefData: 'List it under "inputs".',
  AippData: 'List it under "inputs".',
  Const: 'List it under "consts".',
  Constant: 'List it under "consts".',
  FileConstant: 'List it under "consts", with {"file": …} as its data.',
  NetOutput: 'Take it out and list its inputs under "outputs".',
};

/** @returns undefined, with problems reported, where it is no node */
export function operatorNode(json: NodeJson, path: JsonPath, reading: Reading): Node | undefined {
  const { names, problems } = reading;
  const prototype = readType(json, path, reading);
  if (prototype === undefined) return undefined;
  const slots = readSlots(json, prototype, path, names, problems);
  const attrs = readAttrs(json, prototype, path, problems);
  const outputDescs = (json.outputs ?? []).map((spec, i) => readDesc(spec, [...path, 'outputs', i], problems));
  return {
    name: json.name,
    type: json.type,
    inputs: slots.map(({ ref }) => ref),
    inputNames: slots.map(({ name }) => name),
    // Their number and names are the matter of `checkGraph`, which knows the rules of the outputs.
    outputNames: [],
    inputDescs: [],
    outputDescs,
    attrs,
    at: jsonPointer(path),
  };
}

function readType({ name, type }: NodeJson, path: JsonPath, { prototypes, problems }: Reading): OpPrototype | undefined {
  const at = [...path, 'type'];
  const elsewhere = Object.hasOwn(DECLARED_ELSEWHERE, type) ? DECLARED_ELSEWHERE[type] : undefined;
  if (elsewhere !== undefined) {
    problems.add(at, `Node "${name}" is a ${type}, which is not written as a node.`, elsewhere);
    return undefined;
  }
  const prototype = prototypes(type);
  if (prototype === undefined) {
    const fix = problems.suggest(type, operatorTypes, 'Use the name that GE has for the operator: MatMul, Conv2D, SoftmaxV2, …');
    problems.add(at, `Node "${name}": "${type}" is no built-in operator of GE.`, fix);
    return undefined;
  }
  if (prototype.subgraphs.length === 0) return prototype;
  problems.add(
    at,
    `Node "${name}": ${type} has sub-graphs, which a graph.json cannot hold.`,
    'Use an ONNX model or an .air file for control flow.',
    'OP_UNSUPPORTED',
  );
  return undefined;
}

function readDesc(spec: SpecJson, path: JsonPath, problems: Problems): TensorDesc {
  const format = spec.format ?? 'ND';
  if (formatNumber(format) === undefined) {
    problems.add(
      [...path, 'format'],
      `"${format}" is no memory format of GE.`,
      'Use ND, NCHW, NHWC, NCDHW, NDHWC, HWCN, …, or leave it out.',
    );
  }
  if (spec.shape.includes(-2) && !hasUnknownRank(spec.shape)) {
    problems.add(
      [...path, 'shape'],
      `The shape [${spec.shape.join(', ')}] has a -2.`,
      'Write -1 for a dimension that is not known; [-2] alone is for an unknown number of them.',
    );
  }
  const desc = { dtype: dtype(spec.dtype), shape: spec.shape, format };
  if (format === 'ND') return desc;
  // Without this GE takes ND as the format that the graph was written in.
  return { ...desc, attrs: new Map<string, AttrValue>([['origin_format', { kind: 'string', value: format }]]) };
}
