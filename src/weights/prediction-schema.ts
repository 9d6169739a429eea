// What a file of predicted outputs says of itself, as JSON in the `__metadata__` of a safetensors file.
import * as z from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'is no sha256 (64 hexadecimal digits)');
const amount = z.number().nonnegative();

export const predictionSchema = z
  .strictObject({
    schema: z.literal('ascend-bundle/prediction@1'),
    tool: z.strictObject({ name: z.string(), version: z.string() }),
    precision: z.enum(['float16', 'bfloat16']).describe('of every value, after every operator'),
    margin: amount.describe('atol is this times the deviation, at least one unit in the last place of the precision'),
    calibrated: z.literal(false).describe('the envelope has not been measured on devices'),
    inputs: z.array(
      z.strictObject({
        name: z.string(),
        dtype: z.string(),
        shape: z.array(z.int().nonnegative()),
        seed: z.int().nonnegative().nullable().describe('of random values, as in rand:SEED; null for values that were given'),
        sha256,
      }),
    ),
    outputs: z.array(
      z.strictObject({
        name: z.string(),
        atol: amount.describe('how far an element may be off'),
        deviation: amount.describe('the greatest difference between rounded and exact'),
        overflowed: z.int().nonnegative().describe('elements that rounding makes infinite or NaN'),
      }),
    ),
  })
  .describe('Predicted outputs: the tensors of the file are the exact values.');

export type PredictionInfo = z.infer<typeof predictionSchema>;
