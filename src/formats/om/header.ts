// ModelFileHeader: the first 256 bytes of every `.om`. Its layout was changed twice. Source: om-format §1.1.
import { type Bytes, memoryBytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { readStruct, type StructValue, writeStruct } from '../../base/struct.js';

export const HEADER_BYTES = 256;
/** "IMOD" read as a little-endian number. */
export const MAGIC = 0x444f4d49;
/** From this version on there is `model_num`; HiAI's mobile files still have the older one. */
export const VERSION_2 = 0x20000000;

const FIELDS = {
  magic: [0, 'u32'],
  headSize: [4, 'u32'],
  version: [8, 'u32'],
  checksum: [12, 'bytes[64]'],
  /** Bytes after the header in older files; 0 in files by current writers, which say `modelLength`. */
  length: [76, 'u32'],
  isEncrypt: [80, 'u8'],
  isChecksum: [81, 'u8'],
  modelType: [82, 'u8'],
  genMode: [83, 'u8'],
  name: [84, 'char[32]'],
  ops: [116, 'u32'],
  userDefineInfo: [120, 'bytes[32]'],
  omIrVersion: [152, 'u32'],
  modelNum: [156, 'u32'],
  platformVersion: [160, 'char[20]'],
  platformType: [180, 'u8'],
  padding: [181, 'bytes[3]'],
  /** Bytes after the header; for a bundle, of the whole file. */
  modelLength: [184, 'u64'],
  needCheckOsCpuInfo: [192, 'u8'],
  /** 1 for a model of dynamic shape. */
  isUnknownModel: [193, 'u8'],
  reserved: [194, 'bytes[62]'],
} as const;

/** Version 1.0: no `model_num`, and everything after the platform is reserved. */
const FIELDS_1 = { platformVersion: [156, 'char[20]'], platformType: [176, 'u8'], reserved: [177, 'bytes[79]'] } as const;

export type HeaderFields = Omit<StructValue<typeof FIELDS>, 'checksum' | 'userDefineInfo' | 'padding' | 'reserved'>;

export interface OmHeader extends HeaderFields {
  /** The 256 bytes themselves, so that what no field names is written again. */
  readonly raw: Uint8Array;
}

/**
 * @param base  where `bytes` begins in its file, for messages
 * @throws FILE_TRUNCATED
 */
export function readHeader(bytes: Bytes, what: string, base = 0): OmHeader {
  if (bytes.length < HEADER_BYTES) {
    throw new AscendBundleError('FILE_TRUNCATED', {
      message: `${what} has ${bytes.length} bytes; the header of a model alone has ${HEADER_BYTES}.`,
      at: `byte ${base}`,
      fix: 'Copy the file again.',
    });
  }
  const { checksum: _, userDefineInfo: __, padding: ___, reserved: ____, ...fields } = readStruct(FIELDS, bytes);
  const raw = bytes.read(0, HEADER_BYTES);
  if (fields.version >= VERSION_2) return { ...fields, raw };
  const { platformVersion, platformType } = readStruct(FIELDS_1, bytes);
  return { ...fields, modelNum: 1, platformVersion, platformType, modelLength: 0, needCheckOsCpuInfo: 0, isUnknownModel: 0, raw };
}

/** Whether any byte that has no meaning is set; all of them are 0 in every real file. */
export function hasReservedBits(header: OmHeader): boolean {
  const table = header.version >= VERSION_2 ? FIELDS : { ...FIELDS, ...FIELDS_1 };
  const ranges = [table.checksum, table.userDefineInfo, table.reserved, ...(header.version >= VERSION_2 ? [FIELDS.padding] : [])];
  return ranges.some(([at, type]) => header.raw.subarray(at, at + Number(/\d+/.exec(type)?.[0])).some((byte) => byte !== 0));
}

/** A new header of version 2.0; fields not given are 0. Names longer than 31 bytes are cut, as GE cuts them. */
export function newHeader(fields: Partial<HeaderFields>): OmHeader {
  const all = { magic: MAGIC, headSize: HEADER_BYTES, version: VERSION_2, modelNum: 1, platformType: 1, ...fields };
  const raw = writeStruct(FIELDS, HEADER_BYTES, all);
  return readHeader(memoryBytes(raw), 'a new header');
}

/** The header with another body length, said where this kind of header says it. */
export function withBodyLength(header: OmHeader, bodyBytes: number, isWide: boolean): Uint8Array {
  const raw = Uint8Array.from(header.raw);
  const view = new DataView(raw.buffer);
  if (header.version >= VERSION_2 && (header.modelLength !== 0 || (isWide && header.length === 0))) {
    view.setBigUint64(FIELDS.modelLength[0], BigInt(bodyBytes), true);
  } else view.setUint32(FIELDS.length[0], bodyBytes, true);
  return raw;
}

/** Bytes after the header; 0 when neither field says it. */
export function bodyLength(header: HeaderFields): number {
  return header.modelLength === 0 ? header.length : header.modelLength;
}

/** GE's dataflow models: their partitions hold whole models. In files of version 1.0 the same number is HiAI's. */
export function isFlow(header: HeaderFields): boolean {
  return header.modelType === 3 && header.version >= VERSION_2;
}

/** Models for nano chips, whose partitions are aligned. */
export function isNano(header: HeaderFields): boolean {
  return header.modelType === 4 && header.version >= VERSION_2;
}

/** Several models in one file, each with its own partition table (§1.8). */
export function isMultiTable(header: HeaderFields): boolean {
  return header.version >= VERSION_2 && (header.modelNum > 1 || header.isUnknownModel === 1);
}

/** The partition table has 64-bit entries (§1.2). Never chosen by version: version 2.0 occurs with both. */
export function hasWideTable(header: HeaderFields): boolean {
  return header.modelLength !== 0 || isFlow(header);
}
