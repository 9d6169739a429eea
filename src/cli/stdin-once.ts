// Two values of a command line that both read stdin: the second would find it empty.
import { AscendBundleError } from '../base/errors.js';
import { READS_STDIN, type StdinForm } from '../commands/shared/stdin-values.js';

/** An option or an argument with its values. */
export interface GivenWords {
  /** `--input`, `<file>` */
  readonly flag: string;
  readonly form: StdinForm;
  readonly values: unknown;
}

/** @throws USAGE */
export function refuseStdinTwice(given: readonly GivenWords[]): void {
  const readers = given.flatMap(({ flag, form, values }) =>
    [values]
      .flat()
      .filter((value) => typeof value === 'string' && READS_STDIN[form].test(value))
      .map((value) => `${flag} ${JSON.stringify(value)}`),
  );
  if (readers.length < 2) return;
  const all = `${readers.slice(0, -1).join(', ')} and ${readers.at(-1)} ${readers.length === 2 ? 'both' : 'all'}`;
  throw new AscendBundleError('USAGE', {
    message: `${all} read stdin, which can be read once.`,
    fix: `Write ${readers.length === 2 ? 'one of them' : 'all but one'} to a file, and name the file.`,
  });
}
