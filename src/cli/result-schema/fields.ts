// Fields that several results have.
import * as z from 'zod';

export const bytes = z.int().nonnegative().describe('bytes');

export const shape = z.array(z.int().min(-2)).describe('dimensions; -1 is unknown, [-2] is an unknown rank');

export const milliseconds = z.number().nonnegative();

export const anyNumber = z.union([z.number(), z.enum(['nan', 'inf', '-inf'])]);

export const problem = z.strictObject({
  code: z.string(),
  message: z.string(),
  fix: z.string().nullable(),
  at: z.string().nullable().describe('JSON pointer, node, or byte offset'),
});

export const severity = z.enum(['error', 'warning']);

export const spec = z.strictObject({ name: z.string(), dtype: z.string(), shape, format: z.string().nullable() });

/** Of a compiled model. */
export const inputSpec = spec.extend({
  gears: z
    .strictObject({
      kind: z.enum(['batch', 'image-size', 'dims']),
      sizes: z.array(z.array(z.int())).describe('one list per gear: what the open dimensions are then'),
    })
    .nullable()
    .describe('the sizes that the model was compiled for, where those are a few'),
});

export const partition = z.strictObject({ table: z.int(), type: z.int(), name: z.string(), bytes });

export const submodel = z.strictObject({
  index: z.int(),
  role: z.enum(['infer', 'init', 'update']).nullable(),
  name: z.string(),
  bytes,
  inputs: z.array(inputSpec),
  outputs: z.array(spec),
  partitions: z.array(partition),
});

export const weight = z.strictObject({
  name: z.string().describe('the constant of the graph'),
  variable: z.string(),
  updateIndex: z.int().describe('its place among the inputs of the update graph'),
  dtype: z.string(),
  shape,
  bytes,
  variableDtype: z.string().nullable().describe('as compiled'),
  variableFormat: z.string().nullable().describe('as compiled'),
  variableOffset: z.int().nullable().describe('bytes from the beginning of variable memory'),
});

export const updateGraph = z
  .enum(['ge', 'static'])
  .nullable()
  .describe('static: the update graph takes every weight, and those that are not given are sent again; null without weights');

export const selection = z
  .strictObject({
    select: z.array(z.string()),
    exclude: z.array(z.string()),
    matched: z.array(z.string()).describe('what the expressions added to the names'),
    skipped: z
      .array(z.strictObject({ name: z.string(), code: z.string(), message: z.string() }))
      .describe('what matches and cannot be updatable'),
  })
  .nullable()
  .describe('null without --select and --exclude');

export const cast = z.strictObject({
  name: z.string(),
  from: z.string(),
  to: z.string(),
  elements: z.int(),
  overflowed: z.int().describe('finite values that became infinite'),
  underflowed: z.int().describe('values other than 0 that became 0'),
  rounded: z.int().describe('other values that changed'),
});

export const lora = z.strictObject({
  weight: z.string(),
  as: z.enum(['merged', 'down', 'up']).describe('merged: the product was added; down, up: the weight is a factor itself'),
  transposed: z.boolean().describe('the weight is stored as [in, out]'),
  by: z.string().describe('how that was told'),
  adapters: z.array(
    z.strictObject({
      path: z.string(),
      layer: z.string(),
      rank: z.int(),
      scale: z.number().describe('what was asked for, times alpha / rank'),
    }),
  ),
});

export const modelInputs = z.array(
  z.strictObject({ name: z.string(), dtype: z.string(), shape, seed: z.int().nullable().describe('of random values') }),
);
