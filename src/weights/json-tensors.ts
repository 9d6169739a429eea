// Tensors as JSON text: nested lists; what JSON has no number for is a string ("nan", "inf", "-inf", integers beyond 2^53).
import { type Bytes, concatBytes, memoryBytes } from '../base/bytes.js';
import { type Element, elementAt, elementChunks } from '../graph/elements.js';
import type { NamedTensor, Tensor } from '../graph/tensor.js';
import { formatElement } from './elements-text.js';

/** `{"schema": "ascend-bundle/tensors@1", "tensors": [{"name", "dtype", "shape", "data"}]}`, the tensors in the given order. */
export function tensorsToJson(tensors: readonly NamedTensor[]): Bytes {
  const parts: Bytes[] = [text('{"schema":"ascend-bundle/tensors@1","tensors":[')];
  tensors.forEach((tensor, i) => {
    const head = { name: tensor.name, dtype: tensor.dtype.name, shape: tensor.shape };
    parts.push(text(`${i === 0 ? '\n' : ',\n'}${JSON.stringify(head).slice(0, -1)},"data":`), nestedLists(tensor), text('}'));
  });
  return concatBytes([...parts, text('\n]}\n')]);
}

function nestedLists(tensor: Tensor): Bytes {
  const { dtype, shape } = tensor;
  if (shape.includes(0)) return text(emptyLists(shape));
  const parts: Bytes[] = [text('['.repeat(shape.length))];
  const sizes = listSizes(shape);
  for (const { start, array } of elementChunks(tensor)) {
    let piece = '';
    for (let i = 0; i < array.length; i++) {
      piece += separator(start + i, sizes) + jsonElement(dtype, elementAt(dtype, array, i));
    }
    parts.push(text(piece));
  }
  parts.push(text(']'.repeat(shape.length)));
  return concatBytes(parts);

  function jsonElement(type: typeof dtype, value: Element): string {
    const written = formatElement(type, value);
    const isNumber = typeof value === 'boolean' || (typeof value === 'bigint' ? isExact(value) : Number.isFinite(value));
    return isNumber ? written : `"${written}"`;
  }
}

function isExact(value: bigint): boolean {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER);
}

/** How many elements a list of each level holds, the outermost first; the outermost itself never ends between two elements. */
function listSizes(shape: readonly number[]): number[] {
  return shape.slice(1).map((_, axis) => shape.slice(axis + 1).reduce((product, dim) => product * dim, 1));
}

/** What stands before element `index`: the lists that end and begin there. */
function separator(index: number, sizes: readonly number[]): string {
  if (index === 0) return '';
  const ended = sizes.filter((size) => index % size === 0).length;
  return `${']'.repeat(ended)},${'['.repeat(ended)}`;
}

function emptyLists(shape: readonly number[]): string {
  const [first, ...rest] = shape as readonly [number, ...number[]];
  // Of [3, 0] three empty lists; the lists of [1000000, 0] would be text of any size, so that they are left out.
  return first === 0 || rest.length === 0 || first > 1000 ? '[]' : `[${Array.from({ length: first }, () => emptyLists(rest)).join(',')}]`;
}

function text(value: string): Bytes {
  return memoryBytes(Buffer.from(value, 'utf8'));
}
