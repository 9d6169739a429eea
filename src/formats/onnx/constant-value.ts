// The value of a Constant node, whichever of its attributes holds it.
import { type Bytes, memoryBytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { dtype } from '../../graph/dtype.js';
import type { Tensor } from '../../graph/tensor.js';
import type { OnnxAttribute, OnnxNode } from '../encodings/onnx-model.js';
import { isOnnxDomain } from './attributes.js';
import { ONNX_STRING, type TensorSource, toTensor } from './tensor.js';

export function isConstant(node: OnnxNode): boolean {
  return node.opType === 'Constant' && isOnnxDomain(node.domain) && (node.output?.[0] ?? '') !== '';
}

/** The attribute of Constant that may hold its value → the tensor it means. */
const VALUES: Readonly<Record<string, (attribute: OnnxAttribute) => Omit<Tensor, 'format'>>> = {
  value_float: ({ f = 0 }) => float32s([f], []),
  value_floats: ({ floats = [] }) => float32s(floats, [floats.length]),
  value_int: ({ i = 0 }) => int64s([i], []),
  value_ints: ({ ints = [] }) => int64s(ints, [ints.length]),
};

const TEXT = { held: 'text', fix: 'Encode the text as integers.' };
const OTHER_VALUES: ReadonlyMap<string, { readonly held: string; readonly fix: string }> = new Map([
  ['value_string', TEXT],
  ['value_strings', TEXT],
  ['sparse_value', { held: 'a sparse tensor', fix: 'Export it as a dense tensor.' }],
]);
/** Whether the value is a dense tensor of numbers. */
export function holdsNumbers(node: OnnxNode): boolean {
  return !(node.attribute ?? []).some(({ name = '', t }) => OTHER_VALUES.has(name) || t?.dataType === ONNX_STRING);
}

/** @throws DTYPE_UNSUPPORTED for text and sparse values; FILE_MALFORMED */
export function constantTensor(node: OnnxNode, name: string, source: TensorSource): Tensor {
  for (const attribute of node.attribute ?? []) {
    const kind = attribute.name ?? '';
    if (kind === 'value' && attribute.t !== undefined) return toTensor({ ...attribute.t, name }, source);
    if (Object.hasOwn(VALUES, kind)) return (VALUES[kind] as (attribute: OnnxAttribute) => Tensor)(attribute);
    const other = OTHER_VALUES.get(kind);
    if (other !== undefined) {
      throw new AscendBundleError('DTYPE_UNSUPPORTED', {
        message: `Constant "${name}" of ${source.what} holds ${other.held} (${kind}), which a bundle cannot.`,
        fix: other.fix,
      });
    }
  }
  throw new AscendBundleError('FILE_MALFORMED', {
    message: `Constant "${name}" of ${source.what} has no value.`,
    fix: 'Export the model again.',
  });
}

function float32s(values: readonly number[], shape: readonly number[]): Tensor {
  return {
    dtype: dtype('float32'),
    shape,
    data: bytesOf(values.length, 4, (view, at, i) => view.setFloat32(at, values[i] as number, true)),
  };
}

function int64s(values: readonly (number | bigint)[], shape: readonly number[]): Tensor {
  const data = bytesOf(values.length, 8, (view, at, i) => view.setBigInt64(at, BigInt(values[i] as number | bigint), true));
  return { dtype: dtype('int64'), shape, data };
}

function bytesOf(count: number, width: number, write: (view: DataView, at: number, i: number) => void): Bytes {
  const out = new Uint8Array(count * width);
  const view = new DataView(out.buffer);
  for (let i = 0; i < count; i++) write(view, i * width, i);
  return memoryBytes(out);
}
