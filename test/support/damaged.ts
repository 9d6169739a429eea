// A bundle of three small models, made by our own writers, and ways to damage it.
import { type Bytes, memoryBytes } from '../../src/base/bytes.js';
import { AscendBundleError } from '../../src/base/errors.js';
import { encode } from '../../src/base/protobuf/index.js';
import { graphFromAir, writeAir } from '../../src/formats/air.js';
import { modelDefFromGraph } from '../../src/formats/encodings/ge-graph-write.js';
import { ModelDef } from '../../src/formats/encodings/ge-model.js';
import { detectKind } from '../../src/formats/kind.js';
import {
  checkVariables,
  type InoutInfo,
  inoutTensor,
  layoutConstants,
  layoutVariables,
  OmModel,
  PARTITION,
  type PartitionToWrite,
  readBundle,
  readHostLibraries,
  readKernels,
  readOm,
  readTaskInfo,
  VARIABLE_BASE_ADDRESS,
  weightsPartition,
  writeBundle,
  writeHostLibraries,
  writeInoutInfo,
  writeKernels,
  writeOm,
  writeTaskInfo,
} from '../../src/formats/om/index.js';
import { dtype } from '../../src/graph/dtype.js';
import type { AttrValue, Graph, Node } from '../../src/graph/graph.js';
import type { TensorSpec } from '../../src/graph/tensor.js';

export const spec: TensorSpec = { dtype: dtype('float32'), shape: [4], format: 'ND' };
const value: AttrValue = { kind: 'tensor', value: { ...spec, data: memoryBytes(new Uint8Array(16).fill(63)) } };

function node(name: string, type: string, inputs: Node['inputs'], attrs: readonly (readonly [string, AttrValue])[] = []): Node {
  const inputNames = inputs.map((_, i) => ['ref', 'value'][i] as string);
  return {
    name,
    type,
    inputs,
    inputNames,
    inputDescs: inputs.map(() => spec),
    outputNames: ['y'],
    outputDescs: [spec],
    attrs: new Map(attrs),
  };
}

export const graphs: Readonly<Record<'infer' | 'init' | 'update', Graph>> = {
  infer: {
    name: 'var_infer_graph',
    dialect: 'ge',
    nodes: [node('x', 'Data', [null]), node('w_var', 'Variable', [null]), node('add', 'Add', ['x:0', 'w_var:0'])],
    outputs: [{ name: 'y', value: 'add:0' }],
    subgraphs: [],
  },
  init: {
    name: 'var_init_graph',
    dialect: 'ge',
    nodes: [node('w_var', 'Variable', [null]), node('w', 'Const', [], [['value', value]]), node('w_assign', 'Assign', ['w_var:0', 'w:0'])],
    outputs: [],
    subgraphs: [],
  },
  update: {
    name: 'var_update_graph',
    dialect: 'ge',
    nodes: [node('w_data', 'Data', [null]), node('if', 'If', ['w_data:0', 'w_data:0'])].map((n) =>
      n.type === 'If' ? { ...n, subgraphs: ['then'] } : n,
    ),
    outputs: [],
    subgraphs: [
      {
        name: 'then',
        dialect: 'ge',
        nodes: [
          node('w_var', 'Variable', [null]),
          node('data', 'Data', [null], [['_parent_node_index', { kind: 'int', value: 1 }]]),
          node('assign', 'Assign', ['w_var:0', 'data:0']),
        ],
        outputs: [],
        subgraphs: [],
      },
    ],
  },
};

const { varSize } = layoutVariables([spec]);
const layout = layoutConstants([value.kind === 'tensor' ? value.value.data : memoryBytes(new Uint8Array())]);

const tensors = (names: readonly string[]) => names.map((name) => inoutTensor({ name, ...spec }, 16));
const INOUT: Partial<InoutInfo> = { inputs: tensors(['x']), outputs: tensors(['y']), dynamicDims: [[1, 2]] };

export function model(graph: Graph, inout = INOUT): Bytes {
  const def = modelDefFromGraph(graph, {
    name: graph.name,
    style: 'plain',
    placeConst: () => ({ kind: 'weights', offsetBytes: layout.offsets[0] as number }),
    variableAddress: () => VARIABLE_BASE_ADDRESS,
  });
  const partitions: PartitionToWrite[] = [
    { type: PARTITION.soBins, bytes: writeHostLibraries([{ name: 'a.so', vendor: 'v', kind: 0, bytes: memoryBytes(new Uint8Array(9)) }]) },
    { type: PARTITION.modelInoutInfo, bytes: writeInoutInfo(inout) },
    { type: PARTITION.modelDef, bytes: encode(ModelDef, def) },
    { type: PARTITION.weightsData, bytes: weightsPartition(value.kind === 'tensor' ? [value.value.data] : [], layout) },
    { type: PARTITION.tbeKernels, bytes: writeKernels([{ name: 'k', bytes: memoryBytes(new Uint8Array(7)) }]) },
    { type: PARTITION.taskInfo, bytes: writeTaskInfo({ memorySize: 512, weightSize: 0 }) },
  ];
  return writeOm({ header: { name: graph.name, omIrVersion: 2, platformVersion: '1.11.z.0' }, tables: [{ partitions }] });
}

export const bundle = Uint8Array.from(writeBundle([model(graphs.infer), model(graphs.init), model(graphs.update)], { varSize }).read());

/** Reads all there is to read. */
function readAll(bytes: Bytes): void {
  const { submodels, weights, warnings, ...rest } = readBundle(bytes, 'b.om');
  for (const submodel of submodels) {
    const { inputs, outputs, constants, variables, graph, om } = submodel;
    for (const { tensor } of constants) tensor.data.read();
    for (const { type, bytes: part } of om.tables.flatMap((table) => table.partitions)) {
      if (type === PARTITION.tbeKernels) readKernels(part, 'k');
      if (type === PARTITION.soBins) readHostLibraries(part, 's');
      if (type === PARTITION.taskInfo) readTaskInfo(part, 't');
    }
    if ([inputs, outputs, variables, graph.nodes].some((list) => !Array.isArray(list))) throw new Error('not a list');
  }
  checkVariables({ submodels, weights, warnings, ...rest });
}

/** The error of reading, if it is one of ours; anything else fails the test. */
export function failure(bytes: Uint8Array, read: (bytes: Bytes) => unknown = readAll): AscendBundleError | undefined {
  detectKind(memoryBytes(bytes));
  try {
    read(memoryBytes(bytes));
    return undefined;
  } catch (error) {
    if (error instanceof AscendBundleError) return error;
    throw error;
  }
}

/** Mulberry32: a seed gives the same mutations on every machine. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Flipped bits, extreme numbers, and pieces moved or cut out: one to four of them. */
export function mutate(original: Uint8Array, next: () => number): Uint8Array {
  let out = Uint8Array.from(original);
  const at = (size = 1) => Math.floor(next() * Math.max(1, out.length - size));
  for (let i = Math.floor(next() * 4); i >= 0; i--) {
    const kind = Math.floor(next() * 5);
    if (kind === 0) out[at()] = Math.floor(next() * 256);
    else if (kind === 1) {
      const pos = at();
      out[pos] = (out[pos] as number) ^ (1 << Math.floor(next() * 8));
    } else if (kind === 2) out.fill([0xff, 0x00, 0x7f][Math.floor(next() * 3)] as number, at(8), at(8) + 8);
    else if (kind === 3) out.copyWithin(at(64), at(64), at(64) + 64);
    else {
      const cut = at(32);
      out = Uint8Array.from([...out.subarray(0, cut), ...out.subarray(cut + Math.floor(next() * 32))]);
    }
  }
  return out;
}

export const readModel = (bytes: Bytes): unknown => new OmModel(readOm(bytes, 'm.om'), 'm.om').constants;
/** What is damaged, and all there is to read of it. */
export const DAMAGEABLE: readonly (readonly [name: string, original: Uint8Array, read: (bytes: Bytes) => unknown])[] = [
  ['bundle', bundle, readAll],
  ['graph file', Uint8Array.from(writeAir(graphs.update).read()), (bytes) => writeAir(graphFromAir(bytes, 'g.air', '.'))],
  ['model', Uint8Array.from(model(graphs.init).read()), readModel],
];

const EXPECTED = [
  'read',
  'FILE_MALFORMED',
  'FILE_TRUNCATED',
  'FILE_KIND',
  'BUNDLE_INVALID',
  'GRAPH_INVALID',
  'PATH_ESCAPES',
  'FILE_NOT_FOUND',
];

/** How often each thing happened in `count` readings of damaged copies, and what should not happen at all. */
export function fuzz(original: Uint8Array, read: (bytes: Bytes) => unknown, count: number, seed: number) {
  const next = random(seed);
  const codes = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const code = failure(mutate(original, next), read)?.code ?? 'read';
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  return { codes, unexpected: [...codes.keys()].filter((code) => !EXPECTED.includes(code)) };
}
