// What kind of file it is, from a few of its bytes, and what to say when it is another one than wanted.
// Sources: om-format §0 (the order of the tests), design §4 (the names). Not a format itself: it knows the marks of all of them.
import type { Bytes } from '../base/bytes.js';
import { AscendBundleError } from '../base/errors.js';
import { Cursor } from '../base/protobuf/cursor.js';
import { WIRE } from '../base/protobuf/schema.js';
import { isBundleHeader } from './om/bundle-container.js';
import { findPartition, readOm } from './om/container.js';
import { HEADER_BYTES, isFlow, isNano, readHeader, VERSION_2 } from './om/header.js';
import { readInoutInfo } from './om/inout-info.js';
import { PARTITION } from './om/partition-types.js';

/** Every kind, with what a message calls a file of it. */
export const KINDS = {
  bundle: 'a weight-updatable bundle',
  om: 'a compiled model (.om)',
  'om-svp': "a compiled model for HiSilicon's SVP chips",
  'om-flow': 'a compiled dataflow model',
  'om-nano': 'a compiled model for nano chips',
  'om-mobile': 'a compiled model for mobile devices (HiAI)',
  om2: 'an OM2 package',
  pico: "a model for HiSilicon's NNN chips (PICO)",
  'lfs-pointer': 'a Git LFS pointer, not the file itself',
  air: 'a graph file of GE (.air)',
  onnx: 'an ONNX model',
  'graph-json': 'a JSON file',
  unknown: 'of no known kind',
} as const;

export type Kind = keyof typeof KINDS;

/** What is not compiled. */
export const GRAPH_KINDS = ['graph-json', 'onnx', 'air'] as const satisfies readonly Kind[];

export function isGraphKind(kind: Kind): kind is (typeof GRAPH_KINDS)[number] {
  return GRAPH_KINDS.some((graphKind) => graphKind === kind);
}

const HEAD_BYTES = 4096;
const LFS = 'version https://git-lfs.github.com/spec/';
/** The smallest bundle: its header and the head of a table. */
const BUNDLE_BYTES = HEADER_BYTES + 8;

/** Never throws for what is in the file; `unknown` for an empty one. */
export function detectKind(bytes: Bytes): Kind {
  const head = bytes.read(0, Math.min(bytes.length, HEAD_BYTES));
  const text = Buffer.from(head).toString('latin1');
  if (text.startsWith(LFS)) return 'lfs-pointer';
  if (text.startsWith('PK\x03\x04')) return isArrayArchive(head) ? 'unknown' : 'om2';
  if (text.startsWith('PICO')) return 'pico';
  if (text.startsWith('IMOD')) return bytes.length < HEADER_BYTES ? 'om' : kindOfModel(bytes);
  if (bytes.length >= BUNDLE_BYTES && isBundleHeader(head)) return 'bundle';
  if (/^(\xef\xbb\xbf)?\s*\{\s*["}]/.test(text)) return 'graph-json';
  return kindOfMessage(bytes);
}

/** What `unknown` may be all the same: these hold no graph, so they are no kind of their own here. */
export function tensorFormatOf(bytes: Bytes): 'npy' | 'npz' | 'safetensors' | undefined {
  const head = bytes.read(0, Math.min(bytes.length, HEAD_BYTES));
  const text = Buffer.from(head).toString('latin1');
  if (text.startsWith('\x93NUMPY')) return 'npy';
  if (text.startsWith('PK\x03\x04') && isArrayArchive(head)) return 'npz';
  // The length of the header, below 4 GiB, and the header, a JSON object.
  return text.slice(4, 8) === '\0\0\0\0' && /^\s*\{\s*["}]/.test(text.slice(8)) ? 'safetensors' : undefined;
}

/** An `.npz` is a ZIP too: its entries are arrays. */
function isArrayArchive(head: Uint8Array): boolean {
  const nameBytes = head.length < 30 ? 0 : (head[26] as number) + (head[27] as number) * 256;
  return Buffer.from(head.subarray(30, 30 + nameBytes))
    .toString('latin1')
    .endsWith('.npy');
}

function kindOfModel(bytes: Bytes): Kind {
  const header = readHeader(bytes, 'the file');
  if (isBundleHeader(header.raw)) return 'bundle';
  // The numbers of HiAI's kinds are those of GE's flow and nano models, so the version is looked at first.
  if (header.version < VERSION_2) return [3, 4].includes(header.modelType) || header.platformVersion.startsWith('3.') ? 'om-mobile' : 'om';
  if (isFlow(header)) return 'om-flow';
  if (isNano(header)) return 'om-nano';
  return hasSvpTable(bytes) ? 'om-svp' : 'om';
}

/** In files of the SVP line a partition of type 6 holds inputs and outputs; anywhere else it is a dataflow graph. */
function hasSvpTable(bytes: Bytes): boolean {
  try {
    const partition = findPartition(readOm(bytes, 'the file').tables[0], PARTITION.flowModel);
    return partition !== undefined && readInoutInfo(partition.bytes, 'the file').inputs.length > 0;
  } catch (error) {
    // A damaged model is still a model: its reader says what is wrong with it.
    if (error instanceof AscendBundleError) return false;
    throw error;
  }
}

type WireOf = Readonly<Record<number, number>>;
const AIR_FIELDS: WireOf = { 1: WIRE.bytes, 2: WIRE.varint, 3: WIRE.bytes, 7: WIRE.bytes, 11: WIRE.bytes, 12: WIRE.bytes };
const AIR_GRAPH_FIELDS: WireOf = { 1: WIRE.bytes, 4: WIRE.bytes, 5: WIRE.bytes, 6: WIRE.bytes, 11: WIRE.bytes, 12: WIRE.bytes };
const ONNX_FIELDS: WireOf = {
  ...{ 1: WIRE.varint, 2: WIRE.bytes, 3: WIRE.bytes, 4: WIRE.bytes, 5: WIRE.varint, 6: WIRE.bytes, 7: WIRE.bytes },
  ...{ 8: WIRE.bytes, 14: WIRE.bytes, 20: WIRE.bytes, 25: WIRE.bytes },
};
const GRAPH_FIELD = 7;
const MAX_ONNX_IR_VERSION = 64;

/** ONNX and GE both have a graph in field 7; field 1 is a number in ONNX, and a name or nothing in GE. */
function kindOfMessage(bytes: Bytes): Kind {
  const [tag, version, next] = bytes.read(0, Math.min(bytes.length, 3));
  // Nearly every ONNX file begins with its IR version; so a truncated one is still known for what it is.
  const isIrVersion = tag === 0x08 && version !== undefined && version > 0 && version < MAX_ONNX_IR_VERSION;
  if (isIrVersion && next !== undefined && ONNX_FIELDS[next >> 3] === (next & 7)) return 'onnx';
  const graphs = fieldsOf(bytes, AIR_FIELDS);
  if (graphs !== undefined && graphs.length > 0 && graphs.every((graph) => fieldsOf(graph, AIR_GRAPH_FIELDS) !== undefined)) return 'air';
  return (fieldsOf(bytes, ONNX_FIELDS)?.length ?? 0) > 0 ? 'onnx' : 'unknown';
}

/** More fields than a message of a few attributes and graphs has; a file of small fields should not be walked to its end. */
const MAX_FIELDS = 100_000;

/** The contents of field 7, if the bytes are a message of only those fields; nothing of a content is read. */
function fieldsOf(bytes: Bytes, wires: WireOf): readonly Bytes[] | undefined {
  const cursor = new Cursor(bytes, 'the file');
  const found: Bytes[] = [];
  try {
    for (let count = 0; cursor.pos < bytes.length; count++) {
      const tag = cursor.unsigned(bytes.length);
      const number = Math.floor(tag / 8);
      if (wires[number] !== tag % 8 || count > MAX_FIELDS) return undefined;
      if (tag % 8 === WIRE.varint) cursor.varint(bytes.length);
      else {
        const end = cursor.delimited(bytes.length);
        if (number === GRAPH_FIELD) found.push(bytes.slice(cursor.pos, end));
        cursor.pos = end;
      }
    }
  } catch (error) {
    if (error instanceof AscendBundleError) return undefined;
    throw error;
  }
  return found;
}

/** What to do with a file of a kind, when another kind was wanted. */
const FIXES: Partial<Record<Kind, string>> = {
  'lfs-pointer': 'Fetch the file: git lfs pull.',
  onnx: 'Build a bundle from it: ascend-bundle build MODEL --consts NAMES -o BUNDLE.',
  air: 'Build a bundle from it: ascend-bundle build MODEL --consts NAMES -o BUNDLE.',
  'graph-json': 'Build a bundle from it: ascend-bundle build MODEL --consts NAMES -o BUNDLE.',
  om: 'A single compiled model has no weights to update: build a bundle from the graph it was compiled from.',
};

/**
 * The kind of a file that must be one of `wanted`.
 *
 * @param path  for messages
 * @param expected  what a message says was expected: `a graph (graph.json, .onnx, .air)`
 * @throws FILE_EMPTY, FILE_TRUNCATED, FILE_KIND
 */
export function requireKind<K extends Kind>(bytes: Bytes, path: string, wanted: readonly K[], expected: string = KINDS[wanted[0] as K]): K {
  if (bytes.length === 0) {
    throw new AscendBundleError('FILE_EMPTY', {
      message: `${path} is empty; ${expected} is expected.`,
      fix: 'Make or copy the file again.',
    });
  }
  const kind = detectKind(bytes);
  if ((wanted as readonly Kind[]).includes(kind)) return kind as K;
  if (kind === 'unknown') throw unknownKind(bytes, path, expected);
  const isForBuild = FIXES[kind]?.startsWith('Build') ?? false;
  const fix = isForBuild && !(wanted as readonly Kind[]).includes('bundle') ? undefined : FIXES[kind];
  throw new AscendBundleError('FILE_KIND', {
    message: `${path} is ${KINDS[kind]}; ${expected} is expected.`,
    at: 'byte 0',
    fix: fix?.replace('MODEL', path) ?? `Give ${expected}.`,
  });
}

function unknownKind(bytes: Bytes, path: string, expected: string): AscendBundleError {
  const head = bytes.read(0, Math.min(bytes.length, HEAD_BYTES));
  if (head.length < BUNDLE_BYTES && head.subarray(0, 82).every((byte) => byte === 0)) {
    return new AscendBundleError('FILE_TRUNCATED', {
      message: `${path} has ${bytes.length} bytes, all or most of them 0; the header of a bundle alone has ${BUNDLE_BYTES}.`,
      at: `byte ${bytes.length}`,
      fix: 'Copy the file again.',
    });
  }
  const format = tensorFormatOf(bytes);
  if (format !== undefined) {
    return new AscendBundleError('FILE_KIND', {
      message: `${path} is a file of tensors (${format}); ${expected} is expected.`,
      at: 'byte 0',
      fix: `Give ${expected}. What is in this one: ascend-bundle weights check ${path}`,
    });
  }
  const what = isText(head) ? 'a text file' : `of no known kind (it begins with ${hex(head)})`;
  return new AscendBundleError('FILE_KIND', {
    message: `${path} is ${what}; ${expected} is expected.`,
    at: 'byte 0',
    fix: `Give ${expected}. If it should be one, it is damaged, truncated or encrypted: copy it again.`,
  });
}

function isText(head: Uint8Array): boolean {
  return head.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}

function hex(head: Uint8Array): string {
  return Buffer.from(head.subarray(0, 8))
    .toString('hex')
    .replace(/(..)(?=.)/g, '$1 ');
}
