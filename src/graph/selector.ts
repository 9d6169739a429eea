// Expressions that choose constants: `name~lora_*`, `op=MatMul dtype=float16`, `bytes>=1MiB`.
// One expression is conditions with blanks between, and all of them must hold. A condition is a field, an operator and a value;
// commas part alternatives (`op=MatMul,Gemm`), and what stands in double quotes is taken as it is.
import { AscendBundleError } from '../base/errors.js';
import { didYouMean, nearNames } from '../base/near-names.js';
import type { ConstUser } from './const-users.js';
import { findDType } from './dtype.js';
import { dtypeOfSpelling } from './dtype-spelling.js';
import { matchesGlob } from './glob.js';
import { elementCount, type TensorSpec, tensorBytes } from './tensor.js';

/** What an expression looks at. */
export interface Selectable {
  readonly name: string;
  readonly spec: TensorSpec;
  readonly users: readonly Pick<ConstUser, 'type'>[];
}

export interface Selector {
  /** As it was typed. */
  readonly text: string;
  readonly conditions: readonly Condition[];
}

export interface Condition {
  readonly field: string;
  readonly operator: string;
  readonly values: readonly string[];
  matches(one: Selectable): boolean;
}

interface TextField {
  readonly kind: 'text';
  readonly help: string;
  of(one: Selectable): readonly string[];
  /** The spelling that is compared; undefined for a value that no constant can have. */
  normal?(value: string): string | undefined;
}

interface NumberField {
  readonly kind: 'number';
  readonly help: string;
  of(one: Selectable): number;
  readonly units?: Readonly<Record<string, number>>;
}

const BYTE_UNITS = { '': 1, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** Field → what it is of a constant. */
const SELECTOR_FIELDS: Readonly<Record<string, TextField | NumberField>> = {
  name: { kind: 'text', help: 'its name', of: ({ name }) => [name] },
  op: { kind: 'text', help: 'the type of an operator that uses it', of: ({ users }) => users.map(({ type }) => type) },
  dtype: {
    kind: 'text',
    help: 'float16, bf16, int64, …',
    of: ({ spec }) => [spec.dtype.name],
    normal: (value) => (dtypeOfSpelling(value) ?? findDType(value.toLowerCase()))?.name,
  },
  bytes: {
    kind: 'number',
    help: 'its size: 512, 4KiB, 1.5MiB, 1GiB',
    of: ({ spec }) => tensorBytes(spec.dtype, spec.shape),
    units: BYTE_UNITS,
  },
  elements: { kind: 'number', help: 'how many elements it has', of: ({ spec }) => elementCount(spec.shape) },
  rank: { kind: 'number', help: 'how many dimensions it has; 0 for a scalar', of: ({ spec }) => spec.shape.length },
};

/** Of texts; `!=` and `!~` want that none is equal, or fits. */
const TEXT_OPERATORS: Readonly<Record<string, (value: string, text: string) => boolean>> = {
  '=': (value, text) => value === text,
  '~': matchesGlob,
};

const NUMBER_OPERATORS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
};

const EXAMPLES = `Write conditions such as 'name~lora_*', 'op=MatMul dtype=float16', 'bytes>=1MiB'.`;

/** Field, operator, value; blanks are allowed around the operator. */
const CONDITION = /\s*([^\s=!~<>"]*)\s*(>=|<=|!=|!~|==|=|~|>|<)?\s*((?:"[^"]*"|[^\s"])*)\s*/y;

/** @throws VALUE_SYNTAX with the place, and the near names of a wrong field */
export function parseSelector(text: string): Selector {
  if (text.trim() === '') throw syntaxError(text, 'it is empty');
  const quotes = text.split('"').length - 1;
  if (quotes % 2 === 1) throw syntaxError(text, 'a quote is not closed', text.lastIndexOf('"'));
  const conditions: Condition[] = [];
  for (let at = 0; at < text.length; ) {
    CONDITION.lastIndex = at;
    const [whole = '', field = '', operator = '', value = ''] = CONDITION.exec(text) ?? [];
    conditions.push(parseCondition(text, at, field, operator === '==' ? '=' : operator, value));
    at += whole.length;
  }
  return { text, conditions };
}

export function matchesSelector({ conditions }: Selector, one: Selectable): boolean {
  return conditions.every((condition) => condition.matches(one));
}

function parseCondition(text: string, at: number, name: string, operator: string, value: string): Condition {
  const field = Object.hasOwn(SELECTOR_FIELDS, name) ? SELECTOR_FIELDS[name] : undefined;
  if (field === undefined) throw unknownField(text, name, at);
  if (operator === '') throw syntaxError(text, `"${name}" is not followed by an operator`, at);
  const values = splitAlternatives(value);
  if (values.length === 0) throw syntaxError(text, `"${name}${operator}" is not followed by a value`, at);
  const swallowed = values.find(({ isQuoted, value: one }) => !isQuoted && startsLikeCondition(one));
  if (swallowed !== undefined) throw syntaxError(text, `"${swallowed.value}" follows a comma; conditions have blanks between them`, at);
  const plain = values.map((one) => one.value);
  const matches = field.kind === 'text' ? textCondition(field, operator, plain) : numberCondition(field, operator, plain);
  if (typeof matches === 'string') throw syntaxError(text, matches, at);
  return { field: name, operator, values: plain, matches };
}

function splitAlternatives(text: string): { readonly value: string; readonly isQuoted: boolean }[] {
  return [...text.matchAll(/((?:"[^"]*"|[^,"])+)/g)].map(([part]) => ({ value: part.replaceAll('"', ''), isQuoted: part.includes('"') }));
}

function startsLikeCondition(text: string): boolean {
  const field = /^([a-z]+)\s*[=!~<>]/.exec(text)?.[1];
  return field !== undefined && Object.hasOwn(SELECTOR_FIELDS, field);
}

/** @returns what a constant must be, or what is wrong */
function textCondition(field: TextField, operator: string, given: readonly string[]): Condition['matches'] | string {
  const isNegated = operator.startsWith('!');
  const test = TEXT_OPERATORS[operator.replace('!', '')];
  if (test === undefined) return `a text has no "${operator}"; use = != ~ !~`;
  const values: string[] = [];
  for (const value of given) {
    const normal = operator.endsWith('=') && field.normal !== undefined ? field.normal(value) : value;
    if (normal === undefined) return `"${value}" is not a dtype`;
    values.push(normal);
  }
  return (one) => field.of(one).some((text) => values.some((value) => test(value, text))) !== isNegated;
}

function numberCondition(field: NumberField, operator: string, given: readonly string[]): Condition['matches'] | string {
  const isNegated = operator === '!=';
  const test = NUMBER_OPERATORS[isNegated ? '=' : operator];
  if (test === undefined) return `a number has no "${operator}"; use = != >= <= > <`;
  const values: number[] = [];
  for (const value of given) {
    const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(value) ?? [];
    const factor = Object.entries(field.units ?? { '': 1 }).find(([known]) => known.toLowerCase() === unit.toLowerCase())?.[1];
    if (digits === undefined || factor === undefined) {
      return `"${value}" is not a number${field.units === undefined ? '' : ` of bytes (${Object.keys(field.units).filter(Boolean).join(', ')})`}`;
    }
    values.push(Number(digits) * factor);
  }
  return (one) => values.some((value) => test(field.of(one), value)) !== isNegated;
}

function unknownField(text: string, name: string, at: number): AscendBundleError {
  const names = Object.keys(SELECTOR_FIELDS);
  const why = name === '' ? 'a field is missing before the operator' : `"${name}" is not a field of a constant`;
  const near = name.length > 1 ? nearNames(name, names) : [];
  return syntaxError(text, why, at, didYouMean(near, `The fields are: ${names.join(', ')}. ${EXAMPLES}`));
}

function syntaxError(text: string, why: string, at = 0, fix: string = EXAMPLES): AscendBundleError {
  return new AscendBundleError('VALUE_SYNTAX', { message: `In the expression '${text}', ${why}.`, at: `character ${at + 1}`, fix });
}
