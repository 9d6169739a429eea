// Rules about the values of consts. They read no more than they must: sizes first, then beginnings, then all of it.
import { sha256InPieces } from '../../base/digest.js';
import type { Paused } from '../../base/pauses.js';
import { nonFiniteElements } from '../non-finite.js';
import type { Tensor } from '../tensor.js';
import type { Candidate, Rule } from './rule.js';

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

function digest({ data }: Tensor, lengthBytes: number): Paused<string> {
  return sha256InPieces(data.slice(0, Math.min(lengthBytes, data.length)));
}

export const nonFinite: Rule = {
  severity: 'warning',
  description: 'A weight has a NaN or an infinity among its initial values.',
  readsData: true,
  *check({ candidates }) {
    for (const { name, content } of candidates) {
      const found = yield* nonFiniteElements(content.tensor);
      if (found === undefined) continue;
      yield {
        constName: name,
        message: `"${name}" has the value ${found.value} at element ${found.place}.`,
        fix: 'Check where the weights come from. GE clips such values in a build, but not in an update.',
      };
    }
  },
};
