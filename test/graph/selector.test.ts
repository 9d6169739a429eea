// Expressions that choose constants: what they match, and what is said of those that say nothing.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AscendBundleError } from '../../src/base/errors.js';
import { dtype } from '../../src/graph/dtype.js';
import { matchesGlob } from '../../src/graph/glob.js';
import { matchesSelector, parseSelector, type Selectable } from '../../src/graph/selector.js';

const one = (name: string, type: string, shape: readonly number[], ...ops: string[]): Selectable => ({
  name,
  spec: { dtype: dtype(type), shape },
  users: ops.map((op) => ({ type: op })),
});

const ALL = [
  one('lora_a', 'float16', [512, 1024], 'MatMul'),
  one('lora_b', 'float16', [8, 4], 'MatMul', 'Identity'),
  one('conv.weight', 'float32', [64, 32, 3, 3], 'Conv'),
  one('a,b c', 'int64', [2], 'Reshape'),
  one('alpha', 'bfloat16', []),
];

const matched = (text: string): string[] => ALL.filter((item) => matchesSelector(parseSelector(text), item)).map(({ name }) => name);

test.each([
  ['name=lora_a', ['lora_a']],
  ['name~lora_*', ['lora_a', 'lora_b']],
  ['name~lora_?', ['lora_a', 'lora_b']],
  ['name!~lora_*', ['conv.weight', 'a,b c', 'alpha']],
  ['name=lora_a,alpha', ['lora_a', 'alpha']],
  ['name="a,b c"', ['a,b c']],
  ['name~"a,b *"', ['a,b c']],
  ['op=MatMul', ['lora_a', 'lora_b']],
  ['op=Identity,Conv', ['lora_b', 'conv.weight']],
  ['op!=MatMul', ['conv.weight', 'a,b c', 'alpha']],
  ['op!=MatMul,Conv', ['a,b c', 'alpha']],
  ['op~*M*', ['lora_a', 'lora_b']],
  ['dtype=float16', ['lora_a', 'lora_b']],
  ['dtype=f16,bf16', ['lora_a', 'lora_b', 'alpha']],
  ['dtype~*float*', ['lora_a', 'lora_b', 'conv.weight', 'alpha']],
  ['bytes>=1MiB', ['lora_a']],
  ['bytes>1MiB', []],
  ['bytes=1048576', ['lora_a']],
  ['bytes<=64', ['lora_b', 'a,b c', 'alpha']],
  ['bytes>=0.5kib bytes<1mib', ['conv.weight']],
  ['elements<33', ['lora_b', 'a,b c', 'alpha']],
  ['rank=0', ['alpha']],
  ['rank=0,4', ['conv.weight', 'alpha']],
  ['rank!=2', ['conv.weight', 'a,b c', 'alpha']],
  ['  op = MatMul   rank == 2  bytes < 1KiB ', ['lora_b']],
  ['name~*, rank=1', ['a,b c']],
])('%s', (text, names) => {
  expect(matched(text)).toEqual(names);
});

describe('refused, with the place and a way out', () => {
  test.each([
    ['', 'it is empty', 1, 'name~lora_*'],
    ['nmae=x', '"nmae" is not a field', 1, 'Did you mean "name"?'],
    ['rank=2 size>4', '"size" is not a field', 8, 'The fields are: name, op, dtype, bytes, elements, rank.'],
    ['lora_*', '"lora_*" is not a field', 1, 'name~lora_*'],
    ['name', '"name" is not followed by an operator', 1, 'Write conditions'],
    ['name=', '"name=" is not followed by a value', 1, 'Write conditions'],
    ['=x', 'a field is missing', 1, 'The fields are'],
    ['name="x', 'a quote is not closed', 6, 'Write conditions'],
    ['name>x', 'a text has no ">"', 1, 'Write conditions'],
    ['rank~2', 'a number has no "~"', 1, 'Write conditions'],
    ['dtype=float15', '"float15" is not a dtype', 1, 'Write conditions'],
    ['bytes>=1MB', '"1MB" is not a number of bytes (B, KiB, MiB, GiB)', 1, 'Write conditions'],
    ['rank=two', '"two" is not a number', 1, 'Write conditions'],
    ['rank=2KiB', '"2KiB" is not a number', 1, 'Write conditions'],
    ['name~a*,op=Conv', '"op=Conv" follows a comma', 1, 'Write conditions'],
  ])('%s', (text, why, at, fix) => {
    let error: unknown;
    try {
      parseSelector(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(AscendBundleError);
    expect(error).toMatchObject({ code: 'VALUE_SYNTAX', exitCode: 2, at: `character ${at}` });
    expect((error as AscendBundleError).message).toContain(why);
    expect((error as AscendBundleError).fix).toContain(fix);
  });

  test('any text is an expression or a VALUE_SYNTAX', () => {
    const piece = fc.constantFrom('name', 'bytes', 'x', ' ', '"', ',', '=', '!=', '~', '>=', '1', 'KiB', '*', '\n');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 9 }), (pieces) => {
        try {
          parseSelector(pieces.join(''));
        } catch (error) {
          expect(error).toMatchObject({ code: 'VALUE_SYNTAX' });
        }
      }),
    );
  });
});

test('a glob matches what the regular expression with .* and . for its wildcards does', () => {
  const letters = fc.stringMatching(/^[ab.[]{0,8}$/);
  const glob = fc.array(fc.constantFrom('a', 'b', '.', '[', '*', '?'), { maxLength: 7 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(glob, letters, (pattern, text) => {
      const regular = pattern.replace(/[.[]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.');
      expect(matchesGlob(pattern, text)).toBe(new RegExp(`^${regular}$`).test(text));
    }),
    { numRuns: 2000 },
  );
});

test('a glob of many stars takes no longer than text times pattern', () => {
  expect(matchesGlob(`${'*a'.repeat(500)}*b`, 'a'.repeat(20_000))).toBe(false);
});
