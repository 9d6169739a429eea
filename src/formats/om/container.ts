// The container of one model: header, partition tables, partitions. What partitions hold is read elsewhere.
// Source: om-format §1. Partitions are ranges; only the header and the tables are read here.
import type { Bytes } from '../../base/bytes.js';
import { AscendBundleError, type Problem } from '../../base/errors.js';
import {
  bodyLength,
  HEADER_BYTES,
  hasReservedBits,
  hasWideTable,
  isFlow,
  isMultiTable,
  isNano,
  MAGIC,
  type OmHeader,
  readHeader,
  VERSION_2,
} from './header.js';
import { PARTITION, partitionTypeName } from './partition-types.js';
import { readTable, TINY, tableBytes, truncated, WIDE } from './table.js';

export interface Partition {
  readonly type: number;
  /** GE's name, or `TYPE_<n>`; `INOUT_INFO` in files of the SVP line. */
  readonly typeName: string;
  /** From the beginning of the model (not of the bundle it may be in). */
  readonly offsetBytes: number;
  /** As the table says it: from the end of the table. GE does not look at it, except on nano chips. */
  readonly memOffset: number;
  readonly bytes: Bytes;
  /** What lies between the partition before and this one; empty but in aligned files. */
  readonly gapBefore: Bytes;
  /** The unset bytes of its table entry, kept so that a file is written as it was. */
  readonly padding?: number;
}

/** One partition table with its partitions; a model of dynamic shape has several. */
export interface PartitionTable {
  readonly offsetBytes: number;
  readonly isWide: boolean;
  readonly partitions: readonly Partition[];
}

export interface Om {
  readonly header: OmHeader;
  readonly tables: readonly PartitionTable[];
  /** What comes after the last partition; empty in every file of a known writer. */
  readonly rest: Bytes;
  readonly warnings: readonly Problem[];
}

/** A model of dynamic shape has a few per weight; more than this is a damaged number. */
const MAX_TABLES = 100_000;
/** GE's loader takes tables of 1 to 8 entries (7 before 9.1). */
const GE_MAX_PARTITIONS = 8;

/**
 * Reads the container of a single model; nothing of the partitions.
 *
 * @param what  names the model in messages: `m.om`, `m.om, sub-model 2`
 * @param base  where `bytes` begins in its file, for messages
 * @throws FILE_TRUNCATED, FILE_KIND, FILE_MALFORMED
 */
export function readOm(bytes: Bytes, what: string, base = 0): Om {
  const header = readHeader(bytes, what, base);
  if (header.magic !== MAGIC) {
    throw new AscendBundleError('FILE_KIND', {
      message: `${what} does not begin with "IMOD", so it is not a model of GE.`,
      at: `byte ${base}`,
      fix: 'Give a compiled model (.om).',
    });
  }
  checkBodyLength(header, bytes, what, base);
  const warnings: Problem[] = [];
  const tables: PartitionTable[] = [];
  const count = isMultiTable(header) ? header.modelNum : 1;
  if (count > MAX_TABLES) {
    throw new AscendBundleError('FILE_MALFORMED', {
      message: `${what} is damaged: its header counts ${count} partition tables; at most ${MAX_TABLES} are possible.`,
      at: `byte ${base + 156}`,
      fix: 'Copy the file again, or compile the model again.',
    });
  }
  let pos = HEADER_BYTES;
  for (let i = 0; i < count && (i === 0 || pos < bytes.length); i++) {
    const table = readPartitions(header, bytes, pos, what, base);
    tables.push(table);
    const last = table.partitions.at(-1) as Partition;
    pos = last.offsetBytes + last.bytes.length;
  }
  const rest = bytes.slice(pos);
  if (tables.length < count) {
    warnings.push(
      warning('OM_MODEL_NUM', `The header of ${what} counts ${count} partition tables; the file ends after ${tables.length}.`, base + 156),
    );
  }
  if (rest.length > 0 && !isNano(header)) {
    warnings.push(
      warning('OM_TRAILING_BYTES', `${rest.length} bytes after the last partition of ${what} belong to no partition.`, base + pos),
    );
  }
  return {
    header,
    tables,
    rest,
    warnings: [...headerWarnings(header, what, base), ...tables.flatMap((table) => tableWarnings(header, table, what, base)), ...warnings],
  };
}

/** GE refuses a model whose header counts other bytes than the file has. */
function checkBodyLength(header: OmHeader, bytes: Bytes, what: string, base: number): void {
  const claimed = bodyLength(header);
  const body = bytes.length - HEADER_BYTES;
  if (claimed > body) truncated(what, base + bytes.length, `its header counts ${claimed} bytes after the header, and ${body} are there`);
  if (claimed < body) {
    throw new AscendBundleError('FILE_MALFORMED', {
      message: `${what} has ${body} bytes after its header, which counts ${claimed}.`,
      at: `byte ${base + HEADER_BYTES + claimed}`,
      fix: 'Something was appended to the file, or its header is damaged; copy it again.',
    });
  }
}

function readPartitions(header: OmHeader, bytes: Bytes, pos: number, what: string, base: number): PartitionTable {
  const isWide = hasWideTable(header);
  const layout = isWide ? WIDE : TINY;
  const entries = readTable(layout, bytes, pos, what, base);
  const tableEnd = pos + tableBytes(layout, entries.length);
  let end = tableEnd;
  const partitions = entries.map(({ type, memOffset, memSize, padding = 0 }): Partition => {
    const typeName = nameOf(type, header);
    // GE walks contiguously. Only nano files are aligned, and only there the offsets say where a partition is.
    const start = isNano(header) ? tableEnd + memOffset : end;
    if (start < end || start > bytes.length) {
      throw new AscendBundleError('FILE_MALFORMED', {
        message: `${what} is damaged: partition ${typeName} is said to begin at byte ${base + start}, outside of what is left of the file.`,
        at: `byte ${base + pos}`,
        fix: 'Copy the file again, or compile the model again.',
      });
    }
    if (memSize > bytes.length - start) {
      truncated(what, base + start, `partition ${typeName} has ${memSize} bytes, and ${bytes.length - start} are left`);
    }
    const gapBefore = bytes.slice(end, start);
    end = start + memSize;
    return { type, typeName, offsetBytes: start, memOffset, bytes: bytes.slice(start, end), gapBefore, padding };
  });
  return { offsetBytes: pos, isWide, partitions };
}

/** Files of HiSilicon's SVP line have inputs and outputs under the number of GE's dataflow graph (§1.5). */
function nameOf(type: number, header: OmHeader): string {
  if (type === PARTITION.flowModel && !isFlow(header)) return 'INOUT_INFO';
  return partitionTypeName(type) ?? `TYPE_${type}`;
}

function headerWarnings(header: OmHeader, what: string, base: number): Problem[] {
  const warnings: Problem[] = [];
  if (header.headSize !== HEADER_BYTES)
    warnings.push(
      warning('OM_HEADER', `The header of ${what} calls itself ${header.headSize} bytes long; it has ${HEADER_BYTES}.`, base + 4),
    );
  if (header.isEncrypt !== 0) warnings.push(warning('OM_ENCRYPTED', `${what} is marked as encrypted.`, base + 80));
  if (hasReservedBits(header)) warnings.push(warning('OM_RESERVED', `Reserved bytes in the header of ${what} are not 0.`, base));
  return warnings;
}

function tableWarnings(header: OmHeader, table: PartitionTable, what: string, base: number): Problem[] {
  const warnings: Problem[] = [];
  const { partitions } = table;
  const at = base + table.offsetBytes;
  if (partitions.length > GE_MAX_PARTITIONS && !isFlow(header)) {
    warnings.push(
      warning('OM_PARTITION_COUNT', `${what} has a table of ${partitions.length} partitions; GE loads at most ${GE_MAX_PARTITIONS}.`, at),
    );
  }
  if (partitions.length === 1 && header.version >= VERSION_2 && !isMultiTable(header) && !isFlow(header)) {
    warnings.push(warning('OM_NOT_COMPILED', `${what} has one partition only: a graph that was not compiled, which no device runs.`, at));
  }
  let expected = 0;
  for (const { type, typeName, memOffset, bytes, offsetBytes } of partitions) {
    if (partitionTypeName(type) === undefined)
      warnings.push(
        warning('OM_PARTITION_UNKNOWN', `${what} has a partition of type ${type}, which no released GE writes.`, base + offsetBytes),
      );
    if (!isNano(header) && memOffset !== expected)
      warnings.push(warning('OM_MEM_OFFSET', `The table of ${what} puts ${typeName} at ${memOffset}; it is at ${expected}.`, at));
    expected += bytes.length;
  }
  return warnings;
}

export function warning(code: string, message: string, byte: number): Problem {
  return { code, message, at: `byte ${byte}` };
}

/** The first partition of a type; GE looks up by type, never by position. */
export function findPartition(table: PartitionTable | undefined, type: number): Partition | undefined {
  return table?.partitions.find((partition) => partition.type === type);
}
