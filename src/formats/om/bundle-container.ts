// The container of a bundle: whole models one after the other. Source: om-format §2. What the models hold is read elsewhere.
import { type Bytes, concatBytes, memoryBytes } from '../../base/bytes.js';
import { AscendBundleError, type Problem } from '../../base/errors.js';
import { readStruct, writeStruct } from '../../base/struct.js';
import { warning } from './container.js';
import { HEADER_BYTES, MAGIC, readHeader } from './header.js';
import { PARTITION, partitionTypeName } from './partition-types.js';
import { readTable, type TableEntry, tableBytes, truncated, WIDE, writeTable } from './table.js';

/** v2 says how much memory the shared variables need; GE up to 8.5 writes and loads v1 only. */
export type BundleLayout = 'v1' | 'v2';

export interface BundleMember {
  /** From the beginning of the file. */
  readonly offsetBytes: number;
  /** A whole `.om`. */
  readonly bytes: Bytes;
}

export interface BundleContainer {
  readonly layout: BundleLayout;
  /** Bytes of variable memory; undefined in v1. */
  readonly varSize: number | undefined;
  readonly members: readonly BundleMember[];
  readonly warnings: readonly Problem[];
}

/** The outer header has no magic; all its other bytes are 0. */
const HEADER = { modelType: [82, 'u8'], modelNum: [156, 'u32'], modelLength: [184, 'u64'] } as const;
const BUNDLE_MODEL_TYPE = 5;
const VAR_SIZE_BYTES = 8;

/** Whether the first bytes of a file are a bundle's; some loader would also take one that begins with IMOD. */
export function isBundleHeader(head: Uint8Array): boolean {
  if (head.length < HEADER_BYTES || head[HEADER.modelType[0]] !== BUNDLE_MODEL_TYPE) return false;
  const magic = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
  return magic === MAGIC || head.subarray(0, HEADER.modelType[0]).every((byte) => byte === 0);
}

/**
 * Walks as ACL does: partitions follow each other, whatever their offsets say.
 *
 * @throws FILE_TRUNCATED, FILE_KIND, FILE_MALFORMED
 */
export function readBundleContainer(bytes: Bytes, what: string): BundleContainer {
  const header = readHeader(bytes, what);
  if (!isBundleHeader(header.raw)) {
    throw new AscendBundleError('FILE_KIND', {
      message: `${what} is not a bundle: byte 82 is ${header.modelType}, and a bundle has ${BUNDLE_MODEL_TYPE} there after zeros.`,
      at: 'byte 82',
      fix: 'Give a weight-updatable bundle, as `build` writes it.',
    });
  }
  const outer = readStruct(HEADER, bytes);
  const entries = readTable(WIDE, bytes, HEADER_BYTES, what, 0);
  const warnings: Problem[] = [];
  const members: BundleMember[] = [];
  let varSize: number | undefined;
  let pos = HEADER_BYTES + tableBytes(WIDE, entries.length);
  for (const { type, memOffset, memSize } of entries) {
    const typeName = partitionTypeName(type) ?? `TYPE_${type}`;
    if (memSize > bytes.length - pos) truncated(what, pos, `${typeName} has ${memSize} bytes, and ${bytes.length - pos} are left`);
    if (memOffset + HEADER_BYTES !== pos) {
      warnings.push(
        warning('OM_MEM_OFFSET', `The table of ${what} puts ${typeName} at ${memOffset + HEADER_BYTES}; it is at ${pos}.`, HEADER_BYTES),
      );
    }
    if (type === PARTITION.bundleModelVarInfo) {
      if (memSize < VAR_SIZE_BYTES)
        truncated(what, pos, `${typeName} has ${memSize} bytes; the size of variable memory takes ${VAR_SIZE_BYTES}`);
      varSize = readStruct({ varSize: [0, 'u64'] }, bytes, pos).varSize;
    } else if (type === PARTITION.bundleModelInfo) members.push({ offsetBytes: pos, bytes: bytes.slice(pos, pos + memSize) });
    else
      warnings.push(
        warning('OM_PARTITION_UNKNOWN', `${what} has a partition of type ${type} (${typeName}) beside its models; loaders skip it.`, pos),
      );
    pos += memSize;
  }
  if (outer.modelNum !== members.length) {
    warnings.push(
      warning('OM_MODEL_NUM', `The header of ${what} counts ${outer.modelNum} models; there are ${members.length}.`, HEADER.modelNum[0]),
    );
  }
  if (outer.modelLength !== bytes.length) {
    warnings.push(
      warning(
        'OM_MODEL_LENGTH',
        `The header of ${what} counts ${outer.modelLength} bytes; the file has ${bytes.length}.`,
        HEADER.modelLength[0],
      ),
    );
  }
  if (pos !== bytes.length)
    warnings.push(warning('OM_TRAILING_BYTES', `${bytes.length - pos} bytes at the end of ${what} belong to no model.`, pos));
  return { layout: varSize === undefined ? 'v1' : 'v2', varSize, members, warnings };
}

export interface BundleOptions {
  /** `v2` unless given. CANN up to 8.5 loads `v1` only. */
  readonly layout?: BundleLayout;
  /** Bytes of variable memory that the models were compiled for; v2 says it. */
  readonly varSize?: number;
}

/** A bundle of finished models, in the order given: infer, init (may be left out), update. */
export function writeBundle(models: readonly Bytes[], { layout = 'v2', varSize = 0 }: BundleOptions = {}): Bytes {
  const sizes: TableEntry[] = models.map((bytes) => ({ type: PARTITION.bundleModelInfo, memOffset: 0, memSize: bytes.length }));
  if (layout === 'v2') sizes.unshift({ type: PARTITION.bundleModelVarInfo, memOffset: 0, memSize: VAR_SIZE_BYTES });
  // Unlike in a single model, offsets count from the end of the header, table included.
  let memOffset = tableBytes(WIDE, sizes.length);
  const entries = sizes.map((entry) => {
    const placed = { ...entry, memOffset };
    memOffset += entry.memSize;
    return placed;
  });
  const header = writeStruct(HEADER, HEADER_BYTES, {
    modelType: BUNDLE_MODEL_TYPE,
    modelNum: models.length,
    // Also unlike in a single model: the header itself is counted.
    modelLength: HEADER_BYTES + memOffset,
  });
  const varInfo = layout === 'v2' ? [memoryBytes(writeStruct({ varSize: [0, 'u64'] }, VAR_SIZE_BYTES, { varSize }))] : [];
  return concatBytes([memoryBytes(header), writeTable(WIDE, entries), ...varInfo, ...models]);
}

/**
 * The same bundle with another model in the place of one. All other bytes stay, but for the lengths and offsets that the new
 * size changes.
 *
 * @param bytes  that `member` was read from
 */
export function replaceMember(bytes: Bytes, member: Pick<BundleMember, 'offsetBytes' | 'bytes'>, model: Bytes): Bytes {
  const entries = readTable(WIDE, bytes, HEADER_BYTES, 'the bundle', 0);
  const rest = HEADER_BYTES + tableBytes(WIDE, entries.length);
  let memOffset = rest - HEADER_BYTES;
  let pos = rest;
  const table = entries.map((entry) => {
    const isMember = entry.type === PARTITION.bundleModelInfo && pos === member.offsetBytes;
    const placed = { ...entry, memOffset, memSize: isMember ? model.length : entry.memSize };
    pos += entry.memSize;
    memOffset += placed.memSize;
    return placed;
  });
  const header = Uint8Array.from(bytes.read(0, HEADER_BYTES));
  const modelLength = BigInt(bytes.length + model.length - member.bytes.length);
  new DataView(header.buffer).setBigUint64(HEADER.modelLength[0], modelLength, true);
  return concatBytes([
    memoryBytes(header),
    writeTable(WIDE, table),
    bytes.slice(rest, member.offsetBytes),
    model,
    bytes.slice(member.offsetBytes + member.bytes.length),
  ]);
}

/** Where the models of a bundle begin in its file, given their sizes in bytes. */
export function memberOffsets(sizes: readonly number[], layout: BundleLayout = 'v2'): readonly number[] {
  let offset = HEADER_BYTES + tableBytes(WIDE, sizes.length + (layout === 'v2' ? 1 : 0)) + (layout === 'v2' ? VAR_SIZE_BYTES : 0);
  return sizes.map((size) => {
    const start = offset;
    offset += size;
    return start;
  });
}
