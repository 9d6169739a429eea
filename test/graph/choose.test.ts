// What --select and --exclude make of a graph, together with names.
import { expect, test } from 'vitest';
import { AscendBundleError } from '../../src/base/errors.js';
import { type Choice, chooseConsts } from '../../src/graph/choose.js';
import type { SelectOptions } from '../../src/graph/select.js';
import { parseSelector } from '../../src/graph/selector.js';
import { graphOf } from '../support/graph.js';

const f32 = (name: string, shape: readonly number[]) => ({ name, dtype: 'float32', shape, data: { fill: 1 } });

const graph = graphOf({
  consts: [
    f32('fc1.weight', [2, 2]),
    f32('fc1.bias', [2]),
    f32('fc2.weight', [2, 2]),
    f32('alpha', []),
    { name: 'shape', dtype: 'int64', shape: [2], data: [2, 2] },
  ],
  nodes: [
    { name: 'fc1', type: 'MatMul', inputs: ['x', 'fc1.weight', 'fc1.bias'] },
    { name: 'fc2', type: 'MatMul', inputs: ['fc1', 'fc2.weight'] },
    { name: 'scaled', type: 'Mul', inputs: ['fc2', 'alpha'] },
    { name: 'y', type: 'Reshape', inputs: ['scaled', 'shape'] },
  ],
  outputs: ['y'],
});

interface Asked {
  readonly names?: readonly string[];
  readonly select?: readonly string[];
  readonly exclude?: readonly string[];
}

function choose({ names = [], select = [], exclude = [] }: Asked, options?: SelectOptions): Choice {
  return chooseConsts(graph, names, { select: select.map(parseSelector), exclude: exclude.map(parseSelector) }, options);
}

function failure(asked: Asked): AscendBundleError {
  try {
    choose(asked);
  } catch (error) {
    if (error instanceof AscendBundleError) return error;
    throw error;
  }
  throw new Error('was chosen without an error');
}

test('names come first, in their order; then what matches, in the order of the graph', () => {
  const choice = choose({ names: ['fc2.weight'], select: ['rank=1 dtype=f32', 'op=MatMul'] });
  expect(choice).toMatchObject({
    names: ['fc2.weight', 'fc1.weight', 'fc1.bias'],
    matched: ['fc1.weight', 'fc1.bias'],
    skipped: [],
    warnings: [],
  });
});

test('an exclusion takes away from both', () => {
  expect(choose({ names: ['fc2.weight', 'fc1.bias'], select: ['op=MatMul'], exclude: ['name~fc2.*', 'rank=1'] }).names).toEqual([
    'fc1.weight',
  ]);
});

test('a name that the graph has not stays, to be refused with its near names', () => {
  expect(choose({ names: ['fc9'], exclude: ['rank=1'] }).names).toEqual(['fc9']);
});

test('what a build refuses is left out, with the reasons and a warning', () => {
  const choice = choose({ select: ['name~*'] });
  expect(choice.names).toEqual(['fc1.weight', 'fc1.bias', 'fc2.weight']);
  expect(choice.skipped).toMatchObject([
    { at: 'alpha', code: 'SCALAR_WEIGHT' },
    { at: 'shape', code: 'SHAPE_DRIVING_CONST' },
  ]);
  expect(choice.warnings).toMatchObject([
    { code: 'CONST_UNFIT', message: expect.stringContaining('"alpha" (SCALAR_WEIGHT), "shape" (SHAPE_DRIVING_CONST)') },
  ]);
  expect(choose({ select: ['name~*'] }, { allowScalar: true }).names).toContain('alpha');
  expect(choose({ select: ['name~*'] }, { updateGraph: 'static' }).names).toContain('alpha');
});

test('an error where nothing can be chosen', () => {
  expect(failure({ select: ['rank<2 dtype=int64'] })).toMatchObject({
    code: 'CONST_UNFIT',
    exitCode: 4,
    message: expect.stringContaining('"shape" decides the shape'),
  });
  expect(failure({ select: ['op=MatMul'], exclude: ['name~fc*'] })).toMatchObject({
    code: 'CONST_NOT_FOUND',
    message: expect.stringContaining('Nothing is left'),
  });
});

test('an expression that matches nothing is an error, also beside others; the likely meaning is told', () => {
  expect(failure({ select: ['op=MatMul', 'op=Matmul'] })).toMatchObject({
    code: 'CONST_NOT_FOUND',
    exitCode: 4,
    message: "No constant matches 'op=Matmul'; there are 5.",
    fix: 'Did you mean "op=MatMul"?',
  });
  expect(failure({ select: ['rank=2 name=fc1.wieght'] }).fix).toBe('Did you mean "name=fc1.weight" or "name=fc2.weight"?');
  expect(failure({ select: ['bytes>1GiB'] }).fix).toBe('The verb "consts" lists them.');
});

test('an exclusion that matches nothing is a warning', () => {
  expect(choose({ select: ['op=MatMul'], exclude: ['name~lora*'] }).warnings).toMatchObject([
    { code: 'CONST_NOT_FOUND', message: "No constant matches 'name~lora*', so it excludes nothing." },
  ]);
});
