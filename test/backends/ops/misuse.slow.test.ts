// Operators put to every kind of misuse: whatever the inputs and attributes are, the check and the lowering end in a graph or in
// an error of ours that names the node, never in a TypeError, a RangeError or a hang. Of the families listed below, what has been
// lowered is also accepted by ONNX Runtime: a mistake is found when the bundle is built, not when it runs.
import fc from 'fast-check';
import { InferenceSession } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { hostTensor } from '../../../src/backends/host/lower/host-dtype.js';
import { lowerGraph } from '../../../src/backends/host/lower/lower.js';
import { FAULTY_FUSIONS } from '../../../src/backends/host/ort.js';
import { memoryBytes } from '../../../src/base/bytes.js';
import { AscendBundleError } from '../../../src/base/errors.js';
import { encode } from '../../../src/base/protobuf/index.js';
import { OnnxModel } from '../../../src/formats/encodings/onnx-model.js';
import type { OnnxProgram } from '../../../src/formats/encodings/onnx-program.js';
import { checkGraph } from '../../../src/graph/check.js';
import { dtype } from '../../../src/graph/dtype.js';
import { type AttrValue, type Graph, type Node, valueRef } from '../../../src/graph/graph.js';
import { type AttrPrototype, type OpPrototype, prototypeOf } from '../../../src/graph/ops/prototypes.js';
import { channelRules } from '../../../src/graph/ops/rules/channel.js';
import { elementwiseRules } from '../../../src/graph/ops/rules/elementwise.js';
import { outputRules } from '../../../src/graph/ops/rules/index.js';
import { matmulRules } from '../../../src/graph/ops/rules/matmul.js';
import { reduceRules } from '../../../src/graph/ops/rules/reduce.js';
import { isStatic, type TensorSpec, tensorBytes } from '../../../src/graph/tensor.js';

const DTYPES = ['float32', 'float16', 'float64', 'int8', 'int32', 'int64', 'uint8', 'bool', 'bfloat16', 'string', 'int4'];
const WORDS = ['NCHW', 'NHWC', 'ND', 'SAME', 'VALID', 'constant', 'reflect', 'bilinear', 'mean', '', 'ij,jk->ik'];

const spec: fc.Arbitrary<TensorSpec> = fc.record({
  dtype: fc.constantFrom(...DTYPES.map(dtype)),
  shape: fc.oneof(fc.constant([-2]), fc.array(fc.integer({ min: -1, max: 4 }), { maxLength: 5 })),
});
/** Mostly of one dtype, so that more than the comparison of dtypes is reached. */
const like = (first: TensorSpec): fc.Arbitrary<TensorSpec> =>
  fc.oneof(
    spec.map(({ shape }) => ({ ...first, shape })),
    fc.constant(first),
    spec,
  );
const small = fc.oneof(fc.integer({ min: -4, max: 6 }), fc.constantFrom(2 ** 31, -(2 ** 31), 2 ** 53));

function attrOf({ kind }: AttrPrototype): fc.Arbitrary<AttrValue> {
  const values = {
    int: small,
    float: fc.double(),
    bool: fc.boolean(),
    string: fc.constantFrom(...WORDS),
    dtype: fc.constantFrom(...DTYPES.map(dtype)),
    ints: fc.array(small, { maxLength: 6 }),
    floats: fc.array(fc.double(), { maxLength: 4 }),
    bools: fc.array(fc.boolean(), { maxLength: 4 }),
    strings: fc.array(fc.constantFrom(...WORDS), { maxLength: 3 }),
    dtypes: fc.constant([]),
    intLists: fc.array(fc.array(small, { maxLength: 3 }), { maxLength: 3 }),
    tensor: fc.constant(undefined),
  } as const;
  return (values[kind] as fc.Arbitrary<unknown>).map((value) => ({ kind, value }) as AttrValue);
}

/** A Data, or (when its shape is static) a Const of small integers or of anything. */
function source(name: string): (given: TensorSpec) => fc.Arbitrary<Node> {
  return (given) => {
    const node = (type: string, attrs: [string, AttrValue][]): Node => {
      return { name, type, inputs: [], inputNames: [], outputNames: ['y'], inputDescs: [], outputDescs: [given], attrs: new Map(attrs) };
    };
    const plain = fc.constant(node('Data', []));
    if (!isStatic(given.shape) || given.dtype.name === 'string') return plain;
    const bytes = fc.uint8Array({ minLength: tensorBytes(given.dtype, given.shape), maxLength: tensorBytes(given.dtype, given.shape) });
    const few = bytes.map((all) => all.map((byte, i) => (i % Math.max(1, given.dtype.bits / 8) === 0 ? byte % 4 : 0)));
    const constant = fc.oneof(few, bytes).map((data) => {
      return node('Const', [['value', { kind: 'tensor', value: { ...given, data: memoryBytes(data) } }]]);
    });
    return fc.oneof(plain, constant);
  };
}

function graphs(prototype: OpPrototype): fc.Arbitrary<Graph> {
  const slotNames = fc.tuple(
    ...prototype.inputs.map(({ name, kind }) => {
      if (kind === 'required') return fc.constant([name]);
      if (kind === 'optional') return fc.constantFrom([name], []);
      return fc.integer({ min: 0, max: 3 }).map((count) => Array.from({ length: count }, (_, i) => `${name}${i}`));
    }),
  );
  const attrs = fc.tuple(
    ...prototype.attrs.map((attr) => {
      const value = attrOf(attr).map((given) => [[attr.name, given] as const]);
      return attr.required ? value : fc.oneof(fc.constant([]), value);
    }),
  );
  return fc
    .tuple(slotNames, spec, attrs)
    .chain(([names, first, values]) => {
      const inputs = names.flat();
      return fc.tuple(
        fc.constant(inputs),
        fc.constant(values.flat()),
        fc.tuple(...inputs.map((name) => like(first).chain(source(`in/${name}`)))),
      );
    })
    .map(([inputNames, values, sources]): Graph => {
      const op: Node = {
        name: 'op',
        type: prototype.type,
        inputs: inputNames.map((name) => valueRef(`in/${name}`)),
        inputNames,
        outputNames: [],
        inputDescs: [],
        outputDescs: [],
        attrs: new Map(values.filter(([, { value }]) => value !== undefined)),
      };
      const outputs = prototype.outputs.length === 0 ? [] : [{ name: 'y', value: 'op:0' }];
      return { name: 'g', dialect: 'ge', nodes: [...sources, op], outputs, subgraphs: [] };
    });
}

test.each(Object.keys(outputRules))('%s', (type) => {
  const prototype = prototypeOf(type) as OpPrototype;
  fc.assert(
    fc.property(graphs(prototype), (graph) => {
      try {
        lowerGraph(checkGraph(graph));
      } catch (error) {
        if (!(error instanceof AscendBundleError)) throw error;
        expect(error.message).toMatch(/"(op|in\/\w+|g)"|output "y"/);
      }
    }),
    { numRuns: 60, seed: 7 },
  );
});

const ACCEPTED = [elementwiseRules, channelRules, matmulRules, reduceRules].flatMap((rules) => Object.keys(rules));

test.each(ACCEPTED)('ONNX Runtime accepts what %s is lowered to', async (type) => {
  for (const graph of fc.sample(graphs(prototypeOf(type) as OpPrototype), { numRuns: 60, seed: 11 })) {
    const program = lowered(graph);
    if (program === undefined) continue;
    const { graph: onnx = {} } = program.model;
    const consts = program.consts.map(({ valueName, tensor }) => {
      const { dtype: row, shape, data } = hostTensor(tensor);
      return { name: valueName, dataType: row.onnx as number, dims: [...shape], rawData: data };
    });
    const model = { ...program.model, graph: { ...onnx, initializer: [...(onnx.initializer ?? []), ...consts] } };
    const session = await InferenceSession.create(encode(OnnxModel, model, {}).read(), {
      logSeverityLevel: 4,
      extra: { optimization: { disable_specified_optimizers: FAULTY_FUSIONS } },
    });
    await session.release();
  }
});

/** undefined when it is refused. */
function lowered(graph: Graph): OnnxProgram | undefined {
  try {
    return lowerGraph(checkGraph(graph));
  } catch (error) {
    if (error instanceof AscendBundleError) return undefined;
    throw error;
  }
}
