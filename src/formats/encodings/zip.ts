// ZIP archives with stored and deflated entries, zip64 included. Follows PKWARE's APPNOTE 6.3.10; section numbers refer to it.
// The central directory is the truth: local headers are only used to find where the data begins.
import { type Bytes, computedBytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { readStruct, type StructTable } from '../../base/struct.js';
import { zlib } from './zlib.js';

const END = {
  signature: [0, 'u32'],
  disk: [4, 'u16'],
  entries: [10, 'u16'],
  directoryBytes: [12, 'u32'],
  directoryOffset: [16, 'u32'],
  commentBytes: [20, 'u16'],
} as const satisfies StructTable;
const END_BYTES = 22;
const END_SIGNATURE = 0x06054b50;

const LOCATOR = { signature: [0, 'u32'], endOffset: [8, 'u64'] } as const satisfies StructTable;
const LOCATOR_BYTES = 20;
const LOCATOR_SIGNATURE = 0x07064b50;

const END64 = {
  signature: [0, 'u32'],
  entries: [32, 'u64'],
  directoryBytes: [40, 'u64'],
  directoryOffset: [48, 'u64'],
} as const satisfies StructTable;
const END64_BYTES = 56;
const END64_SIGNATURE = 0x06064b50;

const CENTRAL = {
  signature: [0, 'u32'],
  flags: [8, 'u16'],
  method: [10, 'u16'],
  crc: [16, 'u32'],
  packedBytes: [20, 'u32'],
  sizeBytes: [24, 'u32'],
  nameBytes: [28, 'u16'],
  extraBytes: [30, 'u16'],
  commentBytes: [32, 'u16'],
  localOffset: [42, 'u32'],
} as const satisfies StructTable;
const CENTRAL_BYTES = 46;
const CENTRAL_SIGNATURE = 0x02014b50;

const LOCAL = { signature: [0, 'u32'], nameBytes: [26, 'u16'], extraBytes: [28, 'u16'] } as const satisfies StructTable;
const LOCAL_BYTES = 30;
const LOCAL_SIGNATURE = 0x04034b50;

const MAX_DIRECTORY_BYTES = 64 << 20;
/** What Buffer holds at most in Node 20; a deflated entry is inflated as a whole. */
const MAX_INFLATED_BYTES = 2 ** 32 - 1;

export interface ZipEntry {
  readonly name: string;
  readonly isDeflated: boolean;
  /** As the archive claims; inflating checks it. */
  readonly sizeBytes: number;
  readonly crc: number;
  /** The data as it lies in the archive. */
  readonly packed: Bytes;
}

export function isZip(start: Uint8Array): boolean {
  if (start.length < 4) return false;
  const signature = new DataView(start.buffer, start.byteOffset).getUint32(0, true);
  // An empty archive is its end record alone.
  return signature === LOCAL_SIGNATURE || signature === END_SIGNATURE;
}

/**
 * The entries in the order of the directory; no data is read.
 *
 * @param what  names the archive in errors
 * @throws FILE_KIND, FILE_MALFORMED, FILE_TRUNCATED
 */
export function readZip(bytes: Bytes, what: string): ZipEntry[] {
  const { entries, offset, size } = readEnd(bytes, what);
  if (size > MAX_DIRECTORY_BYTES) malformed(what, `its directory claims ${size} bytes`, offset);
  if (offset + size > bytes.length) malformed(what, `its directory of ${size} bytes would end after the file`, offset);
  const directory = bytes.slice(offset, offset + size);
  const out: ZipEntry[] = [];
  let pos = 0;
  // The directory has at least 46 bytes for each entry, so that the count cannot make this loop run on.
  for (let i = 0; i < entries; i++) {
    if (pos + CENTRAL_BYTES > directory.length) malformed(what, `its directory has room for ${i} of ${entries} entries`, offset + pos);
    const next = readEntry(bytes, directory, pos, offset, what);
    out.push(next.entry);
    pos = next.end;
  }
  refuseRepeated(out, what);
  return out;
}

function readEnd(bytes: Bytes, what: string): { readonly entries: number; readonly offset: number; readonly size: number } {
  // The end record is followed by a comment of at most 65,535 bytes (4.3.16).
  const tailStart = Math.max(0, bytes.length - END_BYTES - 0xffff);
  const tail = bytes.slice(tailStart);
  const raw = tail.read();
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  let at = raw.length - END_BYTES;
  while (at >= 0 && !(view.getUint32(at, true) === END_SIGNATURE && at + END_BYTES + view.getUint16(at + 20, true) === raw.length)) at--;
  if (at < 0) {
    throw new AscendBundleError('FILE_TRUNCATED', {
      message: `${what} has no end record of a ZIP archive: it is truncated or not an archive.`,
      at: `byte ${bytes.length}`,
      fix: 'Copy or write the file again.',
    });
  }
  const end = readStruct(END, tail, at);
  if (end.disk !== 0) malformed(what, 'it is one of several parts', tailStart + at);
  if (end.entries !== 0xffff && end.directoryBytes !== 0xffffffff && end.directoryOffset !== 0xffffffff) {
    return { entries: end.entries, offset: end.directoryOffset, size: end.directoryBytes };
  }
  const locatorAt = tailStart + at - LOCATOR_BYTES;
  if (locatorAt < 0) malformed(what, 'its zip64 record is missing', tailStart + at);
  const locator = readStruct(LOCATOR, bytes, locatorAt);
  if (locator.signature !== LOCATOR_SIGNATURE || locator.endOffset + END64_BYTES > bytes.length) {
    malformed(what, 'its zip64 record is missing', locatorAt);
  }
  const end64 = readStruct(END64, bytes, locator.endOffset);
  if (end64.signature !== END64_SIGNATURE) malformed(what, 'its zip64 record is damaged', locator.endOffset);
  return { entries: end64.entries, offset: end64.directoryOffset, size: end64.directoryBytes };
}

function readEntry(
  bytes: Bytes,
  directory: Bytes,
  pos: number,
  base: number,
  what: string,
): { readonly entry: ZipEntry; readonly end: number } {
  const fixed = readStruct(CENTRAL, directory, pos);
  const nameAt = pos + CENTRAL_BYTES;
  const extraAt = nameAt + fixed.nameBytes;
  const end = extraAt + fixed.extraBytes + fixed.commentBytes;
  if (fixed.signature !== CENTRAL_SIGNATURE || end > directory.length) malformed(what, 'an entry of its directory is damaged', base + pos);
  // Bit 11 says UTF-8 (4.4.4); older writers used the code page of their day, of which ASCII is the common part.
  const name = Buffer.from(directory.read(nameAt, extraAt)).toString(fixed.flags & 0x800 ? 'utf8' : 'latin1');
  const entryAt = base + pos;
  if (fixed.flags & 1) malformed(what, `its entry "${name}" is encrypted`, entryAt);
  if (fixed.method !== 0 && fixed.method !== 8)
    malformed(what, `its entry "${name}" has compression method ${fixed.method}; 0 and 8 are read`, entryAt);
  const { sizeBytes, packedBytes, localOffset } = widened(fixed, directory.read(extraAt, extraAt + fixed.extraBytes));
  if (localOffset + LOCAL_BYTES > bytes.length) malformed(what, `its entry "${name}" begins after the file`, entryAt);
  const local = readStruct(LOCAL, bytes, localOffset);
  const dataAt = localOffset + LOCAL_BYTES + local.nameBytes + local.extraBytes;
  if (local.signature !== LOCAL_SIGNATURE) malformed(what, `its entry "${name}" has no local header`, localOffset);
  if (dataAt + packedBytes > bytes.length)
    malformed(what, `its entry "${name}" of ${packedBytes} bytes would end after the file`, localOffset);
  const isDeflated = fixed.method === 8;
  if (!isDeflated && sizeBytes !== packedBytes)
    malformed(what, `its stored entry "${name}" has two sizes, ${packedBytes} and ${sizeBytes}`, entryAt);
  return { entry: { name, isDeflated, sizeBytes, crc: fixed.crc, packed: bytes.slice(dataAt, dataAt + packedBytes) }, end };
}

interface Widths {
  readonly sizeBytes: number;
  readonly packedBytes: number;
  readonly localOffset: number;
}

/** The zip64 extra field (4.5.3) holds, in this order, those values whose 32-bit field is all ones. */
function widened(fixed: Widths, extra: Uint8Array): Widths {
  const out = { sizeBytes: fixed.sizeBytes, packedBytes: fixed.packedBytes, localOffset: fixed.localOffset };
  const view = new DataView(extra.buffer, extra.byteOffset, extra.byteLength);
  for (let pos = 0; pos + 4 <= extra.length; ) {
    const size = view.getUint16(pos + 2, true);
    const end = Math.min(extra.length, pos + 4 + size);
    if (view.getUint16(pos, true) === 1) {
      let at = pos + 4;
      for (const key of ['sizeBytes', 'packedBytes', 'localOffset'] as const) {
        if (out[key] !== 0xffffffff || at + 8 > end) continue;
        // Beyond 2^53 the number is inexact and far over any file's size, which the checks against the file refuse.
        out[key] = Number(view.getBigUint64(at, true));
        at += 8;
      }
    }
    pos += 4 + size;
  }
  return out;
}

function refuseRepeated(entries: readonly ZipEntry[], what: string): void {
  const seen = new Set<string>();
  for (const { name } of entries) {
    if (seen.has(name)) malformed(what, `its entry "${name}" occurs twice`, 0);
    seen.add(name);
  }
}

/**
 * The content of an entry: of a stored one a range of the archive, of a deflated one bytes that are inflated as a whole on the first
 * read. They are held until they have been read to their end, after that only as long as memory lasts.
 */
export function zipEntryBytes(entry: ZipEntry, what: string): Bytes {
  if (!entry.isDeflated) return entry.packed;
  let held: Uint8Array | undefined;
  let remembered: WeakRef<Uint8Array> | undefined;
  return computedBytes(entry.sizeBytes, (start, end) => {
    const whole = held ?? remembered?.deref() ?? inflate(entry, what);
    held = end === entry.sizeBytes ? undefined : whole;
    remembered = new WeakRef(whole);
    return whole.subarray(start, end);
  });
}

/** The first bytes of an entry's content, at most `limit` of them, without inflating the rest. */
export function zipEntryStart(entry: ZipEntry, limit: number, what: string): Uint8Array {
  if (!entry.isDeflated) return entry.packed.read(0, Math.min(limit, entry.packed.length));
  // Deflate stores incompressible data with 5 bytes per block, so that this much input always gives `limit` bytes.
  const input = entry.packed.read(0, Math.min(entry.packed.length, limit + 1024));
  try {
    const out = zlib().inflateRawSync(input, { finishFlush: 2 /* Z_SYNC_FLUSH: the input may stop anywhere */ });
    return out.subarray(0, limit);
  } catch (cause) {
    return damaged(entry, what, cause);
  }
}

function inflate(entry: ZipEntry, what: string): Uint8Array {
  if (entry.sizeBytes > MAX_INFLATED_BYTES) {
    throw new AscendBundleError('FILE_KIND', {
      message: `The entry "${entry.name}" of ${what} is compressed and has ${entry.sizeBytes} bytes; compressed entries are read up to 4 GiB.`,
      fix: 'Save it without compression (numpy.savez), or as safetensors.',
    });
  }
  let out: Uint8Array;
  try {
    out = zlib().inflateRawSync(entry.packed.read(), { maxOutputLength: Math.max(1, entry.sizeBytes) });
  } catch (cause) {
    return damaged(entry, what, cause);
  }
  if (out.length !== entry.sizeBytes || zlib().crc32(out) !== entry.crc) return damaged(entry, what, undefined);
  return out;
}

function damaged(entry: ZipEntry, what: string, cause: unknown): never {
  throw new AscendBundleError('FILE_MALFORMED', {
    message: `${what} is damaged: its compressed entry "${entry.name}" does not give the ${entry.sizeBytes} bytes that its directory promises.`,
    fix: 'Copy or write the file again.',
    cause,
  });
}

function malformed(what: string, why: string, at: number): never {
  throw new AscendBundleError('FILE_MALFORMED', {
    message: `${what} cannot be read as a ZIP archive: ${why}.`,
    at: `byte ${at}`,
    fix: 'Copy or write the file again; numpy.savez writes what is read here.',
  });
}
