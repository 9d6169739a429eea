// The containers of libstdc++ that GE takes, laid out by us (cann-api §7.3). Both ABIs of the library and both processors lay them out
// alike. Nothing is ever destroyed: GE only reads them, and the process ends with the job.
import type { Caller } from '../call.js';
import type { Address, Memory } from '../memory.js';
import type { AddressNames } from '../names.js';

/** What the layouts are built with. */
export interface LayoutParts {
  readonly memory: Pick<Memory, 'allocate' | 'addressOf' | 'read'>;
  readonly caller: Pick<Caller, 'call'>;
  readonly names: AddressNames;
}

const STRING_BYTES = 16;
const VECTOR_BYTES = 24;
export const MAP_BYTES = 48;

/** `std::_Rb_tree_node_base` {color, parent, left, right}, then the pair. */
const NODE = { parent: 8, left: 16, right: 24, key: 32, value: 48, bytes: 64 } as const;
/** `std::map`: the (empty) comparator, then a node base as header {color, root, leftmost, rightmost}, then the count. */
const MAP = { header: 8, parent: 16, leftmost: 24, rightmost: 32, count: 40 } as const;

/** Zeroed bytes that stay, and their address. */
export function place({ memory }: LayoutParts, bytes: number): { readonly bytes: Buffer; readonly address: Address } {
  const buffer = memory.allocate(bytes);
  return { bytes: buffer, address: memory.addressOf(buffer) };
}

/** `ge::AscendString` in the 16 zeroed bytes at `address`: a shared_ptr, so GE's own constructor has to make it. */
function constructString({ caller }: LayoutParts, address: Address, text: string): void {
  caller.call('AscendString.AscendString', address, text);
}

/** `std::vector<T>` over elements that stay where they are: begin, end, end of storage. */
export function makeVector(parts: LayoutParts, elements: Address, bytes: number): Address {
  const vector = place(parts, VECTOR_BYTES);
  const end = elements + BigInt(bytes);
  for (const [i, pointer] of [elements, end, end].entries()) vector.bytes.writeBigUInt64LE(bytes === 0 ? 0n : pointer, 8 * i);
  return vector.address;
}

/** `std::vector<ge::AscendString>`. */
export function makeStringVector(parts: LayoutParts, texts: readonly string[]): Address {
  const elements = place(parts, Math.max(texts.length, 1) * STRING_BYTES);
  for (const [i, text] of texts.entries()) constructString(parts, elements.address + BigInt(i * STRING_BYTES), text);
  const vector = makeVector(parts, elements.address, texts.length * STRING_BYTES);
  parts.names.describe(vector, texts);
  return vector;
}

/**
 * `std::map<ge::AscendString, ge::AscendString>` in 48 bytes at `offset` of `bytes`. It holds its own address, so it must not be moved.
 * libstdc++'s own function inserts and rebalances; only where to insert is ours: sorted, each key goes to the right of the last.
 */
export function constructMap(parts: LayoutParts, bytes: Buffer, offset: number, entries: Readonly<Record<string, string>>): void {
  const header = parts.memory.addressOf(bytes) + BigInt(offset + MAP.header);
  bytes.fill(0, offset, offset + MAP_BYTES);
  bytes.writeBigUInt64LE(header, offset + MAP.leftmost);
  bytes.writeBigUInt64LE(header, offset + MAP.rightmost);
  const keys = Object.keys(entries).sort(byBytes);
  for (const [i, key] of keys.entries()) {
    const node = place(parts, NODE.bytes);
    constructString(parts, node.address + BigInt(NODE.key), key);
    constructString(parts, node.address + BigInt(NODE.value), entries[key] as string);
    const isFirst = i === 0;
    const parent = isFirst ? header : bytes.readBigUInt64LE(offset + MAP.rightmost);
    parts.caller.call('insertAndRebalance', isFirst, node.address, parent, header);
  }
  bytes.writeBigUInt64LE(BigInt(keys.length), offset + MAP.count);
}

export function makeMap(parts: LayoutParts, entries: Readonly<Record<string, string>>): Address {
  const map = place(parts, MAP_BYTES);
  constructMap(parts, map.bytes, 0, entries);
  parts.names.describe(map.address, entries);
  return map.address;
}

/** The order of `AscendString::operator<`, which is that of std::string: bytes without sign. JavaScript's own differs beyond U+FFFF. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}
