// A node as an operator's rule sees it: inputs by prototype name, attributes with their defaults filled in.
import type { DType } from '../dtype.js';
import type { Node } from '../graph.js';
import type { Tensor, TensorSpec } from '../tensor.js';

export interface OpContext {
  readonly node: Node;
  /** Whether an optional slot is connected. */
  has(input: string): boolean;
  /** The spec of a connected slot; a slot that is not connected fails the rule. */
  input(name: string): TensorSpec;
  /** The specs of a dynamic slot, in order. */
  inputs(name: string): readonly TensorSpec[];
  /** The value of an input that is a Const of the graph, else undefined. */
  constant(input: string): Tensor | undefined;
  /** The same as integers (int8 to int64), for inputs such as `shape`, `axes`, `multiples`. */
  constantInts(input: string): readonly number[] | undefined;
  int(attr: string): number;
  float(attr: string): number;
  bool(attr: string): boolean;
  string(attr: string): string;
  ints(attr: string): readonly number[];
  floats(attr: string): readonly number[];
  dtype(attr: string): DType;
  /** Whether the graph itself gives the attribute, so that it is not the default. */
  given(attr: string): boolean;
  /** Ends the rule with a problem of this node: `message` goes on after the node's name and type. */
  fail(message: string, fix?: string): never;
}

/**
 * What an operator gives, from what it gets: one spec per output, in prototype order (a dynamic output gives one per
 * element). Dimensions may be −1, a shape may be `UNKNOWN_RANK`.
 */
export type OutputRule = (op: OpContext) => readonly TensorSpec[];

export type OutputRules = Readonly<Record<string, OutputRule>>;
