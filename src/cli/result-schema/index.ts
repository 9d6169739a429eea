// The form of the `--json` document; `schemas/result.schema.json` is generated from this, and the tests hold every
// document against it. Sizes are bytes, times milliseconds; additions only within @1.
import * as z from 'zod';
import { ERROR_CODES, EXIT_CODES } from '../../base/errors.js';
import { nativeDetails } from '../../commands/shared/native-details.js';
import { diff } from './comparing.js';
import { milliseconds, problem } from './fields.js';
import { consts, inspect, lint } from './looking.js';
import { doctor, explain, schema, targets } from './machine.js';
import { build, extract, patch } from './making.js';
import { predict, run, session, verify } from './running.js';
import { weightsCheck, weightsMap } from './weight-files.js';

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
