// A node as its lowering sees it: the operator's context, and a place to emit ONNX nodes.
import type { OpContext } from '../../../graph/ops/context.js';
import type { Tensor, TensorSpec } from '../../../graph/tensor.js';

/** The ONNX opset that every lowering emits. */
export const HOST_OPSET = 21;
/** The IR version that goes with it. */
export const HOST_IR_VERSION = 10;

/** An ONNX attribute; a number is an integer unless it is wrapped, because JavaScript cannot tell 1 from 1.0. */
export type OnnxAttr =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | { readonly float: number }
  | { readonly floats: readonly number[] };

export interface LowerContext extends OpContext {
  /** The ONNX name of the value in a slot; '' for an optional slot that is not connected (ONNX's own way of saying so). */
  value(input: string): string;
  values(input: string): readonly string[];
  /** The ONNX name that output i must have in the end. */
  output(index?: number): string;
  outputSpec(index?: number): TensorSpec;
  /**
   * Emits a node.
   *
   * @param outputs  names of its outputs: `op.output()` for a result of the operator; without it, one fresh name
   * @returns the name of its first output
   */
  emit(
    opType: string,
    inputs: readonly string[],
    attrs?: Readonly<Record<string, OnnxAttr | undefined>>,
    outputs?: readonly string[],
  ): string;
  /** A new name, for `outputs` of an intermediate node that has several. */
  fresh(): string;
  /** A small constant of the lowering's own; gives its name. */
  initializer(tensor: Tensor): string;
  /** A 1-D int64 constant, for axes, shapes, pads. */
  int64s(values: readonly number[]): string;
  /** A rank-0 constant of the dtype of `like`. */
  scalar(value: number, like: TensorSpec): string;
}

export type Lowering = (op: LowerContext) => void;

/** GE operator type → its lowering. */
export type Lowerings = Readonly<Record<string, Lowering>>;
