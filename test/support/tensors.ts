// Short ways to say tensors in tests.
import { type Bytes, memoryBytes } from '../../src/base/bytes.js';
import { dtype } from '../../src/graph/dtype.js';
import { decodeElements, type Element, encodeElements } from '../../src/graph/elements.js';
import type { NamedTensor, Tensor } from '../../src/graph/tensor.js';

export function tensorOf(name: string, shape: readonly number[], values: readonly Element[]): Tensor {
  const raw = encodeElements(dtype(name), values, (index, why) => {
    throw new Error(`value ${index} ${why}`);
  });
  return { dtype: dtype(name), shape, data: memoryBytes(raw) };
}

export function named(name: string, tensor: Tensor): NamedTensor {
  return { name, ...tensor };
}

/** A tensor as plain data, for `toEqual`. */
export function plain(tensor: Tensor & { readonly name?: string }): unknown {
  const { name, dtype: type, shape } = tensor;
  return { ...(name === undefined ? {} : { name }), dtype: type.name, shape, values: decodeElements(tensor) };
}

export function fromHex(hex: string): Bytes {
  return memoryBytes(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
}

export function fromBase64(text: string): Bytes {
  return memoryBytes(Buffer.from(text, 'base64'));
}

export function toHex(bytes: Bytes): string {
  return Buffer.from(bytes.read()).toString('hex');
}
