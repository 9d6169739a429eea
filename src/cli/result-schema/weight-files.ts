// Results of the verbs that look at files of weights: weights check, weights map.
import * as z from 'zod';
import { bytes, problem, shape } from './fields.js';

const plainSpec = z.strictObject({ dtype: z.string(), shape });

export const weightsCheck = z.strictObject({
  files: z.array(
    z.strictObject({
      path: z.string(),
      kind: z.string(),
      fileBytes: bytes.nullable().describe('null for stdin'),
      tensors: z.int(),
      bytes: bytes.describe('of all its tensors'),
    }),
  ),
  tensors: z.array(
    z.strictObject({
      name: z.string().describe('empty for the array of a .npy'),
      file: z.string(),
      dtype: z.string(),
      shape,
      bytes,
      values: z
        .strictObject({ min: z.number().nullable(), max: z.number().nullable(), nonFinite: z.int() })
        .nullable()
        .describe('with --values; over the finite values'),
    }),
  ),
  findings: z.array(problem).describe('what is wrong with the files themselves'),
  for: z
    .strictObject({
      path: z.string(),
      kind: z.string(),
      rows: z
        .array(
          z.strictObject({
            name: z.string(),
            status: z.enum(['fits', 'cast', 'kept', 'missing', 'extra', 'ignored', 'repeated', 'dtype', 'shape']),
            wanted: plainSpec.nullable(),
            given: plainSpec.extend({ file: z.string(), key: z.string().nullable().describe('its name there, before a map') }).nullable(),
            fix: z.string().nullable(),
          }),
        )
        .describe('one per weight, then what is repeated or extra'),
      fitting: z.int(),
      failing: z.int(),
    })
    .nullable()
    .describe('null without --for'),
});

export const weightsMap = z.strictObject({
  file: z.string(),
  for: z.strictObject({ path: z.string(), kind: z.string(), weights: z.int() }),
  path: z.string().nullable().describe('null without -o'),
  map: z.looseObject({ schema: z.literal('ascend-bundle/map@1') }).describe('as `schema map` has it'),
});
