// Which tensor is which weight: by name, values and shape, and what is not decided.
import { expect, test } from 'vitest';
import { dtype } from '../../../src/graph/dtype.js';
import type { NamedSpec, NamedTensor } from '../../../src/graph/tensor.js';
import { type MatchMethod, matchWeights } from '../../../src/weights/map/match.js';
import { bareName } from '../../../src/weights/map/names.js';
import { named, tensorOf } from '../../support/tensors.js';

const wanted = (name: string, ...shape: number[]): NamedSpec => ({ name, dtype: dtype('float32'), shape });
/** Values by a seed, no two alike. */
const tensor = (name: string, shape: number[], seed = 1, type = 'float32'): NamedTensor =>
  named(
    name,
    tensorOf(
      type,
      shape,
      Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i + seed / 8),
    ),
  );

test.each([
  ['onnx::MatMul_12', 'MatMul_12'],
  ['model.fc1.weight', 'fc1'],
  ['model/fc1/kernel:0', 'fc1.kernel'],
  ['fc1.weight_Initializer_3', 'fc1'],
  ['module.model.fc1.weight_var', 'fc1'],
  ['base_model.model.fc1.base_layer.weight', 'fc1'],
  ['fc1.bias', 'fc1.bias'],
  ['weight', 'weight'],
  ['model', 'model'],
])('%s is %s without what is around it', (name, bare) => {
  expect(bareName(name)).toBe(bare);
});

test('the same name comes before one that differs in what is around it, and that before the end of a name', () => {
  const { entries, unmatched } = matchWeights(
    [wanted('fc.weight', 2, 3), wanted('head', 4), wanted('layer.0.q', 5)],
    [tensor('model.fc.weight', [2, 3]), tensor('fc.weight', [2, 3]), tensor('model.head.weight', [4]), tensor('bert.layer.0.q', [5])],
  );
  expect(entries).toEqual([
    { from: 'fc.weight', to: 'fc.weight', by: 'the same name' },
    { from: 'model.head.weight', to: 'head', by: 'the name without what is around it' },
    { from: 'bert.layer.0.q', to: 'layer.0.q', by: 'the end of the name' },
  ]);
  expect(unmatched).toEqual({ from: ['model.fc.weight'], to: [] });
});

test('two tensors that may be one weight are candidates, not an entry', () => {
  const { entries, ambiguous } = matchWeights([wanted('fc', 2)], [tensor('model.fc', [2]), tensor('module.fc', [2])]);
  expect(entries).toEqual([]);
  expect(ambiguous).toEqual([
    { to: 'fc', candidates: [{ from: 'model.fc' }, { from: 'module.fc' }], why: 'the name without what is around it: 2 tensors may be it' },
  ]);
});

test('two weights that want one tensor get it neither', () => {
  const { entries, ambiguous } = matchWeights([wanted('a', 3), wanted('b', 3)], [tensor('x', [3])]);
  expect(entries).toEqual([]);
  expect(ambiguous.map(({ to, why }) => [to, why])).toEqual([
    ['a', 'the shape: 1 more weight wants this tensor'],
    ['b', 'the shape: 1 more weight wants this tensor'],
  ]);
});

test('a shape that only one tensor has tells it, transposed where that is the only way', () => {
  const { entries } = matchWeights(
    [wanted('onnx::MatMul_7', 3, 2), wanted('onnx::Add_8', 2)],
    [tensor('fc.weight', [2, 3]), tensor('fc.bias', [2])],
  );
  expect(entries).toEqual([
    { from: 'fc.weight', to: 'onnx::MatMul_7', transpose: [1, 0], by: 'the shape, transposed' },
    { from: 'fc.bias', to: 'onnx::Add_8', by: 'the shape' },
  ]);
});

test('a tensor with the name of a weight that is not asked for is left to that', () => {
  const { entries, unmatched } = matchWeights([wanted('a', 2)], [tensor('b', [2])], { others: new Set(['b']) });
  expect(entries).toEqual([]);
  expect(unmatched).toEqual({ from: ['b'], to: ['a'] });
});

test('a square matrix is not guessed by shape; by its name it is taken as it is, and that is said', () => {
  const square = matchWeights([wanted('onnx::MatMul_7', 2, 2)], [tensor('q.weight', [2, 2])]);
  expect(square).toMatchObject({
    entries: [],
    ambiguous: [{ candidates: [{ from: 'q.weight' }, { from: 'q.weight', transpose: [1, 0] }] }],
  });
  expect(matchWeights([wanted('q', 2, 2)], [tensor('q.weight', [2, 2])]).entries).toEqual([
    { from: 'q.weight', to: 'q', by: 'the name without what is around it; other orders would fit as well, it is taken as it is' },
  ]);
});

test('the same values tell more than names: which tensor, in which order, in which dtype', () => {
  const q = tensor('q.weight', [2, 2], 1);
  const k = tensor('k.weight', [2, 2], 2);
  const turned = { ...tensorOf('float16', [2, 2], [0.125, 2.125, 1.125, 3.125]) };
  const asIs = { ...tensorOf('float16', [2, 2], [0.25, 1.25, 2.25, 3.25]) };
  const weights = ['onnx::MatMul_1', 'onnx::MatMul_2'].map((name) => ({ name, dtype: dtype('float16'), shape: [2, 2] }));
  const values = new Map([
    ['onnx::MatMul_1', turned],
    ['onnx::MatMul_2', asIs],
  ]);
  expect(matchWeights(weights, [k, q], { values }).entries).toEqual([
    { from: 'q.weight', to: 'onnx::MatMul_1', transpose: [1, 0], by: 'the same values, transposed' },
    { from: 'k.weight', to: 'onnx::MatMul_2', by: 'the same values' },
  ]);
  const without = matchWeights(weights, [k, q], { values, methods: ['name', 'shape'] as MatchMethod[] });
  expect(without.entries).toEqual([]);
  expect(without.ambiguous).toHaveLength(2);
});

test('equal values, all zeros say, decide nothing', () => {
  const zeros = (name: string) => named(name, tensorOf('float32', [2], [0, 0]));
  const values = new Map([['w', tensorOf('float32', [2], [0, 0])]]);
  const { entries, ambiguous } = matchWeights([wanted('w', 2)], [zeros('a'), zeros('b')], { values });
  expect([entries, ambiguous[0]?.why]).toEqual([[], 'the same values: 2 tensors may be it']);
});

test('a tensor of the same name and of another shape is not replaced by one that only has the shape', () => {
  const matching = matchWeights([wanted('fc.weight', 2, 3)], [tensor('fc.weight', [5, 5]), tensor('other', [2, 3])]);
  expect(matching).toMatchObject({ entries: [], ambiguous: [], unmatched: { to: ['fc.weight'] } });
});

test('thousands of layers of one shape are told apart by their names', () => {
  const names = Array.from({ length: 2000 }, (_, i) => `layers.${i}.q`);
  const tensors = names.map((name, i) => tensor(`model.${name}.weight`, [2, 2], i));
  expect(
    matchWeights(
      names.map((name) => wanted(name, 2, 2)),
      tensors,
    ).entries,
  ).toHaveLength(2000);
});
