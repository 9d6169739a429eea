// predict: what a device must give for a graph, and how far off it may be. No device is needed, and none has been asked.
import { extname } from 'node:path';
import { sha256 } from '../base/digest.js';
import { AscendBundleError } from '../base/errors.js';
import { refuseOutput, writeFileAtomically } from '../base/output-file.js';
import { toolVersion } from '../base/version.js';
import type { Tensor } from '../graph/tensor.js';
import { resolveInputs, seededInput } from '../weights/inputs.js';
import { predictionBytes } from '../weights/prediction.js';
import type { PredictionInfo } from '../weights/prediction-schema.js';
import { previewTensor } from '../weights/preview.js';
import { TENSOR_ENDINGS } from '../weights/write.js';
import { type InputFields, inputFields } from './shared/input-fields.js';
import { flag, optionalOutput, optionValues, text, texts, wholeNumber } from './shared/option-values.js';
import {
  type AskedPredictorOptions,
  DTYPE_OF,
  openPredictor,
  PREDICTOR_OPTIONS,
  PREDICTOR_VALUES,
  type PredictedTensor,
  predictionWarnings,
  predictorOptions,
} from './shared/predictor.js';
import { refuseSameFile } from './shared/refuse-same-file.js';
import { readGraphSource } from './shared/source.js';
import type { Io, Outcome, ValuesSchema, Verb } from './verb.js';

export interface PredictValues extends AskedPredictorOptions {
  readonly graph: string;
  readonly input: readonly string[];
  readonly seed: number;
  readonly output?: string | undefined;
  readonly force: boolean;
}

const values: ValuesSchema<PredictValues> = optionValues({
  graph: text,
  input: texts,
  seed: wholeNumber(0, 0),
  ...PREDICTOR_VALUES,
  output: optionalOutput,
  force: flag,
});

export interface PredictedFields {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly preview: string;
  /** The greatest difference between rounded and exact. */
  readonly deviation: number;
  /** How far an element may be off. */
  readonly atol: number;
  /** Elements that rounding makes infinite or NaN. */
  readonly overflowed: number;
}

export interface PredictResult {
  readonly graph: { readonly path: string; readonly kind: string };
  /** Null when nothing was written. */
  readonly path: string | null;
  readonly precision: 'float16' | 'bfloat16';
  readonly margin: number;
  /** The envelope has not been measured on devices. */
  readonly calibrated: false;
  readonly inputs: readonly InputFields[];
  readonly outputs: readonly PredictedFields[];
}

export const predict: Verb<PredictValues, PredictResult> = {
  name: 'predict',
  summary: 'say what an NPU must give for a graph, and how far off it may be',
  description: `Computes a graph on the CPU twice: exactly, and with every input, constant and result of an operator rounded to 16 bits, as a device keeps them. The exact value is what is expected; an element may be off by --margin times the greatest difference between the two, and in any case by one unit in the last place that 16 bits have at the greatest value of the output: a device rounds its results as well. \`verify --golden\` reads the file; \`verify --predict\` does both in one go.

The envelope is not calibrated on devices yet: take a failure as a reason to look, not as a verdict. Inputs that are not given are random, from --seed on, and the file remembers them.`,
  arguments: [{ name: 'graph', help: 'graph.json, ONNX model or .air file' }],
  options: [
    { flags: '-i, --input <name=value>', help: 'an input of the model, as for run', repeat: true, stdin: 'tensor' },
    { flags: '--seed <n>', help: 'of the inputs that are not given (default: 0)' },
    ...PREDICTOR_OPTIONS,
    { flags: '-o, --output <file>', help: 'write values and envelopes there, as safetensors; without it they are shown' },
    { flags: '--force', help: 'replace an existing output' },
  ],
  examples: [
    'ascend-bundle predict model.onnx -o model.golden.safetensors',
    'ascend-bundle predict graph.json --input x=@x.npy --precision bf16',
    'ascend-bundle verify model.om --golden model.golden.safetensors',
  ],
  values,
  run: predictGraph,
};

async function predictGraph(given: PredictValues, io: Io): Promise<Outcome<PredictResult>> {
  if (given.output !== undefined) refuse(given.output, given);
  const options = predictorOptions(given);
  const source = await io.step('read graph', () => readGraphSource(given.graph));
  await using predictor = await io.step('open', () => openPredictor(source, [], options));
  const seeds = new Map<string, number>();
  const inputs = await io.step('read inputs', () =>
    resolveInputs(given.input, predictor.inputs, 'the graph', seededInput(given.seed, seeds)),
  );
  const outputs = await io.step('infer', () => predictor.run(inputs));
  for (const warning of predictionWarnings(outputs, predictor, options)) io.warn(warning);
  const { output, force } = given;
  const { margin } = options;
  const precision = DTYPE_OF[options.precision];
  const fields = inputFields(inputs, seeds);
  if (output !== undefined) {
    const info: PredictionInfo = {
      schema: 'ascend-bundle/prediction@1',
      tool: { name: 'ascend-bundle', version: toolVersion() },
      precision,
      margin,
      calibrated: false,
      inputs: fields.map((input) => ({ ...input, shape: [...input.shape], sha256: sha256((inputs.get(input.name) as Tensor).data) })),
      outputs: outputs.map(envelopeFields),
    };
    await io.step('write', () => writeFileAtomically(output, predictionBytes(info, outputs), { force }));
  }
  return {
    result: {
      graph: { path: given.graph, kind: source.kind },
      path: output ?? null,
      precision,
      margin,
      calibrated: false,
      inputs: fields,
      outputs: outputs.map((tensor) => ({
        ...envelopeFields(tensor),
        dtype: tensor.dtype.name,
        shape: [...tensor.shape],
        preview: previewTensor(tensor),
      })),
    },
  };
}

function envelopeFields({ name, atol, deviation }: PredictedTensor): PredictionInfo['outputs'][number] {
  return { name, atol, deviation: deviation.maxAbs, overflowed: deviation.overflowed };
}

/** By which other files are known. */
const OTHER_ENDINGS: ReadonlySet<string> = new Set(
  [...TENSOR_ENDINGS, '.om', '.air', '.onnx'].filter((ending) => ending !== '.safetensors'),
);

/** Before the work, not after it; the write looks again. */
function refuse(output: string, { graph, force }: PredictValues): void {
  const ending = extname(output).toLowerCase();
  if (OTHER_ENDINGS.has(ending)) {
    throw new AscendBundleError('USAGE', {
      message: `A prediction is written as safetensors, and ${output} has the ending of another format.`,
      fix: 'Give a name that ends in .safetensors.',
    });
  }
  refuseSameFile(output, 'the graph', graph);
  refuseOutput(output, { force });
}
