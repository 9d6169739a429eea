// What a verb is: tables of its options and of their values, and one function.
import type { AscendBundleError, Problem } from '../base/errors.js';
import type { StdinForm } from './shared/stdin-values.js';

export interface OptionRow {
  /** As commander reads it: `-o, --output <path>`. */
  readonly flags: string;
  readonly help: string;
  /** May be given several times; the value is a list. */
  readonly repeat?: boolean;
  readonly choices?: readonly string[];
  readonly default?: string;
  /** The heading that --help lists it under; `Options` unless given. */
  readonly group?: string;
  /** Works, and is not listed by --help. */
  readonly isHidden?: boolean;
  /** How its value names stdin, if it can. */
  readonly stdin?: StdinForm;
}

export interface ArgumentRow {
  readonly name: string;
  readonly help: string;
  readonly optional?: boolean;
  /** The last one may be given several times; the value is a list. */
  readonly repeat?: boolean;
  /** How its value names stdin, if it can. */
  readonly stdin?: StdinForm;
}

/** What a verb tells while it works. Everything of it goes to stderr; the JSON document has it too, on failure as well. */
export interface Io {
  /** Which backend does the work, and why. */
  useBackend(backend: BackendInfo): void;
  warn(problem: Problem): void;
  /** Runs one step: shown as progress, and timed for the JSON document. */
  step<T>(name: string, work: () => T | Promise<T>): Promise<T>;
  /** What the step under way does now. */
  detail(what: string): void;
}

export interface BackendInfo {
  readonly kind: 'host' | 'ascend';
  readonly reason: string;
}

export interface Outcome<R> {
  readonly result: R;
  /** Replaces everything else on stdout when there is no --json: for output made for pipes. */
  readonly raw?: string;
  /** The verb has written to stdout itself, line by line; nothing is added, with --json neither. */
  readonly isStreamed?: boolean;
  /** The tool worked and the answer is no (CHECK_FAILED, exit 3): the result is printed all the same, and this says why not. */
  readonly error?: AscendBundleError | undefined;
}

/** What makes values of what was given, or says what is wrong with it; `optionValues` makes one of a table. */
export interface ValuesSchema<V> {
  safeParse(given: unknown):
    | { readonly success: true; readonly data: V }
    | {
        readonly success: false;
        readonly error: { readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] };
      };
}

export interface Verb<V, R> {
  readonly name: string;
  readonly summary: string;
  /** Longer text under the usage line: what a person wants to know before the options. */
  readonly description: string;
  readonly arguments: readonly ArgumentRow[];
  readonly options: readonly OptionRow[];
  /** Command lines for the end of the help text. */
  readonly examples: readonly string[];
  readonly values: ValuesSchema<V>;
  run(values: V, io: Io): Promise<Outcome<R>>;
}
