// The format of a value goes with it where its axes keep their meaning, so that what follows knows where the channels are.
import { expect, test } from 'vitest';
import { checkGraph } from '../../src/graph/check.js';
import { dtype } from '../../src/graph/dtype.js';
import type { AttrValue, Graph, Node } from '../../src/graph/graph.js';
import { constant, node } from '../support/graphs.js';
import { random, t } from '../support/op-vectors.js';

const ints = (value: readonly number[]): AttrValue => ({ kind: 'ints', value });
const data = (format?: string): Node => ({
  ...node('x', 'Data', {}),
  outputNames: ['y'],
  outputDescs: [{ dtype: dtype('float32'), shape: [1, 4, 6, 8], ...(format === undefined ? {} : { format }) }],
});

function formats(nodes: readonly Node[]): Readonly<Record<string, string | undefined>> {
  const graph: Graph = { name: 'g', dialect: 'ge', nodes, outputs: [], subgraphs: [] };
  const checked = checkGraph(graph);
  return Object.fromEntries(nodes.map(({ name }) => [name, checked.spec(`${name}:0`).format]));
}

test('from a convolution through a sum, a join, a padding and a slice, until the axes change', () => {
  const found = formats([
    data('NCHW'),
    constant('w', { ...random('float32', [4, 4, 1, 1]), format: 'NCHW' }),
    constant('b', t('float32', [1, 4, 1, 1], [1])),
    node('conv', 'Conv2D', { x: 'x:0', filter: 'w:0' }, { strides: ints([1, 1, 1, 1]), pads: ints([0, 0, 0, 0]) }),
    node('relu', 'Relu', { x: 'conv:0' }),
    node('sum', 'Add', { x1: 'relu:0', x2: 'b:0' }),
    node('join', 'ConcatD', { x0: 'sum:0', x1: 'x:0' }, { concat_dim: { kind: 'int', value: 1 } }),
    node(
      'pad',
      'PadD',
      { x: 'join:0' },
      {
        paddings: {
          kind: 'intLists',
          value: [
            [0, 0],
            [0, 0],
            [1, 1],
            [1, 1],
          ],
        },
      },
    ),
    node('slice', 'SliceD', { x: 'pad:0' }, { offsets: ints([0, 0, 1, 1]), size: ints([1, 4, 6, 8]) }),
    node('last', 'TransposeD', { x: 'slice:0' }, { perm: ints([0, 2, 3, 1]) }),
    node('flat', 'FlattenV2', { x: 'last:0' }),
  ]);
  const first = ['conv', 'relu', 'sum', 'join', 'pad', 'slice'].map((name) => found[name]);
  expect(first).toEqual(new Array(6).fill('NCHW'));
  expect([found['last'], found['flat']]).toEqual(['NHWC', undefined]);
});

test('a slice that drops an axis has no format of an image', () => {
  const attrs = { begin: ints([0, 0]), end: ints([1, 4]), strides: ints([1, 1]) };
  const whole = node('whole', 'StridedSliceD', { x: 'x:0' }, attrs);
  const dropped = node('dropped', 'StridedSliceD', { x: 'x:0' }, { ...attrs, shrink_axis_mask: { kind: 'int', value: 1 } });
  expect(formats([data('NCHW'), whole, dropped])).toMatchObject({ whole: 'NCHW', dropped: undefined });
});

test('without a format, what data_format says of a convolution holds from there on', () => {
  const attrs = { strides: ints([1, 1, 1, 1]), pads: ints([0, 0, 0, 0]) };
  const found = formats([
    data(),
    constant('w', random('float32', [4, 4, 1, 1])),
    node('conv', 'Conv2D', { x: 'x:0', filter: 'w:0' }, { ...attrs, data_format: { kind: 'string', value: 'NCHW' } }),
    node('next', 'Conv2D', { x: 'conv:0', filter: 'w:0' }, attrs),
  ]);
  expect([found['x'], found['conv'], found['next']]).toEqual([undefined, 'NCHW', 'NCHW']);
});
