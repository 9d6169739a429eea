// The Python literals that numpy writes into headers: dict, tuple, list, string, integer, True, False, None. Nothing is evaluated.

export type PythonValue = string | number | boolean | null | readonly PythonValue[] | ReadonlyMap<string, PythonValue>;

const MAX_DEPTH = 32;

/**
 * @param fail  told why the text is not a literal (the end of a sentence), and the index of the character
 * @returns the value; keys of a dict must be strings. Tuples and lists are arrays.
 */
export function parsePythonLiteral(text: string, fail: (why: string, at: number) => never): PythonValue {
  let pos = 0;

  function skipSpace(): void {
    while (pos < text.length && ' \t\r\n'.includes(text[pos] as string)) pos++;
  }

  function take(character: string): boolean {
    skipSpace();
    if (text[pos] !== character) return false;
    pos++;
    return true;
  }

  function expect(character: string): void {
    if (!take(character)) fail(`has ${pos < text.length ? `"${text[pos]}"` : 'its end'} where "${character}" is expected`, pos);
  }

  function value(depth: number): PythonValue {
    if (depth > MAX_DEPTH) fail(`is nested more than ${MAX_DEPTH} deep`, pos);
    skipSpace();
    const first = text[pos];
    if (first === '{') return dict(depth);
    if (first === '(') return sequence(')', depth);
    if (first === '[') return sequence(']', depth);
    if (first === "'" || first === '"') return string(first);
    return word();
  }

  function dict(depth: number): PythonValue {
    const out = new Map<string, PythonValue>();
    expect('{');
    while (!take('}')) {
      const at = pos;
      const key = value(depth + 1);
      if (typeof key !== 'string') return fail('has a key that is not a string', at);
      expect(':');
      out.set(key, value(depth + 1));
      if (take('}')) break;
      expect(',');
    }
    return out;
  }

  function sequence(close: string, depth: number): PythonValue {
    const out: PythonValue[] = [];
    pos++;
    let hasComma = false;
    while (!take(close)) {
      out.push(value(depth + 1));
      if (take(close)) break;
      expect(',');
      hasComma = true;
    }
    // (3) is 3 in parentheses; (3,) is a tuple.
    return close === ')' && out.length === 1 && !hasComma ? (out[0] as PythonValue) : out;
  }

  function string(quote: string): string {
    let out = '';
    for (pos++; text[pos] !== quote; pos++) {
      if (pos >= text.length) fail('has a string without an end', pos);
      // Escapes other than the next character itself occur in no dtype and no key that we accept.
      if (text[pos] === '\\') pos++;
      out += text[pos] ?? '';
    }
    pos++;
    return out;
  }

  function word(): PythonValue {
    const at = pos;
    while (pos < text.length && /[\w+-]/.test(text[pos] as string)) pos++;
    const found = text.slice(at, pos);
    if (found === 'True' || found === 'False') return found === 'True';
    if (found === 'None') return null;
    // Python 2 wrote long integers with an L.
    if (/^-?\d+L?$/.test(found)) return Number(found.replace('L', ''));
    return fail(`has ${found === '' ? (pos < text.length ? `"${text[pos]}"` : 'its end') : `"${found}"`} where a value is expected`, at);
  }

  const result = value(0);
  skipSpace();
  if (pos < text.length) fail(`goes on with "${text[pos]}" after its value`, pos);
  return result;
}
