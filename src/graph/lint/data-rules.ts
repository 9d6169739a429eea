// Rules about the values of consts. They read no more than they must: sizes first, then beginnings, then all of it.
import { createHash } from 'node:crypto';
import { chunks } from '../../base/bytes.js';
import { elementAt, elementChunks, isFloat } from '../elements.js';
import type { Tensor } from '../tensor.js';
import type { Candidate, Rule } from './rule.js';

export const equalPayload: Rule = {
  severity: 'warning',
  description: 'Two weights have the same initial bytes, which GE then stores once.',
  readsData: true,
  *check({ candidates }) {
    for (const [first, ...twins] of equalGroups(candidates)) {
      for (const twin of twins) {
        yield {
          constName: twin.name,
          message: `"${twin.name}" has the same bytes as "${(first as Candidate).name}"; GE may store their initial values once.`,
          fix: 'Updates at run time are not affected. To patch their initial values apart, build with values that differ.',
        };
      }
    }
  },
};

const HEAD_BYTES = 4096;

/** Candidates of equal bytes, in groups of at least two. */
function equalGroups(candidates: readonly Candidate[]): Candidate[][] {
  return groupBy(candidates, ({ content }) => String(content.tensor.data.length))
    .flatMap((group) => groupBy(group, ({ content: { tensor } }) => digest(tensor, HEAD_BYTES)))
    .flatMap((group) => groupBy(group, ({ content: { tensor } }) => digest(tensor, tensor.data.length)));
}

function digest({ data }: Tensor, lengthBytes: number): string {
  const hash = createHash('sha256');
  for (const chunk of chunks(data.slice(0, Math.min(lengthBytes, data.length)))) hash.update(chunk);
  return hash.digest('hex');
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

export const nonFinite: Rule = {
  severity: 'warning',
  description: 'A weight has a NaN or an infinity among its initial values.',
  readsData: true,
  *check({ candidates }) {
    for (const { name, content } of candidates) {
      const found = isFloat(content.tensor.dtype) ? firstNonFinite(content.tensor) : undefined;
      if (found === undefined) continue;
      yield {
        constName: name,
        message: `"${name}" has the value ${found.value} at element ${found.index}.`,
        fix: 'Check where the weights come from. GE clips such values in a build, but not in an update.',
      };
    }
  },
};

/** Per word of 32 or 16 bits: the bits that are all ones in a NaN or an infinity. Of a float64 the word with the exponent counts. */
const EXPONENTS: Readonly<Record<string, number>> = { float64: 0x7ff00000, float32: 0x7f800000, float16: 0x7c00, bfloat16: 0x7f80 };

function firstNonFinite(tensor: Tensor): { readonly index: number; readonly value: string } | undefined {
  const { dtype } = tensor;
  const exponent = EXPONENTS[dtype.name];
  if (exponent === undefined) return undefined;
  for (const { start, array } of elementChunks(tensor)) {
    const words = dtype.bits === 16 ? (array as Uint16Array) : new Uint32Array(array.buffer, array.byteOffset, array.byteLength / 4);
    const step = dtype.bits === 64 ? 2 : 1;
    for (let i = step - 1; i < words.length; i += step) {
      if (((words[i] as number) & exponent) !== exponent) continue;
      const at = (i - step + 1) / step;
      return { index: start + at, value: String(elementAt(dtype, array, at)) };
    }
  }
  return undefined;
}
