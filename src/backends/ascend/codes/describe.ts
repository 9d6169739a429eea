// From a code to what it means: by number with its family, or by whatever a person typed or pasted.
import { nearNames } from '../../../base/near-names.js';
import { ACL_ERRORS, GE_ACL_ERRORS } from './acl-errors.js';
import type { Advice, CodeDescription, CodeFamily, StatusRow, Work } from './code.js';
import { textCodesIn } from './ge-text.js';
import { GRAPH_STATUS, GRAPH_STATUS_FIX, geInternalMeaning } from './graph-status.js';
import { RUNTIME_ERRORS } from './runtime-errors.js';
import { TEXT_CODE_ORIGINS, TEXT_CODES } from './text-codes.js';

type NumberFamily = Exclude<CodeFamily, 'text'>;

interface Table {
  readonly family: NumberFamily;
  readonly prefix: string;
  readonly rows: readonly StatusRow[];
}

const TABLES: readonly Table[] = [
  { family: 'graphStatus', prefix: '', rows: GRAPH_STATUS },
  { family: 'aclError', prefix: 'ACL_ERROR_', rows: ACL_ERRORS },
  { family: 'aclError', prefix: 'ACL_ERROR_GE_', rows: GE_ACL_ERRORS },
  { family: 'aclError', prefix: 'ACL_ERROR_RT_', rows: RUNTIME_ERRORS },
];

/** Third digit and the two after it tell the module of an aclError: 5 07 011 is the runtime's. */
const ACL_MODULES: Readonly<Record<string, string>> = {
  '00': 'AscendCL',
  '07': 'the runtime',
  '45': 'the model executor',
  '48': 'AscendCL',
};
const ACL_CLASSES: Readonly<Record<string, string>> = {
  1: 'the call was not right',
  2: 'a resource is missing',
  3: 'the work failed',
  5: 'something failed inside, or the hardware did',
};
const ACL_FIX = 'Read the text of the error and the first [ERROR] line of the log.';

/**
 * @param code  as the call returned it; a negative graphStatus is taken as unsigned
 * @returns always a description: of a number that is not listed, what its digits or bits tell
 */
export function describeCode(family: NumberFamily, code: number): CodeDescription {
  const value = family === 'graphStatus' && code < 0 ? code + 2 ** 32 : code;
  // Each passes the other's codes on: a stub of GE answers AscendCL's 100039.
  return listedNumber(value, [family]) ?? listedNumber(value, ['graphStatus', 'aclError']) ?? unlistedNumber(family, value);
}

/**
 * The description of a code at the head of an error text: `E10001`.
 *
 * @param work  what failed with it; where it is not known, the advice for both is given
 */
export function describeTextCode(code: string, work?: Work): CodeDescription {
  const word = code.toUpperCase();
  const row = TEXT_CODES.find(([codes]) => codes.split(' ').includes(word));
  const base = { family: 'text', code: word, hex: null, name: null } as const;
  if (row !== undefined) {
    const [, meaning, fix, causes] = row;
    return { ...base, meaning, causes: causes ?? null, fix: fix === undefined ? null : adviceFor(fix, work), isListed: true };
  }
  const [, origin] = TEXT_CODE_ORIGINS.find(([prefix]) => word.startsWith(prefix)) ?? ['', 'CANN'];
  return {
    ...base,
    meaning: `A code of ${origin} that is not listed here.`,
    causes: null,
    fix: 'Read the text behind it.',
    isListed: false,
  };
}

function adviceFor(advice: Advice, work: Work | undefined): string {
  if (typeof advice === 'string') return advice;
  return work === undefined ? `In a build: ${advice.build} Where a bundle is loaded or run: ${advice.run}` : advice[work];
}

/**
 * What a person typed: a decimal or hexadecimal number, `-1`, a name with or without its prefix, a text code; letters of any case.
 *
 * @returns undefined when it is nothing of CANN
 */
export function explainCode(typed: string): CodeDescription | undefined {
  const word = typed.trim().replace(/[:.,;()]+$/, '');
  if (/^[EW][A-Z0-9]\d{4}$/i.test(word)) return describeTextCode(word);
  const number = numberOf(word);
  if (number !== undefined) return describeNumber(number);
  const wanted = word.toUpperCase();
  for (const { family, prefix, rows } of TABLES) {
    const row = rows.find(([, name]) => [name, prefix + name, `ACL_ERROR_${name}`].some((one) => one.toUpperCase() === wanted));
    const short = row ?? rows.find(([, name]) => prefix.endsWith('_') && `${prefix.slice('ACL_ERROR_'.length)}${name}` === wanted);
    if (short !== undefined) return described({ family, prefix, rows }, short);
  }
  return undefined;
}

/** Every code of CANN in a pasted text or a line of a log: text codes, and statuses behind the words that announce them. */
export function explainText(text: string): CodeDescription[] {
  const announced = text.matchAll(
    /\b(?:ErrorNo|error ?code|errorcode|ret(?:ult|code)?|result|status|error)\b\s*(?:is|=|:|\()?\s*(-1|0x[0-9a-f]{8}|\d{6,10})\b/gi,
  );
  const numbers = [...announced].flatMap(([, number]) => explainCode(number as string) ?? []);
  const all = [...textCodesIn(text).map((code) => describeTextCode(code)), ...numbers.filter(({ isListed }) => isListed)];
  return all.filter(({ code }, i) => all.findIndex((one) => one.code === code) === i);
}

/** Codes and names of CANN that a mistyped one may have meant. */
export function nearCodes(typed: string, others: readonly string[] = []): string[] {
  const numbers = TABLES.flatMap(({ prefix, rows }) => rows.flatMap(([code, name]) => [String(code), prefix + name]));
  return nearNames(typed, [...TEXT_CODES.flatMap(([codes]) => codes.split(' ')), ...numbers, ...others], 4);
}

function numberOf(word: string): number | undefined {
  if (!/^(-\d{1,10}|\d{1,10}|0x[0-9a-f]{1,8})$/i.test(word)) return undefined;
  const number = Number(word);
  const unsigned = number < 0 ? number + 2 ** 32 : number;
  return unsigned >= 0 && unsigned < 2 ** 32 ? unsigned : undefined;
}

function describeNumber(number: number): CodeDescription | undefined {
  const listed = listedNumber(number, ['graphStatus', 'aclError']);
  if (listed !== undefined) return listed;
  if (geInternalMeaning(number) !== undefined) return unlistedNumber('graphStatus', number);
  return aclMeaning(number) === undefined ? undefined : unlistedNumber('aclError', number);
}

function listedNumber(number: number, families: readonly NumberFamily[]): CodeDescription | undefined {
  for (const table of TABLES.filter(({ family }) => families.includes(family))) {
    const row = table.rows.find(([code]) => code === number);
    if (row !== undefined) return described(table, row);
  }
  return undefined;
}

function described({ family, prefix }: Table, [code, name, meaning, fix, causes]: StatusRow): CodeDescription {
  return { family, ...written(code), name: prefix + name, meaning, causes: causes ?? null, fix: fix ?? null, isListed: true };
}

function unlistedNumber(family: NumberFamily, number: number): CodeDescription {
  const told = family === 'graphStatus' ? geInternalMeaning(number) : aclMeaning(number);
  const meaning = told ?? `A ${family} that is not listed here.`;
  const fix = family === 'graphStatus' ? GRAPH_STATUS_FIX : ACL_FIX;
  return { family, ...written(number), name: null, meaning, causes: null, fix, isListed: false };
}

function aclMeaning(number: number): string | undefined {
  const [, kind = '', module = ''] = /^([1235])(00|07|45|48)\d{3}$/.exec(String(number)) ?? [];
  if (kind === '') return undefined;
  return `An error of ${ACL_MODULES[module]} that is not listed here: ${ACL_CLASSES[kind]}.`;
}

function written(number: number): { code: string; hex: string | null } {
  return { code: String(number), hex: number < 1_000_000 ? null : `0x${number.toString(16).padStart(8, '0')}` };
}
