// The values of a verb's options: what each must be, and what it is where none is given. commander hands over texts, lists of texts
// and flags, and nothing else. zod, which reads the documents, takes two thirds as long to load as Node takes to start.
import type { ValuesSchema } from '../verb.js';

export interface OptionValue<T> {
  /** What it must be, for the message: `must be …`. */
  readonly what: string;
  readonly missing: T | undefined;
  /** From what the command line has; the value itself unless given. */
  readonly read?: (given: unknown) => unknown;
  /** Also asked of `missing`: undefined is refused where something must be given. */
  isOne(value: unknown): boolean;
}

export const text: OptionValue<string> = { what: 'a text', missing: undefined, isOne: isText };

export const optionalText: OptionValue<string | undefined> = { ...text, isOne: optional(isText) };

export const texts: OptionValue<readonly string[]> = { what: 'a list of texts', missing: [], isOne: listOf(isText) };

export const flag: OptionValue<boolean> = { what: 'true or false', missing: false, isOne: (value) => typeof value === 'boolean' };

/** The names of folders and chips: an empty one is a variable of a script that is not set. */
export const optionalName: OptionValue<string | undefined> = {
  what: 'a name that is not empty',
  missing: undefined,
  isOne: optional((value) => isText(value) && value !== ''),
};

/** Where to write. Who gives `-` wants the file on stdout, where the report goes. */
export const optionalOutput: OptionValue<string | undefined> = {
  what: 'a path that is not empty, nor "-" (stdout has the report; "./-" is a file)',
  missing: undefined,
  isOne: optional((value) => isText(value) && value !== '' && value !== '-'),
};

/** Without a default it may be undefined. */
export function oneOf<const C extends string>(choices: readonly C[]): OptionValue<C | undefined>;
export function oneOf<const C extends string>(choices: readonly C[], missing: C): OptionValue<C>;
export function oneOf<const C extends string>(choices: readonly C[], missing?: C): OptionValue<C | undefined> {
  const read = (given: unknown): unknown => (isText(given) ? inLettersOf(choices, given) : given);
  return { what: `one of ${choices.join(', ')}`, missing, read, isOne: optional(isIn(choices)) };
}

/** As one word with commas, as several options, or both. */
export function someOf<const C extends string>(choices: readonly C[], missing: readonly C[] = []): OptionValue<readonly C[]> {
  const words = (given: unknown): unknown => (isText(given) ? given.split(',').map((word) => inLettersOf(choices, word.trim())) : given);
  const read = (given: unknown): unknown => (Array.isArray(given) ? given.flatMap(words) : given);
  return { what: `of ${choices.join(', ')}`, missing, read, isOne: listOf(isIn(choices)) };
}

/** `FP16` for `fp16`: other tools spell their choices in other letters. */
export function inLettersOf(choices: readonly string[], word: string): string {
  return choices.find((choice) => choice.toLowerCase() === word.toLowerCase()) ?? word;
}

/**
 * Without a default it may be undefined.
 *
 * @param isOne  is asked of finite numbers only: a text that is none becomes NaN
 */
export function number(what: string, isOne: (value: number) => boolean): OptionValue<number | undefined>;
export function number(what: string, isOne: (value: number) => boolean, missing: number): OptionValue<number>;
export function number(what: string, isOne: (value: number) => boolean, missing?: number): OptionValue<number | undefined> {
  return {
    what,
    missing,
    read: (given) => (isText(given) && given.trim() !== '' ? Number(given) : given),
    isOne: optional((value) => Number.isFinite(value) && isOne(value as number)),
  };
}

export function wholeNumber(least: number): OptionValue<number | undefined>;
export function wholeNumber(least: number, missing: number): OptionValue<number>;
export function wholeNumber(least: number, missing?: number): OptionValue<number | undefined> {
  const what = `a whole number of at least ${least}`;
  return number(what, (value) => Number.isSafeInteger(value) && value >= least, missing as number);
}

export function seconds(most: number): OptionValue<number | undefined>;
export function seconds(most: number, missing: number): OptionValue<number>;
export function seconds(most: number, missing?: number): OptionValue<number | undefined> {
  return number(`a number of seconds above 0, and at most ${most}`, (value) => value > 0 && value <= most, missing as number);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isIn(choices: readonly string[]): (value: unknown) => boolean {
  return (value) => choices.includes(value as string);
}

function listOf(isOne: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => Array.isArray(value) && value.every(isOne);
}

function optional(isOne: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => value === undefined || isOne(value);
}

type Shape = Readonly<Record<string, OptionValue<unknown>>>;
export type ValuesOf<S extends Shape> = { readonly [K in keyof S]: S[K] extends OptionValue<infer T> ? T : never };

/**
 * What is not in `shape` is refused.
 *
 * @param finish  makes of the values what the verb gets
 */
export function optionValues<S extends Shape>(shape: S): ValuesSchema<ValuesOf<S>>;
export function optionValues<S extends Shape, V>(shape: S, finish: (values: ValuesOf<S>) => V): ValuesSchema<V>;
export function optionValues<S extends Shape>(
  shape: S,
  finish: (values: ValuesOf<S>) => unknown = (values) => values,
): ValuesSchema<unknown> {
  return {
    safeParse(given) {
      const from = given as Readonly<Record<string, unknown>>;
      const values: Record<string, unknown> = {};
      const issues = Object.keys(from)
        .filter((name) => !Object.hasOwn(shape, name) && from[name] !== undefined)
        .map((name) => ({ path: [name], message: 'is no option here' }));
      for (const [name, { what, missing, read, isOne }] of Object.entries(shape)) {
        const value = from[name] === undefined ? missing : (read?.(from[name]) ?? from[name]);
        if (!isOne(value)) issues.push({ path: [name], message: `must be ${what}` });
        values[name] = value;
      }
      return issues.length > 0 ? { success: false, error: { issues } } : { success: true, data: finish(values as ValuesOf<S>) };
    },
  };
}
