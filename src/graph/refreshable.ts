// The words for what the conversion to a weight-updatable model makes.
import type { Graph } from './graph.js';
import type { TensorSpec } from './tensor.js';

/** A Const of the original graph that becomes a Variable. */
export interface RefreshableWeight {
  /** The user's name: the Const's. */
  readonly constName: string;
  /** `<const>_var`. */
  readonly variableName: string;
  /** Its place among the inputs of the update graph. */
  readonly updateIndex: number;
  readonly spec: TensorSpec;
}

/** The three graphs that GE's conversion gives. */
export interface RefreshableGraphs {
  readonly infer: Graph;
  readonly varInit: Graph;
  readonly varUpdate: Graph;
}
