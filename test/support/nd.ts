// Formulas over index tuples: how the tests of operator rows write down what must come out, in plain loops and float64.
import { elementCount, type Shape, type Tensor } from '../../src/graph/tensor.js';
import { numbersOf, t } from './op-vectors.js';

export type Index = readonly number[];

/** A tensor whose element at each index is what the formula says. */
export function fromFormula(type: string, shape: Shape, formula: (index: Index) => number): Tensor {
  return t(
    type,
    shape,
    Array.from({ length: elementCount(shape) }, (_, flat) => formula(indexOf(flat, shape))),
  );
}

/** Reads elements of a tensor by index; outside of it is undefined. */
export function reader(tensor: Tensor): (index: Index) => number | undefined {
  const values = numbersOf(tensor);
  return (index) => {
    if (index.length !== tensor.shape.length) throw new Error(`${index.length} indices for the shape [${tensor.shape}]`);
    const isInside = index.every((i, axis) => i >= 0 && i < (tensor.shape[axis] as number));
    return isInside ? values[index.reduce((flat, i, axis) => flat * (tensor.shape[axis] as number) + i, 0)] : undefined;
  };
}

/** A tensor of `shape` whose elements are taken from `from` at the index that `where` gives. */
export function moved(from: Tensor, shape: Shape, where: (index: Index) => Index): Tensor {
  const read = reader(from);
  return fromFormula(from.dtype.name, shape, (index) => read(where(index)) as number);
}

/** All index tuples of a shape, in row-major order. */
export function indices(shape: Shape): readonly Index[] {
  return Array.from({ length: elementCount(shape) }, (_, flat) => indexOf(flat, shape));
}

function indexOf(flat: number, shape: Shape): Index {
  const index: number[] = [];
  for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
    const dim = shape[axis] as number;
    index.unshift(rest % dim);
    rest = Math.floor(rest / dim);
  }
  return index;
}

/** The same elements in another shape. */
export function inShape(tensor: Tensor, shape: Shape): Tensor {
  return { ...tensor, shape };
}
