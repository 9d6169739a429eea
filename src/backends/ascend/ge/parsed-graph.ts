// The graph that GE's ONNX parser made and saved, on its way back into GE: Consts get the names that they have in ONNX, and weights
// that came from external data become Consts again, so that they can be replaced (cann-api §10).

import { AscendBundleError } from '../../../base/errors.js';
import { openFile } from '../../../base/open-file.js';
import { defFromDesc } from '../../../formats/encodings/ge-attr.js';
import type { AttrDef, GraphDef, ModelDef, OpDef } from '../../../formats/encodings/ge-model.js';
import { dtype } from '../../../graph/dtype.js';
import { describeShape, tensorBytes } from '../../../graph/tensor.js';
import type { OutsideBytes } from './graph-file.js';
import { initializerNode } from './onnx-names.js';

/** Plain data: it travels to the native process. */
export interface ParsedGraphNames {
  /** Initializers of the model in byte order of their names. */
  readonly initializers: readonly string[];
  readonly weights: readonly { readonly name: string; readonly dtype: string; readonly shape: readonly number[] }[];
}

export interface RestoredGraph {
  readonly model: ModelDef;
  /** Bytes of weights that are in files of the ONNX model. */
  readonly outside: ReadonlyMap<OpDef, OutsideBytes>;
}

/**
 * @throws CONST_NOT_FOUND when GE's graph has no constant for a weight; FILE_NOT_FOUND, FILE_TRUNCATED for external data
 */
export function restoreParsedGraph(model: ModelDef, { initializers, weights }: ParsedGraphNames): RestoredGraph {
  const [root = {}, ...inner] = model.graph ?? [];
  const ops = (root.op ?? []).map((op) => op);
  const renamed = renameOps(root, ops, newNames(ops, initializers));
  const outside = new Map<OpDef, OutsideBytes>();
  const restored = new Map<OpDef, OpDef>();
  const byName = new Map((renamed.op ?? []).map((op) => [op.name ?? '', op]));
  for (const weight of weights) {
    const op = byName.get(weight.name);
    if (op === undefined || !CONST_TYPES.has(op.type ?? '')) throw lost(weight.name, op);
    if (op.type === 'Const') continue;
    const constant = toConst(op, weight);
    restored.set(op, constant);
    outside.set(constant, externalBytes(op, weight));
  }
  const graph = { ...renamed, op: (renamed.op ?? []).map((op) => restored.get(op) ?? op) };
  return { model: { ...model, graph: [graph, ...inner] }, outside };
}

const CONST_TYPES: ReadonlySet<string> = new Set(['Const', 'FileConstant']);

/** Old name → new name. A Const takes its ONNX name; what else has that name gives way. */
function newNames(ops: readonly OpDef[], initializers: readonly string[]): ReadonlyMap<string, string> {
  const constants = new Set(ops.filter(({ type = '' }) => CONST_TYPES.has(type)).map(({ name = '' }) => name));
  const names = new Map<string, string>();
  const found = new Set<string>();
  // The form of GE 8.5 and later for all of them first, then what older parsers gave.
  const forms = [initializerNode, (name: string) => name, (name: string, rank: number) => `${name}_${rank}`];
  for (const form of forms) {
    for (const [rank, name] of initializers.entries()) {
      const old = form(name, rank);
      if (found.has(name) || names.has(old) || !constants.has(old)) continue;
      names.set(old, name);
      found.add(name);
    }
  }
  const taken = new Set([...names.values(), ...ops.map(({ name = '' }) => name)]);
  for (const { name = '' } of ops) {
    if (!names.has(name) && found.has(name)) names.set(name, freeName(name, taken));
  }
  return names;
}

function freeName(base: string, taken: Set<string>): string {
  for (let i = 1; ; i++) {
    const name = `${base}_${i}`;
    if (taken.has(name)) continue;
    taken.add(name);
    return name;
  }
}

function renameOps(graph: GraphDef, ops: readonly OpDef[], names: ReadonlyMap<string, string>): GraphDef {
  const rename = (name: string): string => names.get(name) ?? name;
  const edge = (text: string): string => {
    const colon = text.lastIndexOf(':');
    return colon < 0 ? rename(text) : `${rename(text.slice(0, colon))}${text.slice(colon)}`;
  };
  return {
    ...graph,
    ...(graph.input === undefined ? {} : { input: graph.input.map(edge) }),
    ...(graph.output === undefined ? {} : { output: graph.output.map(edge) }),
    op: ops.map((op) => ({
      ...op,
      name: rename(op.name ?? ''),
      ...(op.input === undefined ? {} : { input: op.input.map(edge) }),
      ...(op.srcName === undefined ? {} : { srcName: op.srcName.map(rename) }),
      ...(op.dstName === undefined ? {} : { dstName: op.dstName.map(rename) }),
    })),
  };
}

type Weight = ParsedGraphNames['weights'][number];

function toConst(op: OpDef, weight: Weight): OpDef {
  const attr = new Map<string, AttrDef>(op.attr);
  // It lists the attributes of a FileConstant in their order, which a Const does not have: the build fails on it.
  for (const name of ['_ir_attr_names', 'location', 'offset', 'length']) attr.delete(name);
  attr.set('value', { t: { desc: defFromDesc({ dtype: dtype(weight.dtype), shape: weight.shape, format: 'ND' }, 'ge') } });
  return { ...op, type: 'Const', attr };
}

/** Where a FileConstant says its bytes are; the path is absolute. */
function externalBytes(op: OpDef, weight: Weight): OutsideBytes {
  const path = op.attr?.get('location')?.s ?? '';
  const size = tensorBytes(dtype(weight.dtype), weight.shape);
  const offset = Number(op.attr?.get('offset')?.i ?? 0);
  const file = openFile(path);
  if (!(offset >= 0) || offset + size > file.length) {
    throw new AscendBundleError('FILE_TRUNCATED', {
      message: `Weight "${weight.name}" is ${weight.dtype} ${describeShape(weight.shape)}, ${size} bytes from byte ${offset} of ${path}, which has ${file.length}.`,
      fix: 'Copy the file again, whole, beside the model it was exported with.',
    });
  }
  const isWhole = offset === 0 && size === file.length;
  return { bytes: file.slice(offset, offset + size), ...(isWhole ? { wholeFile: path } : {}) };
}

function lost(name: string, op: OpDef | undefined): AscendBundleError {
  const found = op === undefined ? 'has no node of that name' : `has a ${op.type} of that name`;
  return new AscendBundleError('CONST_NOT_FOUND', {
    message: `GE's ONNX parser made no Const of "${name}": its graph ${found}.`,
    at: name,
    fix: 'A constant that nothing uses, or that the parser folds away, cannot become a weight: leave it out.',
  });
}
