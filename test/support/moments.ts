// Means and variances by loops in float64: the references of normalisations.
import type { Shape, Tensor } from '../../src/graph/tensor.js';
import { type Index, indices, reader } from './nd.js';

export interface Moments {
  readonly mean: (index: Index) => number;
  readonly variance: (index: Index) => number;
}

/** Mean and (biased) variance over axes, at the place where the axes are `index`. */
export function momentsOf(read: (index: Index) => number, shape: Shape, axes: readonly number[]): Moments {
  const line = (index: Index): number[] =>
    indices(axes.map((axis) => shape[axis] as number)).map((at) =>
      read(index.map((i, axis) => (axes.includes(axis) ? (at[axes.indexOf(axis)] as number) : i))),
    );
  const mean = (index: Index): number => average(line(index));
  return {
    mean,
    variance: (index) => {
      const center = mean(index);
      return average(line(index).map((value) => (value - center) ** 2));
    },
  };
}

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
export const kept = (shape: Shape, axes: readonly number[]): Shape => shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
export const read = (tensor: Tensor) => reader(tensor) as (index: Index) => number;
