// Partitions that hold files by name: kernels, custom operators, host libraries. Source: om-format §1.6.
import { type Bytes, concatBytes, memoryBytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { decodeUtf8, encodeUtf8 } from '../../base/protobuf/utf8.js';
import { readStruct, type StructTable, writeStruct } from '../../base/struct.js';

export interface Item {
  readonly name: string;
  readonly bytes: Bytes;
}

export interface HostLibrary extends Item {
  readonly vendor: string;
  /** 0 SpaceRegistry, 1 OpMasterDevice, 2 Autofuse, 3 CustomOp. */
  readonly kind: number;
}

const KERNEL_MAGIC = 0x5d776efd;
const CUSTOM_OP_MAGIC = 0x4b43534b;
const KERNEL = { magic: [0, 'u32'], nameBytes: [4, 'u32'], binBytes: [8, 'u32'] } as const;
const KERNEL_BYTES = 12;
const LIBRARY = { magic: [0, 'u32'], nameBytes: [4, 'u16'], kind: [6, 'u16'], vendorBytes: [8, 'u32'], binBytes: [12, 'u32'] } as const;
const LIBRARY_BYTES = 16;
const COUNT_BYTES = 4;

/**
 * The items of TBE_KERNELS and CUST_AICPU_KERNELS. Contents are ranges.
 *
 * @throws FILE_MALFORMED
 */
export function readKernels(partition: Bytes, what: string, base = 0): readonly Item[] {
  return readItems(partition, KERNEL_MAGIC, what, base);
}

/** The items of CUSTOM_OPS. @throws FILE_MALFORMED */
export function readCustomOps(partition: Bytes, what: string, base = 0): readonly Item[] {
  return readItems(partition, CUSTOM_OP_MAGIC, what, base);
}

function readItems(partition: Bytes, magic: number, what: string, base: number): readonly Item[] {
  const items: Item[] = [];
  for (let pos = 0; pos < partition.length; ) {
    const head = readHead(KERNEL, KERNEL_BYTES, magic, partition, pos, what, base);
    const [name, bin] = readParts(partition, pos + KERNEL_BYTES, [head.nameBytes, head.binBytes], what, base) as [Bytes, Bytes];
    items.push({ name: text(name), bytes: bin });
    pos += KERNEL_BYTES + name.length + bin.length;
  }
  return items;
}

/** The items of SO_BINS, which make a model depend on one operating system and CPU. @throws FILE_MALFORMED */
export function readHostLibraries(partition: Bytes, what: string, base = 0): readonly HostLibrary[] {
  if (partition.length < COUNT_BYTES) malformed(what, base, 'the number of libraries is missing');
  const { count } = readStruct({ count: [0, 'u32'] }, partition);
  const libraries: HostLibrary[] = [];
  let pos = COUNT_BYTES;
  for (let i = 0; i < count; i++) {
    const head = readHead(LIBRARY, LIBRARY_BYTES, KERNEL_MAGIC, partition, pos, what, base);
    const sizes = [head.nameBytes, head.vendorBytes, head.binBytes];
    const [name, vendor, bin] = readParts(partition, pos + LIBRARY_BYTES, sizes, what, base) as [Bytes, Bytes, Bytes];
    libraries.push({ name: text(name), vendor: text(vendor), kind: head.kind, bytes: bin });
    pos += LIBRARY_BYTES + name.length + vendor.length + bin.length;
  }
  return libraries;
}

type ItemHead = StructTable & { readonly magic: readonly [0, 'u32'] };

function readHead<T extends ItemHead>(table: T, size: number, magic: number, partition: Bytes, pos: number, what: string, base: number) {
  if (size > partition.length - pos) malformed(what, base + pos, `an item begins where ${partition.length - pos} bytes are left`);
  const head = readStruct(table, partition, pos);
  if ((head as { magic: number }).magic !== magic) malformed(what, base + pos, 'an item does not begin with its mark');
  return head;
}

function readParts(partition: Bytes, start: number, sizes: readonly number[], what: string, base: number): readonly Bytes[] {
  let pos = start;
  return sizes.map((size) => {
    if (size > partition.length - pos) malformed(what, base + pos, `an item claims ${size} bytes where ${partition.length - pos} are left`);
    pos += size;
    return partition.slice(pos - size, pos);
  });
}

const MAX_NAME_BYTES = 1 << 16;

function text(bytes: Bytes): string {
  return decodeUtf8(bytes.read(0, Math.min(bytes.length, MAX_NAME_BYTES)));
}

function malformed(what: string, at: number, why: string): never {
  throw new AscendBundleError('FILE_MALFORMED', {
    message: `${what} is damaged: ${why}.`,
    at: `byte ${at}`,
    fix: 'Copy the file again, or compile the model again.',
  });
}

/** A TBE_KERNELS partition; contents are taken over as ranges. */
export function writeKernels(items: readonly Item[]): Bytes {
  return concatBytes(
    items.flatMap(({ name, bytes }) => {
      const raw = encodeUtf8(name);
      const head = writeStruct(KERNEL, KERNEL_BYTES, { magic: KERNEL_MAGIC, nameBytes: raw.length, binBytes: bytes.length });
      return [memoryBytes(head), memoryBytes(raw), bytes];
    }),
  );
}

/** A SO_BINS partition. */
export function writeHostLibraries(libraries: readonly HostLibrary[]): Bytes {
  return concatBytes([
    memoryBytes(writeStruct({ count: [0, 'u32'] }, COUNT_BYTES, { count: libraries.length })),
    ...libraries.flatMap(({ name, vendor, kind, bytes }) => {
      const [rawName, rawVendor] = [encodeUtf8(name), encodeUtf8(vendor)];
      const sizes = { nameBytes: rawName.length, vendorBytes: rawVendor.length, binBytes: bytes.length };
      const head = writeStruct(LIBRARY, LIBRARY_BYTES, { magic: KERNEL_MAGIC, kind, ...sizes });
      return [memoryBytes(head), memoryBytes(rawName), memoryBytes(rawVendor), bytes];
    }),
  ]);
}
