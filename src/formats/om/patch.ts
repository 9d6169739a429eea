// New initial values in a finished bundle: which bytes of the file change, and what happens where equal weights share theirs.
// Sources: om-format §3.7, corpus (`lora_zero`: two Consts with one place; `nz`: one Const for two weights).
import { type Bytes, equalBytes, type Patch } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { replaceMember } from './bundle-container.js';
import type { InitialValue, InitialValues } from './initial-values.js';
import type { Constant } from './model.js';
import { moveConstants } from './move-constants.js';

/** What becomes of the file: ranges get other bytes of the same length, or it is made anew because constants move. */
export type BundlePatch =
  | { readonly kind: 'ranges'; readonly patches: readonly Patch[] }
  | { readonly kind: 'rewrite'; readonly bytes: Bytes; readonly moved: readonly string[] };

/**
 * Of the weights nothing is read but those that share their bytes with another constant.
 *
 * @param file  the bundle
 * @param given  new bytes by name of the weight, in its dtype and shape; the others keep their value
 * @param what  names the bundle in messages
 * @throws WEIGHTS_SHARED when one Const is to have two values, WEIGHT_UNPATCHABLE
 */
export function patchBundle(file: Bytes, initial: InitialValues, given: ReadonlyMap<string, Bytes>, what: string): BundlePatch {
  const writes: ConstantWrite[] = [];
  const moves: ConstantMove[] = [];
  for (const sharers of sharersByPlace(wantedValues(initial, given, what), what)) {
    const [staying, ...leaving] = valueClasses(sharers);
    if (staying?.data !== undefined) writes.push({ constant: staying.constants[0] as PlacedConstant, data: staying.data });
    for (const { constants, data } of leaving) moves.push({ constants, data: data as Bytes });
  }
  const { init } = initial;
  if (moves.length === 0) {
    return { kind: 'ranges', patches: writes.map(({ constant, data }) => ({ offsetBytes: constant.fileOffsetBytes, bytes: data })) };
  }
  const patches = writes.map(({ constant, data }) => ({ offsetBytes: constant.offsetBytes, bytes: data }));
  const model = moveConstants(init.om, patches, moves.map(toMove), `${what}, model ${init.index}`);
  const moved = moves.flatMap(({ constants }) => constants.map(({ name }) => name));
  return { kind: 'rewrite', bytes: replaceMember(file, init, model), moved };
}

/** A constant in WEIGHTS_DATA. */
type PlacedConstant = Constant & { readonly offsetBytes: number; readonly fileOffsetBytes: number };

interface ConstantWrite {
  readonly constant: PlacedConstant;
  readonly data: Bytes;
}

interface ConstantMove {
  /** They get one new place together. */
  readonly constants: readonly PlacedConstant[];
  readonly data: Bytes;
}

function toMove({ constants, data }: ConstantMove): Parameters<typeof moveConstants>[2][number] {
  const [{ graph, offsetBytes }] = constants as readonly [PlacedConstant];
  return { graph, names: constants.map(({ name }) => name), offsetBytes, bytes: data };
}

interface Wanted {
  readonly constant: Constant;
  /** Undefined when it keeps its value. */
  readonly data: Bytes | undefined;
}

/** Every constant of the init model with the one value that its weights want. */
function wantedValues({ constants, values }: InitialValues, given: ReadonlyMap<string, Bytes>, what: string): readonly Wanted[] {
  const users = new Map<Constant, InitialValue[]>(constants.map((constant) => [constant, []]));
  for (const value of values) users.get(value.constant)?.push(value);
  return [...users].map(([constant, weights]) => ({ constant, data: commonValue(constant, weights, given, what) }));
}

function commonValue(
  constant: Constant,
  weights: readonly InitialValue[],
  given: ReadonlyMap<string, Bytes>,
  what: string,
): Bytes | undefined {
  const names = weights.map(({ weight }) => weight.constName);
  const firstGiven = names.find((name) => given.has(name));
  if (firstGiven === undefined) return undefined;
  const data = given.get(firstGiven) as Bytes;
  for (const name of names) {
    if (name !== firstGiven && !equalBytes(given.get(name) ?? constant.tensor.data, data)) throw shared(firstGiven, name, constant, what);
  }
  return data;
}

function shared(first: string, second: string, { name }: Constant, what: string): AscendBundleError {
  return new AscendBundleError('WEIGHTS_SHARED', {
    message: `Weights "${first}" and "${second}" of ${what} had equal values when it was compiled, and its init graph has one constant ("${name}") for both: they cannot get different ones.`,
    at: name,
    fix: 'Give both the same value, give them at run time with run --update, or build the bundle again with the new values.',
  });
}

/** Constants with one place together, where any of them changes. */
function sharersByPlace(wanted: readonly Wanted[], what: string): readonly (readonly Wanted[])[] {
  const places = new Map<number, Wanted[]>();
  for (const one of wanted) {
    const { fileOffsetBytes, tensor, name } = one.constant;
    if (tensor.data.length === 0) continue;
    if (fileOffsetBytes === undefined) {
      if (one.data !== undefined) unpatchable(name, what, 'its bytes are inside of MODEL_DEF');
      continue;
    }
    const sharers = places.get(fileOffsetBytes);
    if (sharers === undefined) places.set(fileOffsetBytes, [one]);
    else sharers.push(one);
  }
  const sorted = [...places].sort(([a], [b]) => a - b);
  for (const [i, [offset, sharers]] of sorted.entries()) {
    const next = sorted[i + 1];
    const all = [...sharers, ...(next?.[1] ?? [])];
    const [size, ...sizes] = sharers.map(({ constant }) => constant.tensor.data.length) as [number, ...number[]];
    const isClear = sizes.every((other) => other === size) && (next === undefined || offset + size <= next[0]);
    const changed = all.find(({ data }) => data !== undefined);
    if (!isClear && changed !== undefined) unpatchable(changed.constant.name, what, 'its bytes overlap those of another constant');
  }
  return sorted.map(([, sharers]) => sharers).filter((sharers) => sharers.some(({ data }) => data !== undefined));
}

interface ValueClass {
  readonly constants: PlacedConstant[];
  readonly data: Bytes | undefined;
}

/** Sharers of one place by the value they are to have; the first class stays there: those that keep theirs, if any do. */
function valueClasses(sharers: readonly Wanted[]): readonly ValueClass[] {
  const classes: ValueClass[] = [];
  for (const { constant, data } of [...sharers].sort((a, b) => Number(a.data !== undefined) - Number(b.data !== undefined))) {
    const old = constant.tensor.data;
    // A place that only one constant has needs no look at its bytes.
    const same = classes.find((one) => equalBytes(one.data ?? old, data ?? old));
    if (same === undefined) classes.push({ constants: [constant as PlacedConstant], data });
    else same.constants.push(constant as PlacedConstant);
  }
  return classes;
}

function unpatchable(constant: string, what: string, why: string): never {
  throw new AscendBundleError('WEIGHT_UNPATCHABLE', {
    message: `Constant "${constant}" in the init graph of ${what} cannot be replaced: ${why}.`,
    at: constant,
    fix: 'Give the weight at run time with run --update, or build the bundle again with the new value.',
  });
}
