// One of the two files of a diff: what it is, and its parts as far as such a file has them. Nothing large is read.
import { bundleBackend } from '../../backends/registry.js';
import { AscendBundleError, type Problem } from '../../base/errors.js';
import { type FileBytes, openFile } from '../../base/open-file.js';
import { isGraphKind, type Kind, requireKind } from '../../formats/kind.js';
import {
  type Bundle,
  type Constant,
  findSubmodel,
  type InputGears,
  OmModel,
  readBundle,
  readInitialValues,
  readOm,
} from '../../formats/om/index.js';
import type { Graph } from '../../graph/graph.js';
import { replaceConsts } from '../../graph/replace-consts.js';
import type { NamedSpec, NamedTensor } from '../../graph/tensor.js';
import type { GivenValue } from '../../weights/diff.js';
import { openTensorFile, readTensorFile } from '../../weights/read.js';
import { bundleAttributes, modelAttributes } from '../shared/attributes.js';
import { modelGears } from '../shared/bundle.js';
import { inputSpecs, outputSpecs } from '../shared/graph-fields.js';

/** A model with the name of its part in a bundle: its role, or its place; alone it is `model`. */
export interface SideModel {
  readonly key: string;
  readonly model: OmModel;
  /** Where it begins in its file. */
  readonly offsetBytes: number;
}

export interface Side {
  readonly path: string;
  readonly kind: Kind | 'tensors';
  readonly bytes: number;
  /** What its maker says of it, by name. Undefined where nothing was compiled. */
  readonly options: ReadonlyMap<string, string> | undefined;
  readonly inputs: readonly NamedSpec[] | undefined;
  readonly outputs: readonly NamedSpec[] | undefined;
  /** By input, the sizes that it was compiled for. Undefined where the file does not tell, and where nothing was compiled. */
  readonly gears: ReadonlyMap<string, InputGears> | undefined;
  /** With the weights as constants, whether they are updatable or not. */
  readonly graph: Graph | undefined;
  /** Of a file that is compiled. */
  readonly models: readonly SideModel[];
  /** In the order of the file; updatable weights first. */
  readonly values: readonly GivenValue[];
  readonly warnings: readonly Problem[];
}

/** @throws FILE_KIND, and what the reader of the file finds */
export async function openSide(path: string): Promise<Side> {
  // Files of tensors first: the index of safetensors shards is JSON, as a graph.json is.
  const tensors = openTensorFile(path);
  const file = openFile(path);
  if (tensors.kind !== 'raw') return tensorSide(path, file, readTensorFile(path));
  const kind = requireKind(file, path, WANTED, 'a bundle, a model, a graph, or a file of tensors');
  if (kind === 'bundle') return bundleSide(path, file);
  return isGraphKind(kind) ? graphSide(path, file) : modelSide(path, file, kind);
}

const WANTED = [
  'bundle',
  'om',
  'om-svp',
  'om-flow',
  'om-nano',
  'om-mobile',
  'graph-json',
  'onnx',
  'air',
] as const satisfies readonly Kind[];

function bundleSide(path: string, file: FileBytes): Side {
  const bundle = readBundle(file, path);
  const infer = findSubmodel(bundle, 'infer');
  return {
    path,
    kind: 'bundle',
    bytes: file.length,
    options: bundleOptions(bundle),
    inputs: infer?.inputs,
    outputs: infer?.outputs,
    gears: infer === undefined ? undefined : modelGears(infer),
    graph: infer === undefined ? undefined : withWeights(infer.graph, bundle),
    models: bundle.submodels.map((model) => ({ key: model.role ?? `#${model.index}`, model, offsetBytes: model.offsetBytes })),
    values: bundleValues(bundle),
    warnings: bundle.warnings,
  };
}

function bundleOptions(bundle: Bundle): ReadonlyMap<string, string> {
  const { layout, weights, submodels } = bundle;
  return new Map([
    ['backend', bundleBackend(bundle)],
    ['layout', layout],
    ['graphs', submodels.map(({ role, index }) => role ?? `#${index}`).join(', ')],
    ['update graph', weights.every(({ isConditional }) => isConditional) ? 'ge' : 'static'],
    ...Object.entries(bundleAttributes(bundle)),
  ]);
}

/** Each Variable that is a weight as a Const of the weight's name again, without a value. */
function withWeights(graph: Graph, { weights }: Bundle): Graph {
  const names = new Map(weights.map(({ variableName, constName }) => [variableName, constName]));
  const replacements = [graph, ...graph.subgraphs].flatMap((level) =>
    level.nodes.flatMap((node) => {
      const constName = node.type === 'Variable' ? names.get(node.name) : undefined;
      return constName === undefined
        ? []
        : [{ graph: level, node, variable: { ...node, name: constName, type: 'Const', attrs: new Map() } }];
    }),
  );
  return replaceConsts(graph, replacements);
}

function bundleValues(bundle: Bundle): readonly GivenValue[] {
  const initial = readInitialValues(bundle);
  const tensors = new Map(initial?.values.map(({ weight, constant }) => [weight, constant.tensor]));
  const weights = bundle.weights.map((weight): GivenValue => {
    const { constName: name, spec, updateIndex } = weight;
    const why = initial === undefined ? 'the bundle has no init graph' : initial.unknown.get(name)?.message;
    return { name, spec, updateIndex, data: tensors.get(weight)?.data, ...(why === undefined ? {} : { why }) };
  });
  return [...weights, ...constantValues(findSubmodel(bundle, 'infer')?.constants ?? [], null)];
}

/** Of equal names the first has the name alone, as elsewhere; the others the name of their sub-graph too. */
function constantValues(constants: readonly Constant[], updateIndex: null | undefined): readonly GivenValue[] {
  const taken = new Set<string>();
  return constants.map(({ name, graph, tensor: { data, ...spec } }) => {
    const own = taken.has(name) ? `${graph}/${name}` : name;
    taken.add(own);
    return { name: own, spec, updateIndex, data };
  });
}

function modelSide(path: string, file: FileBytes, kind: Kind): Side {
  const om = readOm(file, path);
  const model = new OmModel(om, path);
  const { header } = om;
  const options = [
    ['name', header.name],
    ['platform', header.platformVersion],
    ['dynamic', header.isUnknownModel === 1 ? 'yes' : 'no'],
  ] as const;
  const common = { path, kind, bytes: file.length, models: [{ key: 'model', model, offsetBytes: 0 }] };
  try {
    const { inputs, outputs, graph, constants } = model;
    const attributes = Object.entries(modelAttributes(model));
    return {
      ...common,
      options: new Map([...options, ...attributes]),
      ...{ inputs, outputs, graph },
      gears: modelGears(model),
      values: constantValues(constants, undefined),
      warnings: om.warnings,
    };
  } catch (error) {
    // A model of a family whose MODEL_DEF is not GE's is still a container of partitions.
    if (!(error instanceof AscendBundleError)) throw error;
    const { code, message, at, fix } = error;
    const unread = { inputs: undefined, outputs: undefined, gears: undefined, graph: undefined, values: [] };
    return { ...common, ...unread, options: new Map(options), warnings: [...om.warnings, { code, message, at, fix }] };
  }
}

async function graphSide(path: string, file: FileBytes): Promise<Side> {
  const { readGraphSource } = await import('../shared/source.js');
  const { kind, graph, checked, program } = await readGraphSource(path);
  const constants = [graph, ...graph.subgraphs].flatMap((level) =>
    level.nodes.flatMap((node): Constant[] => {
      const value = node.attrs.get('value');
      const isConstant = (node.type === 'Const' || node.type === 'Constant') && value?.kind === 'tensor';
      return isConstant
        ? [{ name: node.name, graph: level.name, tensor: value.value, offsetBytes: undefined, fileOffsetBytes: undefined }]
        : [];
    }),
  );
  return {
    path,
    kind,
    bytes: file.length,
    options: undefined,
    inputs: program?.inputs ?? inputSpecs(graph),
    outputs: program?.outputs ?? outputSpecs(checked ?? graph),
    gears: undefined,
    graph,
    models: [],
    values: constantValues(constants, undefined),
    warnings: [],
  };
}

function tensorSide(path: string, file: FileBytes, tensors: readonly NamedTensor[]): Side {
  return {
    path,
    kind: 'tensors',
    bytes: file.length,
    options: undefined,
    inputs: undefined,
    outputs: undefined,
    gears: undefined,
    graph: undefined,
    models: [],
    values: tensors.map(({ name, data, ...spec }) => ({ name, spec, updateIndex: undefined, data })),
    warnings: [],
  };
}
