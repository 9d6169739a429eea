// The form of the `--json` document; `schemas/result.schema.json` is generated from this, and the tests hold every
// document against it. Sizes are bytes, times milliseconds; additions only within @1.
import * as z from 'zod';
import { ERROR_CODES, EXIT_CODES } from '../base/errors.js';
import { nativeDetails } from '../commands/shared/native-details.js';

const bytes = z.int().nonnegative().describe('bytes');
const shape = z.array(z.int().min(-2)).describe('dimensions; -1 is unknown, [-2] is an unknown rank');
const milliseconds = z.number().nonnegative();

const problem = z.strictObject({
  code: z.string(),
  message: z.string(),
  fix: z.string().nullable(),
  at: z.string().nullable().describe('JSON pointer, node, or byte offset'),
});

const spec = z.strictObject({ name: z.string(), dtype: z.string(), shape, format: z.string().nullable() });
const partition = z.strictObject({ table: z.int(), type: z.int(), name: z.string(), bytes });

const submodel = z.strictObject({
  index: z.int(),
  role: z.enum(['infer', 'init', 'update']).nullable(),
  name: z.string(),
  bytes,
  inputs: z.array(spec),
  outputs: z.array(spec),
  partitions: z.array(partition),
});

const weight = z.strictObject({
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

const updateGraph = z
  .enum(['ge', 'static'])
  .nullable()
  .describe('static: the update graph takes every weight, and those that are not given are sent again; null without weights');

const selection = z
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

const build = z.strictObject({
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

const cast = z.strictObject({
  name: z.string(),
  from: z.string(),
  to: z.string(),
  elements: z.int(),
  overflowed: z.int().describe('finite values that became infinite'),
  underflowed: z.int().describe('values other than 0 that became 0'),
  rounded: z.int().describe('other values that changed'),
});

const lora = z.strictObject({
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

const run = z.strictObject({
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

const patch = z.strictObject({
  bundle: z.strictObject({ path: z.string(), bytes, inPlace: z.boolean() }),
  patched: z.array(weight.pick({ name: true, dtype: true, shape: true, bytes: true })).describe('in update order'),
  kept: z.array(z.string()),
  ignored: z.array(z.string()),
  casts: z.array(cast),
  lora: z.array(lora),
  separated: z.array(z.string()).describe('constants that shared their bytes with equal ones and have got their own'),
  source: z.strictObject({ path: z.string() }).nullable().describe('the graph whose values the bundle was proven to have had'),
});

const extract = z.strictObject({
  bundle: z.strictObject({ path: z.string() }),
  form: z.enum(['om', 'air', 'graph-json', 'weights']),
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

const modelInputs = z.array(
  z.strictObject({ name: z.string(), dtype: z.string(), shape, seed: z.int().nullable().describe('of random values') }),
);

const anyNumber = z.union([z.number(), z.enum(['nan', 'inf', '-inf'])]);

const verify = z.strictObject({
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

const predict = z.strictObject({
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
      atol: z.number().describe('how far an element may be off: margin times the deviation'),
      overflowed: z.int().describe('elements that rounding makes infinite or NaN'),
    }),
  ),
});

const side = z.strictObject({ path: z.string(), kind: z.string(), bytes });
const valueSide = z.strictObject({
  dtype: z.string(),
  shape,
  updateIndex: z.int().nullable().describe('place among the inputs of the update graph; null for what cannot be updated'),
});
const textOfSide = z.string().nullable().describe('null where it is not there');

const diff = z.strictObject({
  a: side.describe('what is expected'),
  b: side,
  differs: z.boolean().describe('whether anything differs that counts'),
  options: z
    .array(z.strictObject({ name: z.string(), a: textOfSide, b: textOfSide }))
    .nullable()
    .describe('build options that differ; of this part and each below, null where it was not compared or one file has none'),
  io: z
    .array(z.strictObject({ side: z.enum(['input', 'output']), index: z.int(), a: spec.nullable(), b: spec.nullable() }))
    .nullable()
    .describe('inputs and outputs that differ'),
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

const attributes = z.record(z.string(), z.string());
const constants = z.strictObject({ count: z.int(), bytes });

const inspect = z.strictObject({
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
      inputs: z.array(spec),
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

const severity = z.enum(['error', 'warning']);

const consts = z.strictObject({
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

const lint = z.strictObject({
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

const plainSpec = z.strictObject({ dtype: z.string(), shape });

const weightsCheck = z.strictObject({
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

const weightsMap = z.strictObject({
  file: z.string(),
  for: z.strictObject({ path: z.string(), kind: z.string(), weights: z.int() }),
  path: z.string().nullable().describe('null without -o'),
  map: z.looseObject({ schema: z.literal('ascend-bundle/map@1') }).describe('as `schema map` has it'),
});

/** A session writes replies; a document only when it does not come to that. */
const session = z.null();

const doctor = z.strictObject({
  usable: z.strictObject({ host: z.boolean(), build: z.boolean(), run: z.boolean() }),
  for: z.enum(['build', 'run']).nullable(),
  cann: z
    .strictObject({
      home: z.string(),
      source: z.string().describe('how it was found'),
      version: z.string().nullable(),
      libraryFolder: z.string(),
    })
    .nullable(),
  driver: z.strictObject({ folder: z.string(), version: z.string().nullable(), firmwareVersion: z.string().nullable() }).nullable(),
  soc: z.strictObject({
    given: z.string().nullable(),
    detected: z.string().nullable().describe('as AscendCL says of the card'),
    devices: z.int().nullable(),
  }),
  python: z
    .strictObject({ executable: z.string().nullable(), version: z.string().nullable() })
    .nullable()
    .describe('null where nothing would use it'),
  machine: z.strictObject({ node: z.string(), platform: z.string(), arch: z.string(), kernel: z.string() }),
  checks: z.array(
    z.strictObject({
      code: z.string(),
      area: z.string(),
      status: z.enum(['ok', 'warning', 'missing']).describe('missing: what it is needed for cannot work'),
      message: z.string(),
      fix: z.string().nullable(),
      uses: z.array(z.enum(['build', 'run', 'host'])),
    }),
  ),
});

const targets = z.strictObject({
  source: z.enum(['installed', 'known']).describe('known: there is no list here; these are of CANN 8.1 and 9.2'),
  folder: z.string().nullable(),
  cann: z.string().nullable(),
  families: z.array(z.strictObject({ family: z.string(), products: z.string().nullable(), names: z.array(z.string()) })),
});

const explain = z.strictObject({
  codes: z.array(
    z.strictObject({
      asked: z.string(),
      family: z.enum(['graphStatus', 'aclError', 'text', 'tool', 'exit']),
      code: z.string(),
      hex: z.string().nullable(),
      name: z.string().nullable().describe('as in the headers of CANN'),
      meaning: z.string(),
      causes: z.string().nullable(),
      fix: z.string().nullable(),
      isListed: z.boolean().describe('false where only the range of the number told something'),
      exitCode: z.int().nullable().describe('of ascend-bundle, with that error'),
    }),
  ),
  unknown: z.array(z.strictObject({ asked: z.string(), near: z.array(z.string()) })),
});

const schema = z.strictObject({ name: z.string(), schema: z.looseObject({}) });

/** The result of each verb. */
export const RESULT_SCHEMAS = {
  build,
  run,
  patch,
  extract,
  diff,
  verify,
  predict,
  inspect,
  consts,
  lint,
  'weights check': weightsCheck,
  'weights map': weightsMap,
  session,
  doctor,
  targets,
  explain,
  schema,
} as const;

export const resultSchema = z
  .strictObject({
    schema: z.literal('ascend-bundle/result@1'),
    command: z.enum(Object.keys(RESULT_SCHEMAS) as [keyof typeof RESULT_SCHEMAS]).nullable(),
    ok: z.boolean(),
    exitCode: z.int(),
    tool: z.strictObject({ version: z.string() }),
    backend: z.strictObject({ kind: z.enum(['host', 'ascend']), reason: z.string() }).nullable(),
    result: z.union(Object.values(RESULT_SCHEMAS)).nullable(),
    timings: z.array(z.strictObject({ step: z.string(), ms: milliseconds })),
    warnings: z.array(problem),
    error: z
      .strictObject({
        class: z.enum(Object.keys(EXIT_CODES) as [keyof typeof EXIT_CODES]),
        code: z.enum([...Object.keys(ERROR_CODES), 'INTERNAL'] as [string]),
        ...problem.omit({ code: true }).shape,
        problems: z.array(problem).describe('all of them, where one file has several'),
        native: nativeDetails.nullish().describe("of a failure in the vendor's libraries"),
        stack: z.string().nullish().describe('of an internal error'),
      })
      .nullable(),
  })
  .describe('What ascend-bundle prints with --json: one document on stdout, on failure too.');
