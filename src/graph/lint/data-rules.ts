// Rules about the values of consts. They read no more than they must: sizes first, then beginnings, then all of it.
import { sha256InPieces } from '../../base/digest.js';
import { elementAt, elementChunks, isFloat } from '../elements.js';
import type { Tensor } from '../tensor.js';
import { type Candidate, PAUSE, type Rule } from './rule.js';

export const equalPayload: Rule = {
  severity: 'warning',
  description: 'Two weights have the same initial bytes, which GE then stores once.',
  readsData: true,
  *check({ candidates }) {
    for (const [first, ...twins] of yield* equalGroups(candidates)) {
      const constName = (first as Candidate).name;
      const others = twins.map(({ name }) => name);
      yield {
        constName,
        others,
        message: `${list(others)} ${others.length === 1 ? 'has' : 'have'} the same bytes as "${constName}"; GE may store their initial values once.`,
        fix: 'Updates at run time are not affected. To patch their initial values apart, build with values that differ.',
      };
    }
  },
};

/** `"a" and "b"`, `"a", "b" and 12 more`. */
function list(names: readonly string[]): string {
  const shown = names.slice(0, names.length > 3 ? 2 : 3).map((name) => `"${name}"`);
  const last = names.length > 3 ? `${names.length - 2} more` : (shown.pop() as string);
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`;
}

const HEAD_BYTES = 4096;

type Paused<T> = Generator<typeof PAUSE, T>;

/** Candidates of equal bytes, in groups of at least two: by length, then by the beginning, then by all of it. */
function* equalGroups(candidates: readonly Candidate[]): Paused<Candidate[][]> {
  let groups = groupBy(candidates, ({ content }) => content.tensor.data.length);
  for (const lengthBytes of [HEAD_BYTES, Number.POSITIVE_INFINITY]) {
    const digests = new Map<Candidate, string>();
    for (const candidate of groups.flat()) digests.set(candidate, yield* digest(candidate.content.tensor, lengthBytes));
    groups = groups.flatMap((group) => groupBy(group, (candidate) => digests.get(candidate)));
  }
  return groups;
}

/** Groups of at least two. */
function groupBy<T>(items: readonly T[], keyOf: (item: T) => unknown): T[][] {
  const groups = new Map<unknown, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

function* digest({ data }: Tensor, lengthBytes: number): Paused<string> {
  const pieces = sha256InPieces(data.slice(0, Math.min(lengthBytes, data.length)));
  for (;;) {
    const { value, done } = pieces.next();
    if (done === true) return value;
    yield PAUSE;
  }
}

export const nonFinite: Rule = {
  severity: 'warning',
  description: 'A weight has a NaN or an infinity among its initial values.',
  readsData: true,
  *check({ candidates }) {
    for (const { name, content } of candidates) {
      const found = isFloat(content.tensor.dtype) ? yield* firstNonFinite(content.tensor) : undefined;
      if (found === undefined) continue;
      yield {
        constName: name,
        message: `"${name}" has the value ${found.value} at element ${found.index}.`,
        fix: 'Check where the weights come from. GE clips such values in a build, but not in an update.',
      };
    }
  },
};

/**
 * Of the word that has the exponent: its exponent bits, all ones in a NaN or an infinity; the lowest of them; and the bit that a
 * sum of the two carries into then, and only then.
 */
const EXPONENTS: Readonly<Record<string, readonly [bits: number, lowest: number, carry: number]>> = {
  float64: [0x7ff00000, 0x100000, 0x80000000],
  float32: [0x7f800000, 0x800000, 0x80000000],
  float16: [0x7c00, 0x400, 0x8000],
  bfloat16: [0x7f80, 0x80, 0x8000],
};

/** Words between two looks at what has been gathered: a branch for each would cost more than all the rest. */
const BLOCK = 4096;

function* firstNonFinite(tensor: Tensor): Paused<{ readonly index: number; readonly value: string } | undefined> {
  const { dtype } = tensor;
  // A float64 is two words; the second has the exponent. Signed words, because unsigned ones need not be small integers to the engine.
  const step = dtype.bits === 64 ? 2 : 1;
  for (const { start, array } of elementChunks(tensor)) {
    const words = dtype.bits === 16 ? (array as Uint16Array) : new Int32Array(array.buffer, array.byteOffset, array.byteLength / 4);
    for (let block = 0; block < words.length; block += BLOCK) {
      const end = Math.min(words.length, block + BLOCK);
      if (!hasNonFinite(words, block + step - 1, end, step, dtype.name)) continue;
      for (let i = block + step - 1; i < end; i += step) {
        const at = (i + 1) / step - 1;
        if (hasNonFinite(words, i, i + 1, step, dtype.name)) return { index: start + at, value: String(elementAt(dtype, array, at)) };
      }
    }
    yield PAUSE;
  }
  return undefined;
}

function hasNonFinite(words: Uint16Array | Int32Array, from: number, to: number, step: number, dtype: string): boolean {
  const [bits, lowest, carry] = EXPONENTS[dtype] as readonly [number, number, number];
  let gathered = 0;
  for (let i = from; i < to; i += step) gathered |= (((words[i] as number) & bits) + lowest) | 0;
  return (gathered & carry) !== 0;
}
