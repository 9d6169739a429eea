// Each lint rule on a graph that has the fault, and on one that has not.
import { describe, expect, test } from 'vitest';
import { computedBytes } from '../../src/base/bytes.js';
import type { Graph, Node } from '../../src/graph/graph.js';
import { geShapeSlots } from '../../src/graph/lint/shape-slots.js';
import { LINT_RULES, lint, lintData } from '../../src/graph/lint.js';
import { listConsts } from '../../src/graph/list-consts.js';
import { prototypeOf } from '../../src/graph/ops/prototypes.js';
import { selectWeights } from '../../src/graph/select.js';
import { graphOf } from '../support/graph.js';

const random = (name: string, shape: readonly number[], seed = 1) => ({ name, dtype: 'float32', shape, data: { random: seed } });
const ints = (name: string, values: readonly number[]) => ({ name, dtype: 'int64', shape: [values.length], data: values });

/** `CODE const` of each finding. */
const codes = (graph: Graph, names: readonly string[]) =>
  lint(graph, selectWeights(graph, names, { allowScalar: true })).map(({ code, constName }) => `${code} ${constName}`);

const linear = graphOf({
  consts: [random('w', [2, 2], 1), random('b', [2], 2)],
  nodes: [
    { name: 'm', type: 'MatMul', inputs: ['x', 'w'] },
    { name: 'y', type: 'Add', inputs: ['m', 'b'] },
  ],
  outputs: ['y'],
});

test('a sound graph has no findings', () => {
  expect(codes(linear, ['w', 'b'])).toEqual([]);
});

test('every rule has an id, a severity and one line', () => {
  for (const [id, { severity, description }] of Object.entries(LINT_RULES)) {
    expect(id).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(['error', 'warning']).toContain(severity);
    expect(description).toMatch(/^[A-Z][^\n]{10,100}\.$/);
  }
});

describe('SCALAR_WEIGHT, EMPTY_WEIGHT, UNUSED_CONST', () => {
  const graph = graphOf({
    consts: [random('s', [], 1), random('none', [0, 2], 2), random('idle', [2], 3), random('out', [3], 4)],
    nodes: [
      { name: 'y', type: 'Mul', inputs: ['x', 's'] },
      { name: 'z', type: 'Neg', inputs: ['none'] },
    ],
    outputs: ['y', 'out'],
  });

  test('are found', () => {
    expect(codes(graph, ['s', 'none', 'idle'])).toEqual(['SCALAR_WEIGHT s', 'EMPTY_WEIGHT none', 'UNUSED_CONST idle']);
  });

  test('a const that is an output of the graph is used', () => {
    expect(codes(graph, ['out'])).toEqual([]);
  });
});

describe('SHAPE_DRIVING_CONST', () => {
  test('is a const in a slot that shape inference reads', () => {
    const graph = graphOf({
      consts: [ints('shape', [4]), ints('perm', [1, 0]), random('filter', [4], 1)],
      nodes: [
        { name: 't', type: 'Transpose', inputs: { x: 'x', perm: 'perm' } },
        { name: 'r', type: 'Reshape', inputs: ['t', 'shape'] },
        { name: 'y', type: 'Mul', inputs: ['r', 'filter'] },
      ],
      outputs: ['y'],
    });
    const findings = lint(graph, selectWeights(graph, ['shape', 'perm', 'filter']));
    expect(findings.map(({ code, constName, severity }) => [code, constName, severity])).toEqual([
      ['SHAPE_DRIVING_CONST', 'shape', 'error'],
      ['SHAPE_DRIVING_CONST', 'perm', 'error'],
    ]);
    expect(findings[0]?.message).toBe('"shape" decides the shape of what "r" (Reshape, shape) gives; shapes are fixed by the build.');
  });

  test('is found through the arithmetic of a shape, and not through its data', () => {
    const graph = graphOf({
      consts: [ints('two', [2]), random('w', [2, 2])],
      nodes: [
        { name: 'm', type: 'MatMul', inputs: ['x', 'w'] },
        { name: 's', type: 'Shape', inputs: ['m'], attrs: { dtype: 'int64' } },
        { name: 'half', type: 'FloorDiv', inputs: ['s', 'two'] },
        { name: 'y', type: 'Reshape', inputs: ['x', 'half'] },
      ],
      outputs: ['y'],
    });
    expect(codes(graph, ['two', 'w'])).toEqual(['SHAPE_DRIVING_CONST two']);
  });

  test('the table names operators and slots that exist', () => {
    for (const [type, slots] of geShapeSlots) {
      const inputs = prototypeOf(type)?.inputs.map(({ name }) => name);
      expect(inputs, type).toEqual(expect.arrayContaining([...slots]));
    }
    expect(geShapeSlots.size).toBeGreaterThan(120);
  });

  test('slots without names, as in some .air files, are known by their place', () => {
    const unnamed: Graph = {
      ...linear,
      nodes: graphOf({
        consts: [ints('shape', [4])],
        nodes: [{ name: 'y', type: 'Reshape', inputs: ['x', 'shape'] }],
        outputs: ['y'],
      }).nodes.map((node) => ({ ...node, inputNames: node.inputs.map((_, i) => `__input${i}`) })),
    };
    expect(codes(unnamed, ['shape'])).toEqual(['SHAPE_DRIVING_CONST shape']);
  });

  test('ONNX operators are known by the place of the input', () => {
    const onnx: Graph = {
      ...linear,
      dialect: 'onnx',
      nodes: linear.nodes.map((node) => (node.name === 'y' ? { ...node, type: 'Expand' } : node)),
    };
    expect(codes(onnx, ['w', 'b'])).toEqual(['SHAPE_DRIVING_CONST b']);
  });
});

test('NOT_REFRESHABLE is told of the whole graph, when that is asked for', () => {
  const graph: Graph = { ...linear, nodes: linear.nodes.map((node) => (node.name === 'b' ? { ...node, type: 'FileConstant' } : node)) };
  const weights = selectWeights(graph, ['w']);
  expect(lint(graph, weights)).toEqual([]);
  expect(lint(graph, weights, { wholeGraph: true })).toMatchObject([{ code: 'NOT_REFRESHABLE', constName: 'b', severity: 'warning' }]);
});

describe('names', () => {
  const nodes = (name: string) => [{ name, type: 'Neg', inputs: ['x'] }];

  test('GENERATED_NAME_TAKEN: a node that is called like the variable', () => {
    const graph = graphOf({
      consts: [random('w', [2])],
      nodes: [...nodes('w_var'), { name: 'y', type: 'Mul', inputs: ['x', 'w'] }],
      outputs: ['y'],
    });
    const [finding] = lint(graph, selectWeights(graph, ['w']));
    expect(finding).toMatchObject({ code: 'GENERATED_NAME_TAKEN', severity: 'error' });
    expect(finding?.message).toBe('The variable of "w" will be called "w_var", which is the name of the Neg "w_var" of the graph.');
  });

  test.each(['w_var', 'w_assign'])('GENERATED_NAME_TAKEN: two weights, one of them called %s', (other) => {
    const graph = graphOf({
      consts: [random('w', [2], 1), random(other, [2], 2)],
      nodes: [{ name: 'y', type: 'Mul', inputs: ['w', other] }],
      outputs: ['y'],
    });
    expect(codes(graph, ['w', other])).toEqual(['GENERATED_NAME_TAKEN w', ...(other === 'w_assign' ? ['GENERATED_NAME_REUSED w'] : [])]);
  });

  test.each(['w_assign', 'w_var_data', 'w_var_if', 'w_var_then_data', 'w_var_then_assign', 'w_var_else_data'])(
    'GENERATED_NAME_REUSED: a node called %s',
    (name) => {
      const graph = graphOf({
        consts: [random('w', [2])],
        nodes: [...nodes(name), { name: 'y', type: 'Mul', inputs: ['x', 'w'] }],
        outputs: ['y'],
      });
      expect(codes(graph, ['w'])).toEqual(['GENERATED_NAME_REUSED w']);
    },
  );

  test('DUPLICATE_NAME: Consts of one name in several graphs', () => {
    const w = linear.nodes.find(({ name }) => name === 'w') as Node;
    const graph: Graph = { ...linear, subgraphs: [{ name: 'branch', dialect: 'ge', nodes: [w], outputs: [], subgraphs: [] }] };
    const [finding] = lint(graph, selectWeights(graph, ['w']));
    expect(finding).toMatchObject({ code: 'DUPLICATE_NAME', severity: 'warning' });
    expect(finding?.message).toContain('2 Consts are called "w"; only the one in the main graph becomes a weight');
  });
});

describe('EQUAL_PAYLOAD', () => {
  const graph = graphOf({
    consts: [random('a', [3000], 1), random('b', [3000], 1), random('c', [3000], 2), random('d', [30, 100], 1), random('e', [2999], 1)],
    nodes: [{ name: 'y', type: 'AddN', inputs: [['a', 'b', 'c']], attrs: { N: 3 } }],
    outputs: ['y', 'd', 'e'],
  });

  test('is found whatever the shapes are', () => {
    const [finding, ...more] = lint(graph, selectWeights(graph, ['a', 'b', 'c', 'd', 'e']));
    expect(finding).toMatchObject({ code: 'EQUAL_PAYLOAD', severity: 'warning', constName: 'a', others: ['b', 'd'] });
    expect(finding?.message).toContain('"b" and "d" have the same bytes as "a"');
    expect(more).toEqual([]);
  });

  test('is a risk of each of them', () => {
    const risky = listConsts(graph).candidates.filter(({ risks }) => risks.length > 0);
    expect(risky.map(({ name }) => name)).toEqual(['a', 'b', 'd']);
  });

  test('of many is one finding', () => {
    const names = Array.from({ length: 20 }, (_, i) => `z${i}`);
    const many = graphOf({
      consts: names.map((name) => ({ name, dtype: 'float32', shape: [4], data: { fill: 0 } })),
      nodes: [{ name: 'y', type: 'AddN', inputs: [names], attrs: { N: 20 } }],
      outputs: ['y'],
    });
    expect(lint(many, selectWeights(many, names)).map(({ message }) => message)).toEqual([
      expect.stringContaining('"z1", "z2" and 17 more have'),
    ]);
  });

  test('is not asked of consts that are not named', () => {
    expect(codes(graph, ['b', 'c'])).toEqual([]);
  });

  test('reads nothing of consts that have no twin in size', () => {
    const nodes = linear.nodes.map((node): Node => {
      const value = node.attrs.get('value');
      if (node.name !== 'w' || value?.kind !== 'tensor') return node;
      const data = computedBytes(value.value.data.length, () => {
        throw new Error('was read');
      });
      const dtype = { ...value.value.dtype, name: 'int32' };
      return { ...node, attrs: new Map([['value', { kind: 'tensor', value: { ...value.value, dtype, data } }]]) };
    });
    expect(codes({ ...linear, nodes }, ['w', 'b'])).toEqual([]);
  });
});

describe('NON_FINITE', () => {
  const withValue = (dtype: string, value: string) =>
    graphOf({
      consts: [
        {
          name: 'w',
          dtype,
          shape: [2, 2],
          data: [
            [1, 2],
            [3, value],
          ],
        },
      ],
      nodes: [{ name: 'y', type: 'Neg', inputs: ['w'] }],
      outputs: ['y'],
    });

  test.each(['float64', 'float32', 'float16', 'bfloat16'].flatMap((name) => ['nan', 'inf', '-inf'].map((value) => [name, value])))(
    '%s %s',
    (dtype, value) => {
      const graph = withValue(dtype as string, value as string);
      const [finding] = lint(graph, selectWeights(graph, ['w']));
      expect(finding?.code).toBe('NON_FINITE');
      expect(finding?.message).toBe(
        `"w" has the value ${{ nan: 'NaN', inf: 'Infinity', '-inf': '-Infinity' }[value as string]} at element 3.`,
      );
    },
  );

  test('the largest finite values are none', () => {
    const largest: [string, number][] = [
      ['float64', Number.MAX_VALUE],
      ['float32', 3.4028234663852886e38],
      ['float16', 65504],
    ];
    for (const [dtype, value] of largest) {
      const graph = graphOf({
        consts: [{ name: 'w', dtype, shape: [1], data: [value] }],
        nodes: [{ name: 'y', type: 'Neg', inputs: ['w'] }],
        outputs: ['y'],
      });
      expect(codes(graph, ['w'])).toEqual([]);
    }
  });

  test('is not looked for when data is not to be read', () => {
    const graph = withValue('float32', 'nan');
    expect(lint(graph, selectWeights(graph, ['w']), { readData: false })).toEqual([]);
  });
});

describe('the list of consts', () => {
  const graph = graphOf({
    consts: [random('w', [2, 2], 1), random('s', [], 2), ints('shape', [4])],
    nodes: [
      { name: 'm', type: 'MatMul', inputs: ['x', 'w'] },
      { name: 'y', type: 'Mul', inputs: ['m', 's'] },
      { name: 'r', type: 'Reshape', inputs: ['y', 'shape'] },
    ],
    outputs: ['r', { name: 'weight', value: 'w' }],
  });

  test('has bytes, spec, users and risks of each', () => {
    const list = listConsts(graph).candidates.map(({ name, spec, bytes, users, risks }) => [
      name,
      `${spec.dtype.name} ${JSON.stringify(spec.shape)} ${bytes}`,
      users.map(({ node, type, slot }) => `${node} ${type} ${slot}`.trim()),
      risks.map(({ code }) => code),
    ]);
    expect(list).toEqual([
      ['w', 'float32 [2,2] 16', ['m MatMul x2', 'weight output'], []],
      ['s', 'float32 [] 4', ['y Mul x2'], ['SCALAR_WEIGHT']],
      ['shape', 'int64 [1] 8', ['r Reshape shape'], ['SHAPE_DRIVING_CONST']],
    ]);
  });

  test('names constants that cannot become weights', () => {
    const as = (name: string, type: string) => (node: Node) => (node.name === name ? { ...node, type } : node);
    const mixed = { ...graph, nodes: graph.nodes.map(as('w', 'Constant')).map(as('s', 'FileConstant')) };
    expect(listConsts(mixed).unfit).toEqual([
      { name: 'w', type: 'Constant', subgraph: undefined },
      { name: 's', type: 'FileConstant', subgraph: undefined },
    ]);
  });
});

describe('lintData', () => {
  const graph = graphOf({
    consts: [random('a', [3000], 1), random('b', [3000], 1), { name: 'n', dtype: 'float32', shape: [2], data: [1, 'nan'] }],
    nodes: [{ name: 'y', type: 'AddN', inputs: [['a', 'b']], attrs: { N: 2 } }],
    outputs: ['y', 'n'],
  });
  const weights = selectWeights(graph, ['a', 'b', 'n']);

  async function found(signal: AbortSignal): Promise<string[]> {
    const all: string[] = [];
    for await (const { code, constName } of lintData(graph, weights, signal)) all.push(`${code} ${constName}`);
    return all;
  }

  test('finds what needs the data, and nothing else', async () => {
    expect(await found(new AbortController().signal)).toEqual(['EQUAL_PAYLOAD a', 'NON_FINITE n']);
    const others = lint(graph, weights, { readData: false }).map(({ code }) => code);
    expect(others.filter((code) => code === 'EQUAL_PAYLOAD' || code === 'NON_FINITE')).toEqual([]);
  });

  test('lets others have their turn, and is given up at once', async () => {
    const given = new AbortController();
    setImmediate(() => given.abort());
    expect(await found(given.signal)).toEqual([]);
  });
});
