// The partitions of two compiled files, pair by pair. What lies in WEIGHTS_DATA has been compared as values already; it is not read again.
import { type Bytes, equalBytes } from '../../base/bytes.js';
import { type Constant, PARTITION, type Partition } from '../../formats/om/index.js';
import type { Side, SideModel } from './side.js';

export interface PartitionDifference {
  /** `infer`, `init`, `update`; `#2` where the file does not tell; `model` of a model alone. */
  readonly model: string;
  readonly table: number;
  readonly name: string;
  /** Bytes; null where it is in one only. */
  readonly a: number | null;
  readonly b: number | null;
  readonly equal: boolean;
  /** False where what differs is shown as values: in WEIGHTS_DATA, and where constants have moved or are held inline. */
  readonly counts: boolean;
}

export interface KnownValues {
  /** Values of the first file that are bit for bit those of the second. */
  readonly equal: ReadonlySet<Bytes>;
  /** Whether a constant that is no updatable weight differs: small ones lie in other partitions too. */
  readonly hasFixedDifference: boolean;
}

/** All partitions of both; the models in the order of `a`. */
export function diffPartitions(a: Side, b: Side, known: KnownValues): readonly PartitionDifference[] {
  const others = new Map(b.models.map((one) => [one.key, one]));
  const own = new Set(a.models.map(({ key }) => key));
  return [
    ...a.models.flatMap((one) => diffModels(one, others.get(one.key), known)),
    ...b.models.filter(({ key }) => !own.has(key)).flatMap((one) => diffModels(undefined, one, known)),
  ];
}

interface Placed {
  readonly table: number;
  readonly partition: Partition;
}

/** By table, type, and place among those of its type. */
function placesOf(side: SideModel | undefined): ReadonlyMap<string, Placed> {
  const places = new Map<string, Placed>();
  for (const [table, { partitions }] of (side?.model.om.tables ?? []).entries()) {
    for (const [i, partition] of partitions.entries()) {
      const before = partitions.slice(0, i).filter(({ type }) => type === partition.type).length;
      places.set(`${table} ${partition.type} ${before}`, { table, partition });
    }
  }
  return places;
}

function diffModels(a: SideModel | undefined, b: SideModel | undefined, known: KnownValues): readonly PartitionDifference[] {
  const { key } = (a ?? b) as SideModel;
  const [ones, others] = [placesOf(a), placesOf(b)];
  const constants = a === undefined || b === undefined ? NO_CONSTANTS : sharedConstants(a, b);
  const partitions = [...new Set([...ones.keys(), ...others.keys()])].map((place): PartitionDifference => {
    const [one, other] = [ones.get(place), others.get(place)];
    const { table, partition } = (one ?? other) as Placed;
    const facts = {
      model: key,
      table,
      name: partition.typeName,
      a: one?.partition.bytes.length ?? null,
      b: other?.partition.bytes.length ?? null,
    };
    if (one === undefined || other === undefined) return { ...facts, equal: false, counts: true };
    const start = (a?.offsetBytes ?? 0) + one.partition.offsetBytes;
    const here = constants.same.filter(({ offsetBytes = 0, fileOffsetBytes }) => fileOffsetBytes === start + offsetBytes);
    const equal = samePartition(one.partition.bytes, other.partition.bytes, here, known);
    return { ...facts, equal, counts: !equal && !isExplained(partition.type, constants, known) };
  });
  if (a === undefined || b === undefined) return partitions;
  const equal = Buffer.compare(headerOf(a), headerOf(b)) === 0;
  return [{ model: key, table: 0, name: 'header', a: headerOf(a).length, b: headerOf(b).length, equal, counts: !equal }, ...partitions];
}

/** Without the two fields that say how long the model is, which its partitions say too. */
function headerOf({ model }: SideModel): Uint8Array {
  const { raw } = model.om.header;
  return Uint8Array.from(raw, (byte, i) => ((i >= 76 && i < 80) || (i >= 184 && i < 192) ? 0 : byte));
}

/** Whether what differs is there among the values: constants that have moved, and small ones that lie in other partitions too. */
function isExplained(type: number, { hasMoved }: SharedConstants, { hasFixedDifference }: KnownValues): boolean {
  if (type === PARTITION.weightsData) return true;
  if (type === PARTITION.modelDef) return hasMoved || hasFixedDifference;
  // The addresses of constants are among the tasks.
  if (type === PARTITION.taskInfo) return hasMoved;
  return type === PARTITION.tbeKernels && hasFixedDifference;
}

interface SharedConstants {
  /** Of the first model, those that lie in the same place of both. */
  readonly same: readonly Constant[];
  readonly hasMoved: boolean;
}

const NO_CONSTANTS: SharedConstants = { same: [], hasMoved: false };

function sharedConstants(a: SideModel, b: SideModel): SharedConstants {
  const [ones, others] = [placedConstants(a), placedConstants(b)];
  const places = new Map(others.map((constant) => [keyOf(constant), constant]));
  const same = ones.filter((constant) => {
    const other = places.get(keyOf(constant));
    return other?.offsetBytes === constant.offsetBytes && other?.tensor.data.length === constant.tensor.data.length;
  });
  return { same, hasMoved: same.length < ones.length || ones.length !== others.length };
}

/** A model whose graph cannot be read has none that are known. */
function placedConstants({ model }: SideModel): readonly Constant[] {
  try {
    return model.constants.filter(({ offsetBytes }) => offsetBytes !== undefined);
  } catch {
    // The side has said so already; its partitions are compared whole.
    return [];
  }
}

function keyOf({ graph, name }: Constant): string {
  return `${graph}\0${name}`;
}

/** Only what lies between the constants that are known to be equal is read. */
function samePartition(a: Bytes, b: Bytes, constants: readonly Constant[], { equal }: KnownValues): boolean {
  if (a.length !== b.length) return false;
  let end = 0;
  const sorted = constants
    .filter(({ tensor }) => equal.has(tensor.data))
    .sort((one, other) => (one.offsetBytes ?? 0) - (other.offsetBytes ?? 0));
  for (const { offsetBytes = 0, tensor } of sorted) {
    if (offsetBytes > end && !equalBytes(a.slice(end, offsetBytes), b.slice(end, offsetBytes))) return false;
    end = Math.max(end, offsetBytes + tensor.data.length);
  }
  return equalBytes(a.slice(end), b.slice(end));
}
