import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AscendBundleError } from '../../src/base/errors.js';
import { dtype } from '../../src/graph/dtype.js';
import { parseTensorValue } from '../../src/weights/value-syntax.js';

const file = (path: string) => ({ kind: 'file', path });
const values = (...tokens: string[]) => ({ kind: 'values', tokens });
const spec = (name: string, ...shape: number[]) => ({ dtype: dtype(name), shape });

test.each([
  ['x=@x.npy', 'x', undefined, file('x.npy')],
  ['x=@a=b/c,d.npy', 'x', undefined, file('a=b/c,d.npy')],
  ['x=@-', 'x', undefined, file('-')],
  ['x=128x10xf16=@w.bin', 'x', spec('float16', 128, 10), file('w.bin')],
  ['x=2x2xf32=1,2,3,4', 'x', spec('float32', 2, 2), values('1', '2', '3', '4')],
  ['x=2x2xf32=[[1 2][3 4]]', 'x', spec('float32', 2, 2), values('1', '2', '3', '4')],
  ['x=f32=3', 'x', spec('float32'), values('3')],
  ['x=0x3xfloat16=', 'x', undefined, undefined],
  ['x=2xbool=true,false', 'x', spec('bool', 2), values('true', 'false')],
  ['x=3xint64=1,-2,+3', 'x', spec('int64', 3), values('1', '-2', '+3')],
  ['x=1xbf16=nan', 'x', spec('bfloat16', 1), values('nan')],
  ['x=1, 2.5, -1e-3, .5, inf', 'x', undefined, values('1', '2.5', '-1e-3', '.5', 'inf')],
  ['x=[]', 'x', undefined, values()],
  ['x=splat:0.5', 'x', undefined, { kind: 'splat', token: '0.5' }],
  ['x=4xu8=splat:7', 'x', spec('uint8', 4), { kind: 'splat', token: '7' }],
  ['x=rand:7', 'x', undefined, { kind: 'random', seed: 7 }],
  ['rand:7', undefined, undefined, { kind: 'random', seed: 7 }],
  ['splat:0', undefined, undefined, { kind: 'splat', token: '0' }],
  ['x.npy', undefined, undefined, file('x.npy')],
  ['-', undefined, undefined, file('-')],
  ['@dir/a=b.npy', undefined, undefined, file('dir/a=b.npy')],
  ['2x2xf32=1,2,3,4', undefined, spec('float32', 2, 2), values('1', '2', '3', '4')],
  ['f32=@w.bin', undefined, spec('float32'), file('w.bin')],
  ['x1=@x.npy', 'x1', undefined, file('x.npy')],
  ['input0=1,2', 'input0', undefined, values('1', '2')],
  ['a/b:0=@x.npy', 'a/b:0', undefined, file('x.npy')],
])('%s', (text, name, declared, content) => {
  if (content === undefined) {
    expect(() => parseTensorValue(text)).toThrow(expect.objectContaining({ code: 'VALUE_SYNTAX' }));
    return;
  }
  expect(parseTensorValue(text)).toEqual({ text, name, declared, content });
});

describe('names that are known', () => {
  test('may hold "="', () => {
    expect(parseTensorValue('a=b=1,2', ['a', 'a=b'])).toMatchObject({ name: 'a=b', content: values('1', '2') });
    expect(parseTensorValue('a=f32=1', ['a', 'a=b'])).toMatchObject({ name: 'a', declared: spec('float32') });
  });

  test('may look like a type', () => {
    expect(parseTensorValue('f32=1', ['f32'])).toMatchObject({ name: 'f32', declared: undefined });
  });
});

describe('what cannot be read', () => {
  test.each([
    ['', 'The value is empty', 1],
    ['=1', 'The name before "="', 1],
    ['x=', 'The value after "=" is missing', 3],
    ['x=@', 'The path after "@" is missing', 4],
    ['x=2x2xf33=1', '"f33" is not a dtype', 7],
    ['x=2x2xint4=1', '"int4" is not a dtype', 7],
    ['2x2xf33=1', '"f33" is not a dtype', 5],
    ['x=2xyxf32=1', '"y" is not a size', 5],
    ['x=-1x2xf32=1', '"-1" is not a size', 3],
    ['x=f32=', 'The value after "=" is missing', 7],
    ['x=1,two,3', '"two" is not a number', 5],
    ['x=data.npy', '"data.npy" is not a number. A file is written @data.npy.', 3],
    ['x=rand:', 'rand wants a seed', 8],
    ['x=rand:-1', 'rand wants a seed', 8],
    ['x=rand:1e99', 'rand wants a seed', 8],
    ['x=splat:', 'splat wants a value', 9],
    ['x=9007199254740991x9007199254740991xf32=1', 'more elements than any file holds', 3],
  ])('%s', (text, words, column) => {
    try {
      parseTensorValue(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(AscendBundleError);
      expect(error).toMatchObject({
        code: 'VALUE_SYNTAX',
        exitCode: 2,
        at: `character ${column}`,
        fix: expect.stringContaining('x=@x.npy'),
      });
      const [message, shown, caret] = (error as Error).message.split('\n') as [string, string, string];
      expect(message).toContain(words);
      expect(shown.trim()).toBe(text);
      // Both lines are indented by two.
      expect(caret.indexOf('^')).toBe(column + 1);
    }
  });

  test('a long list is shown around the place', () => {
    const text = `x=${'1,'.repeat(500)}oops${',2'.repeat(500)}`;
    try {
      parseTensorValue(text);
      expect.unreachable();
    } catch (error) {
      const [, shown, caret] = (error as Error).message.split('\n') as [string, string, string];
      expect(shown.length).toBeLessThan(100);
      expect(shown.slice(caret.indexOf('^'))).toMatch(/^oops/);
    }
  });
});

test('no text gives anything but a value or an error of ours', () => {
  const part = fc.oneof(
    fc.string({ maxLength: 4 }),
    fc.constantFrom('=', '@', 'x', '2x', 'f32', 'f16=', '1,', '-', 'splat:', 'rand:', '[', ']', 'nan', '0x', '99999999999999999999x'),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      try {
        expect(parseTensorValue(parts.join(''), ['x', 'a=b']).content).toBeDefined();
      } catch (error) {
        expect(error).toMatchObject({ code: 'VALUE_SYNTAX' });
      }
    }),
    { numRuns: 2000 },
  );
});
