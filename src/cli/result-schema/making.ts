// Results of the verbs that make a bundle, or change one: build, patch, extract.
import * as z from 'zod';
import { bytes, cast, lora, milliseconds, selection, submodel, updateGraph, weight } from './fields.js';

export const build = z.strictObject({
  graph: z.strictObject({ path: z.string(), kind: z.string(), nodes: z.int() }),
  bundle: z.strictObject({
    path: z.string(),
    bytes: bytes.nullable().describe('null in a dry run of the ascend backend'),
    hostEnv: z.strictObject({ os: z.string(), cpu: z.string() }).nullable().describe('the host that the file is bound to'),
  }),
  layout: z.enum(['v1', 'v2']),
  varSize: bytes.nullable(),
  updateGraph,
  submodels: z.array(submodel),
  weights: z.array(weight),
  manifest: z.strictObject({ path: z.string() }).nullable().describe('null without --manifest'),
  selection,
  compiler: z
    .strictObject({
      cann: z.string().nullable().describe('version'),
      soc: z.string().nullable(),
      steps: z.array(z.strictObject({ step: z.string(), ms: milliseconds })),
    })
    .nullable()
    .describe('null for the host backend'),
  graphs: z.array(z.string()).nullable().describe('files of --emit-graphs'),
  calls: z
    .array(z.strictObject({ call: z.string(), arguments: z.record(z.string(), z.unknown()) }))
    .nullable()
    .describe('that a dry run of the ascend backend would make'),
  dryRun: z.boolean(),
});

export const patch = z.strictObject({
  bundle: z.strictObject({ path: z.string(), bytes, inPlace: z.boolean() }),
  patched: z.array(weight.pick({ name: true, dtype: true, shape: true, bytes: true })).describe('in update order'),
  kept: z.array(z.string()),
  ignored: z.array(z.string()),
  casts: z.array(cast),
  lora: z.array(lora),
  separated: z.array(z.string()).describe('constants that shared their bytes with equal ones and have got their own'),
  source: z.strictObject({ path: z.string() }).nullable().describe('the graph whose values the bundle was proven to have had'),
});

export const extract = z.strictObject({
  bundle: z.strictObject({ path: z.string() }),
  form: z.enum(['om', 'air', 'graph-json', 'onnx', 'weights']),
  graph: z
    .strictObject({ role: z.enum(['infer', 'init', 'update']), name: z.string() })
    .nullable()
    .describe('of a model or a graph'),
  weights: z
    .array(
      weight
        .pick({ name: true, dtype: true, shape: true, bytes: true })
        .extend({ path: z.string(), writtenDtype: z.string().nullable().describe('when the file cannot hold the dtype') }),
    )
    .describe('in update order'),
  files: z.array(z.strictObject({ path: z.string(), bytes })).describe('of a model or a graph'),
});
