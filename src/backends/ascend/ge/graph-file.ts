// The graph file that GE loads: a ModelDef, with the bytes of its Consts inside or, from 1 GiB on, in a file each beside it. Weights are
// ranges of their source until they are written, so a graph of gigabytes takes no memory here. Source: cann-api §10, om-format §6.
import { mkdirSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Bytes } from '../../../base/bytes.js';
import { AscendBundleError } from '../../../base/errors.js';
import { fileError } from '../../../base/file-error.js';
import { writeScratchFile } from '../../../base/output-file.js';
import { encode } from '../../../base/protobuf/index.js';
import { FILLED_FROM_FILES, MOST_AIR_BYTES } from '../../../formats/air.js';
import { type AttrDef, ModelDef, type OpDef } from '../../../formats/encodings/ge-model.js';

/** The bytes of a Const that its graph does not hold. */
export interface OutsideBytes {
  readonly bytes: Bytes;
  /** The file that has these bytes and nothing else, by its absolute path: it is linked instead of copied. */
  readonly wholeFile?: string | undefined;
}

export interface GraphFiles {
  readonly graph: Bytes;
  /** By their path relative to the folder of the graph file. */
  readonly weights: ReadonlyMap<string, OutsideBytes>;
}

export interface GraphFileOptions {
  /** Beside the graph file; the files of weights go there. */
  readonly weightFolder?: string;
  /** Bytes of Consts, by op, that `value` does not have. */
  readonly outside?: ReadonlyMap<OpDef, OutsideBytes>;
  /** From as many bytes on, weights get files of their own. */
  readonly inlineBytes?: number;
  /** What GE can load in one file. */
  readonly mostBytes?: number;
}

const INLINE_BYTES = 1 << 30;
/** A file for each of a thousand scalars would help nobody. */
const SMALL_BYTES = 64 << 10;

/**
 * @throws GRAPH_INVALID when the file would be larger than GE can load
 */
export function graphFiles(model: ModelDef, options: GraphFileOptions = {}): GraphFiles {
  const { weightFolder = 'weights', outside = new Map(), inlineBytes = INLINE_BYTES, mostBytes = MOST_AIR_BYTES } = options;
  const weights = new Map<string, OutsideBytes>();
  const sizes = ops(model).map((op) => bytesOf(op, outside)?.bytes.length ?? 0);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const small = sizes.reduce((sum, size) => sum + (size < SMALL_BYTES ? size : 0), 0);
  // In a graph of nothing but small ones, they go out too.
  const leastBytes = total < inlineBytes ? Number.POSITIVE_INFINITY : small < inlineBytes ? SMALL_BYTES : 1;
  const place = (op: OpDef): OpDef => {
    const found = bytesOf(op, outside);
    if (found === undefined) return op;
    if (found.bytes.length < leastBytes) return withValue(op, found.bytes);
    const location = join(weightFolder, String(weights.size));
    weights.set(location, found);
    return withLocation(op, location, found.bytes.length);
  };
  const placed: ModelDef = {
    ...model,
    graph: (model.graph ?? []).map((graph) => ({ ...graph, ...(graph.op === undefined ? {} : { op: graph.op.map(place) }) })),
  };
  const bytes = encode(ModelDef, placed, { sortMaps: true });
  if (bytes.length > mostBytes) {
    throw new AscendBundleError('GRAPH_INVALID', {
      message: `Graph "${model.graph?.[0]?.name ?? ''}" takes ${bytes.length} bytes as a graph file without its weights; GE loads at most ${mostBytes}.`,
      fix: 'Something other than a Const holds large data: make it a Const.',
    });
  }
  return { graph: bytes, weights };
}

function ops(model: ModelDef): readonly OpDef[] {
  return (model.graph ?? []).flatMap(({ op = [] }) => op);
}

function bytesOf(op: OpDef, outside: ReadonlyMap<OpDef, OutsideBytes>): OutsideBytes | undefined {
  const given = outside.get(op);
  if (given !== undefined) return given;
  const data = FILLED_FROM_FILES.has(op.type ?? '') ? op.attr?.get('value')?.t?.data : undefined;
  return data === undefined ? undefined : { bytes: data };
}

/** Attributes that say where the bytes were. */
const PLACE_ATTRS = ['location', 'offset', 'length'];

function withValue(op: OpDef, data: Bytes): OpDef {
  return withAttrs(op, [['value', { t: { ...op.attr?.get('value')?.t, data } }]]);
}

function withLocation(op: OpDef, location: string, length: number): OpDef {
  const { data: _, ...value } = op.attr?.get('value')?.t ?? {};
  // Without `length` GE loads nothing, and says nothing.
  return withAttrs(op, [
    ['value', { t: value }],
    ['location', { s: location }],
    ['length', { i: length }],
  ]);
}

function withAttrs(op: OpDef, attrs: readonly (readonly [string, AttrDef])[]): OpDef {
  const kept = [...(op.attr ?? [])].filter(([name]) => !PLACE_ATTRS.includes(name));
  return { ...op, attr: new Map([...kept, ...attrs]) };
}

/**
 * Writes the graph file and its weights, as scratch files.
 *
 * @returns the bytes written
 * @throws FILE_IO, INTERRUPTED, TERMINATED, and what reading the weights throws
 */
export async function writeGraphFiles(
  path: string,
  model: ModelDef,
  options: Omit<GraphFileOptions, 'weightFolder'> = {},
): Promise<number> {
  const { graph, weights } = graphFiles(model, { ...options, weightFolder: `${basename(path)}.weights` });
  const folder = dirname(path);
  let written = graph.length;
  for (const [location, { bytes, wholeFile }] of weights) {
    const target = join(folder, location);
    if (wholeFile === undefined) {
      makeFolder(dirname(target));
      await writeScratchFile(target, bytes);
      written += bytes.length;
    } else link(wholeFile, target);
  }
  await writeScratchFile(path, graph);
  return written;
}

function link(target: string, path: string): void {
  makeFolder(dirname(path));
  try {
    symlinkSync(target, path);
  } catch (cause) {
    throw fileError(path, cause, 'write');
  }
}

export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw fileError(path, cause, 'write');
  }
}
