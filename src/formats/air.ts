// `.air`: a serialized ModelDef and nothing around it, with weights inside or in files beside it. Source: om-format §6.
import { basename, dirname } from 'node:path';
import type { Bytes } from '../base/bytes.js';
import { AscendBundleError } from '../base/errors.js';
import { openInside } from '../base/inside-folder.js';
import { openFile } from '../base/open-file.js';
import { decode, encode } from '../base/protobuf/index.js';
import type { Graph, Node } from '../graph/graph.js';
import type { Tensor } from '../graph/tensor.js';
import type { GeStyle } from './encodings/ge-attr.js';
import { graphFromModelDef } from './encodings/ge-graph.js';
import { modelDefFromGraph } from './encodings/ge-graph-write.js';
import { ModelDef, type OpDef } from './encodings/ge-model.js';

/**
 * Reads a graph file. Weights stay in the file, or in the files that Consts name by `location` and `length`, until they are read.
 *
 * @throws FILE_NOT_FOUND, FILE_IO, FILE_EMPTY, FILE_MALFORMED, FILE_TRUNCATED, PATH_ESCAPES
 */
export function readAir(path: string): Graph {
  const file = openFile(path);
  const what = basename(path);
  if (file.length === 0) {
    throw new AscendBundleError('FILE_EMPTY', { message: `${path} is empty.`, fix: 'Write the graph file again.' });
  }
  return graphFromAir(file, what, dirname(path));
}

/**
 * @param folder  of the graph file, for weights in files beside it
 * @throws FILE_MALFORMED, FILE_TRUNCATED, PATH_ESCAPES, FILE_NOT_FOUND, FILE_IO
 */
export function graphFromAir(bytes: Bytes, what: string, folder: string): Graph {
  const files = new Map<string, Bytes>();
  const open = (location: string, owner: string): Bytes => {
    const file = files.get(location) ?? openInside(folder, location, owner);
    files.set(location, file);
    return file;
  };
  return graphFromModelDef(decode(ModelDef, bytes, what), { what, resolve: (_, op) => externalBytes(op, what, open) });
}

/** The bytes of a Const that keeps them in a file: attributes `location`, `length` and, where several share it, `offset`. */
function externalBytes(op: OpDef, what: string, open: (location: string, owner: string) => Bytes): Bytes | undefined {
  const location = op.attr?.get('location')?.s;
  if (location === undefined || !FILLED_FROM_FILES.has(op.type ?? '')) return undefined;
  const owner = `${op.type} "${op.name ?? ''}" of ${what}`;
  const file = open(location, owner);
  const offset = Number(op.attr?.get('offset')?.i ?? 0);
  const length = Number(op.attr?.get('length')?.i ?? file.length - offset);
  if (offset < 0 || length < 0 || offset + length > file.length) {
    throw new AscendBundleError('FILE_TRUNCATED', {
      message: `${owner} keeps ${length} bytes from byte ${offset} in "${location}", which has ${file.length}.`,
      at: op.name,
      fix: 'Copy the weight files again, or export the graph anew.',
    });
  }
  return file.slice(offset, offset + length);
}

export interface AirOptions {
  /** `ge` unless given: with the attributes that GE's serializer adds to every descriptor. */
  readonly style?: GeStyle;
  /**
   * The file that takes the bytes of a Const, relative to the folder of the graph file; undefined keeps them inside. Each
   * Const needs a file of its own. GE takes graph files under 2 GiB only, so larger weights have to go out.
   */
  readonly weightFile?: (node: Node, tensor: Tensor, graph: Graph) => string | undefined;
}

/** What to write: the graph file, and the weight files beside it by their relative paths. */
export interface AirFiles {
  readonly graph: Bytes;
  readonly weights: ReadonlyMap<string, Bytes>;
}

/** Protobuf ends at 2^31 - 1 bytes, where GE aborts, and needs some room below (cann-api §10). */
export const MOST_AIR_BYTES = 2_147_483_638;

/** GE's loader fills the bytes of a file into both: a Const, and the Constant of a training graph (UnserializeGraphWithoutEdge). */
export const FILLED_FROM_FILES: ReadonlySet<string> = new Set(['Const', 'Constant']);

/**
 * The graph file, all weights inside. Equal graphs give equal bytes: map keys are sorted.
 *
 * @throws GRAPH_INVALID, also for a graph of 2 GiB or more, which needs weight files (`airFiles`)
 */
export function writeAir(graph: Graph, options: Pick<AirOptions, 'style'> = {}): Bytes {
  return airFiles(graph, options).graph;
}

/**
 * The graph file and its weight files; nothing is read before they are written.
 *
 * @throws GRAPH_INVALID, also when two Consts are given the same weight file, or 2 GiB or more stay inside
 */
export function airFiles(graph: Graph, { style = 'ge', weightFile }: AirOptions = {}): AirFiles {
  const weights = new Map<string, Bytes>();
  const model = modelDefFromGraph(graph, {
    style,
    placeConst: (node, tensor, owner) => {
      const location = FILLED_FROM_FILES.has(node.type) ? weightFile?.(node, tensor, owner) : undefined;
      if (location === undefined) return { kind: 'inline' };
      if (weights.has(location)) {
        throw new AscendBundleError('GRAPH_INVALID', { message: `Two Consts would be written to the weight file "${location}".` });
      }
      weights.set(location, tensor.data);
      return { kind: 'file', location };
    },
  });
  const bytes = encode(ModelDef, model, { sortMaps: true });
  if (bytes.length > MOST_AIR_BYTES) {
    throw new AscendBundleError('GRAPH_INVALID', {
      message: `Graph "${graph.name}" takes ${bytes.length} bytes as a graph file; GE reads at most ${MOST_AIR_BYTES}.`,
      fix: 'Write its large weights to files of their own.',
    });
  }
  return { graph: bytes, weights };
}
