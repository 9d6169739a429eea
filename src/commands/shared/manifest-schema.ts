// The form of a manifest; `schemas/manifest.schema.json` is generated from this. Nothing in it depends on when, where and under
// which name a bundle was written, so that two builds of the same graph have the same manifest.
import * as z from 'zod';

const bytes = z.int().nonnegative().describe('bytes');
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'is no sha256 (64 hexadecimal digits)');
const spec = { name: z.string(), dtype: z.string(), shape: z.array(z.int()).describe('-1: any size') };

export const manifestSchema = z
  .strictObject({
    $schema: z.string().optional(),
    schema: z.literal('ascend-bundle/manifest@1'),
    tool: z.strictObject({ name: z.string(), version: z.string() }),
    bundle: z.strictObject({
      bytes,
      sha256: sha256.describe('of the whole file'),
      layout: z.enum(['v1', 'v2']),
      backend: z.enum(['host', 'ascend']),
      updateGraph: z.enum(['ge', 'static']).nullable(),
      attributes: z.record(z.string(), z.string()).describe('what the compiler says of itself and its target'),
    }),
    graph: z
      .strictObject({
        kind: z.string(),
        nodes: z.int(),
        bytes,
        sha256: sha256.describe('of the file of the graph; files that it names are not in it'),
      })
      .describe('what the bundle was built from'),
    options: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
      .describe('of the build, as they were given; paths of files are left out'),
    inputs: z.array(z.strictObject(spec)),
    outputs: z.array(z.strictObject(spec)),
    weights: z
      .array(
        z.strictObject({
          ...spec,
          updateIndex: z.int().nonnegative(),
          bytes,
          sha256: sha256.nullable().describe('of the initial value, dense and little-endian; null where the bundle has none'),
        }),
      )
      .describe('in update order'),
  })
  .describe('What a bundle is, as it was built: `ascend-bundle verify BUNDLE --manifest FILE` compares.');

export type Manifest = z.infer<typeof manifestSchema>;
