// Addresses of constants in the launch records of a chip. Each record belongs to one op (`task_index_op_name`); the compiler puts
// logical addresses into its arguments: in a model of CANN 8.0.0 all 398 of them are those of inputs of that op.
import { type Bytes, memoryBytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';

export interface AddressMove {
  /** Logical addresses: `task_gen_weight_addr` + offset. */
  readonly from: bigint;
  readonly to: bigint;
  /** Names of the ops that take what has moved; true where such an op takes something else from the old address too. */
  readonly owners: ReadonlyMap<string, boolean>;
}

/**
 * @param owners  per task, the op that it belongs to
 * @returns the tasks, of the same lengths
 * @throws WEIGHT_UNPATCHABLE for an address of which it cannot be told whose it is
 */
export function moveAddresses(tasks: readonly Bytes[], owners: readonly string[], moves: readonly AddressMove[], what: string): Bytes[] {
  return tasks.map((task, i) => {
    const raw = Buffer.from(task.read());
    let changed = false;
    for (const move of moves) {
      const places = placesOf(raw, fixed64(move.from));
      const owner = owners.length === tasks.length ? owners[i] : undefined;
      const isOwn = owner !== undefined && move.owners.has(owner);
      // Records of other ops go on reading what has stayed.
      if (owner !== undefined && !isOwn) continue;
      const isVarint = placesOf(raw, varint(move.from)).length > 0;
      if (places.length === 0 && !isVarint) continue;
      if (!isOwn || move.owners.get(owner) === true || isVarint) throw unclear(what, i, owner);
      for (const place of places) raw.set(fixed64(move.to), place);
      changed = true;
    }
    return changed ? memoryBytes(raw) : task;
  });
}

function fixed64(value: bigint): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt.asUintN(64, value));
  return out;
}

function varint(value: bigint): Buffer {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 0x80n; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...out, Number(rest)]);
}

function placesOf(raw: Buffer, needle: Buffer): readonly number[] {
  const places: number[] = [];
  for (let at = raw.indexOf(needle); at >= 0; at = raw.indexOf(needle, at + needle.length)) places.push(at);
  return places;
}

function unclear(what: string, task: number, owner: string | undefined): AscendBundleError {
  return new AscendBundleError('WEIGHT_UNPATCHABLE', {
    message: `A weight of ${what} shares its bytes with another one and cannot be given a place of its own: task ${task}${owner === undefined ? '' : ` (of "${owner}")`} has its address in a form that is not understood.`,
    fix: 'Give both weights at run time with run --update, or build the bundle again with the new values.',
  });
}
