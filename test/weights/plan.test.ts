import { describe, expect, test } from 'vitest';
import { memoryBytes } from '../../src/base/bytes.js';
import { writeNpy } from '../../src/formats/npy.js';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import { dtype } from '../../src/graph/dtype.js';
import type { RefreshableWeight } from '../../src/graph/refreshable.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { COMMAND_LINE } from '../../src/weights/option-names.js';
import { planUpdate } from '../../src/weights/plan.js';
import { readUpdates } from '../../src/weights/updates.js';
import { caught } from '../support/caught.js';
import { testFolder } from '../support/folder.js';
import { named, plain, tensorOf } from '../support/tensors.js';

const folder = testFolder();

function weight(name: string, updateIndex: number, type: string, ...shape: number[]): RefreshableWeight {
  return { constName: name, variableName: `${name}_var`, updateIndex, spec: { dtype: dtype(type), shape, format: 'ND' } };
}
const WEIGHTS = [weight('fc1.w', 0, 'float16', 2, 3), weight('fc1.b', 1, 'float32', 3), weight('scale', 2, 'float32')];
const W = tensorOf('float16', [2, 3], [1, 2, 3, 4, 5, 6]);
const B = tensorOf('float32', [3], [1, 2, 3]);

const given = (name: string, tensor: Tensor, source = 'new.safetensors') => ({ ...named(name, tensor), source });

test('weights that are given are updated in update order, the others are kept and listed', () => {
  const plan = planUpdate(WEIGHTS, [given('fc1.b', B), given('fc1.w', W)]);
  expect([...plan.tensors.keys()]).toEqual(['fc1.w', 'fc1.b']);
  expect(plan).toMatchObject({ updated: ['fc1.w', 'fc1.b'], kept: ['scale'], ignored: [], warnings: [] });
});

test('an empty tensor keeps its weight, whatever its dtype', () => {
  const empty = { dtype: dtype('int8'), shape: [0], data: memoryBytes(new Uint8Array(0)) };
  expect(planUpdate(WEIGHTS, [given('fc1.w', empty), given('fc1.b', B)], { strict: false })).toMatchObject({
    updated: ['fc1.b'],
    kept: ['fc1.w', 'scale'],
  });
  const all = [given('fc1.w', empty), given('fc1.b', B), given('scale', tensorOf('float32', [], [2]))];
  expect(planUpdate(WEIGHTS, all, { strict: true }).kept).toEqual(['fc1.w']);
});

test('everything that does not fit is told at once', () => {
  const error = caught(() =>
    planUpdate(
      WEIGHTS,
      [
        given('fc1.w', tensorOf('float32', [3, 2], [1, 2, 3, 4, 5, 6])),
        given('fc1.b', tensorOf('float64', [3], [1, 2, 3])),
        given('scal', tensorOf('float32', [], [1])),
      ],
      { strict: true, names: COMMAND_LINE },
    ),
  );
  expect(error).toMatchObject({
    code: 'TENSOR_MISMATCH',
    exitCode: 4,
    message: expect.stringMatching(/^The update has 4 problems\. The first: Weight "fc1\.w"/),
    problems: [
      {
        code: 'TENSOR_MISMATCH',
        message: 'Weight "fc1.w" in new.safetensors is float32 [3, 2]; the bundle has float16 [2, 3].',
        fix: 'Transpose it and save it as float16.',
      },
      {
        code: 'TENSOR_MISMATCH',
        message: 'Weight "fc1.b" in new.safetensors is float64 [3]; the bundle has float32 [3].',
        fix: 'Save it as float32, or give --cast to convert it.',
      },
      {
        code: 'WEIGHT_UNKNOWN',
        message: '"scal" in new.safetensors (float32 []) is not an updatable weight of the bundle.',
        fix: 'Did you mean "scale"?',
      },
      {
        code: 'WEIGHTS_MISSING',
        message: 'Weight "scale" (float32 []) was not given, and --strict wants all.',
        fix: 'Did you mean "scal"?',
      },
    ],
  });
});

test('options that the caller has not are not offered, and those that it has by its own names', () => {
  const tensors = [given('fc1.b', tensorOf('float64', [3], [1, 2, 3])), given('other', B)];
  const fixes = (names: object) => caught(() => planUpdate(WEIGHTS, tensors, { strict: true, names })).problems.map(({ fix }) => fix);
  expect(fixes({}).join()).not.toContain('--');
  expect(fixes({ cast: '"cast": true' })).toContain('Save it as float32, or give "cast": true to convert it.');
  expect(fixes({ ignoreExtra: '"ignoreExtra": true' }).join()).toContain('"ignoreExtra": true leaves other names out.');
});

test('a single problem is the error itself', () => {
  expect(caught(() => planUpdate(WEIGHTS, [given('fc1.w', B)]))).toMatchObject({
    code: 'TENSOR_MISMATCH',
    message: 'Weight "fc1.w" in new.safetensors is float32 [3]; the bundle has float16 [2, 3].',
  });
});

describe('a name that no weight has', () => {
  test('is an error', () => {
    expect(caught(() => planUpdate(WEIGHTS, [given('optimizer.step', B)], { names: COMMAND_LINE }))).toMatchObject({
      code: 'WEIGHT_UNKNOWN',
      fix: expect.stringContaining('--ignore-extra'),
    });
  });
  test('is left out on demand, and listed', () => {
    expect(planUpdate(WEIGHTS, [given('fc1.b', B), given('other', B)], { ignoreExtra: true })).toMatchObject({
      updated: ['fc1.b'],
      ignored: ['other'],
    });
  });
});

test('a name given twice is an error that names both places', () => {
  expect(caught(() => planUpdate(WEIGHTS, [given('fc1.b', B, 'a.npz'), given('fc1.b', B, 'b.npz')]))).toMatchObject({
    code: 'INPUT_REPEATED',
    message: 'Weight "fc1.b" is given twice: in a.npz and in b.npz.',
  });
});

describe('values that are not finite', () => {
  test.each([
    ['float32', [1, Number.NaN, Infinity]],
    ['float64', [1, Number.NaN, -Infinity]],
    ['float16', [1, Number.NaN, Infinity]],
    ['bfloat16', [1, Number.NaN, -Infinity]],
  ])('of %s are a warning with count and place', (type, values) => {
    const plan = planUpdate([weight('w', 0, type, 1, 3)], [given('w', tensorOf(type, [1, 3], values))]);
    expect(plan.updated).toEqual(['w']);
    expect(plan.warnings).toMatchObject([
      { code: 'WEIGHT_NOT_FINITE', message: 'Weight "w" in new.safetensors has 2 values that are NaN or infinite, the first at [0, 1].' },
    ]);
  });

  test('the largest finite values are none', () => {
    expect(planUpdate([weight('w', 0, 'float16', 2)], [given('w', tensorOf('float16', [2], [65504, -65504]))]).warnings).toEqual([]);
    expect(planUpdate([weight('w', 0, 'int32', 1)], [given('w', tensorOf('int32', [1], [0x7f800000]))]).warnings).toEqual([]);
  });

  test('are found behind the first piece of a large tensor', () => {
    const values = new Float32Array(3 << 20);
    values[(2 << 20) + 5] = Number.NaN;
    const tensor = { dtype: dtype('float32'), shape: [3, 1 << 20], data: memoryBytes(new Uint8Array(values.buffer)) };
    expect(planUpdate([weight('w', 0, 'float32', 3, 1 << 20)], [given('w', tensor)]).warnings[0]?.message).toContain(
      'has 1 value that is NaN or infinite, the first at [2, 5]',
    );
  });
});

describe('--cast', () => {
  const F16 = [weight('w', 0, 'float16', 2, 2)];

  test('converts another float dtype, and counts what is lost', () => {
    const plan = planUpdate(F16, [given('w', tensorOf('float32', [2, 2], [1, 1 + 2 ** -20, 70000, 1e-9]))], { cast: true });
    expect(plain(plan.tensors.get('w')!)).toEqual({ name: 'w', dtype: 'float16', shape: [2, 2], values: [1, 1, Infinity, 0] });
    expect(plan.casts).toEqual([{ name: 'w', from: 'float32', to: 'float16', elements: 4, overflowed: 1, underflowed: 1, rounded: 1 }]);
    expect(plan.warnings.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'CAST_OVERFLOW: Weight "w" in new.safetensors: 1 of 4 values are too large for float16 and become infinite, the first 70000 at [1, 0].',
      'CAST_UNDERFLOW: Weight "w" in new.safetensors: 1 of 4 values are too small for float16 and become 0.',
    ]);
  });

  test('of a float widens without a word but that it did', () => {
    const plan = planUpdate([weight('b', 0, 'float32', 3)], [given('b', tensorOf('bfloat16', [3], [1, 2, 3]))], { cast: true });
    expect(plan).toMatchObject({ updated: ['b'], warnings: [], casts: [{ name: 'b', overflowed: 0, underflowed: 0, rounded: 0 }] });
  });

  test('of what is right already does nothing', () => {
    expect(planUpdate(F16, [given('w', tensorOf('float16', [2, 2], [1, 2, 3, 4]))], { cast: true }).casts).toEqual([]);
  });

  test('of integers keeps every value or is refused', () => {
    const I8 = [weight('i', 0, 'int8', 2)];
    const plan = planUpdate(I8, [given('i', tensorOf('int64', [2], [-128n, 127n]))], { cast: true });
    expect(plain(plan.tensors.get('i')!)).toMatchObject({ values: [-128, 127] });
    expect(caught(() => planUpdate(I8, [given('i', tensorOf('int64', [2], [1n, 128n]))], { cast: true }))).toMatchObject({
      code: 'TENSOR_MISMATCH',
      message: 'Weight "i" in new.safetensors: 1 of 2 values are outside int8, the first 128 at [1].',
    });
  });

  test('does not reshape, and does not turn floats into integers', () => {
    for (const tensor of [tensorOf('float32', [4], [1, 2, 3, 4]), tensorOf('int32', [2, 2], [1, 2, 3, 4])]) {
      const error = caught(() => planUpdate(F16, [given('w', tensor)], { cast: true }));
      expect(error.code).toBe('TENSOR_MISMATCH');
      expect(error.fix).not.toContain('--cast');
    }
  });

  test('tells NaN of the tensor as it was given', () => {
    const plan = planUpdate(F16, [given('w', tensorOf('float32', [2, 2], [1, Number.NaN, 2, 3]))], { cast: true });
    expect(plan.warnings).toMatchObject([{ code: 'WEIGHT_NOT_FINITE' }]);
    expect(plan.casts[0]).toMatchObject({ overflowed: 0, rounded: 0 });
  });
});

// Comparing all names with all would take longer than any test may.
test('thousands of wrong names are told in a moment', () => {
  const many = Array.from({ length: 3000 }, (_, i) => weight(`model.layers.${i}.attention.weight`, i, 'float32', 1));
  const wrong = many.map((row) => given(`transformer.${row.constName}`, tensorOf('float32', [1], [1])));
  expect(caught(() => planUpdate(many, wrong, { strict: true })).problems.length).toBe(6000);
});

describe('updates as they are typed', () => {
  test('a file of tensors, with names unchecked', async () => {
    const path = folder.write('new.safetensors', writeSafetensors([named('fc1.b', B), named('other', B)]));
    expect((await readUpdates([path], WEIGHTS)).map(({ name, source }) => [name, source])).toEqual([
      ['fc1.b', path],
      ['other', path],
    ]);
  });

  test('one weight from a file or from values', async () => {
    const path = folder.write('b.npy', writeNpy(B));
    const [first, second, third] = await readUpdates([`fc1.b=@${path}`, 'fc1.w=1,2,3,4,5,6', 'scale=splat:2'], WEIGHTS);
    expect(plain(first!)).toEqual(plain(named('fc1.b', B)));
    expect(plain(second!)).toEqual(plain(named('fc1.w', W)));
    expect(plain(third!)).toEqual({ name: 'scale', dtype: 'float32', shape: [], values: [2] });
    expect([first!.source, second!.source]).toEqual([path, 'fc1.w=1,2,3,4,5,6']);
  });

  test('a file of the wrong dtype is left to the plan, which tells all', async () => {
    const given = await readUpdates([`fc1.b=@${folder.write('b.npy', writeNpy(W))}`], WEIGHTS);
    expect(caught(() => planUpdate(WEIGHTS, given))).toMatchObject({ code: 'TENSOR_MISMATCH' });
  });

  test('an array without a name is for a bundle with one weight', async () => {
    const path = folder.write('b.npy', writeNpy(B));
    expect((await readUpdates([path], [WEIGHTS[1]!]))[0]?.name).toBe('fc1.b');
    await expect(readUpdates([path], WEIGHTS)).rejects.toMatchObject({ code: 'VALUE_SYNTAX', fix: `Write --update fc1.w=@${path}` });
  });

  test('an unknown name, with the near ones', async () => {
    await expect(readUpdates(['fc1.v=splat:0'], WEIGHTS)).rejects.toMatchObject({
      code: 'WEIGHT_UNKNOWN',
      fix: 'Did you mean "fc1.b" or "fc1.w"?',
    });
  });

  test('raw bytes need a name', async () => {
    const path = folder.write('b.bin', B.data);
    await expect(readUpdates([path], WEIGHTS)).rejects.toMatchObject({ code: 'FILE_KIND' });
    expect((await readUpdates([`fc1.b=@${path}`], WEIGHTS)).map(plain)).toEqual([plain(named('fc1.b', B))]);
  });
});
