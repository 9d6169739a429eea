// Gives constants of a compiled model places of their own at the end of WEIGHTS_DATA, and changes everything that says where they
// are. Sources: om-format §3.7; for what a loader reads (`data_offset` of a consumer's input, addresses in tasks) the open loader of
// GE, `ModelUtils::GetInputDataAddrs` and `GetRtAddress`.
import { type Bytes, concatBytes, equalBytes, type Patch, patchedBytes, zeroBytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { decode, encode } from '../../base/protobuf/index.js';
import { type AttrDef, type GraphDef, ModelDef, type OpDef, type TensorDescriptor } from '../encodings/ge-model.js';
import { findPartition, type Om, type Partition } from './container.js';
import { ALIGN_BYTES, alignUp, TAIL_BYTES } from './layout.js';
import { PARTITION } from './partition-types.js';
import { type AddressMove, moveAddresses } from './task-addresses.js';
import { ModelTaskDef } from './task-info.js';
import { writeOm } from './write.js';

export interface ConstantMove {
  /** The (sub-)graph, and the Consts in it that go together to the new place. */
  readonly graph: string;
  readonly names: readonly string[];
  /** Where they are now, in WEIGHTS_DATA. */
  readonly offsetBytes: number;
  readonly bytes: Bytes;
}

/**
 * @param patches  of WEIGHTS_DATA, besides
 * @param what  names the model in messages
 * @returns the whole `.om`
 * @throws WEIGHT_UNPATCHABLE where something refers to the constants in a way that is not understood
 */
export function moveConstants(om: Om, patches: readonly Patch[], moves: readonly ConstantMove[], what: string): Bytes {
  const [table] = om.tables;
  const [defPart, weightsPart] = [PARTITION.modelDef, PARTITION.weightsData].map((type) => findPartition(table, type));
  if (table === undefined || om.tables.length > 1 || defPart === undefined || weightsPart === undefined) {
    return unpatchable(what, `it has ${om.tables.length} partition tables, and constants are moved only in a model with one`);
  }
  const placed = placeAtEnd(weightsPart.bytes.length, moves);
  const weights = growWeights(patchedBytes(weightsPart.bytes, patches), placed);
  const def = decode(ModelDef, defPart.bytes, what);
  const consumers = placed.map(({ move }) => consumersOf(def, move, what));
  const taskPart = findPartition(table, PARTITION.taskInfo);
  const tasks = taskPart === undefined ? undefined : moveInTasks(taskPart.bytes, def, placed, consumers, weights.length, what);
  const moved = placed.reduce((model, { move, toBytes }) => moveInGraphs(model, move, toBytes, what), def);
  const newDef = { ...moved, attr: modelAttrs(moved.attr, weightsPart.bytes.length, weights.length, taskPart?.bytes, tasks) };
  const replaced = new Map<Partition, Bytes | undefined>([
    [defPart, encode(ModelDef, newDef as ModelDef)],
    [weightsPart, weights],
    ...(taskPart === undefined ? [] : [[taskPart, tasks] as const]),
  ]);
  const partitions = table.partitions.map((part) => ({ ...part, bytes: replaced.get(part) ?? part.bytes }));
  return writeOm({ header: om.header, tables: [{ partitions }], rest: om.rest });
}

interface PlacedMove {
  readonly move: ConstantMove;
  readonly toBytes: number;
}

/** Behind all that is there: nothing that exists moves or is written over. */
function placeAtEnd(totalBytes: number, moves: readonly ConstantMove[]): readonly PlacedMove[] {
  let end = alignUp(totalBytes, ALIGN_BYTES);
  return moves.map((move) => {
    const toBytes = end;
    end += alignUp(move.bytes.length, ALIGN_BYTES);
    return { move, toBytes };
  });
}

function growWeights(old: Bytes, placed: readonly PlacedMove[]): Bytes {
  const pieces: Bytes[] = [old];
  let end = old.length;
  for (const { move, toBytes } of placed) {
    pieces.push(zeroBytes(toBytes - end), move.bytes);
    end = toBytes + move.bytes.length;
  }
  // The loader wants a constant's size rounded up, and 32 bytes more, inside of WEIGHTS_DATA.
  return concatBytes([...pieces, zeroBytes(alignUp(end, ALIGN_BYTES) + TAIL_BYTES - end)]);
}

/** Ops that take one of the moved constants, by name, with whether they take another constant of the same place too. */
function consumersOf(def: ModelDef, { graph, names, offsetBytes }: ConstantMove, what: string): ReadonlyMap<string, boolean> {
  const consumers = new Map<string, boolean>();
  const edges = new Set(names.map((name) => `${name}:0`));
  for (const op of graphOf(def, graph)?.op ?? []) {
    const slots = (op.input ?? []).map((edge) => edges.has(edge));
    if (!slots.includes(true)) continue;
    const hasOther = (op.inputDesc ?? []).some((desc, i) => !slots[i] && op.isInputConst?.[i] === true && desc.dataOffset === offsetBytes);
    consumers.set(op.name ?? '', hasOther);
  }
  if (consumers.size === 0) unpatchable(what, `nothing takes the constant "${names[0]}"`);
  return consumers;
}

function graphOf(def: ModelDef, name: string): GraphDef | undefined {
  return def.graph?.find((graph) => (graph.name ?? '') === name);
}

function moveInTasks(
  partition: Bytes,
  def: ModelDef,
  placed: readonly PlacedMove[],
  consumers: readonly ReadonlyMap<string, boolean>[],
  weightBytes: number,
  what: string,
): Bytes {
  const info = decode(ModelTaskDef, partition, `${what}, TASK_INFO`);
  const base = BigInt(def.attr?.get('task_gen_weight_addr')?.i ?? 0);
  const owners = def.attr?.get('task_index_op_name')?.list?.s ?? [];
  const { task = [] } = info;
  if (task.length > 0 && base < LEAST_BASE)
    unpatchable(what, `its addresses count from ${base}, where they cannot be told from other numbers`);
  const moves = placed.map(
    ({ move, toBytes }, i): AddressMove => ({
      from: base + BigInt(move.offsetBytes),
      to: base + BigInt(toBytes),
      owners: consumers[i] as ReadonlyMap<string, boolean>,
    }),
  );
  return encode(ModelTaskDef, {
    ...info,
    ...(task.length === 0 ? {} : { task: moveAddresses(task, owners, moves, what) }),
    ...(info.weightSize === undefined ? {} : { weightSize: weightBytes }),
  });
}

/** Real models have 2^31 and more. */
const LEAST_BASE = 2n ** 30n;

function moveInGraphs(def: ModelDef, move: ConstantMove, toBytes: number, what: string): ModelDef {
  const owner = graphOf(def, move.graph);
  const names = new Set(move.names);
  const edges = new Set(move.names.map((name) => `${name}:0`));
  const op = (old: OpDef): OpDef => {
    if (names.has(old.name ?? '')) return moveValue(old, move, toBytes, what);
    return (old.input ?? []).some((edge) => edges.has(edge)) ? moveInputs(old, edges, move, toBytes, what) : old;
  };
  return { ...def, graph: (def.graph ?? []).map((graph) => (graph === owner ? { ...graph, op: (graph.op ?? []).map(op) } : graph)) };
}

/** The attribute is not looked for by its name, which may be compressed: a Const has one tensor. */
function moveValue(op: OpDef, move: ConstantMove, toBytes: number, what: string): OpDef {
  const tensors = [...(op.attr ?? [])].filter(([, { t }]) => t !== undefined);
  const [[name, { t: value, ...rest }] = ['', {} as AttrDef]] = tensors;
  if (value?.desc === undefined || tensors.length !== 1) return unpatchable(what, `constant "${op.name ?? ''}" has not one value`);
  const desc = moveOffset(value.desc, op, move, toBytes, what);
  return { ...op, attr: new Map(op.attr).set(name, { ...rest, t: { ...value, desc } }) };
}

function moveInputs(op: OpDef, edges: ReadonlySet<string>, move: ConstantMove, toBytes: number, what: string): OpDef {
  const isMoved = (_: unknown, slot: number): boolean => edges.has(op.input?.[slot] ?? '');
  return {
    ...op,
    inputDesc: (op.inputDesc ?? []).map((desc, slot) => (isMoved(desc, slot) ? moveOffset(desc, op, move, toBytes, what) : desc)),
    ...(op.inputI === undefined
      ? {}
      : { inputI: op.inputI.map((offset, slot) => (isMoved(offset, slot) && Number(offset) === move.offsetBytes ? toBytes : offset)) }),
  };
}

function moveOffset(desc: TensorDescriptor, op: OpDef, move: ConstantMove, toBytes: number, what: string): TensorDescriptor {
  // Models of 2020 say it in an attribute, and HiAI's in another: neither has bundles.
  if (Number(desc.dataOffset ?? 0) !== move.offsetBytes) {
    unpatchable(
      what,
      `node "${op.name ?? ''}" says ${desc.dataOffset ?? 'nothing'} for the place of "${move.names[0]}", which is at ${move.offsetBytes}`,
    );
  }
  return { ...desc, dataOffset: toBytes };
}

function modelAttrs(
  attrs: ReadonlyMap<string, AttrDef> | undefined,
  oldBytes: number,
  newBytes: number,
  oldTasks: Bytes | undefined,
  newTasks: Bytes | undefined,
): Map<string, AttrDef> {
  const out = new Map(attrs);
  if (out.has('weight_size')) out.set('weight_size', { ...out.get('weight_size'), i: newBytes });
  const sizes = out.get('om_info_list')?.list;
  if (sizes?.i?.[0] === oldBytes) out.set('om_info_list', { list: { ...sizes, i: [newBytes, ...sizes.i.slice(1)] } });
  const copy = out.get('tasks')?.bt;
  if (copy !== undefined && oldTasks !== undefined && newTasks !== undefined && equalBytes(copy, oldTasks))
    out.set('tasks', { bt: newTasks });
  return out;
}

function unpatchable(what: string, why: string): never {
  throw new AscendBundleError('WEIGHT_UNPATCHABLE', {
    message: `A weight of ${what} shares its bytes with another one and cannot be given a place of its own: ${why}.`,
    fix: 'Give both weights at run time with run --update, or build the bundle again with the new values.',
  });
}
