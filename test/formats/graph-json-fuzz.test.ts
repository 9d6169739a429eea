// Whatever is done to a graph.json, the road from it to a written graph ends in a graph or in an error of ours.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AscendBundleError } from '../../src/base/errors.js';
import { writeAir } from '../../src/formats/air.js';
import { parseGraphJson } from '../../src/formats/graph-json.js';
import { checkGraph } from '../../src/graph/check.js';
import { lint } from '../../src/graph/lint.js';
import { listConsts } from '../../src/graph/list-consts.js';
import { refreshSplit } from '../../src/graph/refresh.js';
import { selectWeights } from '../../src/graph/select.js';

const VALID = {
  name: 'net',
  inputs: [{ name: 'x', dtype: 'float32', shape: [-1, 3, 8, 8], format: 'NCHW' }],
  consts: [
    { name: 'w', dtype: 'float32', shape: [4, 3, 1, 1], format: 'NCHW', data: { random: 1 } },
    { name: 'b', dtype: 'float32', shape: [4], data: [0, 1, 'nan', -2] },
    { name: 'axes', dtype: 'int64', shape: [2], data: [2, '3'] },
    { name: 'half', dtype: 'float16', shape: [2, 2], data: { fill: 0.5 } },
  ],
  nodes: [
    {
      name: 'conv',
      type: 'Conv2D',
      inputs: ['x', 'w', 'b', null],
      attrs: { strides: [1, 1, 1, 1], pads: [0, 0, 0, 0], data_format: 'NCHW' },
      outputs: [{ dtype: 'float32', shape: [-1, 4, 8, 8] }],
    },
    { name: 'mean', type: 'ReduceMean', inputs: { axes: 'axes', x: 'conv:0' }, attrs: { keep_dims: true } },
    { name: 'cast', type: 'Cast', inputs: ['mean'], attrs: { dst_type: 'float16' } },
    { name: 'all', type: 'ConcatV2', inputs: [['cast', 'cast'], 'axes'], attrs: { N: 2 } },
  ],
  outputs: ['all', { name: 'm', value: 'mean' }],
};

/** As far as it goes: what a build does before a backend is asked. */
function build(text: string): void {
  const loadTensor = () => {
    throw new AscendBundleError('FILE_NOT_FOUND', { message: 'There are no files here.' });
  };
  const checked = checkGraph(parseGraphJson(text, { folder: '/nonexistent', name: 'fuzz.json', loadTensor }));
  const names = listConsts(checked, { readData: false }).candidates.map(({ name }) => name);
  if (names.length === 0) return;
  const weights = selectWeights(checked, names, { updateGraph: 'static' });
  lint(checked, weights, { readData: false });
  const { infer, varInit, varUpdate } = refreshSplit(checked, weights);
  for (const graph of [infer, varInit, varUpdate]) expect(writeAir(graph).length).toBeGreaterThan(0);
}

function endsWell(text: string): void {
  try {
    build(text);
  } catch (error) {
    if (!(error instanceof AscendBundleError)) throw error;
    // What the file itself says stands in quotes; the rest is ours and never tells of JavaScript.
    expect(error.message.replace(/"[^"]*"/g, '')).not.toMatch(/undefined|\[object/);
    if (error.code === 'GRAPH_INVALID') expect(error.problems.length).toBeGreaterThan(0);
  }
}

test('the graph itself is sound', () => {
  expect(() => build(JSON.stringify(VALID))).not.toThrow();
});

/** Every place of the document, as a path. */
function places(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [path, ...inner.flatMap(([key, one]) => places(one, [...path, key]))];
}

function replaceAt(document: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const copy = (Array.isArray(document) ? [...document] : { ...(document as object) }) as Record<string, unknown>;
  copy[key] = replaceAt(copy[key], rest, value);
  return copy;
}

const anyValue = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    'x',
    'w',
    'w:0',
    'w:1',
    'all',
    'float16',
    'undefined',
    'string',
    'int4',
    'MatMul',
    'If',
    'Data',
    [],
    {},
    null,
    1e300,
    -1,
    -2,
    2 ** 53,
    [[]],
    ['x'],
    {
      __proto__: null,
      constructor: 1,
    },
  ),
);

test('values put anywhere', () => {
  const paths = places(VALID);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...paths), anyValue), { minLength: 1, maxLength: 3 }), (changes) => {
      const changed = changes.reduce<unknown>((document, [path, value]) => {
        try {
          return replaceAt(document, path, value);
        } catch {
          // The place is no longer there after an earlier change.
          return document;
        }
      }, VALID);
      endsWell(JSON.stringify(changed) ?? 'null');
    }),
    { numRuns: 300 },
  );
});

test('text cut and changed anywhere', () => {
  const text = JSON.stringify(VALID);
  fc.assert(
    fc.property(fc.nat(text.length), fc.nat(20), fc.string({ maxLength: 5 }), (at, length, inserted) => {
      endsWell(text.slice(0, at) + inserted + text.slice(at + length));
    }),
    { numRuns: 200 },
  );
});
