// Results of the verbs about the machine and the tool: doctor, targets, explain, schema.
import * as z from 'zod';

export const doctor = z.strictObject({
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

export const targets = z.strictObject({
  source: z.enum(['installed', 'known']).describe('known: there is no list here; these are of CANN 8.1 and 9.2'),
  folder: z.string().nullable(),
  cann: z.string().nullable(),
  families: z.array(z.strictObject({ family: z.string(), products: z.string().nullable(), names: z.array(z.string()) })),
});

export const explain = z.strictObject({
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

export const schema = z.strictObject({ name: z.string(), schema: z.looseObject({}) });
