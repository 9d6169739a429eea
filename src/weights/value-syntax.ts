// The grammar of tensor values on the command line, as in IREE: NAME=@file, NAME=2x2xf32=1,2,3,4, NAME=splat:0, NAME=rand:7, a bare path.
import { AscendBundleError } from '../base/errors.js';
import type { DType } from '../graph/dtype.js';
import { DTYPE_SPELLINGS, dtypeOfSpelling } from '../graph/dtype-spelling.js';
import { elementCount, type Shape } from '../graph/tensor.js';
import { shown } from './shown.js';

export interface DeclaredSpec {
  readonly dtype: DType;
  readonly shape: Shape;
}

export type ValueContent =
  /** `-` is stdin. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'values'; readonly tokens: readonly string[] }
  /** One value for all elements. */
  | { readonly kind: 'splat'; readonly token: string }
  | { readonly kind: 'random'; readonly seed: number };

export interface ParsedValue {
  /** As it was typed, for messages. */
  readonly text: string;
  /** undefined for a bare path or a bare `rand:7`, and for a value that begins with its type. */
  readonly name: string | undefined;
  /** What stood before the second `=`. */
  readonly declared: DeclaredSpec | undefined;
  readonly content: ValueContent;
}

const EXAMPLES = 'x=@x.npy, x=1x3xf32=0.5,1,2, x=splat:0, x=rand:7, or the path of a file';

/**
 * @param names  names that are known; one that itself holds "=" is recognised by them
 * @throws VALUE_SYNTAX
 */
export function parseTensorValue(text: string, names: readonly string[] = []): ParsedValue {
  if (text === '') fail(text, 0, 'The value is empty.');
  if (text.startsWith('@')) return { text, name: undefined, declared: undefined, content: fileContent(text, 1) };
  const known = names.filter((name) => text.startsWith(`${name}=`)).sort((a, b) => b.length - a.length)[0];
  const end = known?.length ?? text.indexOf('=');
  if (end < 0) {
    const isMade = /^(?:splat|rand):/i.test(text);
    return { text, name: undefined, declared: undefined, content: isMade ? parseContent(text, 0) : fileContent(text, 0) };
  }
  const before = text.slice(0, end);
  if (before === '') fail(text, 0, 'The name before "=" is missing.');
  if (known === undefined && isType(before)) {
    const declared = parseType(text, 0, end);
    return { text, name: undefined, declared, content: parseContent(text, end + 1) };
  }
  return { text, name: before, ...parseTyped(text, end + 1) };
}

function parseTyped(text: string, start: number): Pick<ParsedValue, 'declared' | 'content'> {
  const equals = text.indexOf('=', start);
  // After "@" everything belongs to the path.
  if (equals < 0 || text[start] === '@') return { declared: undefined, content: parseContent(text, start) };
  return { declared: parseType(text, start, equals), content: parseContent(text, equals + 1) };
}

/** A dtype, or what begins like a shape: `2x2xf33` is a slip in a type, `x1` is a name. */
function isType(text: string): boolean {
  return dtypeOfSpelling(text) !== undefined || /^(?:\d+x)+[a-z]+\d*$/i.test(text);
}

function parseType(text: string, start: number, end: number): DeclaredSpec {
  const parts = text.slice(start, end).split('x');
  // "x" occurs in no dtype, so that the last part is the dtype and all before it are sizes.
  const word = parts.pop() as string;
  let at = start;
  const shape = parts.map((part) => {
    if (!/^\d+$/.test(part)) fail(text, at, `"${shown(part)}" is not a size.`);
    at += part.length + 1;
    return Number(part);
  });
  const dtype = dtypeOfSpelling(word);
  if (dtype === undefined) return fail(text, at, `"${shown(word)}" is not a dtype (${DTYPE_SPELLINGS}).`);
  if (!Number.isSafeInteger(elementCount(shape.map((dim) => Math.max(1, dim))) * dtype.bits)) {
    fail(text, start, 'This shape has more elements than any file holds.');
  }
  return { dtype, shape };
}

function parseContent(text: string, start: number): ValueContent {
  const rest = text.slice(start);
  if (rest === '') return fail(text, start, 'The value after "=" is missing.');
  if (rest.startsWith('@')) return fileContent(text, start + 1);
  const keyword = /^(splat|rand):(.*)$/i.exec(rest);
  if (keyword?.[1]?.toLowerCase() === 'splat') {
    const token = (keyword[2] as string).trim();
    return token === '' ? fail(text, text.length, 'splat wants a value: splat:0.5.') : { kind: 'splat', token };
  }
  if (keyword !== null) {
    const seed = Number(keyword[2]);
    if (!/^\d+$/.test(keyword[2] as string) || !Number.isSafeInteger(seed)) {
      fail(text, start + 'rand:'.length, 'rand wants a seed, a whole number: rand:7.');
    }
    return { kind: 'random', seed };
  }
  return { kind: 'values', tokens: parseTokens(text, start) };
}

/** Numbers between commas, spaces and brackets, as IREE takes them; what the numbers mean depends on the dtype. */
function parseTokens(text: string, start: number): string[] {
  const tokens: string[] = [];
  for (const { 0: token, index } of text.slice(start).matchAll(/[^,\s[\]]+/g)) {
    if (!/^[+-]?(?:[\d.]|nan$|inf$|infinity$)|^true$|^false$/i.test(token)) {
      const hint = /[./\\]/.test(token) ? ` A file is written @${shown(token)}.` : '';
      fail(text, start + index, `"${shown(token)}" is not a number.${hint}`);
    }
    tokens.push(token);
  }
  return tokens;
}

function fileContent(text: string, start: number): ValueContent {
  const path = text.slice(start);
  return path === '' ? fail(text, start, 'The path after "@" is missing.') : { kind: 'file', path };
}

function fail(text: string, at: number, why: string): never {
  // Long values (a list of many numbers) are shown around the place.
  const from = Math.max(0, at - 40);
  const piece = `${from > 0 ? '…' : ''}${text.slice(from, at + 50)}${at + 50 < text.length ? '…' : ''}`;
  const caret = `${' '.repeat(at - from + (from > 0 ? 1 : 0))}^`;
  throw new AscendBundleError('VALUE_SYNTAX', {
    message: `${why}\n  ${piece.replaceAll(/\s/g, ' ')}\n  ${caret}`,
    at: `character ${at + 1}`,
    fix: `Write ${EXAMPLES}.`,
  });
}
