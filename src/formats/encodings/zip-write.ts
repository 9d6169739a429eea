// Writes ZIP archives of stored entries: as numpy.savez does, so that each entry stays a readable range. No time stamps, so that
// two writes of the same content are equal.
import { type Bytes, chunks, concatBytes, memoryBytes } from '../../base/bytes.js';
import { zlib } from './zlib.js';

/** 1980-01-01 00:00, the first date that the format knows. */
const DATE = 0x0021;
const UTF8_NAMES = 0x800;
const ALL_ONES = 0xffffffff;

export interface ZipContent {
  readonly name: string;
  readonly bytes: Bytes;
}

/** Each content is read once for its checksum, and again when the result is; nothing is held. */
export function writeZip(contents: readonly ZipContent[]): Bytes {
  const parts: Bytes[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes } of contents) {
    const entry: Entry = { name: Buffer.from(name, 'utf8'), size: bytes.length, crc: checksum(bytes), offset };
    const header = localHeader(entry);
    parts.push(memoryBytes(header), bytes);
    directory.push(centralHeader(entry));
    offset += header.length + bytes.length;
  }
  const central = Buffer.concat(directory);
  return concatBytes([...parts, memoryBytes(central), memoryBytes(endRecords(contents.length, central.length, offset))]);
}

interface Entry {
  readonly name: Buffer;
  readonly size: number;
  readonly crc: number;
  readonly offset: number;
}

function checksum(bytes: Bytes): number {
  let crc = 0;
  for (const chunk of chunks(bytes)) crc = zlib().crc32(chunk, crc);
  return crc;
}

function localHeader({ name, size, crc }: Entry): Buffer {
  const isWide = size >= ALL_ONES;
  const extra = isWide ? zip64Extra([size, size]) : Buffer.alloc(0);
  const out = Buffer.alloc(30);
  out.writeUInt32LE(0x04034b50, 0);
  writeCommon(out, 4, { crc, size: isWide ? ALL_ONES : size, isWide, nameBytes: name.length, extraBytes: extra.length });
  return Buffer.concat([out, name, extra]);
}

function centralHeader({ name, size, crc, offset }: Entry): Buffer {
  const wide = [...(size >= ALL_ONES ? [size, size] : []), ...(offset >= ALL_ONES ? [offset] : [])];
  const extra = wide.length > 0 ? zip64Extra(wide) : Buffer.alloc(0);
  const out = Buffer.alloc(46);
  out.writeUInt32LE(0x02014b50, 0);
  // Made by Unix (3), version 4.5 of the specification.
  out.writeUInt16LE(0x032d, 4);
  writeCommon(out, 6, { crc, size: Math.min(size, ALL_ONES), isWide: wide.length > 0, nameBytes: name.length, extraBytes: extra.length });
  // -rw-r--r--, for those who unzip it.
  out.writeUInt32LE(0o100644 * 0x10000, 38);
  out.writeUInt32LE(Math.min(offset, ALL_ONES), 42);
  return Buffer.concat([out, name, extra]);
}

interface Common {
  readonly crc: number;
  readonly size: number;
  readonly isWide: boolean;
  readonly nameBytes: number;
  readonly extraBytes: number;
}

/** The 26 bytes that both headers share, from "version needed" to the length of the extra field. */
function writeCommon(out: Buffer, at: number, { crc, size, isWide, nameBytes, extraBytes }: Common): void {
  out.writeUInt16LE(isWide ? 45 : 20, at);
  out.writeUInt16LE(UTF8_NAMES, at + 2);
  out.writeUInt16LE(DATE, at + 8);
  out.writeUInt32LE(crc, at + 10);
  out.writeUInt32LE(size, at + 14);
  out.writeUInt32LE(size, at + 18);
  out.writeUInt16LE(nameBytes, at + 22);
  out.writeUInt16LE(extraBytes, at + 24);
}

function zip64Extra(values: readonly number[]): Buffer {
  const out = Buffer.alloc(4 + 8 * values.length);
  out.writeUInt16LE(1, 0);
  out.writeUInt16LE(8 * values.length, 2);
  values.forEach((value, i) => {
    out.writeBigUInt64LE(BigInt(value), 4 + 8 * i);
  });
  return out;
}

function endRecords(entries: number, directoryBytes: number, directoryOffset: number): Buffer {
  const isWide = entries >= 0xffff || directoryBytes >= ALL_ONES || directoryOffset >= ALL_ONES;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(entries, 0xffff), 8);
  end.writeUInt16LE(Math.min(entries, 0xffff), 10);
  end.writeUInt32LE(Math.min(directoryBytes, ALL_ONES), 12);
  end.writeUInt32LE(Math.min(directoryOffset, ALL_ONES), 16);
  if (!isWide) return end;
  const wide = Buffer.alloc(76);
  wide.writeUInt32LE(0x06064b50, 0);
  wide.writeBigUInt64LE(44n, 4);
  wide.writeUInt16LE(0x032d, 12);
  wide.writeUInt16LE(45, 14);
  wide.writeBigUInt64LE(BigInt(entries), 24);
  wide.writeBigUInt64LE(BigInt(entries), 32);
  wide.writeBigUInt64LE(BigInt(directoryBytes), 40);
  wide.writeBigUInt64LE(BigInt(directoryOffset), 48);
  wide.writeUInt32LE(0x07064b50, 56);
  wide.writeBigUInt64LE(BigInt(directoryOffset + directoryBytes), 64);
  wide.writeUInt32LE(1, 72);
  return Buffer.concat([wide, end]);
}
