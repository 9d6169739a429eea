// Inputs, new weights and expectations for the linear network (support/linear.ts) on the stand-in device.
import { expect } from 'vitest';
import { decodeElements } from '../../../src/graph/elements.js';
import type { Graph } from '../../../src/graph/graph.js';
import { refreshSplit } from '../../../src/graph/refresh.js';
import { selectWeights } from '../../../src/graph/select.js';
import type { Tensor } from '../../../src/graph/tensor.js';
import { float32s } from '../graphs.js';
import { linearGraph } from '../linear.js';
import type { Recorded, RecordedCall } from './standin.js';

export const X = [1, 2, 3, -1, 0.5, 4];
export const NEW_W = Array.from({ length: 12 }, (_, i) => 1 - i);
export const NEW_B = [7, 8, 9, 10];
export const EMPTY: Tensor = float32s([], [0]);

export const x = (values = X): ReadonlyMap<string, Tensor> => new Map([['x', float32s(values, [values.length / 3, 3])]]);
export const w = (values = NEW_W): [string, Tensor] => ['w', float32s(values, [3, 4])];
export const b = (values = NEW_B): [string, Tensor] => ['b', float32s(values)];

export const output = (values: readonly number[]) => [{ name: 'output_0_add_0', dtype: 'float32', shape: [values.length / 4, 4], values }];

export const numbersOf = (tensor: Tensor): number[] => decodeElements(tensor).map(Number);

export function staticUpdate(): Graph {
  const graph = linearGraph();
  return refreshSplit(graph, selectWeights(graph, ['w', 'b']), { updateGraph: 'static' }).varUpdate;
}

export function expectClean({ violations, alive, calls }: Recorded): void {
  expect(violations).toEqual([]);
  expect(alive).toEqual({});
  // One native thread: AscendCL's context and error texts belong to it.
  expect(new Set(calls.map(({ tid }) => tid)).size).toBe(1);
}

export const named = (calls: readonly RecordedCall[], name: string): readonly RecordedCall[] => calls.filter(({ call }) => call === name);
