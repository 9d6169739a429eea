// What the model says of its values: dtype and shape by value name, and the graph's own inputs and outputs.
import { AscendBundleError } from '../../base/errors.js';
import { dtypeOfOnnx, UNDEFINED_DTYPE } from '../../graph/dtype.js';
import { type NamedSpec, type TensorSpec, UNKNOWN_DIM, UNKNOWN_RANK } from '../../graph/tensor.js';
import type { Dimension, OnnxGraph, OnnxType, ValueInfo } from '../encodings/onnx-model.js';

export const UNKNOWN_SPEC: TensorSpec = { dtype: UNDEFINED_DTYPE, shape: UNKNOWN_RANK };

/** Dimensions that have a name, or nothing, are −1; a tensor without a shape has the unknown rank. */
export function specOfType(type: OnnxType | undefined): TensorSpec {
  const tensor = type?.tensorType;
  if (tensor === undefined) return UNKNOWN_SPEC;
  const shape = tensor.shape === undefined ? UNKNOWN_RANK : (tensor.shape.dim ?? []).map(dimension);
  return { dtype: dtypeOfOnnx(tensor.elemType ?? 0) ?? UNDEFINED_DTYPE, shape };
}

function dimension({ dimValue }: Dimension): number {
  return typeof dimValue === 'number' && dimValue >= 0 ? dimValue : UNKNOWN_DIM;
}

/** The values that are described anywhere in one graph. */
export function describedValues(graph: OnnxGraph): ReadonlyMap<string, TensorSpec> {
  const described = [...(graph.valueInfo ?? []), ...(graph.output ?? []), ...(graph.input ?? [])];
  return new Map(described.map(({ name = '', type }) => [name, specOfType(type)]));
}

const NOT_TENSORS = [
  ['sequenceType', 'a sequence'],
  ['mapType', 'a map'],
  ['optionalType', 'an optional'],
  ['sparseTensorType', 'a sparse tensor'],
] as const;

/**
 * The specs of the graph's inputs or outputs, in order.
 *
 * @throws DTYPE_UNSUPPORTED for sequences, maps, optionals, sparse tensors and strings, by name; FILE_MALFORMED
 */
export function namedSpecs(values: readonly ValueInfo[], role: 'input' | 'output', what: string): readonly NamedSpec[] {
  return values.map(({ name = '', type }) => {
    const fail = (why: string, fix: string): never => {
      throw new AscendBundleError('DTYPE_UNSUPPORTED', { message: `The ${role} "${name}" of ${what} is ${why}.`, fix });
    };
    if (name === '') {
      throw new AscendBundleError('FILE_MALFORMED', { message: `An ${role} of ${what} has no name.`, fix: 'Export the model again.' });
    }
    const container = NOT_TENSORS.find(([field]) => type?.[field] !== undefined);
    if (container !== undefined) {
      fail(
        `${container[1]}, which a bundle cannot ${role === 'input' ? 'be given' : 'give back'}`,
        'Export the model with tensors in its place.',
      );
    }
    const spec = specOfType(type);
    if (spec.dtype.name === 'string')
      fail('text, which no tensor file holds', 'Cut the text operators off and give their results as input.');
    if (spec.dtype.bits === 0 && role === 'input') fail('of no known data type', 'Export the model again.');
    return { name, ...spec };
  });
}
