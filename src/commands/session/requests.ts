// What a session reads and writes: one JSON object a line. `schemas/session.schema.json` is generated from this.
import * as z from 'zod';
import type { ErrorFields, ProblemFields } from '../../base/error-fields.js';
import { AscendBundleError } from '../../base/errors.js';
import { parseJson } from '../../base/json-text.js';
import { didYouMean, nearNames } from '../../base/near-names.js';
import { OUT_FORMATS } from '../../weights/write.js';
import { nativeDetails } from '../shared/native-details.js';

const id = z.unknown().optional().describe('any JSON value; the reply has the same');
const tensors = z
  .union([
    z.array(z.string()).describe('as on the command line: ["x=@x.npy", "weights.safetensors"]'),
    z
      .record(z.string(), z.unknown())
      .describe(
        'by name: "@x.npy", "splat:0", "2x2xf32=1,2,3,4"; numbers in nested lists; or {"dtype", "shape", "data"}, of which dtype and shape may be left out',
      ),
  ])
  .describe('tensors');
/** The words of `-o` of the command line, where the report goes to stdout as the replies do here. */
const OUTPUT_WORDS = 'must be a path that is not empty, nor "-" (stdout has the replies; "./-" is a folder)';
const output = z
  .string()
  .min(1, OUTPUT_WORDS)
  .regex(/^(?!-$)/, OUTPUT_WORDS)
  .optional()
  .describe('a folder for the outputs; without it they are in the reply');
const name = z.string().min(1).default('default').describe('of the snapshot');

const REQUESTS = [
  z
    .strictObject({
      id,
      op: z.literal('infer'),
      inputs: tensors.default({}),
      output,
      outfmt: z.enum(OUT_FORMATS).default('npy').describe('of the files'),
      force: z.boolean().default(false).describe('replace existing files'),
    })
    .describe('runs the inference graph'),
  z
    .strictObject({
      id,
      op: z.literal('update'),
      weights: tensors.optional(),
      lora: z
        .array(z.string())
        .default([])
        .describe('LoRA adapters to merge into the weights given, else into those that are: ["a.safetensors:0.8"]'),
      strict: z.boolean().default(false).describe('every weight must be given'),
      ignoreExtra: z.boolean().default(false).describe('leave out names that no weight has'),
      cast: z.boolean().default(false).describe('convert weights of another dtype; the reply says what is lost'),
      map: z.string().min(1).optional().describe('a map file: other names, and transpositions, for the tensors of files'),
    })
    .describe('new values for the weights given; all or nothing'),
  z.strictObject({ id, op: z.literal('reset') }).describe('every weight gets its built-in value'),
  z.strictObject({ id, op: z.literal('snapshot'), name }).describe('keeps the weights as they are under a name'),
  z.strictObject({ id, op: z.literal('restore'), name }).describe('puts a snapshot back'),
  z.strictObject({ id, op: z.literal('stats') }).describe('the bundle, the weights, and what was done so far'),
  z.strictObject({ id, op: z.literal('quit') }).describe('ends the session, as the end of the input does'),
] as const;

export const requestSchema = z.discriminatedUnion('op', [...REQUESTS]).describe('One line of input of `ascend-bundle session`.');

export type Request = z.infer<typeof requestSchema>;
export type RequestOf<Op extends Request['op']> = Extract<Request, { readonly op: Op }>;
export type Tensors = z.infer<typeof tensors>;

const OPS: readonly string[] = REQUESTS.map(({ shape }) => shape.op.value);

const problem = z.strictObject({
  code: z.string(),
  message: z.string(),
  fix: z.string().nullable(),
  at: z.string().nullable(),
});

export const replySchema = z
  .strictObject({
    id: z.unknown().describe('of the request; null where it had none'),
    op: z
      .enum(OPS as [string, ...string[]])
      .nullable()
      .describe('null where the line was no request'),
    ok: z.boolean(),
    ms: z.number().nonnegative(),
    result: z.looseObject({}).nullable(),
    warnings: z.array(problem),
    error: z
      .strictObject({
        class: z.string(),
        ...problem.shape,
        problems: z.array(problem),
        native: nativeDetails.nullish(),
        stack: z.string().nullish(),
      })
      .nullable()
      .describe('as in the document of --json'),
    weights: z
      .enum(['unchanged', 'restored', 'unknown'])
      .nullable()
      .describe('after a change that failed: unchanged, because nothing had begun; restored, because those before it were put back'),
  })
  .describe('One line of output of `ascend-bundle session`: the reply to one line of input.');

export const sessionSchema = z
  .union([requestSchema, replySchema])
  .describe('One line of a session: a request on stdin, or a reply on stdout.');

export interface Reply {
  readonly id: unknown;
  readonly op: Request['op'] | null;
  readonly ok: boolean;
  readonly ms: number;
  readonly result: object | null;
  readonly warnings: readonly ProblemFields[];
  readonly error: ErrorFields | null;
  readonly weights: 'unchanged' | 'restored' | 'unknown' | null;
}

/** What can be told of a line before it is known to be a request, so that the reply to a bad one still has its id. */
export interface Envelope {
  readonly id: unknown;
  readonly op: Request['op'] | null;
  /** @throws FILE_MALFORMED, USAGE */
  parse(): Request;
}

/** @param what  names the line in errors: `Line 3` */
export function openEnvelope(text: string, what: string): Envelope {
  let value: unknown;
  try {
    value = parseJson(text, what);
  } catch (error) {
    return { id: null, op: null, parse: () => rethrow(error) };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return {
      id: null,
      op: null,
      parse: () => refuse(`${what} is not a JSON object.`, `Write {"op": "infer", …}; the ops are ${OPS.join(', ')}.`),
    };
  }
  const { id: given = null, op } = value as Readonly<Record<string, unknown>>;
  const known = OPS.includes(op as string) ? (op as Request['op']) : null;
  return { id: given, op: known, parse: () => (known === null ? refuseOp(op, what) : parseRequest(value, what)) };
}

function parseRequest(value: unknown, what: string): Request {
  const checked = requestSchema.safeParse(value);
  // A record of zod drops the name `__proto__`, which a weight may have as well as any other.
  if (checked.success) return { ...checked.data, ...pick(value as object, ['inputs', 'weights']) } as Request;
  const problems = checked.error.issues.map(({ path, message }) => `${path.length === 0 ? '' : `"${path.join('.')}": `}${message}`);
  return refuse(`${what}: ${problems.join('; ')}.`, 'ascend-bundle schema session has the form of every request.');
}

function pick(value: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(value).filter(([name]) => names.includes(name)));
}

function refuseOp(op: unknown, what: string): never {
  const list = `The ops are ${OPS.join(', ')}.`;
  if (typeof op !== 'string') return refuse(`${what} has no "op".`, list);
  return refuse(`${what}: "${op.slice(0, 60)}" is not an op.`, didYouMean(nearNames(op, OPS), list) as string);
}

function refuse(message: string, fix: string): never {
  throw new AscendBundleError('USAGE', { message, fix });
}

function rethrow(error: unknown): never {
  throw error;
}
