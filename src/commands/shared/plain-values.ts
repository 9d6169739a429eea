// Values of a verb without zod: loading that takes a third of what Node takes to start. For a verb whose point is to answer at once.
// The command line gives texts, lists of texts and flags, and nothing else; this says which is which.
import type { ValuesSchema } from '../verb.js';

export type PlainKind = 'text' | 'text or nothing' | 'list' | 'flag';

interface PlainKinds {
  readonly text: string;
  readonly 'text or nothing': string | undefined;
  readonly list: readonly string[];
  readonly flag: boolean;
}

export type PlainValues<S extends Readonly<Record<string, PlainKind>>> = { readonly [K in keyof S]: PlainKinds[S[K]] };

const KINDS: { readonly [K in PlainKind]: { readonly what: string; readonly missing: unknown; isOne(value: unknown): boolean } } = {
  text: { what: 'a text', missing: undefined, isOne: (value) => typeof value === 'string' },
  'text or nothing': { what: 'a text', missing: undefined, isOne: (value) => value === undefined || typeof value === 'string' },
  list: { what: 'a list of texts', missing: [], isOne: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string') },
  flag: { what: 'true or false', missing: false, isOne: (value) => typeof value === 'boolean' },
};

/** What is not in `shape` is refused, as by z.strictObject; a list that is not given is empty, a flag false. */
export function plainValues<S extends Readonly<Record<string, PlainKind>>>(shape: S): ValuesSchema<PlainValues<S>> {
  return {
    safeParse(given) {
      const from = given as Readonly<Record<string, unknown>>;
      const data = Object.fromEntries(Object.entries(shape).map(([name, kind]) => [name, from[name] ?? KINDS[kind].missing]));
      const unknown = Object.keys(from).filter((name) => !Object.hasOwn(shape, name) && from[name] !== undefined);
      const issues = [
        ...unknown.map((name) => ({ path: [name], message: 'is no option here' })),
        ...Object.entries(shape)
          .filter(([name, kind]) => !KINDS[kind].isOne(data[name]))
          .map(([name, kind]) => ({ path: [name], message: `must be ${KINDS[kind].what}` })),
      ];
      return issues.length > 0 ? { success: false, error: { issues } } : { success: true, data: data as PlainValues<S> };
    },
  };
}
