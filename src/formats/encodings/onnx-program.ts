// What the host backend executes, whatever it came from: an ONNX model whose constants have been taken out and named.
// `formats/onnx` makes one from a file (ONNX's own operators, nothing mapped), the host's lowering makes one from a GE graph.
import type { NamedSpec, Tensor } from '../../graph/tensor.js';
import type { OnnxModel } from './onnx-model.js';

/**
 * A model and, apart from it, its constants.
 *
 * `model` has nodes, graph inputs and graph outputs, but no initializer and no Constant node for the values of `consts`
 * (initializers inside sub-graphs of If, Loop and Scan stay where they are). It becomes executable when each const is
 * made either a graph input (it is refreshable and fed at every run) or an initializer.
 */
export interface OnnxProgram {
  readonly model: OnnxModel;
  /** In the order of the source. */
  readonly consts: readonly ProgramConst[];
  /**
   * The user's view of `model.graph.input`, one for one and in the same order: `inputs[i].name` is the user's name (the
   * Data node), `model.graph.input[i].name` the ONNX value, which may be spelled differently. No const is among them.
   */
  readonly inputs: readonly NamedSpec[];
  /** The user's view of `model.graph.output`, one for one and in the same order. */
  readonly outputs: readonly NamedSpec[];
}

export interface ProgramConst {
  /** The user's name: the initializer, the Constant node, or the GE Const. Unique in its program. */
  readonly constName: string;
  /** The ONNX value that the nodes (and captures of sub-graphs) consume. Unique in its program. */
  readonly valueName: string;
  /** dtype and shape as the user has them; a bfloat16 const stays bfloat16 here. */
  readonly tensor: Tensor;
}
