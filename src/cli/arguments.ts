// What users of other tools type, turned into what commander reads: `--soc_version` is `--soc-version`, and a
// single-dash long option is named for what it is instead of being read as a bundle of letters.
import { AscendBundleError } from '../base/errors.js';

/** @throws OPTION_UNKNOWN */
export function normalizeArguments(argv: readonly string[]): string[] {
  const options = optionsOf(argv);
  return [...options.map(normalizeOne), ...argv.slice(options.length)];
}

function normalizeOne(argument: string): string {
  const long = /^--([A-Za-z0-9_-]+)(=.*)?$/s.exec(argument);
  if (long !== null) return `--${(long[1] as string).replaceAll('_', '-')}${long[2] ?? ''}`;
  const single = /^-([A-Za-z][A-Za-z0-9_-]+)(=.*)?$/s.exec(argument);
  if (single === null || /^-v+$/.test(argument)) return argument;
  throw new AscendBundleError('OPTION_UNKNOWN', {
    message: `"${argument}" is not an option: long options take two dashes.`,
    fix: `Write --${(single[1] as string).replaceAll('_', '-')}, or ${argument.slice(0, 2)} and its value as two words.`,
  });
}

/** Known before anything is parsed, because a mistake in the options must be reported as JSON too. `lint --format json` is --json. */
export function wantsJson(argv: readonly string[]): boolean {
  return optionsOf(argv).includes('--json') || isGiven(argv, '--format', 'json');
}

/** The same of `--progress json`: each line on stderr is an event then, the last one too. */
export function wantsEvents(argv: readonly string[]): boolean {
  return isGiven(argv, '--progress', 'json') && !optionsOf(argv).some((word) => word === '--quiet' || word === '-q');
}

/** As it is read later: the last one counts, in whichever letters. */
function isGiven(argv: readonly string[], option: string, value: string): boolean {
  const options = optionsOf(argv);
  const given = options.flatMap((word, i) => {
    if (word === option) return options[i + 1] ?? [];
    return word.startsWith(`${option}=`) ? [word.slice(option.length + 1)] : [];
  });
  return given.at(-1)?.toLowerCase() === value;
}

/** All before `--`: behind it nothing is an option. */
export function optionsOf(argv: readonly string[]): readonly string[] {
  return argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
}
