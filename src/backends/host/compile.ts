// The host backend's "compiler": the graphs after the split, written as the sub-models of a bundle in GE's own layout,
// with the executable of the inference graph inside. No weight is read before the file is written.
import { type Bytes, memoryBytes } from '../../base/bytes.js';
import { encode } from '../../base/protobuf/index.js';
import { modelDefFromGraph } from '../../formats/encodings/ge-graph-write.js';
import { ModelDef } from '../../formats/encodings/ge-model.js';
import { OnnxModel } from '../../formats/encodings/onnx-model.js';
import type { OnnxProgram } from '../../formats/encodings/onnx-program.js';
import {
  type InoutTensor,
  inoutTensor,
  layoutConstants,
  layoutVariables,
  OPERATORS_ATTR,
  PARTITION,
  type PartitionToWrite,
  VARIABLE_BASE_ADDRESS,
  VARIABLE_WINDOW_BYTES,
  weightsPartition,
  writeBundle,
  writeInoutInfo,
  writeKernels,
  writeOm,
} from '../../formats/om/index.js';
import type { CheckedGraph } from '../../graph/check.js';
import { UNDEFINED_DTYPE } from '../../graph/dtype.js';
import { type Attrs, constValue, dataNodes, type Graph, type Node, type TensorDesc } from '../../graph/graph.js';
import type { RefreshableWeight } from '../../graph/refreshable.js';
import { isStatic, type NamedSpec, tensorBytes } from '../../graph/tensor.js';
import type { CompiledBundle, CompileJob } from '../backend.js';
import { toExecutable } from './executable.js';
import { guardProgram } from './guard-program.js';
import { requireHostDType } from './lower/host-dtype.js';
import { lowerGraph } from './lower/lower.js';
import { EXECUTABLE_NAME, HOST_MARK, HOST_PLATFORM_VERSION } from './mark.js';

/** OM_PROTO_VERSION of GE. */
const OM_IR_VERSION = 2;

/**
 * @throws OP_UNSUPPORTED, DTYPE_UNSUPPORTED for what the host cannot run
 */
export function compileBundle({ source, weights, graphs, withInit }: CompileJob): CompiledBundle {
  const names = weights.map(({ constName }) => constName);
  const program = source.program === undefined ? lowerGraph(source.checked as CheckedGraph, names) : guardProgram(source.program, names);
  for (const { constName, spec } of weights) requireHostDType(`Weight "${constName}"`, spec.dtype);
  for (const { name, dtype } of program.inputs) requireHostDType(`Input "${name}"`, dtype);
  // An ONNX model need not say what its outputs are.
  const said = program.outputs.filter(({ dtype }) => dtype !== UNDEFINED_DTYPE);
  for (const { name, dtype } of said) requireHostDType(`Output "${name}"`, dtype);
  const memory = layoutVariables(weights.map(({ spec }) => spec));
  const addresses = new Map(weights.map(({ variableName }, i) => [variableName, VARIABLE_BASE_ADDRESS + (memory.offsets[i] as number)]));
  const models = [
    inferModel(graphs.infer, program, weights, addresses),
    ...(withInit ? [submodel(graphs.varInit, { inputs: [], outputs: [], addresses })] : []),
    updateModel(graphs.varUpdate, addresses),
  ];
  return { bytes: writeBundle(models, { layout: 'v2', varSize: memory.varSize }), hostEnv: null };
}

type Addresses = ReadonlyMap<string, number>;

interface SubmodelParts {
  readonly inputs: readonly NamedSpec[];
  readonly outputs: readonly NamedSpec[];
  readonly addresses: Addresses;
  readonly isDynamic?: boolean;
  /** The executable, given where each Const of the graph lies in WEIGHTS_DATA. */
  readonly executable?: (offsets: ReadonlyMap<string, number>) => OnnxModel;
}

function inferModel(graph: Graph, program: OnnxProgram, weights: readonly RefreshableWeight[], addresses: Addresses): Bytes {
  const names = weights.map(({ constName }) => constName);
  return submodel(graph, {
    inputs: program.inputs,
    outputs: program.outputs,
    addresses,
    executable: (offsets) =>
      toExecutable(program, names, ({ constName, tensor }) => ({ offset: offsets.get(constName) as number, length: tensor.data.length })),
  });
}

/** In GE's form the inputs have no rank, because a tensor without elements keeps the weight; in the static form they have the weights' shapes. */
function updateModel(graph: Graph, addresses: Addresses): Bytes {
  const inputs = dataNodes(graph).map(({ name, outputDescs }) => ({ ...(outputDescs[0] as TensorDesc), name }));
  return submodel(graph, { inputs, outputs: [], addresses, isDynamic: inputs.some(({ shape }) => !isStatic(shape)) });
}

function submodel(given: Graph, { inputs, outputs, addresses, isDynamic = false, executable }: SubmodelParts): Bytes {
  const graph = storable(given);
  const constants = constNodes(graph);
  const data = constants.map(({ bytes }) => bytes);
  const layout = layoutConstants(data);
  const offsets = new Map(constants.map(({ node }, i) => [node, layout.offsets[i] as number]));
  const modelDef = modelDefFromGraph(graph, {
    name: graph.name,
    version: OM_IR_VERSION,
    customVersion: HOST_PLATFORM_VERSION,
    attrs: modelAttrs(constants.length > 0 ? layout.totalBytes : 0, addresses.size > 0, given.dialect),
    placeConst: (node) => ({ kind: 'weights', offsetBytes: offsets.get(node) as number }),
    variableAddress: (node) => addresses.get(node.name),
  });
  const named = new Map([...offsets].map(([node, offset]) => [node.name, offset]));
  const partitions: PartitionToWrite[] = [
    { type: PARTITION.modelInoutInfo, bytes: writeInoutInfo({ inputs: inputs.map(sized), outputs: outputs.map(sized) }) },
    { type: PARTITION.modelDef, bytes: encode(ModelDef, modelDef, { sortMaps: true }) },
    ...(constants.length === 0 ? [] : [{ type: PARTITION.weightsData, bytes: weightsPartition(data, layout) }]),
    ...(executable === undefined ? [] : [{ type: PARTITION.tbeKernels, bytes: executableItem(executable(named)) }]),
    { type: PARTITION.taskInfo, bytes: EMPTY_TASKS },
  ];
  const header = {
    name: graph.name,
    omIrVersion: OM_IR_VERSION,
    platformVersion: HOST_PLATFORM_VERSION,
    isUnknownModel: isDynamic ? 1 : 0,
  };
  return writeOm({ header, tables: [{ partitions: partitions.filter(({ bytes }) => bytes.length > 0) }] });
}

function sized(spec: NamedSpec): InoutTensor {
  return inoutTensor(spec, isStatic(spec.shape) ? tensorBytes(spec.dtype, spec.shape) : 0);
}

/** ModelTaskDef with memory_size 0: a loader wants the partition, and there is nothing to launch. */
const EMPTY_TASKS = memoryBytes(Uint8Array.of(0x58, 0));

function executableItem(model: OnnxModel): Bytes {
  return writeKernels([{ name: EXECUTABLE_NAME, bytes: encode(OnnxModel, model, { sortMaps: true }) }]);
}

function modelAttrs(weightBytes: number, hasVariables: boolean, dialect: Graph['dialect']): Attrs {
  return new Map([
    [HOST_MARK, { kind: 'string', value: 'host' }],
    ...(dialect === 'onnx' ? ([[OPERATORS_ATTR, { kind: 'string', value: 'onnx' }]] as const) : []),
    ['task_gen_variable_addr', { kind: 'int', value: VARIABLE_BASE_ADDRESS }],
    ['variable_size', { kind: 'int', value: hasVariables ? VARIABLE_WINDOW_BYTES : 0 }],
    ['weight_size', { kind: 'int', value: weightBytes }],
  ]);
}

function constNodes(graph: Graph): readonly { readonly node: Node; readonly bytes: Bytes }[] {
  return [graph, ...graph.subgraphs].flatMap(({ nodes }) =>
    nodes.flatMap((node) => {
      const value = node.type === 'Const' || node.type === 'Constant' ? constValue(node) : undefined;
      return value === undefined ? [] : [{ node, bytes: value.data }];
    }),
  );
}

/**
 * MODEL_DEF tells a reader what the graph is; it is not executed here. ONNX operators are stored under their own names,
 * without the attributes that only ONNX has (sub-graphs): these are whole in the executable.
 */
function storable(graph: Graph): Graph {
  if (graph.dialect === 'ge') return graph;
  const nodes = graph.nodes.map((node) => ({ ...node, attrs: new Map([...node.attrs].filter(([, value]) => value.kind !== 'opaque')) }));
  return { ...graph, dialect: 'ge', nodes, subgraphs: graph.subgraphs.map(storable) };
}
