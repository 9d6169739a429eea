// x [2, 3] · w [3, 4] + b [4]: the smallest network with two weights, as a GE graph.
import type { Graph } from '../../src/graph/graph.js';
import { constant, data, float32s, graph, node, spec } from './graphs.js';

export const W = Array.from({ length: 12 }, (_, i) => i / 4);
export const B = [0.5, -0.5, 1, -1];

export function linearGraph({ batch = 2 }: { readonly batch?: number } = {}): Graph {
  const untransposed = { transpose_x1: { kind: 'bool', value: false }, transpose_x2: { kind: 'bool', value: false } } as const;
  return graph(
    [
      { ...data('x', 'float32', [batch, 3]), attrs: new Map([['index', { kind: 'int', value: 0 }]]) },
      constant('w', float32s(W, [3, 4])),
      constant('b', float32s(B)),
      node('mm', 'MatMul', { x1: 'x:0', x2: 'w:0' }, untransposed, { outputDescs: [spec('float32', [batch, 4])], outputNames: ['y'] }),
      node('add', 'Add', { x1: 'mm:0', x2: 'b:0' }, {}, { outputDescs: [spec('float32', [batch, 4])], outputNames: ['y'] }),
    ],
    ['add:0'],
  );
}

/** What the network gives for `x` of [rows, 3]. */
export function linearOutput(x: readonly number[], w: readonly number[] = W, b: readonly number[] = B): number[] {
  const rows = x.length / 3;
  return Array.from({ length: rows * 4 }, (_, i) => {
    const [row, column] = [Math.floor(i / 4), i % 4];
    return [0, 1, 2].reduce((sum, k) => sum + (x[row * 3 + k] as number) * (w[k * 4 + column] as number), b[column] as number);
  });
}
