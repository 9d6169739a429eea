import { describe, expect, test } from 'vitest';
import { writeNpy } from '../../src/formats/npy.js';
import { writeNpz } from '../../src/formats/npz.js';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import { dtype } from '../../src/graph/dtype.js';
import { decodeElements } from '../../src/graph/elements.js';
import { randomBytes } from '../../src/graph/random.js';
import type { NamedSpec, Tensor } from '../../src/graph/tensor.js';
import { resolveInputs } from '../../src/weights/inputs.js';
import { caught } from '../support/caught.js';
import { testFolder } from '../support/folder.js';
import { fromHex, named, plain, tensorOf, toHex } from '../support/tensors.js';

const folder = testFolder();

const spec = (name: string, type: string, ...shape: number[]): NamedSpec => ({ name, dtype: dtype(type), shape });
const X = [spec('x', 'float32', 2, 2)];
const VALUES = tensorOf('float32', [2, 2], [1, 2, 3, 4]);

function one(text: string, specs = X): unknown {
  return plain(resolveInputs([text], specs).get(specs[0]!.name) as Tensor);
}

describe('one input takes', () => {
  test('a .npy', () => {
    const path = folder.write('x.npy', writeNpy(VALUES));
    expect(one(`x=@${path}`)).toEqual(plain(VALUES));
    expect(one(path)).toEqual(plain(VALUES));
    expect(one(`@${path}`)).toEqual(plain(VALUES));
  });

  test('an .npz or safetensors that has its name, or one array', () => {
    const two = [named('other', tensorOf('int8', [1], [1])), named('x', VALUES)];
    expect(one(`x=@${folder.write('a', writeNpz(two))}`)).toEqual(plain(VALUES));
    expect(one(`x=@${folder.write('b', writeSafetensors(two))}`)).toEqual(plain(VALUES));
    expect(one(`x=@${folder.write('c', writeNpz([named('anything', VALUES)]))}`)).toEqual(plain(VALUES));
    expect(one(folder.write('d', writeNpz([named('arr_0', VALUES)])))).toEqual(plain(VALUES));
  });

  test('raw bytes that fill it', () => {
    const path = folder.write('x.bin', VALUES.data);
    expect(one(`x=@${path}`)).toEqual(plain(VALUES));
    expect(one(`x=2x2xf32=@${path}`)).toEqual(plain(VALUES));
    expect(one(path)).toEqual(plain(VALUES));
  });

  test('numbers', () => {
    expect(one('x=1,2,3,4')).toEqual(plain(VALUES));
    expect(one('x=2x2xf32=1,2,3,4')).toEqual(plain(VALUES));
    expect(one('2x2xf32=1,2,3,4')).toEqual(plain(VALUES));
    expect(one('x=splat:-0.5')).toMatchObject({ values: [-0.5, -0.5, -0.5, -0.5] });
    expect(one('s=f32=3', [spec('s', 'float32')])).toMatchObject({ shape: [], values: [3] });
    expect(one('s=3', [spec('s', 'float16')])).toMatchObject({ shape: [], values: [3] });
    expect(one('x=nan,inf,-inf,-0')).toMatchObject({ values: [Number.NaN, Infinity, -Infinity, -0] });
  });

  test('64-bit integers without loss', () => {
    const specs = [spec('i', 'int64', 2)];
    expect(one('i=-9223372036854775808,9007199254740993', specs)).toMatchObject({ values: [-(2n ** 63n), 2n ** 53n + 1n] });
    expect(one('i=0x10,7', specs)).toMatchObject({ values: [16n, 7n] });
  });

  test('bools as words and as digits', () => {
    expect(one('b=true,False,1,0', [spec('b', 'bool', 4)])).toMatchObject({ values: [true, false, true, false] });
  });

  test('random values: those of the generator, the same for the same seed', () => {
    const tensor = resolveInputs(['x=rand:7'], X).get('x') as Tensor;
    expect(toHex(tensor.data)).toBe(toHex(randomBytes(dtype('float32'), [2, 2], 7)));
    const values = decodeElements(tensor) as number[];
    expect(values.every((value) => value >= -1 && value < 1)).toBe(true);
    expect(one('x=rand:7')).not.toEqual(one('x=rand:8'));
  });

  test.each(['int8', 'int64', 'uint32', 'bool'])('random %s as zeros and ones, in equal parts', (type) => {
    const tensor = resolveInputs(['i=rand:1'], [spec('i', type, 10_000)]).get('i') as Tensor;
    const ones = decodeElements(tensor)
      .map(Number)
      .filter((value) => value === 1).length;
    expect(decodeElements(tensor).every((value) => Number(value) === 0 || Number(value) === 1)).toBe(true);
    expect(Math.abs(ones - 5000)).toBeLessThan(250);
    expect(toHex(tensor.data.slice(3, 50))).toBe(toHex(tensor.data).slice(6, 100));
  });
});

describe('a dimension that is open', () => {
  const open = [spec('x', 'float32', -1, 2)];
  test('takes any size', () => {
    expect(one(`x=@${folder.write('x', writeNpy(tensorOf('float32', [3, 2], [1, 2, 3, 4, 5, 6])))}`, open)).toMatchObject({
      shape: [3, 2],
    });
  });
  test('is computed for raw bytes and numbers', () => {
    expect(one(`x=@${folder.write('x.bin', new Uint8Array(24))}`, open)).toMatchObject({ shape: [3, 2] });
    expect(one('x=1,2,3,4', open)).toMatchObject({ shape: [2, 2] });
  });
  test('needs the shape where nothing says it', () => {
    for (const value of ['splat:0', 'rand:1']) {
      expect(caught(() => one(`x=${value}`, open))).toMatchObject({
        code: 'VALUE_SYNTAX',
        fix: expect.stringContaining(`1x3xf32=${value}`),
      });
    }
    expect(one('x=5x2xf32=splat:0', open)).toMatchObject({ shape: [5, 2] });
    const fixOf = (...shape: number[]): string | undefined => caught(() => one('x=1,2', [spec('x', 'float32', ...shape)])).fix;
    expect(fixOf(-1, -1)).toBe('Write the shape before the values, with a size for each N: NxNxf32=…');
    expect(fixOf(-1, 4, -1)).toContain('Nx4xNxf32=…');
    expect(fixOf(-2)).toBe('Write the shape before the values: 2xf32=…');
    expect(fixOf(-1, 3)).toBe('Give a multiple of 3 values.');
    expect(caught(() => one(`x=@${folder.write('y.bin', new Uint8Array(24))}`, [spec('x', 'float32', -2)])).fix).toContain('=@w.bin');
  });
  test('does not take another size elsewhere', () => {
    expect(caught(() => one('x=2x3xf32=splat:0', open))).toMatchObject({ code: 'TENSOR_MISMATCH' });
  });
});

describe('refused', () => {
  test.each([
    ['another dtype', tensorOf('float64', [2, 2], [1, 2, 3, 4]), 'is float64 [2, 2]; the model has float32 [2, 2]', 'Save it as float32.'],
    ['one dimension of 1 more', tensorOf('float32', [1, 2, 2], [1, 2, 3, 4]), 'is float32 [1, 2, 2]', 'Reshape it to [2, 2].'],
    ['both', tensorOf('float16', [4], [1, 2, 3, 4]), 'is float16 [4]', 'Reshape it to [2, 2] and save it as float32.'],
    ['another size', tensorOf('float32', [3], [1, 2, 3]), 'is float32 [3]', 'Give a tensor of that shape'],
  ])('%s', (_, tensor, words, fix) => {
    const path = folder.write('x.npy', writeNpy(tensor));
    for (const text of [path, `x=@${path}`]) {
      const error = caught(() => one(text));
      expect(error).toMatchObject({ code: 'TENSOR_MISMATCH', exitCode: 4, fix: expect.stringContaining(fix) });
      expect(error.message).toContain(`Input "x" in ${path} ${words}`);
    }
  });

  test('a transposed tensor, with the remedy', () => {
    const path = folder.write('x.npy', writeNpy(tensorOf('float32', [3, 2], [1, 2, 3, 4, 5, 6])));
    expect(caught(() => one(path, [spec('x', 'float32', 2, 3)])).fix).toBe('Transpose it.');
  });

  test('a declaration that is not the file’s, or not the model’s', () => {
    const path = folder.write('x.npy', writeNpy(tensorOf('float32', [4], [1, 2, 3, 4])));
    expect(caught(() => one(`x=2x2xf32=@${path}`)).message).toContain(`is float32 [4]; "x=2x2xf32=@${path}" has float32 [2, 2]`);
    expect(caught(() => one(`x=4xf32=@${path}`)).message).toContain('Input "x" (x=4xf32) is float32 [4]; the model has float32 [2, 2]');
  });

  test('raw bytes of another size', () => {
    const error = caught(() => one(`x=@${folder.write('x.bin', new Uint8Array(15))}`));
    expect(error).toMatchObject({ code: 'TENSOR_MISMATCH' });
    expect(error.message).toMatch(/^Input "x": .*x\.bin has 15 bytes; float32 \[2, 2\] needs 16\.$/);
  });

  test.each([
    ['x=1,2,3', 'TENSOR_MISMATCH', 'Input "x" is given 3 values; it is float32 [2, 2] of 4 elements', 'row-major'],
    ['x=5', 'TENSOR_MISMATCH', 'given 1 value;', 'splat:5'],
    ['x=[]', 'TENSOR_MISMATCH', 'given 0 values;', 'row-major'],
    ['x=1,2,3,4e', 'VALUE_SYNTAX', 'value 4, 4e, is not a number', 'Write numbers'],
    ['x=1,2,true,4', 'VALUE_SYNTAX', 'value 3, true, is a boolean', 'Write numbers'],
    ['y=1,2,3,4', 'INPUT_UNKNOWN', '"y" is not an input of the model', 'Did you mean "x"?'],
    ['nothing.npy', 'FILE_NOT_FOUND', 'nothing.npy does not exist', ''],
  ])('%s', (text, code, words, fix) => {
    const error = caught(() => one(text));
    expect(error).toMatchObject({ code, fix: expect.stringContaining(fix) });
    expect(error.message).toContain(words);
  });

  test('integers out of range', () => {
    expect(caught(() => one('i=300', [spec('i', 'int8')])).message).toContain('value 1, 300, is outside int8 (-128 to 127)');
    expect(caught(() => one('i=1.5', [spec('i', 'int32')])).message).toContain('not a whole number');
    expect(caught(() => one('i=splat:2', [spec('i', 'bool', 3)])).message).toContain('neither true nor false');
  });

  test('a missing, an empty and a truncated file, with the name of the input', () => {
    expect(caught(() => one('x=@no.npy'))).toMatchObject({
      code: 'FILE_NOT_FOUND',
      exitCode: 7,
      message: expect.stringMatching(/^Input "x": no\.npy/),
    });
    expect(caught(() => one(`x=@${folder.write('e.npy', '')}`))).toMatchObject({
      code: 'FILE_EMPTY',
      message: expect.stringMatching(/^Input "x": /),
    });
    const cut = writeNpy(VALUES).slice(0, 130);
    expect(caught(() => one(`x=@${folder.write('t.npy', cut)}`))).toMatchObject({ code: 'FILE_TRUNCATED', at: 'byte 130' });
    expect(caught(() => one(`x=@${folder.path()}`))).toMatchObject({ code: 'FILE_IO' });
  });

  test('a Git LFS pointer', () => {
    const path = folder.write('x.npy', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n');
    expect(caught(() => one(`x=@${path}`))).toMatchObject({ code: 'FILE_KIND', fix: 'Run git lfs pull.' });
  });

  test('an archive of several tensors without the name', () => {
    const path = folder.write('w', writeNpz([named('xx', VALUES), named('b', VALUES)]));
    expect(caught(() => one(`x=@${path}`))).toMatchObject({ code: 'TENSOR_NOT_FOUND', fix: 'Did you mean "b" or "xx"?' });
  });
});

describe('several inputs', () => {
  const specs = [spec('a', 'float32', 2), spec('b', 'int32', 1)];
  const A = tensorOf('float32', [2], [1, 2]);
  const B = tensorOf('int32', [1], [3]);

  test('come from one file, in the order of the model', () => {
    const inputs = resolveInputs([folder.write('in.npz', writeNpz([named('b', B), named('a', A)]))], specs);
    expect([...inputs.keys()]).toEqual(['a', 'b']);
    expect([...inputs.values()].map(plain)).toEqual([plain(A), plain(B)]);
  });

  test('an array without a name does not say which it is for', () => {
    const path = folder.write('x.npy', writeNpy(A));
    expect(caught(() => resolveInputs([path], specs))).toMatchObject({
      code: 'VALUE_SYNTAX',
      message: expect.stringContaining('does not say which input it is for; the model has 2: "a", "b"'),
      fix: `Write --input a=@${path}`,
    });
    expect(caught(() => resolveInputs(['2xf32=1,2'], specs)).fix).toBe('Write --input a=2xf32=1,2');
  });

  test('one given twice is an error that names both', () => {
    const path = folder.write('in.npz', writeNpz([named('b', B), named('a', A)]));
    const error = caught(() => resolveInputs([path, 'a=splat:1'], specs));
    expect(error).toMatchObject({ code: 'INPUT_REPEATED', exitCode: 2 });
    expect(error.message).toContain(`Input "a" is given twice: ${path} and a=splat:1`);
  });

  test('all that are missing are told at once', () => {
    const error = caught(() => resolveInputs([], specs));
    expect(error).toMatchObject({ code: 'INPUT_MISSING', exitCode: 4 });
    expect(error.problems.map((problem) => problem.message)).toEqual([
      'Input "a" (float32 [2]) was not given.',
      'Input "b" (int32 [1]) was not given.',
    ]);
    expect(caught(() => resolveInputs(['b=1'], specs))).toMatchObject({
      message: 'Input "a" (float32 [2]) was not given.',
      fix: 'Add --input a=@file.npy',
    });
  });

  test('all of a file that do not fit are told at once', () => {
    const error = caught(() => resolveInputs([folder.write('in.npz', writeNpz([named('b', A), named('a', B)]))], specs));
    expect(error.code).toBe('TENSOR_MISMATCH');
    expect(error.problems.length).toBe(2);
  });

  test('a file with a name that is no input is refused', () => {
    expect(caught(() => resolveInputs([folder.write('in.npz', writeNpz([named('c', A)]))], specs))).toMatchObject({
      code: 'INPUT_UNKNOWN',
    });
  });

  test('a model without inputs takes none', () => {
    expect(resolveInputs([], []).size).toBe(0);
    expect(caught(() => resolveInputs(['1xf32=1'], [])).message).toContain('The model has no inputs');
  });
});

test('a number of a hundred thousand digits is read, or refused, at once', () => {
  const specs = [spec('x', 'float32', 1)];
  expect(one(`x=${'1'.repeat(100_000)}`, specs)).toMatchObject({ values: [Infinity] });
  const error = caught(() => one(`x=${'1'.repeat(100_000)}z`, specs));
  expect(error.code).toBe('VALUE_SYNTAX');
  expect(error.message.length).toBeLessThan(200);
});

test('int64 data that resembles the start of a safetensors file is raw data', () => {
  const raw = fromHex('0500000000000000 7b00000000000000 0000000000000000');
  expect(one(`i=@${folder.write('i.bin', raw)}`, [spec('i', 'int64', 3)])).toMatchObject({ values: [5n, 123n, 0n] });
});
