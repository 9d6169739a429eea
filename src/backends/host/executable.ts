// A program → the ONNX model that is stored in a host bundle and executed: refreshable consts are graph inputs, fed at every
// run; the others are initializers whose bytes stay in the bundle's WEIGHTS_DATA and are mapped from there.
//
// The recipe, measured with onnxruntime-node 1.30 on x86-64:
// * A model given as bytes finds its external data in the folder named by the session option
//   `extra.session.model_external_initializers_file_folder_path`; `location` may be any file name of that folder (spaces,
//   non-ASCII), but not absolute, not through `..`, and not a symbolic link that leaves it: give the real path's folder and name.
// * The file is mapped, not read: 5 GiB of initializers in a 6 GiB file open in 1 ms with no growth of the resident set.
// * `offset` needs no alignment: Conv, BatchNormalization, MatMul and Gemm with float32 initializers at offsets that are 1, 2, 3,
//   5, 7 modulo 8 give bit-equal results to aligned ones, at every optimization level; float64 and int64 likewise; offsets over 4 GiB too.
// * ONNX's shape inference cannot read external data ("Cannot parse data from external tensors" for a Reshape's shape, a Slice's
//   starts, …), and the optimizer does not find the external condition of an If. Such tensors are small: small ones go inline.
// * A bfloat16 const stays as it is in the file and is cast once, when the session is made; a fed one is float32 (widen-small-floats.ts).
// * An external tensor of 0 bytes is read to the end of the file and fails: empty ones go inline as well.
import { AscendBundleError } from '../../base/errors.js';
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, StringEntry, ValueInfo } from '../../formats/encodings/onnx-model.js';
import type { OnnxProgram, ProgramConst } from '../../formats/encodings/onnx-program.js';
import { FreshNames } from '../../formats/onnx/fresh-names.js';
import type { Tensor, TensorSpec } from '../../graph/tensor.js';
import { castNode, widenModel, widenTensor } from './widen-small-floats.js';

/** Where a const's bytes are, relative to the start of WEIGHTS_DATA's payload (or whatever `locateWeights` is told). */
export interface WeightPlace {
  readonly offset: number;
  readonly length: number;
}

/** The location of every external initializer in a stored executable; `locateWeights` replaces it by the bundle's file name. */
const STORED_LOCATION = '*';

/** TensorProto.DataType of float32. */
const FLOAT = 1;
const INLINE_BYTES = 1 << 10;
/** Integers drive shapes (a Split may have thousands of sizes), so they are inlined up to a larger size. */
const INLINE_INTEGER_BYTES = 1 << 16;

/**
 * Makes `program` executable.
 *
 * @param weightNames  consts (user's names) that are fed at run time, in update order: the graph inputs of the result are
 *   those of the program, then one per name, in this order, each with the dtype and shape of its const; bfloat16 inputs, outputs
 *   and weights are float32 there
 * @param place  where a const's bytes are stored; asked only for those that become external data
 * @returns a model with the nodes of the program; consts that nothing consumes have no initializer
 * @throws CONST_NOT_FOUND
 */
export function toExecutable(
  program: OnnxProgram,
  weightNames: readonly string[],
  place: (constant: ProgramConst) => WeightPlace,
): OnnxModel {
  const valueNames = program.consts.map(({ valueName }) => valueName);
  const model = widenModel(program.model, 'bfloat16', valueNames);
  const graph = model.graph ?? {};
  const byName = new Map(program.consts.map((constant) => [constant.constName, constant]));
  const weights = weightNames.map((name) => byName.get(name) ?? noSuchConst(name));
  const fed = new Set(weights);
  const used = usedValues(graph);
  const rest = program.consts.filter((constant) => !fed.has(constant) && used.has(constant.valueName));
  const constants = new Set(valueNames);
  const valueInfo = (graph.valueInfo ?? []).filter((info) => !constants.has(info.name ?? ''));
  const names = new FreshNames(graph, valueNames);
  const stored = rest.map((constant) => toInitializer(constant, place, names));
  return {
    ...model,
    graph: {
      ...graph,
      node: [...stored.flatMap(({ node }) => node), ...(graph.node ?? [])],
      initializer: [...(graph.initializer ?? []), ...stored.map(({ initializer }) => initializer)],
      input: [...(graph.input ?? []), ...weights.map(({ valueName, tensor }) => toValueInfo(valueName, widenTensor(tensor)))],
      valueInfo,
    },
  };
}

/**
 * Points a stored executable at its bundle.
 *
 * @param fileName  the bundle's name in its (real) folder
 * @param startBytes  where in that file the offsets of the executable count from
 */
export function locateWeights(executable: OnnxModel, fileName: string, startBytes: number): OnnxModel {
  const graph = executable.graph ?? {};
  const moved = (entry: StringEntry): StringEntry => {
    if (entry.key === 'location') return { key: 'location', value: fileName };
    return entry.key === 'offset' ? { key: 'offset', value: String(Number(entry.value) + startBytes) } : entry;
  };
  const initializer = (graph.initializer ?? []).map(
    (tensor): OnnxTensor => (tensor.externalData === undefined ? tensor : { ...tensor, externalData: tensor.externalData.map(moved) }),
  );
  return { ...executable, graph: { ...graph, initializer } };
}

interface Stored {
  readonly initializer: OnnxTensor;
  /** What makes the const's value of it, if it is not that itself. */
  readonly node: readonly OnnxNode[];
}

/** Whether a const that is not fed goes into the executable itself. */
export function isInlined({ dtype, data }: Tensor): boolean {
  return data.length <= (/float/.test(dtype.name) ? INLINE_BYTES : INLINE_INTEGER_BYTES);
}

function toInitializer(constant: ProgramConst, place: (constant: ProgramConst) => WeightPlace, names: FreshNames): Stored {
  const { valueName, tensor } = constant;
  if (isInlined(tensor)) {
    const wide = widenTensor(tensor);
    return { initializer: { ...headOf(valueName, wide), rawData: wide.data }, node: [] };
  }
  const { offset, length } = place(constant);
  const externalData = [
    { key: 'location', value: STORED_LOCATION },
    { key: 'offset', value: String(offset) },
    { key: 'length', value: String(length) },
  ];
  if (tensor.dtype.name !== 'bfloat16') return { initializer: { ...headOf(valueName, tensor), dataLocation: 1, externalData }, node: [] };
  const narrow = names.fresh(`${valueName}__bfloat16`);
  const cast = castNode('', narrow, valueName, FLOAT);
  return { initializer: { ...headOf(narrow, tensor), dataLocation: 1, externalData }, node: [cast] };
}

function headOf(name: string, spec: TensorSpec): OnnxTensor {
  return { name, dataType: onnxNumber(spec), dims: [...spec.shape] };
}

function toValueInfo(name: string, spec: TensorSpec): ValueInfo {
  return { name, type: { tensorType: { elemType: onnxNumber(spec), shape: { dim: spec.shape.map((dim) => ({ dimValue: dim })) } } } };
}

function onnxNumber(spec: TensorSpec): number {
  if (spec.dtype.onnx !== undefined) return spec.dtype.onnx;
  throw new AscendBundleError('DTYPE_UNSUPPORTED', {
    message: `${spec.dtype.name} has no counterpart in ONNX, so the host backend cannot execute it.`,
    fix: 'Build for the ascend backend, or use another dtype.',
  });
}

/** Every value that a node, a sub-graph at any depth, or the graph's outputs read. */
function usedValues(graph: OnnxGraph, used = new Set<string>()): ReadonlySet<string> {
  for (const output of graph.output ?? []) used.add(output.name ?? '');
  for (const node of graph.node ?? []) {
    for (const input of node.input ?? []) used.add(input);
    for (const attribute of node.attribute ?? []) {
      if (attribute.g !== undefined) usedValues(attribute.g, used);
      for (const inner of attribute.graphs ?? []) usedValues(inner, used);
    }
  }
  return used;
}

function noSuchConst(name: string): never {
  throw new AscendBundleError('CONST_NOT_FOUND', {
    message: `The model has no const named "${name}".`,
    fix: 'List the candidates with the verb "consts".',
  });
}
