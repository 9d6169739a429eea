// From the command line and the file of raw options to options of the table. Every mistake is reported, not only the first.
import type { Problem } from '../../../../base/errors.js';
import { didYouMean, nearNames } from '../../../../base/near-names.js';
import { throwProblems } from '../../../../base/problems.js';
import { readRawOptions } from './raw-file.js';
import { ATC_ONLY, findOption, GE_OPTIONS, type GeOptionRow } from './table.js';
import { badValue, nativeValue } from './value.js';

/** Options as they were typed. */
export interface TypedOptions {
  /** By atc's flag: `soc_version`. */
  readonly flags: Readonly<Record<string, string>>;
  /** `key=value` of `-O`. */
  readonly pairs: readonly string[];
  /** A file as `atc --raw_ge_options` reads it; what was typed wins over it. */
  readonly rawFile?: string | undefined;
  /** Keys of the file that the build does not take are skipped with a warning. */
  readonly ignoreUnsupported?: boolean | undefined;
  /** `key=value` for the graphs that initialise and update. */
  readonly initPairs: readonly string[];
  readonly updatePairs: readonly string[];
}

export interface GeOption {
  readonly row: GeOptionRow;
  /** As GE gets it. */
  readonly value: string;
  /** Where it was typed, for messages: `--input-shape`, `-O ge.oo.level`, `options.json`. */
  readonly origin: string;
}

export interface ReadOptions {
  /** For the inference graph, or for all of them. */
  readonly options: readonly GeOption[];
  readonly init: readonly GeOption[];
  readonly update: readonly GeOption[];
  readonly warnings: readonly Problem[];
}

/**
 * @throws USAGE with every problem; FILE_NOT_FOUND, FILE_IO, FILE_MALFORMED for the file of raw options
 */
export function readGeOptions(typed: TypedOptions): ReadOptions {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const reader = new Reader(problems);
  const given = [
    ...Object.entries(typed.flags).map(([flag, value]) => reader.flag(flag, value)),
    ...typed.pairs.map((pair) => reader.pair('-O', pair)),
  ].flatMap((option) => option ?? []);
  const raw = typed.rawFile === undefined ? [] : reader.rawFile(typed.rawFile, typed.ignoreUnsupported === true ? warnings : problems);
  const options = [...once(given, problems), ...raw.filter(({ row }) => !given.some((option) => option.row === row))];
  const init = typed.initPairs.flatMap((pair) => reader.pair('--init-option', pair) ?? []);
  const update = typed.updatePairs.flatMap((pair) => reader.pair('--update-option', pair) ?? []);
  throwProblems(problems, 'The list of GE options', 'USAGE');
  return { options, init: once(init, problems), update: once(update, problems), warnings };
}

/** Repeating an option with the same value is no mistake; two values are. */
function once(options: readonly GeOption[], problems: Problem[]): readonly GeOption[] {
  const kept = new Map<GeOptionRow, GeOption>();
  for (const option of options) {
    const before = kept.get(option.row);
    if (before !== undefined && before.value !== option.value) {
      const where = before.origin === option.origin ? `twice by ${option.origin}` : `by ${before.origin} and by ${option.origin}`;
      problems.push(usage(`${option.row.key} is given ${where}: "${before.value}" and "${option.value}".`, 'Give it once.'));
    }
    kept.set(option.row, option);
  }
  return [...kept.values()];
}

class Reader {
  constructor(readonly problems: Problem[]) {}

  flag(flag: string, text: string): GeOption | undefined {
    const row = GE_OPTIONS.find((option) => option.flag === flag);
    // Reaching this is a bug of ours: the command line knows the flags from the same table.
    if (row === undefined) throw new Error(`--${flag} is no option of GE`);
    return this.#option(row, text, `--${flag.replaceAll('_', '-')}`);
  }

  pair(option: string, pair: string): GeOption | undefined {
    const equals = pair.indexOf('=');
    if (equals <= 0) {
      this.problems.push(usage(`${option} ${JSON.stringify(pair)} is not key=value.`, `Write ${option} ge.oo.level=O1, for example.`));
      return undefined;
    }
    const key = pair.slice(0, equals).trim();
    const row = findOption(key);
    if (row !== undefined) return this.#option(row, pair.slice(equals + 1).trim(), `${option} ${key}`);
    this.problems.push(unknownKey(key, option));
    return undefined;
  }

  /** @param unsupported  takes what is said of keys that the build does not know */
  rawFile(path: string, unsupported: Problem[]): GeOption[] {
    return [...readRawOptions(path)].flatMap(([key, value]) => {
      const row = findOption(key);
      if (row === undefined) unsupported.push(unknownKey(key, path));
      else if (row.key === 'ge.socVersion') {
        // atc's own rule: what it needs on the command line cannot come from the file.
        this.problems.push(usage(`${path} has ge.socVersion, which cannot come from there.`, 'Give --soc-version.'));
      } else return this.#option(row, value, path) ?? [];
      return [];
    });
  }

  #option(row: GeOptionRow, text: string, origin: string): GeOption | undefined {
    const value = nativeValue(row.value, text);
    const bad = badValue(row.value, text === '' ? '' : value);
    if (bad === undefined) return { row, value, origin };
    const named = origin.includes(row.key) || origin.startsWith('--') ? origin : `${row.key} of ${origin}`;
    this.problems.push(usage(`${named} ${JSON.stringify(text)} ${bad.why}.`, bad.fix));
    return undefined;
  }
}

function unknownKey(key: string, origin: string): Problem {
  if (ATC_ONLY.has(key) || ATC_ONLY.has(`ge.${key}`)) {
    return usage(`"${key}" (${origin}) is an option of atc alone: GE's build of bundles does not take it.`, 'Leave it out.');
  }
  const names = GE_OPTIONS.flatMap((row) => [row.key, row.key.replace(/^ge\.(exec\.)?/, '')]);
  const near = [...new Set(nearNames(key, names).map((name) => findOption(name)?.key ?? name))];
  return usage(
    `"${key}" (${origin}) is no option of GE.`,
    didYouMean(near, "See the table of options in CANN's documentation of aclgrphBuildInitialize and aclgrphBundleBuildModel."),
  );
}

export function usage(message: string, fix?: string): Problem {
  return { code: 'USAGE', message, fix };
}
