// Which Consts a list of names means, and what is said of names that mean none.
import { describe, expect, test } from 'vitest';
import { AscendBundleError } from '../../src/base/errors.js';
import { dtype } from '../../src/graph/dtype.js';
import type { Graph, Node } from '../../src/graph/graph.js';
import { type SelectOptions, selectWeights } from '../../src/graph/select.js';
import { graphOf } from '../support/graph.js';

const f32 = (name: string, shape: readonly number[]) => ({ name, dtype: 'float32', shape, data: { fill: 1 } });

const graph = graphOf({
  consts: [f32('fc1.weight', [2, 2]), f32('fc2.weight', [2, 2]), f32('alpha', []), { ...f32('beta', []), dtype: 'float16' }],
  nodes: [
    { name: 'fc1', type: 'MatMul', inputs: ['x', 'fc1.weight'] },
    { name: 'fc2', type: 'MatMul', inputs: ['fc1', 'fc2.weight'] },
    { name: 'scaled', type: 'Mul', inputs: ['fc2', 'alpha'] },
  ],
  outputs: ['scaled'],
});

/** `graph` with nodes that a graph.json cannot have. */
const withNodes = (...extra: readonly Partial<Node>[]): Graph => ({
  ...graph,
  nodes: [
    ...graph.nodes,
    ...extra.map((one) => ({
      name: '',
      type: '',
      inputs: [],
      inputNames: [],
      outputNames: ['y'],
      inputDescs: [],
      outputDescs: [],
      attrs: new Map(),
      ...one,
    })),
  ],
});

function failure(names: readonly string[], from = graph, options?: SelectOptions): AscendBundleError {
  try {
    selectWeights(from, names, options);
  } catch (error) {
    if (error instanceof AscendBundleError) return error;
    throw error;
  }
  throw new Error('was selected without an error');
}

test('weights come in the order of the names', () => {
  const weights = selectWeights(graph, ['fc2.weight', 'fc1.weight']);
  expect(weights).toEqual([
    {
      constName: 'fc2.weight',
      variableName: 'fc2.weight_var',
      updateIndex: 0,
      spec: { dtype: dtype('float32'), shape: [2, 2], format: 'ND' },
    },
    {
      constName: 'fc1.weight',
      variableName: 'fc1.weight_var',
      updateIndex: 1,
      spec: { dtype: dtype('float32'), shape: [2, 2], format: 'ND' },
    },
  ]);
});

describe('a name that is no Const', () => {
  test('gets the near names', () => {
    const error = failure(['fc1.wieght']);
    expect(error).toMatchObject({ code: 'CONST_NOT_FOUND', exitCode: 4, at: 'fc1.wieght' });
    expect(error.message).toContain('"fc1.wieght" cannot become a weight');
    expect(error.fix).toBe('Did you mean "fc1.weight" or "fc2.weight"?');
  });

  test('gets the number of Consts where nothing is near', () => {
    expect(failure(['zzz']).fix).toContain('The graph has 4 Consts');
    expect(failure(['zzz'], graphOf({ outputs: ['x'] })).fix).toContain('no Const at all');
  });

  test.each([
    ['fc1', 'it is computed by a MatMul; only the type Const can be replaced.'],
    ['x', 'it is an input of the model, given at each run.'],
    ['c', 'it is a Constant, the kind of training graphs'],
    ['f', 'it is a FileConstant, whose data GE keeps in a file'],
    ['v', 'it is a Variable already'],
  ])('but the node %s is told why that is none', (name, reason) => {
    const from = withNodes({ name: 'c', type: 'Constant' }, { name: 'f', type: 'FileConstant' }, { name: 'v', type: 'Variable' });
    expect(failure([name], from).message).toContain(`"${name}" cannot become a weight: ${reason}`);
  });

  test('is told of a near node that is none either', () => {
    expect(failure(['scale']).message).toContain('"scaled" is computed by a Mul');
  });

  test.each([['fc1.weight:0'], ['fc1.weight_var']])('%s is read as the const that it comes from', (name) => {
    expect(failure([name]).fix).toBe('Did you mean "fc1.weight"?');
  });

  test('may be the empty string', () => {
    expect(failure(['']).code).toBe('CONST_NOT_FOUND');
  });
});

test('a name twice is refused', () => {
  expect(failure(['alpha', 'fc1.weight', 'fc1.weight'], graph, { allowScalar: true })).toMatchObject({
    code: 'CONST_REPEATED',
    exitCode: 2,
    at: 'fc1.weight',
  });
});

test('no names at all are refused', () => {
  expect(failure([])).toMatchObject({ code: 'CONSTS_REQUIRED', exitCode: 2 });
});

test('a Const without a value is refused', () => {
  expect(failure(['e'], withNodes({ name: 'e', type: 'Const' })).code).toBe('CONST_UNFIT');
});

test('everything wrong is said at once', () => {
  const error = failure(['no', 'alpha', 'fc1.weight', 'fc1.weight']);
  expect(error.problems.map(({ code }) => code)).toEqual(['CONST_NOT_FOUND', 'SCALAR_WEIGHT', 'CONST_REPEATED']);
  expect(error.message).toContain('has 3 problems');
});

describe('a scalar', () => {
  test('is refused', () => {
    const error = failure(['alpha']);
    expect(error.code).toBe('SCALAR_WEIGHT');
    expect(error.fix).toContain('--allow-scalar');
  });

  test('is let through when asked for', () => {
    expect(selectWeights(graph, ['alpha'], { allowScalar: true })).toHaveLength(1);
  });

  test('of float16 is refused even then, because the device cannot read it as a condition', () => {
    expect(failure(['beta'], graph, { allowScalar: true }).code).toBe('SCALAR_WEIGHT');
  });

  test('is a weight as any other in the static update graph', () => {
    expect(selectWeights(graph, ['alpha', 'beta'], { updateGraph: 'static' })).toHaveLength(2);
  });
});
