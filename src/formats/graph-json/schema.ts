// The form of a graph.json, as zod has it; `schemas/graph.schema.json` is generated from this. Meaning (names, slots,
// shapes against values) is checked after the form: see nodes.ts and const-data.ts.
import * as z from 'zod';
import { DTYPES } from '../../graph/dtype.js';

export const GRAPH_SCHEMA_ID = 'ascend-bundle/graph@1';

/** No tensor of GE has more; a limit, because nested numbers are walked by recursion. */
const MOST_DIMS = 32;

const dtypeNames = DTYPES.map(({ name }) => name).filter((name) => name !== 'undefined') as [string, ...string[]];

const name = z.string().min(1);
const dtype = z.enum(dtypeNames).meta({ id: 'dtype', description: 'numpy name of the data type' });
const format = z.string().meta({ id: 'format', description: 'GE name of the memory format: ND (unless given), NCHW, NHWC, …' });
const dim = z.int().nonnegative();
const shape = z.array(dim).max(MOST_DIMS);
const openShape = z
  .array(z.int().min(-2))
  .max(MOST_DIMS)
  .meta({ id: 'openShape', description: 'dimensions; -1 is one that is not known, [-2] says that even their number is not' });

const input = z.strictObject({ name, dtype, shape: openShape, format: format.optional() });

const fileData = z.strictObject({
  file: z.string().min(1).describe('.npy, .npz, .safetensors or a file of raw little-endian bytes; a path inside the folder of the graph'),
  key: z.string().optional().describe('name of the array in an .npz or .safetensors file'),
  offset: z.int().nonnegative().optional().describe('where the data of a raw file begins, in bytes'),
});
const fillData = z.strictObject({ fill: z.union([z.number(), z.string(), z.boolean()]) });
const randomData = z.strictObject({ random: z.int().nonnegative().describe('seed of uniform values in [-1, 1)') });

/** The forms of `data` that are objects, by the key that tells them apart. */
export const DATA_FORMS = { file: fileData, fill: fillData, random: randomData } as const;

/** Elements of nested lists are looked at later: a schema for each of a million numbers would cost seconds. */
const data = z
  .union([z.number(), z.string(), z.boolean(), z.array(z.unknown()), fileData, fillData, randomData])
  .describe('numbers nested as the shape says ("nan", "inf", "-inf" and integers beyond 2^53 as strings), or where they come from');

const constant = z.strictObject({ name, dtype, shape, format: format.optional(), data });

const ref = z.string().min(1).meta({ id: 'ref', description: 'name of an input, a const or a node (its output 0), or name:output' });
const slot = z
  .union([ref, z.null(), z.array(ref)])
  .meta({ id: 'slot', description: 'a ref, null for an optional slot that is left open, a list for a dynamic slot' });
const scalarAttr = z.union([z.number(), z.string(), z.boolean()]);
const attr = z.union([scalarAttr, z.array(z.union([scalarAttr, z.array(z.union([z.number(), z.string()]))]))]);

const spec = z.strictObject({ dtype, shape: openShape, format: format.optional() });

const node = z.strictObject({
  name,
  type: z.string().min(1).describe('a GE operator: MatMul, Conv2D, SoftmaxV2, …'),
  inputs: z
    .union([z.array(slot), z.record(z.string(), slot)])
    .describe('in the order of the operator prototype, or by the names of the prototype')
    .optional(),
  attrs: z.record(z.string(), attr).optional(),
  outputs: z.array(spec).describe('what the operator gives, where no output rule is known').optional(),
});

const output = z.union([ref, z.strictObject({ name, value: ref })]);

export const graphSchema = z
  .strictObject({
    $schema: z.string().optional(),
    schema: z.literal(GRAPH_SCHEMA_ID).optional(),
    name: name.optional(),
    inputs: z.array(input),
    consts: z.array(constant).optional(),
    nodes: z.array(node),
    outputs: z.array(output).min(1),
  })
  .describe('A graph of GE operators for ascend-bundle.');

/** The schemas of the elements of the lists of a graph. */
export const ELEMENT_SCHEMAS = { inputs: input, consts: constant, nodes: node } as const;

export type InputJson = z.infer<typeof input>;
export type ConstJson = z.infer<typeof constant>;
export type NodeJson = z.infer<typeof node>;
export type OutputJson = z.infer<typeof output>;
export type SpecJson = z.infer<typeof spec>;
export type SlotJson = z.infer<typeof slot>;
export type AttrJson = z.infer<typeof attr>;
