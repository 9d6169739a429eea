// Formulas of several ONNX operators, written as nested calls:
//   const { x, call, finish } = formula(op, 'x');
//   finish(call('Mul', x, call('Sigmoid', call('Mul', x, 1.702))));

import { dtype } from '../../../graph/dtype.js';
import type { TensorSpec } from '../../../graph/tensor.js';
import type { LowerContext, OnnxAttr } from './context.js';
import { onnxType } from './host-dtype.js';

export type Attrs = Readonly<Record<string, OnnxAttr | undefined>>;
/** An ONNX value, or a number that becomes a scalar of the dtype that the formula is computed in. */
export type Term = string | number;

export interface Formula {
  /** What the formula is computed in: float32 for float16, whose every step would round; else the dtype itself. */
  readonly spec: TensorSpec;
  /** The input in that dtype; '' for an optional one that is not connected. */
  input(slot: string): string;
  call(opType: string, ...terms: readonly Term[]): string;
  callWith(attrs: Attrs, opType: string, ...terms: readonly Term[]): string;
  /** Makes `value` the operator's output, in the output's dtype. */
  finish(value: string, output?: number): void;
}

/** @param slot  the input whose dtype the formula has */
export function formula(op: LowerContext, slot: string): Formula {
  const given = op.input(slot);
  const isHalf = given.dtype.name === 'float16';
  const spec: TensorSpec = { dtype: isHalf ? dtype('float32') : given.dtype, shape: [] };
  const term = (value: Term): string => (typeof value === 'number' ? op.scalar(value, spec) : value);
  const callWith = (attrs: Attrs, opType: string, ...terms: readonly Term[]): string => op.emit(opType, terms.map(term), attrs);
  return {
    spec,
    callWith,
    input(name) {
      const value = op.value(name);
      if (value === '' || op.input(name).dtype === spec.dtype) return value;
      return isHalf && op.input(name).dtype === given.dtype ? castTo(op, value, spec) : value;
    },
    call: (opType, ...terms) => callWith({}, opType, ...terms),
    finish(value, output = 0) {
      const wanted = op.outputSpec(output);
      if (isHalf && wanted.dtype === given.dtype) op.emit('Cast', [value], { to: onnxType(wanted.dtype) }, [op.output(output)]);
      else op.emit('Identity', [value], {}, [op.output(output)]);
    },
  };
}

/** `value` as the dtype of `like`. */
export function castTo(op: LowerContext, value: string, like: TensorSpec): string {
  return op.emit('Cast', [value], { to: onnxType(like.dtype) });
}

/** The ONNX operator itself, from these slots to output 0. */
export function direct(opType: string, slots: readonly string[] = ['x'], attrs: (op: LowerContext) => Attrs = () => ({})) {
  return (op: LowerContext): void => {
    op.emit(
      opType,
      slots.map((slot) => op.value(slot)),
      attrs(op),
      [op.output()],
    );
  };
}
