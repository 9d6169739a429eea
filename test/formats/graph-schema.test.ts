// schemas/graph.schema.json, read back as a schema of its own: it says of files what the reader says.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';

test('accepts and refuses as its words say', () => {
  const schema = z.fromJSONSchema(JSON.parse(readFileSync('schemas/graph.schema.json', 'utf8')));
  const graph = {
    $schema: 'graph.schema.json',
    schema: 'ascend-bundle/graph@1',
    name: 'g',
    inputs: [{ name: 'x', dtype: 'float16', shape: [-1, 3, 4, 4], format: 'NCHW' }],
    consts: [
      { name: 'w', dtype: 'float16', shape: [2], data: [0.5, 'nan'] },
      { name: 'f', dtype: 'float16', shape: [2], data: { file: 'w.npz', key: 'f' } },
      { name: 'r', dtype: 'float16', shape: [2], data: { random: 3 } },
    ],
    nodes: [
      { name: 'n', type: 'Conv2D', inputs: ['x', 'w', null], attrs: { strides: [1, 1, 1, 1], data_format: 'NCHW' } },
      { name: 'c', type: 'ConcatV2', inputs: { x: ['n', 'n:0'], concat_dim: 'w' }, outputs: [{ dtype: 'float16', shape: [-2] }] },
    ],
    outputs: ['c', { name: 'other', value: 'n' }],
  };
  expect(schema.safeParse(graph).success).toBe(true);
  const broken: object[] = [
    { ...graph, outputs: [] },
    { ...graph, inputs: undefined },
    { ...graph, extra: 1 },
    { ...graph, schema: 'ascend-bundle/graph@2' },
    { ...graph, inputs: [{ name: 'x', dtype: 'half', shape: [1] }] },
    { ...graph, inputs: [{ name: 'x', dtype: 'int8', shape: [-3] }] },
    { ...graph, consts: [{ name: 'w', dtype: 'int8', shape: [2], data: { fill: 1, random: 1 } }] },
    { ...graph, nodes: [{ name: 'n', type: 'Neg', inputs: [7] }] },
  ];
  for (const one of broken) expect(schema.safeParse(JSON.parse(JSON.stringify(one))).success, JSON.stringify(one)).toBe(false);
});
