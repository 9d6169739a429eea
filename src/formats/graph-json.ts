// graph.json (`ascend-bundle/graph@1`): a graph of GE operators that a person can write.
import { basename, dirname, extname } from 'node:path';
import type { Bytes } from '../base/bytes.js';
import { AscendBundleError } from '../base/errors.js';
import { parseJson } from '../base/json-text.js';
import { openFile } from '../base/open-file.js';
import type { Graph, GraphOutput, Node } from '../graph/graph.js';
import { splitRef } from '../graph/graph.js';
import { type OpPrototype, prototypeOf } from '../graph/ops/prototypes.js';
import type { LoadTensor } from './graph-json/const-data.js';
import { checkForm } from './graph-json/form.js';
import { Names } from './graph-json/names.js';
import { constNode, inputNode, operatorNode, type Reading } from './graph-json/nodes.js';
import { Problems } from './graph-json/problems.js';
import type { ConstJson, InputJson, NodeJson, OutputJson } from './graph-json/schema.js';

export type { LoadTensor } from './graph-json/const-data.js';
export { type GraphJsonFiles, type GraphJsonWriteOptions, graphJsonOf } from './graph-json/write.js';

export interface GraphJsonOptions {
  /** Where the files of consts are, and nothing outside of it. */
  readonly folder: string;
  /** Of the file: in messages. Without its ending it is the name of a graph that has none. */
  readonly name: string;
  readonly loadTensor: LoadTensor;
}

/** Numbers belong into files long before this; a longer text would not fit into a string. */
const MOST_BYTES = 256 << 20;

/**
 * @param loadTensor  reads the files of consts
 * @throws FILE_NOT_FOUND, FILE_IO, FILE_EMPTY, FILE_MALFORMED, and what `parseGraphJson` throws
 */
export function readGraphJson(path: string, loadTensor: LoadTensor): Graph {
  using file = openFile(path);
  return parseGraphJson(readText(file, path), { folder: dirname(path), name: basename(path), loadTensor });
}

function readText(file: Bytes, path: string): string {
  if (file.length === 0) throw new AscendBundleError('FILE_EMPTY', { message: `${path} is empty.`, fix: 'Write the graph into it.' });
  if (file.length > MOST_BYTES) {
    throw new AscendBundleError('FILE_MALFORMED', {
      message: `${path} has ${file.length} bytes; a graph.json has at most ${MOST_BYTES}.`,
      fix: 'Put the values of large consts into files: {"file": "w.npy"}.',
    });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(file.read());
  } catch (cause) {
    throw new AscendBundleError('FILE_MALFORMED', { message: `${path} is not UTF-8 text.`, fix: 'Save it as UTF-8.', cause });
  }
}

/**
 * The graph as an `.air` file would have it: Data and Const nodes first, then the operators, in the order of the file.
 * Specs that the file does not give are filled in by `checkGraph`.
 *
 * @throws FILE_MALFORMED with line and column; GRAPH_INVALID with every problem found, each with its JSON pointer;
 *   a problem that is alone has its own code: OP_UNSUPPORTED, PATH_ESCAPES, FILE_NOT_FOUND, TENSOR_MISMATCH, DTYPE_UNSUPPORTED, …
 */
export function parseGraphJson(text: string, { folder, name, loadTensor }: GraphJsonOptions): Graph {
  const problems = new Problems();
  const json = parseJson(text, name);
  const isSound = checkForm(json, problems);
  const parts = soundParts(json, isSound);
  const names = new Names(problems);
  const prototypes = rememberingPrototypes();
  declareNames(json, names, prototypes);
  const reading: Reading = { names, prototypes, problems, sources: { folder, loadTensor } };
  const nodes = [
    ...parts.inputs.map(({ json: one, index }) => inputNode(one, index, ['inputs', index], reading)),
    ...parts.consts.map(({ json: one, index }) => constNode(one, ['consts', index], reading)),
    ...parts.nodes.map(({ json: one, index }) => operatorNode(one, ['nodes', index], reading)),
  ];
  const outputs = readOutputs(parts.outputs, reading);
  problems.throwAny(name);
  const own = (json as { readonly name?: string }).name;
  return { name: own ?? basename(name, extname(name)), dialect: 'ge', nodes: nodes as Node[], outputs, subgraphs: [] };
}

function rememberingPrototypes(): Reading['prototypes'] {
  const known = new Map<string, OpPrototype | undefined>();
  return (type) => {
    if (!known.has(type)) known.set(type, prototypeOf(type));
    return known.get(type);
  };
}

interface Part<T> {
  readonly json: T;
  readonly index: number;
}

/** The elements that are as the schema says, so that the others do not hide what is wrong with these. */
function soundParts(json: unknown, isSound: (path: readonly PropertyKey[]) => boolean) {
  const part = <T>(list: string): Part<T>[] =>
    elementsOf(json, list)
      .map((one, index) => ({ json: one as T, index }))
      .filter(({ index }) => isSound([list, index]));
  return {
    inputs: part<InputJson>('inputs'),
    consts: part<ConstJson>('consts'),
    nodes: part<NodeJson>('nodes'),
    outputs: part<OutputJson>('outputs'),
  };
}

function elementsOf(json: unknown, list: string): readonly unknown[] {
  const value = (Object(json) as Record<string, unknown>)[list];
  return Array.isArray(value) ? value : [];
}

/** Names of elements that are otherwise malformed count too: a ref to one of them is not one more problem. */
function declareNames(json: unknown, names: Names, prototypes: Reading['prototypes']): void {
  for (const list of ['inputs', 'consts', 'nodes']) {
    elementsOf(json, list).forEach((one, index) => {
      const { name, type } = Object(one) as Record<string, unknown>;
      if (typeof name !== 'string' || name === '') return;
      if (list === 'nodes') names.declareNode(name, prototypes(String(type)), [list, index]);
      else names.declareValue(name, [list, index]);
    });
  }
}

function readOutputs(parts: readonly Part<OutputJson>[], { names, problems }: Reading): GraphOutput[] {
  const taken = new Map<string, number>();
  return parts.flatMap(({ json, index }) => {
    const path = ['outputs', index];
    const value = typeof json === 'string' ? names.resolve(json, path) : names.resolve(json.value, [...path, 'value']);
    if (value === undefined) return [];
    const name = typeof json === 'string' ? defaultName(value) : json.name;
    const other = taken.get(name);
    if (other !== undefined)
      problems.add(path, `The output "${name}" is listed at /outputs/${other} already.`, 'Give it another name: {"name": …, "value": …}.');
    taken.set(name, index);
    return [{ name, value }];
  });
}

/** Output 0 is called like its node. */
function defaultName(value: string): string {
  const { node, output } = splitRef(value);
  return output === 0 ? node : value;
}
