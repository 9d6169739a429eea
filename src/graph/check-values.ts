// The spec of every value of a graph: by the operator's output rule, and by what the file says of the node's outputs.

import { UNDEFINED_DTYPE } from './dtype.js';
import type { Node } from './graph.js';
import type { OpPrototype, SlotPrototype } from './ops/prototypes.js';
import { mergeShapes } from './ops/shapes.js';
import { describeSpec, type TensorSpec, UNKNOWN_RANK } from './tensor.js';

export const UNKNOWN_SPEC: TensorSpec = { dtype: UNDEFINED_DTYPE, shape: UNKNOWN_RANK };

export function isKnownDType(spec: TensorSpec): boolean {
  return spec.dtype !== UNDEFINED_DTYPE;
}

/**
 * What two statements about one value say together; undefined where they contradict each other.
 * An undefined dtype, an unknown rank and a dimension of −1 say nothing.
 */
export function mergeSpecs(a: TensorSpec, b: TensorSpec): TensorSpec | undefined {
  if (isKnownDType(a) && isKnownDType(b) && a.dtype !== b.dtype) return undefined;
  const shape = mergeShapes(a.shape, b.shape);
  if (shape === undefined) return undefined;
  const format = a.format ?? b.format;
  return { dtype: isKnownDType(a) ? a.dtype : b.dtype, shape, ...(format === undefined ? {} : { format }) };
}

/** Names of a node's outputs when there are `count`: a dynamic output `y` becomes `y0`, `y1`, …; undefined if `count` does not fit. */
export function outputNames(outputs: readonly SlotPrototype[], count: number): readonly string[] | undefined {
  const elements = count - outputs.filter((slot) => slot.kind !== 'dynamic').length;
  const dynamic = outputs.filter((slot) => slot.kind === 'dynamic').length;
  if (elements < 0 || (dynamic === 0 && elements !== 0) || dynamic > 1) return undefined;
  return outputs.flatMap(({ name, kind }) => (kind === 'dynamic' ? Array.from({ length: elements }, (_, i) => `${name}${i}`) : [name]));
}

/** The number of outputs that a node has when no rule tells: the prototype's, or with a dynamic output what the node lists. */
export function outputCount(node: Node, prototype: OpPrototype): number {
  const isDynamic = prototype.outputs.some((slot) => slot.kind === 'dynamic');
  return isDynamic ? Math.max(node.outputNames.length, node.outputDescs.length) : prototype.outputs.length;
}

/** `output "y" is float32 [2], but …` for a rule and a file that contradict each other. */
export function contradiction(name: string, given: TensorSpec, ruled: TensorSpec): string {
  return `has the output "${name}" given as ${describeSpec(given)}, but it makes ${describeSpec(ruled)}.`;
}
