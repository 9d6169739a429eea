// The options that choose constants. Apart from what reads them, which knows the operators: a verb pays for that only when it chooses.
import type { OptionRow } from '../verb.js';
import { texts } from './option-values.js';

export interface SelectionValues {
  /** Lists: `a,b`, `@file`. */
  readonly consts: readonly string[];
  /** Single names, taken as they are. */
  readonly const: readonly string[];
  readonly select: readonly string[];
  readonly exclude: readonly string[];
}

/** As graph/selector.ts reads them. */
const SELECTOR_SYNTAX = `conditions with blanks between, all of which must hold: name~lora_* (or =), op=MatMul,Gemm, dtype=float16, bytes>=1MiB, elements>100, rank=2; != and !~ negate`;

export const EXPRESSION_OPTIONS: readonly OptionRow[] = [
  { flags: '--select <expression>', help: `constants by what they are; ${SELECTOR_SYNTAX}`, repeat: true },
  { flags: '--exclude <expression>', help: 'leave out what matches', repeat: true },
];

export const SELECTION_OPTIONS: readonly OptionRow[] = [
  { flags: '--consts <names>', help: 'constants by name: a,b or @file or @- (one name a line)', repeat: true, stdin: 'names' },
  { flags: '--const <name>', help: 'one constant, its name taken as it is', repeat: true },
  ...EXPRESSION_OPTIONS,
];

export const EXPRESSION_VALUES = { select: texts, exclude: texts };

export const SELECTION_VALUES = { consts: texts, const: texts, ...EXPRESSION_VALUES };
