// Where constants lie in WEIGHTS_DATA and variables in variable memory, by GE's rules.
// Sources: om-format §3.7, §3.8, and for constants the compiled models themselves (see below).
import { type Bytes, concatBytes, equalBytes, zeroBytes } from '../../base/bytes.js';
import { type TensorSpec, tensorBytes } from '../../graph/tensor.js';
import { paddedBytes } from '../encodings/ge-graph-write.js';

export const ALIGN_BYTES = 512;
/** GE leaves the beginning of WEIGHTS_DATA unused, so that offset 0 is no constant's. */
const LEAD_IN_BYTES = 512;
/** GE 8 and later end WEIGHTS_DATA with an unused block; older files end with the last constant. */
export const TAIL_BYTES = 512;
/** Between variables, for atomic writes past the end. */
const VARIABLE_GAP_BYTES = 1024;

/** `task_gen_variable_addr` of current builds: the logical address of offset 0 of variable memory. */
export const VARIABLE_BASE_ADDRESS = 2 ** 37;
/** `variable_size` of current builds: the size of the address window when a model has variables. */
export const VARIABLE_WINDOW_BYTES = 5 * 2 ** 30;

export interface ConstantLayout {
  /** Per tensor, in bytes from the beginning of WEIGHTS_DATA; a multiple of 512. Equal tensors share one when asked for. */
  readonly offsets: readonly number[];
  /** The size of the whole partition. */
  readonly totalBytes: number;
}

/**
 * Each constant at the next multiple of 512, from 512 on; one more block at the end. This is what the files of CANN 8.0
 * and GE 9.2 have, 400 constants in all. An empty tensor takes a place of its own without any bytes.
 *
 * @param share  give equal bytes one place, as GE does. Ranges of equal length are then compared: by samples first, whole
 *               only where those agree, so that distinct weights are not read.
 */
export function layoutConstants(tensors: readonly Bytes[], { share = false }: { readonly share?: boolean } = {}): ConstantLayout {
  const first = share ? firstEqual(tensors) : tensors.map((_, i) => i);
  const offsets: number[] = [];
  let end = LEAD_IN_BYTES;
  for (const [i, bytes] of tensors.entries()) {
    const earlier = first[i] as number;
    if (earlier < i) {
      offsets.push(offsets[earlier] as number);
      continue;
    }
    offsets.push(end);
    end += alignUp(bytes.length, ALIGN_BYTES);
  }
  return { offsets, totalBytes: end + TAIL_BYTES };
}

/** The WEIGHTS_DATA partition of that layout; nothing is read before it is. */
export function weightsPartition(tensors: readonly Bytes[], { offsets, totalBytes }: ConstantLayout): Bytes {
  const pieces: Bytes[] = [];
  let end = 0;
  for (const [i, bytes] of tensors.entries()) {
    const offset = offsets[i] as number;
    // A place before the end is one that an earlier, equal tensor has filled.
    if (offset < end || bytes.length === 0) continue;
    pieces.push(zeroBytes(offset - end), bytes);
    end = offset + bytes.length;
  }
  return concatBytes([...pieces, zeroBytes(totalBytes - end)]);
}

/** For each range, the index of the first one that has the same bytes (its own when there is none before). */
function firstEqual(tensors: readonly Bytes[]): readonly number[] {
  const seen = new Map<string, number[]>();
  return tensors.map((bytes, i) => {
    const key = sample(bytes);
    const candidates = seen.get(key) ?? [];
    seen.set(key, candidates);
    const equal = candidates.find((candidate) => equalBytes(tensors[candidate] as Bytes, bytes));
    if (equal === undefined) candidates.push(i);
    return equal ?? i;
  });
}

const SAMPLE_BYTES = 64;

/** Length, beginning, middle and end: different weights differ here already. */
function sample(bytes: Bytes): string {
  const at = (start: number): string => {
    const from = Math.max(0, Math.min(start, bytes.length - SAMPLE_BYTES));
    return Buffer.from(bytes.read(from, Math.min(bytes.length, from + SAMPLE_BYTES))).toString('latin1');
  };
  return `${bytes.length}:${at(0)}${at(Math.floor(bytes.length / 2))}${at(bytes.length)}`;
}

export interface VariableLayout {
  /** Per variable, in bytes from the beginning of variable memory; its logical address is `VARIABLE_BASE_ADDRESS` + offset. */
  readonly offsets: readonly number[];
  /** The size of variable memory: `var_size` of a bundle. */
  readonly varSize: number;
}

/** One after the other, each `align512(align32(bytes) + 32) + 1024` bytes: what GE 9.2 gives in every bundle of the corpus. */
export function layoutVariables(specs: readonly TensorSpec[]): VariableLayout {
  const offsets: number[] = [];
  let varSize = 0;
  for (const { dtype, shape } of specs) {
    offsets.push(varSize);
    varSize += variableBytes(tensorBytes(dtype, shape));
  }
  return { offsets, varSize };
}

/** What a variable of that many bytes takes in variable memory. */
function variableBytes(bytes: number): number {
  return alignUp(paddedBytes(bytes), ALIGN_BYTES) + VARIABLE_GAP_BYTES;
}

export function alignUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
