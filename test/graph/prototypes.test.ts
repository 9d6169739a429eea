// Expected facts: CANN 8.1.RC1's op headers, copied by hand.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { operatorTypes, prototypeOf } from '../../src/graph/ops/prototypes.js';
import { hasOperatorFacts, OPERATOR_FACTS } from '../support/corpus.js';

test('the table has every built-in operator once', () => {
  const types = operatorTypes();
  expect(types).toHaveLength(1641);
  expect(new Set(types).size).toBe(1641);
  expect(types.every((type) => prototypeOf(type)?.type === type)).toBe(true);
});

test('slots keep their order and say which are optional', () => {
  expect(prototypeOf('Conv2D')?.inputs).toEqual([
    { name: 'x', kind: 'required' },
    { name: 'filter', kind: 'required' },
    { name: 'bias', kind: 'optional' },
    { name: 'offset_w', kind: 'optional' },
  ]);
  expect(prototypeOf('ConcatD')?.inputs).toEqual([{ name: 'x', kind: 'dynamic' }]);
});

test('attributes have typed defaults', () => {
  const attrs = new Map(prototypeOf('Conv2D')?.attrs.map((attr) => [attr.name, attr]));
  expect(attrs.get('strides')).toEqual({ name: 'strides', kind: 'ints', required: true, default: undefined });
  expect(attrs.get('dilations')?.default).toEqual({ kind: 'ints', value: [1, 1, 1, 1] });
  expect(attrs.get('data_format')?.default).toEqual({ kind: 'string', value: 'NHWC' });
  const attr = (type: string, name: string) => prototypeOf(type)?.attrs.find((one) => one.name === name);
  expect(attr('MatMul', 'transpose_x1')?.default).toEqual({ kind: 'bool', value: false });
  expect(attr('HardSigmoid', 'alpha')?.default).toEqual({ kind: 'float', value: 0.16666666 });
  expect(attr('ArgMaxV2', 'dtype')?.default).toMatchObject({ kind: 'dtype', value: { name: 'int64' } });
  expect(attr('ReadVariableOp', 'dtype')?.default).toEqual({ kind: 'int', value: 3 });
  expect(attr('Const', 'value')).toEqual({ name: 'value', kind: 'tensor', required: false, default: undefined });
});

test('control flow operators name their sub-graphs', () => {
  expect(prototypeOf('If')?.subgraphs).toEqual([
    { name: 'then_branch', dynamic: false },
    { name: 'else_branch', dynamic: false },
  ]);
  expect(prototypeOf('Case')?.subgraphs).toEqual([{ name: 'branches', dynamic: true }]);
});

test('a name that is not an operator gives nothing, whatever it looks like', () => {
  for (const name of ['Matmul', '', 'MatMul\t', '\nMatMul', 'constructor', 'x1', '.*']) expect(prototypeOf(name)).toBeUndefined();
});

test.skipIf(!hasOperatorFacts)('the table says what the facts it was made from say', () => {
  const prototypes = JSON.parse(readFileSync(OPERATOR_FACTS, 'utf8')) as Record<
    string,
    Record<string, { name: string; kind: string; required?: boolean }[]>
  >;
  for (const [type, { inputs, outputs, attrs }] of Object.entries(prototypes)) {
    const prototype = prototypeOf(type);
    expect(prototype?.inputs).toEqual(inputs?.map(({ name, kind }) => ({ name, kind })));
    expect(prototype?.outputs).toEqual(outputs?.map(({ name, kind }) => ({ name, kind })));
    expect(prototype?.attrs.map(({ name, required }) => ({ name, required }))).toEqual(
      attrs?.map(({ name, required }) => ({ name, required: required === true })),
    );
  }
});
