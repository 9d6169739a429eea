// Partition tables, with 12-byte or 24-byte entries, and the partitions behind them. Source: om-format §1.2, §1.3.
import { type Bytes, memoryBytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { readStruct, writeStruct } from '../../base/struct.js';

export interface TableLayout {
  readonly headBytes: number;
  readonly entryBytes: number;
  readonly entry: {
    readonly type: readonly [0, 'u32'];
    readonly memOffset: readonly [number, 'u32' | 'u64'];
    readonly memSize: readonly [number, 'u32' | 'u64'];
    readonly padding?: readonly [number, 'u32'];
  };
}

export const TINY: TableLayout = { headBytes: 4, entryBytes: 12, entry: { type: [0, 'u32'], memOffset: [4, 'u32'], memSize: [8, 'u32'] } };
export const WIDE: TableLayout = {
  headBytes: 8,
  entryBytes: 24,
  entry: { type: [0, 'u32'], memOffset: [8, 'u64'], memSize: [16, 'u64'], padding: [4, 'u32'] },
};

export interface TableEntry {
  readonly type: number;
  /** As the file says it; what it counts from depends on the kind of file. */
  readonly memOffset: number;
  readonly memSize: number;
  /** Wide tables have four bytes that nobody sets: GE leaves there what was in memory. */
  readonly padding?: number;
}

/** More entries than any GE allows; a dataflow model may have this many. */
const MAX_ENTRIES = 4096;

export function tableBytes(layout: TableLayout, count: number): number {
  return layout.headBytes + layout.entryBytes * count;
}

/**
 * @param pos  where the table begins in `bytes`; `base` is where those begin in the file, for messages
 * @throws FILE_TRUNCATED, FILE_MALFORMED
 */
export function readTable(layout: TableLayout, bytes: Bytes, pos: number, what: string, base: number): readonly TableEntry[] {
  const room = bytes.length - pos;
  if (room < layout.headBytes) truncated(what, base + pos, `a partition table begins where ${Math.max(0, room)} bytes are left`);
  const { num } = readStruct({ num: [0, 'u32'] }, bytes, pos);
  if (num < 1 || num > MAX_ENTRIES) {
    throw new AscendBundleError('FILE_MALFORMED', {
      message: `${what} is damaged: its partition table has ${num} entries; 1 to ${MAX_ENTRIES} are possible.`,
      at: `byte ${base + pos}`,
      fix: 'Copy the file again, or compile the model again.',
    });
  }
  if (tableBytes(layout, num) > room) truncated(what, base + pos, `a partition table of ${num} entries does not fit`);
  return Array.from({ length: num }, (_, i) => readStruct(layout.entry, bytes, pos + tableBytes(layout, i)) as TableEntry);
}

export function writeTable(layout: TableLayout, entries: readonly TableEntry[]): Bytes {
  const out = new Uint8Array(tableBytes(layout, entries.length));
  out.set(writeStruct({ num: [0, 'u32'] }, 4, { num: entries.length }));
  for (const [i, entry] of entries.entries()) out.set(writeStruct(layout.entry, layout.entryBytes, entry as never), tableBytes(layout, i));
  return memoryBytes(out);
}

export function truncated(what: string, at: number, why: string): never {
  throw new AscendBundleError('FILE_TRUNCATED', {
    message: `${what} is truncated: ${why}.`,
    at: `byte ${at}`,
    fix: 'Copy the file again.',
  });
}
