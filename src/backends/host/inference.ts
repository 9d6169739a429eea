// One ONNX model in ONNX Runtime: made, fed and run, with the errors of the project in place of its exceptions.
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { AscendBundleError } from '../../base/errors.js';
import type { NamedSpec, Tensor } from '../../graph/tensor.js';
import { requireInputs } from '../session-errors.js';
import { FAULTY_FUSIONS, firstLine, type Ort, toOrtTensor } from './ort.js';

export interface InferenceOptions {
  /** Of the external data. */
  readonly folder?: string;
  /** For a model that is only looked at. */
  readonly isUnoptimized?: boolean;
}

/** @throws HOST_EXECUTION */
export async function createInference(
  ort: Ort,
  model: Uint8Array,
  { folder, isUnoptimized = false }: InferenceOptions = {},
): Promise<InferenceSession> {
  try {
    return await ort.InferenceSession.create(model, {
      // 4: only what is fatal. Everything else it would write to stderr comes as an exception too.
      logSeverityLevel: 4,
      graphOptimizationLevel: isUnoptimized ? 'disabled' : 'all',
      extra: {
        ...(folder === undefined ? {} : { session: { model_external_initializers_file_folder_path: folder } }),
        optimization: { disable_specified_optimizers: FAULTY_FUSIONS },
      },
    });
  } catch (cause) {
    throw new AscendBundleError('HOST_EXECUTION', {
      message: `ONNX Runtime does not accept the inference graph: ${firstLine(cause)}`,
      fix: 'An operator or a dtype of this graph has no CPU kernel; the message names it.',
      cause,
    });
  }
}

/** @throws HOST_EXECUTION */
export async function runInference(
  session: InferenceSession,
  feeds: Readonly<Record<string, OrtTensor>>,
): Promise<InferenceSession.OnnxValueMapType> {
  try {
    return await session.run(feeds);
  } catch (cause) {
    throw new AscendBundleError('HOST_EXECUTION', {
      message: `ONNX Runtime failed during inference: ${firstLine(cause)}`,
      fix: 'Look at the values and the open dimensions of the inputs; the message names the operator.',
      cause,
    });
  }
}

/**
 * What is given, in the order of the model's inputs.
 *
 * @throws INPUT_MISSING, INPUT_UNKNOWN, TENSOR_MISMATCH
 */
export function inputTensors(ort: Ort, specs: readonly NamedSpec[], given: ReadonlyMap<string, Tensor>): OrtTensor[] {
  return requireInputs(specs, given).map((tensor, i) => toOrtTensor(ort, tensor, `Input "${specs[i]?.name}"`));
}
