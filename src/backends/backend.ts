// What a backend is. Verbs know this page and nothing else of a backend.
import type { Problem } from '../base/errors.js';
import type { NamedSpec, NamedTensor, Tensor } from '../graph/tensor.js';

export type BackendKind = 'host' | 'ascend';

export interface BackendChoice {
  readonly kind: BackendKind;
  /** Why this one, in one line that the user reads. */
  readonly reason: string;
}

/** An update as it was carried out. */
export interface UpdateReport {
  /** Names of weights with a new value, in update order. */
  readonly updated: readonly string[];
  /** Names that keep their value: not given, or given as an empty tensor. */
  readonly kept: readonly string[];
  readonly warnings: readonly Problem[];
}

/** An opened bundle. Its variables live as long as it does. */
export interface Session extends AsyncDisposable {
  readonly inputs: readonly NamedSpec[];
  readonly outputs: readonly NamedSpec[];
  /** Runs the init graph: every weight gets its built-in value. */
  initialize(): Promise<void>;
  /**
   * Runs the update graph. A weight that is not in the map, or whose tensor has a dimension of 0, keeps its value.
   *
   * @throws WEIGHT_UNKNOWN, TENSOR_MISMATCH; then no weight has changed
   */
  update(weights: ReadonlyMap<string, Tensor>): Promise<UpdateReport>;
  /**
   * Runs the inference graph.
   *
   * @throws WEIGHTS_NOT_INITIALIZED, INPUT_MISSING, INPUT_UNKNOWN, TENSOR_MISMATCH
   */
  run(inputs: ReadonlyMap<string, Tensor>): Promise<readonly NamedTensor[]>;
}
