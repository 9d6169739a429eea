// Writes the container of one model. The result is a rope: partitions are read when it is. Source: om-format §1.
import { type Bytes, concatBytes, memoryBytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { HEADER_BYTES, type HeaderFields, hasWideTable, newHeader, type OmHeader, withBodyLength } from './header.js';
import { type TableEntry, TINY, tableBytes, WIDE, writeTable } from './table.js';

export interface PartitionToWrite {
  readonly type: number;
  readonly bytes: Bytes;
  readonly gapBefore?: Bytes;
  readonly padding?: number;
}

export interface TableToWrite {
  readonly partitions: readonly PartitionToWrite[];
}

export interface OmToWrite {
  /** Of a file that was read, or the fields of a new one (`name`, `omIrVersion`, `platformVersion`, …); lengths are filled in. */
  readonly header: OmHeader | Partial<HeaderFields>;
  readonly tables: readonly TableToWrite[];
  readonly rest?: Bytes;
}

const TINY_LIMIT_BYTES = 2 ** 32;

/**
 * A whole `.om`. What `readOm` gave is written as it was; a new header gets 64-bit tables, and the number of tables.
 *
 * @throws BUNDLE_INVALID when the file is too large for the 32-bit table that its header asks for
 */
export function writeOm({ header: given, tables, rest }: OmToWrite): Bytes {
  const isNew = !('raw' in given);
  const header = isNew ? newHeader({ modelNum: tables.length, ...given }) : given;
  const isWide = isNew || hasWideTable(header);
  const body = concatBytes([...tables.flatMap((table) => writePartitions(table, isWide)), ...(rest === undefined ? [] : [rest])]);
  if (!isWide && body.length >= TINY_LIMIT_BYTES) {
    throw new AscendBundleError('BUNDLE_INVALID', {
      message: `The model has ${body.length} bytes, and its header asks for a table that counts to 4 GiB.`,
      fix: 'Write it with a new header.',
    });
  }
  return concatBytes([memoryBytes(withBodyLength(header, body.length, isWide)), body]);
}

function writePartitions({ partitions }: TableToWrite, isWide: boolean): readonly Bytes[] {
  let memOffset = 0;
  const entries: TableEntry[] = [];
  const pieces: Bytes[] = [];
  for (const { type, bytes, gapBefore, padding = 0 } of partitions) {
    if (gapBefore !== undefined) pieces.push(gapBefore);
    memOffset += gapBefore?.length ?? 0;
    entries.push({ type, memOffset, memSize: bytes.length, padding });
    pieces.push(bytes);
    memOffset += bytes.length;
  }
  return [writeTable(isWide ? WIDE : TINY, entries), ...pieces];
}

/** Where the partitions of a new model with one table begin, in bytes from its beginning. */
export function partitionOffsets(partitions: readonly PartitionToWrite[]): readonly number[] {
  let offset = HEADER_BYTES + tableBytes(WIDE, partitions.length);
  return partitions.map(({ bytes }) => {
    const start = offset;
    offset += bytes.length;
    return start;
  });
}
