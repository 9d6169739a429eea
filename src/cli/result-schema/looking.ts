// Results of the verbs that look at bundles and graphs: inspect, consts, lint.
import * as z from 'zod';
import { bytes, inputSpec, partition, selection, severity, shape, spec, submodel, updateGraph, weight } from './fields.js';

const attributes = z.record(z.string(), z.string());

const constants = z.strictObject({ count: z.int(), bytes });

export const inspect = z.strictObject({
  path: z.string(),
  bytes,
  kind: z.string(),
  layout: z.enum(['v1', 'v2']).nullable(),
  backend: z.enum(['host', 'ascend']).nullable(),
  varSize: bytes.nullable(),
  updateGraph,
  submodels: z.array(submodel),
  weights: z.array(weight),
  attributes,
  digest: z
    .strictObject({ sha256: z.string(), weights: z.array(z.strictObject({ name: z.string(), sha256: z.string().nullable() })) })
    .nullable()
    .describe('null without --digest'),
  model: z
    .strictObject({
      name: z.string(),
      headerVersion: z.string(),
      platformVersion: z.string(),
      isDynamic: z.boolean(),
      inputs: z.array(inputSpec),
      outputs: z.array(spec),
      partitions: z.array(partition),
      attributes,
      nodes: z.int().nullable(),
      constants: constants.nullable(),
    })
    .nullable(),
  graph: z
    .strictObject({
      name: z.string(),
      nodes: z.int(),
      subgraphs: z.int(),
      operators: z.array(z.strictObject({ type: z.string(), count: z.int() })),
      inputs: z.array(spec),
      outputs: z.array(spec),
      consts: constants,
      opsets: z.record(z.string(), z.int()).nullable(),
    })
    .nullable(),
});

export const consts = z.strictObject({
  path: z.string(),
  kind: z.string(),
  consts: z.array(
    z.strictObject({
      name: z.string(),
      dtype: z.string(),
      shape,
      bytes,
      users: z.array(z.strictObject({ node: z.string(), type: z.string(), slot: z.string() })),
      eligible: z.boolean(),
      risks: z.array(z.strictObject({ code: z.string(), severity, message: z.string() })),
    }),
  ),
});

export const lint = z.strictObject({
  path: z.string(),
  kind: z.string(),
  scope: z.enum(['weights', 'graph']).describe('what was named and selected; or every constant, as if it were to become a weight'),
  checked: z.int(),
  selection,
  findings: z.array(
    z.strictObject({
      code: z.string().describe('the rule'),
      severity,
      const: z.string(),
      others: z.array(z.string()).describe('further constants that it is about'),
      message: z.string(),
      fix: z.string().nullable(),
      subgraph: z.string().nullable(),
      pointer: z.string().nullable().describe('JSON pointer, in a graph.json'),
    }),
  ),
  errors: z.int(),
  warnings: z.int(),
  failOn: z.enum(['error', 'warning', 'never']),
});
