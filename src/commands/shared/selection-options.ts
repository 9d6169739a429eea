// The options that choose constants. Apart from what reads them, which knows the operators: a verb pays for that only when it chooses.
import { SELECTOR_SYNTAX } from '../../graph/selector.js';
import type { OptionRow } from '../verb.js';

export interface SelectionValues {
  /** Lists: `a,b`, `@file`. */
  readonly consts: readonly string[];
  /** Single names, taken as they are. */
  readonly const: readonly string[];
  readonly select: readonly string[];
  readonly exclude: readonly string[];
}

export const EXPRESSION_OPTIONS: readonly OptionRow[] = [
  { flags: '--select <expression>', help: `constants by what they are; ${SELECTOR_SYNTAX}`, repeat: true },
  { flags: '--exclude <expression>', help: 'leave out what matches', repeat: true },
];

export const SELECTION_OPTIONS: readonly OptionRow[] = [
  { flags: '--consts <names>', help: 'constants by name: a,b or @file or @- (one name a line)', repeat: true },
  { flags: '--const <name>', help: 'one constant, its name taken as it is', repeat: true },
  ...EXPRESSION_OPTIONS,
];
