// What a device must give, and how far off it may be: the graph computed exactly, and with every value rounded after every operator.
import type { GraphSource } from '../../backends/backend.js';
import { openGraph } from '../../backends/registry.js';
import type { Problem } from '../../base/errors.js';
import type { NamedSpec, NamedTensor, Tensor } from '../../graph/tensor.js';
import { type Deviation, deviationOf, envelopeOf } from '../../weights/envelope.js';
import type { OptionRow } from '../verb.js';
import { number, oneOf } from './option-values.js';

export type Precision = 'fp16' | 'bf16';
const PRECISIONS = ['fp16', 'bf16'] as const satisfies readonly Precision[];
export const DTYPE_OF: Readonly<Record<Precision, 'float16' | 'bfloat16'>> = { fp16: 'float16', bf16: 'bfloat16' };

/** The margin has not been measured on a device: rounding falls otherwise where sums have another order and operators are fused. */
const DEFAULTS: PredictorOptions = { precision: 'fp16', margin: 4 };

export const PREDICTOR_OPTIONS: readonly OptionRow[] = [
  {
    flags: '--precision <type>',
    help: `what every value is rounded to after every operator (default: ${DEFAULTS.precision})`,
    choices: PRECISIONS,
  },
  {
    flags: '--margin <factor>',
    help: `the envelope is this times the greatest deviation, and never less than one unit in the last place of 16 bits (default: ${DEFAULTS.margin})`,
  },
];

/** Undefined where they are not given: what is given for nothing can be refused. */
export const PREDICTOR_VALUES = {
  precision: oneOf(PRECISIONS),
  margin: number('a number of at least 0', (margin) => margin >= 0),
};

export interface AskedPredictorOptions {
  readonly precision?: Precision | undefined;
  readonly margin?: number | undefined;
}

export function predictorOptions({ precision, margin }: AskedPredictorOptions): PredictorOptions {
  return { precision: precision ?? DEFAULTS.precision, margin: margin ?? DEFAULTS.margin };
}

export interface PredictorOptions {
  readonly precision: Precision;
  readonly margin: number;
}

export interface PredictedTensor extends NamedTensor {
  readonly deviation: Deviation;
  /** The envelope: how far an element may be from the value, which is the exact one; see `envelopeOf`. */
  readonly atol: number;
}

export interface Predictor extends AsyncDisposable {
  readonly inputs: readonly NamedSpec[];
  readonly outputs: readonly NamedSpec[];
  /** As of a `GraphRunner`. */
  readonly unrounded: readonly string[];
  /** In the order of the graph's outputs; float16 and bfloat16 ones as float32. */
  run(inputs: ReadonlyMap<string, Tensor>, weights?: ReadonlyMap<string, Tensor>): Promise<readonly PredictedTensor[]>;
}

/**
 * @param weightNames  of constants that may get new values
 * @throws as `openGraph`
 */
export async function openPredictor(
  source: GraphSource,
  weightNames: readonly string[],
  { precision, margin }: PredictorOptions,
): Promise<Predictor> {
  const exact = await openGraph(source, weightNames, 'exact');
  try {
    const rounded = await openGraph(source, weightNames, DTYPE_OF[precision]);
    return {
      inputs: exact.inputs,
      outputs: exact.outputs,
      unrounded: rounded.unrounded,
      async run(inputs, weights) {
        const values = await exact.run(inputs, weights);
        const others = await rounded.run(inputs, weights);
        return values.map((value, i) => {
          const deviation = deviationOf(value.name, others[i] as NamedTensor, value);
          return { ...value, deviation, atol: envelopeOf(deviation, value.dtype, { precision: DTYPE_OF[precision], margin }) };
        });
      },
      async [Symbol.asyncDispose]() {
        await rounded[Symbol.asyncDispose]();
        await exact[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await exact[Symbol.asyncDispose]();
    throw error;
  }
}

/** What speaks against taking the prediction at its word. */
export function predictionWarnings(
  outputs: readonly PredictedTensor[],
  { unrounded }: Pick<Predictor, 'unrounded'>,
  { precision }: PredictorOptions,
): readonly Problem[] {
  const inside = unrounded.map(
    (node): Problem => ({
      code: 'PREDICTION_UNROUNDED',
      message: `Not every value inside ${node} is rounded to ${DTYPE_OF[precision]}, because its dtype does not follow from the model: the envelope may be too narrow.`,
      fix: 'Give a larger --margin, or export the model with the types of its inner values (shape inference), its functions inlined.',
    }),
  );
  const ofOutputs = outputs.flatMap(({ name, dtype, atol, deviation }) => {
    const { overflowed, different, elements, largest } = deviation;
    const isFloat = dtype.name.includes('float');
    const warnings: Problem[] = [];
    if (overflowed > 0) {
      warnings.push({
        code: 'PREDICTION_OVERFLOW',
        message: `Output "${name}": ${overflowed} of ${elements} elements become infinite or NaN when every value is rounded to ${DTYPE_OF[precision]}; a device may give the same, or keep them.`,
        fix: precision === 'fp16' ? 'Keep the values of the model below 65504, or build for bfloat16 (--precision bf16).' : undefined,
      });
    }
    if (isFloat && deviation.maxAbs > 0 && atol >= largest) {
      warnings.push({
        code: 'PREDICTION_LOOSE',
        message: `Output "${name}" may be off by ${atol.toPrecision(3)}, and its values are no greater than ${largest.toPrecision(3)}: rounding decides it for these inputs, and the prediction says little.`,
        fix: 'Give inputs as the model has them in use, or a smaller --margin.',
      });
    }
    if (!isFloat && different > 0) {
      warnings.push({
        code: 'PREDICTION_UNSTABLE',
        message: `Output "${name}" is ${dtype.name}, and rounding changes ${different} of its ${elements} elements: values that are nearly equal decide it.`,
        fix: 'Compare the floats that it is made from as well.',
      });
    }
    return warnings;
  });
  return [...inside, ...ofOutputs];
}
