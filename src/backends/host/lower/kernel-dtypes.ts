// ONNX Runtime's CPU kernels take fewer dtypes than their operators allow: such values go there and back through a wider dtype.
import { type DType, dtype } from '../../../graph/dtype.js';
import type { LowerContext } from './context.js';
import { cast } from './shape-values.js';

/** Dtypes that hold every value of the given one, the nearest first. */
const WIDER: Readonly<Record<string, readonly string[]>> = {
  bool: ['uint8', 'int32', 'int64', 'float32'],
  int8: ['int32', 'int64', 'float32'],
  uint8: ['int32', 'int64', 'float32'],
  int16: ['int32', 'int64', 'float32'],
  uint16: ['int32', 'int64', 'float32'],
  int32: ['int64', 'float64'],
  uint32: ['int64', 'float64'],
  float16: ['float32'],
};

/** The dtype to compute in: `given` if there is a kernel for it, else the nearest wider one that has. */
export function kernelDType(op: LowerContext, given: DType, kernels: readonly string[]): DType {
  if (kernels.includes(given.name)) return given;
  const wider = WIDER[given.name]?.find((name) => kernels.includes(name));
  if (wider !== undefined) return dtype(wider);
  return op.fail(`computes in ${given.name}, which the host backend cannot.`, `Cast to ${kernels.join(', ')}.`);
}

/**
 * Emits the node that makes the operator's output, in a dtype that has a kernel.
 *
 * @param given  the dtype of the value and of the output
 * @param emit  emits the node: `wide` converts an input of that dtype, `outputs` are for `op.emit`
 */
export function emitWide(
  op: LowerContext,
  given: DType,
  kernels: readonly string[],
  emit: (wide: (value: string) => string, outputs: readonly string[] | undefined) => string,
): void {
  const inside = kernelDType(op, given, kernels);
  if (inside === given) {
    emit((value) => value, [op.output()]);
    return;
  }
  const result = emit((value) => cast(op, value, given, inside), undefined);
  cast(op, result, inside, given, [op.output()]);
}
