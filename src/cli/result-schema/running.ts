// Results of the verbs that run models: run, verify, predict, session.
import * as z from 'zod';
import { anyNumber, bytes, cast, lora, milliseconds, modelInputs, shape } from './fields.js';

export const run = z.strictObject({
  bundle: z.strictObject({ path: z.string() }),
  initialized: z.boolean(),
  update: z
    .strictObject({
      updated: z.array(z.string()),
      kept: z.array(z.string()),
      ignored: z.array(z.string()),
      casts: z.array(cast),
      lora: z.array(lora),
    })
    .nullable(),
  outputs: z
    .array(
      z.strictObject({
        name: z.string(),
        dtype: z.string(),
        shape,
        bytes,
        path: z.string().nullable().describe('null without -o'),
        writtenDtype: z.string().nullable().describe('when the file cannot hold the dtype'),
        preview: z.string(),
      }),
    )
    .describe('in the order of the model'),
  inference: z
    .strictObject({ count: z.int(), minMs: milliseconds, medianMs: milliseconds, meanMs: milliseconds, maxMs: milliseconds })
    .nullable(),
});

export const verify = z.strictObject({
  bundle: z.strictObject({ path: z.string() }),
  passed: z.boolean(),
  checks: z.array(
    z.strictObject({
      check: z.enum(['manifest', 'structure', 'weights', 'runs', 'golden', 'against', 'predict', 'update', 'aba', 'finite']),
      passed: z.boolean(),
      message: z.string(),
      failures: z.array(z.string()).describe('why it did not pass'),
      outputs: z.array(
        z.strictObject({
          name: z.string(),
          with: z.string().describe('what it was compared with'),
          dtype: z.string(),
          shape,
          passed: z.boolean(),
          elements: z.int(),
          maxAbs: anyNumber.nullable(),
          meanAbs: anyNumber.nullable(),
          maxRel: anyNumber.nullable(),
          maxUlp: anyNumber.nullable().describe('units in the last place; null for integers'),
          cosine: z.number().nullable().describe('null where there is none'),
          argmax: z.strictObject({ rows: z.int(), equal: z.int() }).nullable().describe('of the last axis'),
          tolerance: z.strictObject({ atol: z.number(), rtol: z.number() }).nullable().describe('null where only the cosine counts'),
          minCosine: z.number().nullable(),
          beyond: z.int().describe('elements beyond the tolerance'),
          worst: z.strictObject({ index: z.array(z.int()), actual: anyNumber, expected: anyNumber }).nullable(),
        }),
      ),
      differences: z.array(z.strictObject({ what: z.string(), expected: z.string(), actual: z.string() })),
      moved: z.array(z.string()).nullable().describe('outputs that new weights changed'),
    }),
  ),
  inputs: modelInputs.describe('what the model was given; empty when it was not run'),
});

export const predict = z.strictObject({
  graph: z.strictObject({ path: z.string(), kind: z.string() }),
  path: z.string().nullable().describe('null without -o'),
  precision: z.enum(['float16', 'bfloat16']),
  margin: z.number(),
  calibrated: z.literal(false).describe('the envelope has not been measured on devices'),
  inputs: modelInputs,
  outputs: z.array(
    z.strictObject({
      name: z.string(),
      dtype: z.string(),
      shape,
      preview: z.string(),
      deviation: z.number().describe('the greatest difference between rounded and exact'),
      atol: z
        .number()
        .describe('how far an element may be off: margin times the deviation, at least one unit in the last place of the precision'),
      overflowed: z.int().describe('elements that rounding makes infinite or NaN'),
    }),
  ),
});

/** A session writes replies; a document only when it does not come to that. */
export const session = z.null();
