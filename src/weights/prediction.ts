// Files of predicted outputs: safetensors with the values, the envelope in `__metadata__`.
import type { Bytes } from '../base/bytes.js';
import { sha256 } from '../base/digest.js';
import { AscendBundleError, type Problem } from '../base/errors.js';
import { jsonPointer, parseJson } from '../base/json-text.js';
import { openFile } from '../base/open-file.js';
import { throwProblems } from '../base/problems.js';
import { isSafetensors, readSafetensors, writeSafetensors } from '../formats/safetensors.js';
import { dtypeOfSpelling } from '../graph/dtype-spelling.js';
import { describeSpec, type NamedSpec, type NamedTensor, type Tensor } from '../graph/tensor.js';
import { type ExpectedTensor, pairSpecs } from './judge.js';
import { type PredictionInfo, predictionSchema } from './prediction-schema.js';
import { type ParsedValue, parseTensorValue } from './value-syntax.js';

export const PREDICTION_KEY = 'ascend-bundle.prediction';

export interface Prediction {
  readonly path: string;
  readonly info: PredictionInfo;
  /** Exact values, one per output of `info`, in its order. */
  readonly outputs: readonly NamedTensor[];
}

/** @throws DTYPE_UNSUPPORTED for what safetensors has no name for */
export function predictionBytes(info: PredictionInfo, outputs: readonly NamedTensor[]): Bytes {
  return writeSafetensors(outputs, { [PREDICTION_KEY]: JSON.stringify(info) });
}

/**
 * Undefined for any other file.
 *
 * @throws FILE_MALFORMED, TENSOR_NOT_FOUND, and what reading safetensors throws
 */
export function readPrediction(path: string): Prediction | undefined {
  const bytes = openFile(path);
  if (!isSafetensors(bytes)) return undefined;
  const { tensors, metadata } = readSafetensors(bytes, path);
  const text = metadata.get(PREDICTION_KEY);
  if (text === undefined) return undefined;
  const what = `${path}, ${PREDICTION_KEY}`;
  const checked = predictionSchema.safeParse(parseJson(text, what));
  if (!checked.success) {
    const problems = checked.error.issues.map(({ message, path: at }): Problem => malformed(what, message, jsonPointer(at)));
    throwProblems(problems, what, 'FILE_MALFORMED');
  }
  const info = checked.data as PredictionInfo;
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const outputs = info.outputs.map(({ name }, i) => {
    const tensor = byName.get(name);
    if (tensor !== undefined) return tensor;
    throw new AscendBundleError('TENSOR_NOT_FOUND', {
      message: `${what} tells of an output "${name}", which the file does not have.`,
      at: jsonPointer(['outputs', i, 'name']),
      fix: 'Predict again.',
    });
  });
  return { path, info, outputs };
}

function malformed(what: string, why: string, at: string): Problem {
  return { code: 'FILE_MALFORMED', message: `${what} is not a prediction: ${why}.`, at, fix: 'Predict again: ascend-bundle predict.' };
}

/**
 * What the prediction expects of a model with these outputs: by name, by order where a compiler has given other names.
 *
 * @throws TENSOR_MISMATCH when it gives another number of outputs
 */
export function expectedOutputs({ path, info, outputs }: Prediction, specs: readonly NamedSpec[]): ReadonlyMap<string, ExpectedTensor> {
  const pairing = pairSpecs(specs, outputs);
  if (pairing === undefined) {
    const list = (some: readonly NamedSpec[]): string => some.map((spec) => `"${spec.name}" ${describeSpec(spec)}`).join(', ');
    throw new AscendBundleError('TENSOR_MISMATCH', {
      message: `The bundle gives ${list(specs)}; ${path} predicts ${list(outputs)}.`,
      fix: 'Predict with the graph that the bundle was built from.',
    });
  }
  const envelopes = new Map(info.outputs.map(({ name, atol }) => [name, atol]));
  return new Map(
    [...pairing.partners].map(([name, partner]) => [
      name,
      { ...(outputs.find((one) => one.name === partner.name) as NamedTensor), atol: envelopes.get(partner.name) },
    ]),
  );
}

/** The inputs that were random, as they would be typed: `x=2x3xf32=rand:0`. */
export function predictedInput({ info }: Prediction, name: string): ParsedValue | undefined {
  const input = info.inputs.find((one) => one.name === name);
  const type = input === undefined ? undefined : dtypeOfSpelling(input.dtype);
  if (input === undefined || type === undefined || input.seed === null) return undefined;
  return { ...parseTensorValue(`rand:${input.seed}`), name, declared: { dtype: type, shape: input.shape } };
}

/**
 * That the model is given what the prediction was made with.
 *
 * @throws TENSOR_MISMATCH with all inputs that are others
 */
export function requirePredicted({ path, info }: Prediction, inputs: ReadonlyMap<string, Tensor>): void {
  const problems = info.inputs.flatMap(({ name, sha256: digest }): Problem[] => {
    const tensor = inputs.get(name);
    if (tensor !== undefined && sha256(tensor.data) === digest) return [];
    const what = tensor === undefined ? 'is not among those of the bundle' : 'has other values now';
    return [
      {
        code: 'TENSOR_MISMATCH',
        message: `Input "${name}", with which ${path} was predicted, ${what}.`,
        fix: 'Give the same inputs to predict and to verify; random ones need not be given again.',
      },
    ];
  });
  throwProblems(problems, 'What is given', 'TENSOR_MISMATCH');
}
