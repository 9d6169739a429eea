// The place of an error in JSON text. Places were counted by hand; V8 says that each text is malformed.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AscendBundleError } from '../../src/base/errors.js';
import { jsonPointer, parseJson } from '../../src/base/json-text.js';

function placeOf(text: string): string | undefined {
  try {
    parseJson(text, 'a.json');
  } catch (error) {
    if (error instanceof AscendBundleError) return error.at;
    throw error;
  }
  return undefined;
}

describe('the place of an error', () => {
  test.each([
    ['', 'line 1, column 1'],
    ['{', 'line 1, column 2'],
    ['abc', 'line 1, column 1'],
    ['{"a":}', 'line 1, column 6'],
    ['{"a" 1}', 'line 1, column 6'],
    ['[1,2', 'line 1, column 5'],
    ['[1,]', 'line 1, column 4'],
    ['[,1]', 'line 1, column 2'],
    ['{"a":1}x', 'line 1, column 8'],
    ['{"a":1]', 'line 1, column 7'],
    ['["a\nb"]', 'line 1, column 4'],
    ['["a\\x"]', 'line 1, column 4'],
    ['{\n "a": 1,\n}', 'line 3, column 1'],
    ['{\n "a": 1\n "b": 2}', 'line 3, column 2'],
    ['[1, 02]', 'line 1, column 6'],
    ['[1, nul]', 'line 1, column 5'],
    ['["open', 'line 1, column 7'],
    ["{'a': 1}", 'line 1, column 2'],
    ['[1] // note', 'line 1, column 5'],
  ])('%j', (text, place) => {
    expect(placeOf(text)).toBe(place);
  });

  test('is found in a string of megabytes', () => {
    expect(placeOf(`["${'x'.repeat(5_000_000)}`)).toBe('line 1, column 5000003');
  });
});

test('what is not expected is shown', () => {
  expect(() => parseJson('{"a":?}', 'a.json')).toThrowError('a.json is not valid JSON: "?" is not expected here.');
  expect(() => parseJson('[', 'a.json')).toThrowError('a.json is not valid JSON: it ends too early.');
});

test('what V8 reads is read alike, and what it refuses has a place inside the text', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), fc.constantFrom('', '"', '{', '}', ',', '1', 'x', '\\'), (json, at, inserted) => {
      const pos = at % (json.length + 1);
      const text = json.slice(0, pos) + inserted + json.slice(pos);
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        const place = /^line (\d+), column (\d+)$/.exec(placeOf(text) ?? '');
        expect(Number(place?.[2])).toBeGreaterThan(0);
        expect(Number(place?.[2])).toBeLessThanOrEqual(text.length + 1);
        return;
      }
      expect(parseJson(text, 'a.json')).toEqual(value);
    }),
    { numRuns: 300 },
  );
});

test('pointers escape ~ and /', () => {
  expect(jsonPointer(['nodes', 0, 'a/b~c'])).toBe('/nodes/0/a~1b~0c');
  expect(jsonPointer([])).toBe('');
});
