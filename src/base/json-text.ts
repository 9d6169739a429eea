// JSON from files: parsed with the place of an error, and pointers to the places inside (RFC 6901).
import { AscendBundleError } from './errors.js';

/** A place inside a JSON document: `["nodes", 3, "attrs"]`. */
export type JsonPath = readonly PropertyKey[];

/** `/nodes/3/attrs`; the whole document is ''. */
export function jsonPointer(path: JsonPath): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/**
 * @param what  names the source in errors
 * @throws FILE_MALFORMED with line and column
 */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const { line, column, why } = locate(text, whereItStops(text));
    throw new AscendBundleError('FILE_MALFORMED', {
      message: `${what} is not valid JSON: ${why}.`,
      at: `line ${line}, column ${column}`,
      fix: 'Correct it there; JSON has no comments and no comma after the last element.',
      cause,
    });
  }
}

function locate(text: string, pos: number): { readonly line: number; readonly column: number; readonly why: string } {
  const before = text.slice(0, pos);
  const line = before.split('\n').length;
  const found = text.codePointAt(pos);
  const why = found === undefined ? 'it ends too early' : `${JSON.stringify(String.fromCodePoint(found))} is not expected here`;
  return { line, column: pos - before.lastIndexOf('\n'), why };
}

const SPACE = /[ \t\n\r]*/y;
const SCALAR = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** What may come next: `value or ]` after `[`, `key or }` after `{`, `after` a value. */
type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | 'after';

/**
 * The position of the first character that no JSON text could have there. The engine's own messages do not always tell it,
 * so this walks over the text again, with a stack of open brackets.
 */
function whereItStops(text: string): number {
  const open: string[] = [];
  let expected: Expected = 'value';
  for (let pos = skip(SPACE, text, 0); ; pos = skip(SPACE, text, pos)) {
    const next = text[pos] ?? '';
    const top = open.at(-1);
    const closes = next !== '' && next === (top === '{' ? '}' : top === '[' ? ']' : undefined);
    if (closes && expected !== 'value' && expected !== 'key') {
      open.pop();
      pos++;
      expected = 'after';
    } else if (expected === 'after') {
      if (next !== ',' || top === undefined) return pos;
      pos++;
      expected = top === '{' ? 'key' : 'value';
    } else if (expected === 'key' || expected === 'key or }') {
      const { end, isWhole } = stringEnd(text, pos);
      pos = isWhole ? skip(SPACE, text, end) : end;
      if (!isWhole || text[pos] !== ':') return pos;
      pos++;
      expected = 'value';
    } else if (next === '{' || next === '[') {
      open.push(next);
      pos++;
      expected = next === '{' ? 'key or }' : 'value or ]';
    } else {
      const { end, isWhole } = next === '"' ? stringEnd(text, pos) : scalarEnd(text, pos);
      if (!isWhole) return end;
      pos = end;
      expected = 'after';
    }
  }
}

/** The end of what `pattern` matches at `pos`; `pos` where it does not match. */
function skip(pattern: RegExp, text: string, pos: number): number {
  pattern.lastIndex = pos;
  return pattern.test(text) ? pattern.lastIndex : pos;
}

function scalarEnd(text: string, pos: number): { readonly end: number; readonly isWhole: boolean } {
  const end = skip(SCALAR, text, pos);
  return { end, isWhole: end > pos };
}

/** By hand, because a pattern with an alternation per character runs out of stack on a string of megabytes. */
function stringEnd(text: string, start: number): { readonly end: number; readonly isWhole: boolean } {
  if (text[start] !== '"') return { end: start, isWhole: false };
  let pos = start + 1;
  for (;;) {
    const code = text.charCodeAt(pos);
    if (code === 0x22) return { end: pos + 1, isWhole: true };
    const end = code === 0x5c ? skip(ESCAPE, text, pos) : code >= 0x20 ? pos + 1 : pos;
    if (end === pos) return { end: pos, isWhole: false };
    pos = end;
  }
}
