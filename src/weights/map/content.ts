// Whether a tensor of a checkpoint has the values that a weight has now.
import { equalBytes } from '../../base/bytes.js';
import { castTensor } from '../../graph/cast.js';
import type { NamedSpec, NamedTensor, Tensor } from '../../graph/tensor.js';
import { transposeTensor } from '../../graph/transpose.js';

const HEAD_BYTES = 256;
const PROBE_ELEMENTS = 64;

/** @param order  of the tensor's dimensions that gives the weight's shape */
export type SameContent = (tensor: NamedTensor, order: readonly number[], weight: NamedSpec, value: Tensor) => boolean;

/**
 * A comparison of many tensors with many weights: of each the beginning is kept, which tells nearly all of them apart; files are read
 * further only where it does not. In the order of dimensions and in the dtype of the weight.
 */
export function contentComparison(): SameContent {
  const heads = new Map<Tensor, Map<string, Uint8Array>>();
  const headOf = (tensor: Tensor, as: Tensor): Uint8Array => {
    const known = heads.get(tensor) ?? new Map<string, Uint8Array>();
    heads.set(tensor, known);
    const head = known.get(as.dtype.name) ?? Uint8Array.from(as.data.read(0, Math.min(as.data.length, HEAD_BYTES)));
    known.set(as.dtype.name, head);
    return head;
  };
  return (tensor, order, { dtype }, value) => {
    const cast = castTensor(tensor, dtype);
    const [head, wanted] = [headOf(tensor, cast), headOf(value, value)];
    if (order.every((axis, i) => axis === i)) return sameBytes(head, wanted) && equalBytes(cast.data, value.data);
    // Where the dimensions change places, the first element stays where it is.
    const bytes = dtype.bits / 8;
    if (!sameBytes(head.subarray(0, bytes), wanted.subarray(0, bytes)) || !sameColumn(cast, order, value)) return false;
    return equalBytes(transposeTensor(cast, order).data, value.data);
  };
}

/** The first elements along the last axis of the weight, each read where it lies in the tensor. */
function sameColumn({ dtype, shape, data }: Tensor, order: readonly number[], value: Tensor): boolean {
  const bytes = dtype.bits / 8;
  const axis = order.at(-1) ?? 0;
  const stride = shape.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  for (let i = 0; i < Math.min(PROBE_ELEMENTS, shape[axis] ?? 0); i++) {
    const one = data.read(i * stride * bytes, (i * stride + 1) * bytes);
    if (!sameBytes(one, value.data.read(i * bytes, (i + 1) * bytes))) return false;
  }
  return true;
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
