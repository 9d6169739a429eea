// Result of diff.
import * as z from 'zod';
import { anyNumber, bytes, inputSpec, shape } from './fields.js';

const side = z.strictObject({ path: z.string(), kind: z.string(), bytes });

const valueSide = z.strictObject({
  dtype: z.string(),
  shape,
  updateIndex: z.int().nullable().describe('place among the inputs of the update graph; null for what cannot be updated'),
});

const textOfSide = z.string().nullable().describe('null where it is not there');

export const diff = z.strictObject({
  a: side.describe('what is expected'),
  b: side,
  differs: z.boolean().describe('whether anything differs that counts'),
  options: z
    .array(z.strictObject({ name: z.string(), a: textOfSide, b: textOfSide }))
    .nullable()
    .describe('build options that differ; of this part and each below, null where it was not compared or one file has none'),
  io: z
    .array(z.strictObject({ side: z.enum(['input', 'output']), index: z.int(), a: inputSpec.nullable(), b: inputSpec.nullable() }))
    .nullable()
    .describe('inputs and outputs that differ; gears are null for outputs and for what is not compiled'),
  graph: z
    .strictObject({
      nodes: z.strictObject({ a: z.int(), b: z.int() }),
      differences: z.array(
        z.strictObject({
          aspect: z.enum(['subgraph', 'node', 'type', 'input', 'control inputs', 'branches', 'attribute', 'output', 'result']),
          subgraph: z.string().nullable(),
          node: z.string().nullable(),
          part: z.string().nullable().describe('the slot, the attribute, the number of the output'),
          a: textOfSide,
          b: textOfSide,
        }),
      ),
    })
    .nullable(),
  weights: z
    .array(
      z.strictObject({
        name: z.string(),
        status: z
          .enum(['equal', 'within', 'different', 'mismatch', 'only-a', 'only-b', 'unknown'])
          .describe('equal: bit for bit; within: no element is beyond the tolerance; mismatch: another dtype or shape'),
        a: valueSide.nullable(),
        b: valueSide.nullable(),
        sameUpdate: z.boolean().nullable().describe('updated in the same place, or not at all; null unless both are bundles'),
        notes: z.array(z.string()),
        atol: z.number(),
        rtol: z.number(),
        metrics: z
          .strictObject({
            elements: z.int(),
            different: z.int(),
            beyond: z.int().describe('elements beyond the tolerance'),
            maxAbs: anyNumber,
            meanAbs: anyNumber,
            maxRel: anyNumber.describe('of |A|, where that is not 0'),
            cosine: z.number().nullable().describe('null where there is none'),
            worst: z.strictObject({ index: z.array(z.int()), a: anyNumber, b: anyNumber }).nullable(),
          })
          .nullable()
          .describe('null for equal values, and where elements cannot be compared'),
      }),
    )
    .nullable()
    .describe('weights and other constants, equal ones included'),
  partitions: z
    .array(
      z.strictObject({
        model: z.string(),
        table: z.int(),
        name: z.string(),
        a: bytes.nullable(),
        b: bytes.nullable(),
        equal: z.boolean(),
        counts: z.boolean().describe('false where what differs is among the weights'),
      }),
    )
    .nullable(),
  all: z.boolean().describe('whether the text lists everything'),
});
