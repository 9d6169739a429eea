// The form of a map file, which gives the tensors of a checkpoint the names of weights.
import * as z from 'zod';

const order = z
  .array(z.int().nonnegative())
  .describe('axis i of the weight is axis transpose[i] of the tensor, as in numpy.transpose: [1, 0] turns a matrix round');

export const mapSchema = z
  .strictObject({
    $schema: z.string().optional(),
    schema: z.literal('ascend-bundle/map@1'),
    entries: z.array(
      z.strictObject({
        from: z.string().describe('the name in the checkpoint; may occur again, for tied weights'),
        to: z.string().describe('the constant of the graph, the weight of the bundle'),
        transpose: order.optional(),
        by: z.string().optional().describe('how it was found; for the reader'),
      }),
    ),
    ambiguous: z
      .array(
        z.strictObject({
          to: z.string(),
          candidates: z.array(z.strictObject({ from: z.string(), transpose: order.optional() })),
          why: z.string(),
        }),
      )
      .optional()
      .describe('not used: move the right candidate to the entries'),
    unmatched: z
      .strictObject({ from: z.array(z.string()), to: z.array(z.string()) })
      .optional()
      .describe('not used'),
  })
  .describe('Which tensor of a checkpoint each weight takes, where the names differ.');

export type WeightMapFile = z.infer<typeof mapSchema>;
