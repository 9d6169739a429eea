// How far an output may be off: what the command line says per output, and what goes without saying for its dtype.
import { AscendBundleError } from '../base/errors.js';
import { didYouMean, nearNames } from '../base/near-names.js';
import type { DType } from '../graph/dtype.js';
import type { Tolerance } from './metrics.js';
import { listNames } from './read.js';

/** What an output has to fulfil: one of the two at least. */
export interface Allowance {
  /** Of each element; undefined where only the cosine counts. */
  readonly tolerance: Tolerance | undefined;
  /** Least cosine of the whole output; undefined where it does not count. */
  readonly cosine: number | undefined;
}

/** Lists as typed: `1e-3`, `out0:1e-2`. */
export interface ToleranceValues {
  readonly atol: readonly string[];
  readonly rtol: readonly string[];
  readonly cosine: readonly string[];
}

/** The same number for atol and rtol; integers and bools, which are not rounded, are exact. */
const DEFAULTS: Readonly<Record<string, number>> = { float64: 1e-9, float32: 1e-5, float16: 1e-3, bfloat16: 1e-2 };

export function defaultTolerance({ name }: DType): Tolerance {
  const both = DEFAULTS[name] ?? 0;
  return { atol: both, rtol: both };
}

interface Setting {
  /** For every output without one of its own. */
  readonly general: number | undefined;
  readonly named: ReadonlyMap<string, number>;
}

/** What the names are of, for messages. */
export interface ToleranceWords {
  readonly one: string;
  /** Follows the name of one that is not there. */
  readonly unknown: string;
}

const OF_OUTPUTS: ToleranceWords = { one: 'output', unknown: 'is not an output of the bundle' };

export class Allowances {
  readonly #atol: Setting;
  readonly #rtol: Setting;
  readonly #cosine: Setting;

  /**
   * @param names  of the outputs, or whatever else they are for
   * @throws VALUE_SYNTAX, INPUT_REPEATED
   */
  constructor({ atol, rtol, cosine }: ToleranceValues, names: readonly string[], words: ToleranceWords = OF_OUTPUTS) {
    this.#atol = parseSetting('--atol', atol, names, tolerances, words);
    this.#rtol = parseSetting('--rtol', rtol, names, tolerances, words);
    this.#cosine = parseSetting('--cosine', cosine, names, cosines, words);
  }

  /**
   * A cosine alone switches the elements off; a tolerance beside it, for all or for this output, switches them on again.
   *
   * @param dtype  the coarser one of what is compared
   * @param fallback  in place of the default of the dtype: the envelope of a prediction
   */
  of(name: string, dtype: DType, fallback: Tolerance = defaultTolerance(dtype)): Allowance {
    const [atol, rtol, cosine] = [this.#atol, this.#rtol, this.#cosine].map((setting) => settingFor(setting, name));
    const isCosineOnly = cosine !== undefined && atol === undefined && rtol === undefined;
    return { tolerance: isCosineOnly ? undefined : { atol: atol ?? fallback.atol, rtol: rtol ?? fallback.rtol }, cosine };
  }
}

function settingFor({ general, named }: Setting, name: string): number | undefined {
  return named.get(name) ?? general;
}

interface Range {
  readonly allows: (value: number) => boolean;
  readonly wanted: string;
  readonly example: string;
}

const tolerances: Range = { allows: (value) => value >= 0, wanted: 'a number of at least 0', example: '1e-3' };
const cosines: Range = { allows: (value) => value >= -1 && value <= 1, wanted: 'a number from -1 to 1', example: '0.999' };

function parseSetting(option: string, texts: readonly string[], names: readonly string[], range: Range, words: ToleranceWords): Setting {
  let general: number | undefined;
  const named = new Map<string, number>();
  for (const text of texts) {
    // At the last colon: names may hold colons, numbers do not.
    const colon = text.lastIndexOf(':');
    const value = parseNumber(option, text, text.slice(colon + 1), range, words);
    const name = colon < 0 ? undefined : requireName(option, text, text.slice(0, colon), names, words);
    if (name === undefined ? general !== undefined : named.has(name)) {
      throw new AscendBundleError('INPUT_REPEATED', {
        message: `${option} is given twice for ${name === undefined ? `all ${words.one}s` : `${words.one} "${name}"`}.`,
        fix: 'Leave one of them out.',
      });
    }
    if (name === undefined) general = value;
    else named.set(name, value);
  }
  return { general, named };
}

function parseNumber(option: string, text: string, number: string, { allows, wanted, example }: Range, words: ToleranceWords): number {
  const value = /^\s*$/.test(number) ? Number.NaN : Number(number);
  if (Number.isFinite(value) && allows(value)) return value;
  throw new AscendBundleError('VALUE_SYNTAX', {
    message: `${option} ${text}: "${number}" is not ${wanted}.`,
    fix: `Write ${option} ${example}, or ${option} NAME:${example} for one ${words.one}.`,
  });
}

function requireName(option: string, text: string, name: string, names: readonly string[], { one, unknown }: ToleranceWords): string {
  if (names.includes(name)) return name;
  throw new AscendBundleError('VALUE_SYNTAX', {
    message: `${option} ${text}: "${name}" ${unknown}.`,
    fix: didYouMean(nearNames(name, names), `The ${one}s are: ${listNames(names)}.`),
  });
}
