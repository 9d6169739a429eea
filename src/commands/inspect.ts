// inspect: what is inside a file of any kind that this tool knows. Weights are not read.
import { bundleBackend } from '../backends/registry.js';
import { sha256 } from '../base/digest.js';
import { AscendBundleError } from '../base/errors.js';
import { type FileBytes, openFile } from '../base/open-file.js';
import { isGraphKind, KINDS, type Kind, requireKind, tensorFormatOf } from '../formats/kind.js';
import { checkVariables, OmModel, readBundle, readOm } from '../formats/om/index.js';
import { bundleAttributes, modelAttributes } from './shared/attributes.js';
import {
  type BundleFields,
  bundleFields,
  type InputSpecFields,
  inputSpecFields,
  type PartitionFields,
  partitionFields,
  type SpecFields,
  specFields,
} from './shared/bundle.js';
import { type GraphFields, graphFields } from './shared/graph-fields.js';
import { weightDigests } from './shared/manifest.js';
import { flag, optionValues, text } from './shared/option-values.js';
import type { Io, Outcome, ValuesSchema, Verb } from './verb.js';

export interface InspectValues {
  readonly file: string;
  readonly digest: boolean;
}

const values: ValuesSchema<InspectValues> = optionValues({ file: text, digest: flag });

export interface ModelFields {
  readonly name: string;
  readonly headerVersion: string;
  readonly platformVersion: string;
  readonly isDynamic: boolean;
  readonly inputs: readonly InputSpecFields[];
  readonly outputs: readonly SpecFields[];
  readonly partitions: readonly PartitionFields[];
  /** What the compiler said of itself and its target. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly nodes: number | null;
  readonly constants: { readonly count: number; readonly bytes: number } | null;
}

export interface DigestFields {
  /** Of the whole file. */
  readonly sha256: string;
  /** Of the initial value of each weight of a bundle, in update order; null where it has none. */
  readonly weights: readonly { readonly name: string; readonly sha256: string | null }[];
}

export interface InspectResult extends Omit<BundleFields, 'layout'> {
  readonly path: string;
  readonly bytes: number;
  readonly kind: Kind;
  readonly layout: 'v1' | 'v2' | null;
  /** Which backend a bundle was built for. */
  readonly backend: 'host' | 'ascend' | null;
  /** What the compiler of a bundle or a model said of itself and its target: `soc_version`, `opp_version`, … */
  readonly attributes: Readonly<Record<string, string>>;
  /** With --digest. */
  readonly digest: DigestFields | null;
  /** Of a single compiled model. */
  readonly model: ModelFields | null;
  /** Of a graph that is not compiled. */
  readonly graph: GraphFields | null;
}

export const inspect: Verb<InspectValues, InspectResult> = {
  name: 'inspect',
  summary: 'show what is inside a bundle, a model or a graph',
  description: `Shows a weight-updatable bundle with its graphs, inputs, outputs and weights in update order; an offline model (.om) of any family; a graph.json, an ONNX model or an .air file. No device and no vendor software is needed.`,
  arguments: [{ name: 'file', help: 'the file; its kind is told from its content' }],
  options: [{ flags: '--digest', help: 'also a sha256 of the file and of the initial value of each weight; reads all of it' }],
  examples: ['ascend-bundle inspect linear.om', 'ascend-bundle inspect linear.om --json', 'ascend-bundle inspect linear.om --digest'],
  values,
  run: inspectFile,
};

async function inspectFile({ file: path, digest }: InspectValues, io: Io): Promise<Outcome<InspectResult>> {
  const file = openFile(path);
  const kind = requireKind(file, path, Object.keys(KINDS) as Kind[], 'a bundle, a model or a graph');
  for (const problem of unreadable(kind, file)) io.warn({ code: 'FILE_KIND', ...problem });
  const parts = await partsOf(kind, file, io);
  const digests = digest ? await io.step('digest', () => digestsOf(kind, file)) : null;
  return { result: { ...NOTHING, path, bytes: file.length, kind, ...parts, digest: digests } };
}

function digestsOf(kind: Kind, file: FileBytes): DigestFields {
  if (kind !== 'bundle') return { sha256: sha256(file), weights: [] };
  const bundle = readBundle(file, file.path);
  const digests = weightDigests(bundle);
  return {
    sha256: sha256(file),
    weights: bundle.weights.map(({ constName }) => ({ name: constName, sha256: digests.get(constName) ?? null })),
  };
}

function unreadable(kind: Kind, file: FileBytes): NonNullable<(typeof UNREADABLE)[Kind]> {
  const format = kind === 'unknown' ? tensorFormatOf(file) : undefined;
  if (format === undefined) return UNREADABLE[kind] ?? [];
  return [{ message: `It is a file of tensors (${format}).`, fix: `Look at it with ascend-bundle weights check ${file.path}` }];
}

/** What to say of files of which nothing can be shown. */
const UNREADABLE: Partial<Record<Kind, readonly { readonly message: string; readonly fix: string }[]>> = {
  unknown: [
    {
      message: 'Its first bytes are those of no file that this tool knows.',
      fix: 'If it should be a bundle, a model or a graph, it is damaged, truncated or encrypted: copy it again.',
    },
  ],
  'lfs-pointer': [{ message: 'Only the pointer is here, as in a clone without Git LFS.', fix: 'Fetch the file: git lfs pull.' }],
};

const NOTHING = {
  layout: null,
  backend: null,
  varSize: null,
  updateGraph: null,
  submodels: [],
  weights: [],
  attributes: {},
  digest: null,
  model: null,
  graph: null,
} as const;

async function partsOf(kind: Kind, file: FileBytes, io: Io): Promise<Partial<InspectResult>> {
  if (kind === 'bundle') return inspectBundle(file, io);
  if (kind === 'om' || kind.startsWith('om-')) return inspectModel(file, io);
  if (!isGraphKind(kind)) return {};
  // What knows graphs and operators is as large as all the rest.
  const { readGraphSource } = await import('./shared/source.js');
  return { graph: graphFields(await readGraphSource(file.path)) };
}

function inspectBundle(file: FileBytes, io: Io): Partial<InspectResult> {
  const bundle = readBundle(file, file.path);
  for (const warning of [...bundle.warnings, ...checkVariables(bundle)]) io.warn(warning);
  return { ...bundleFields(bundle), backend: bundleBackend(bundle), attributes: bundleAttributes(bundle) };
}

function inspectModel(file: FileBytes, io: Io): Partial<InspectResult> {
  const om = readOm(file, file.path);
  const model = new OmModel(om, file.path);
  for (const warning of om.warnings) io.warn(warning);
  const { name, version, platformVersion, isUnknownModel } = om.header;
  return {
    model: {
      name,
      headerVersion: `${version >>> 28}.0`,
      platformVersion,
      isDynamic: isUnknownModel === 1 || om.tables.length > 1,
      partitions: partitionFields(model),
      ...describeGraph(model, io),
    },
  };
}

type DescribedGraph = Pick<ModelFields, 'inputs' | 'outputs' | 'attributes' | 'nodes' | 'constants'>;

/** A model of a family whose MODEL_DEF is not GE's is still a container that can be shown. */
function describeGraph(model: OmModel, io: Io): DescribedGraph {
  try {
    const { constants } = model;
    return {
      inputs: inputSpecFields(model),
      outputs: model.outputs.map(specFields),
      attributes: modelAttributes(model),
      nodes: model.graph.nodes.length,
      constants: { count: constants.length, bytes: constants.reduce((sum, { tensor }) => sum + tensor.data.length, 0) },
    };
  } catch (error) {
    if (!(error instanceof AscendBundleError)) throw error;
    io.warn({ code: error.code, message: error.message, at: error.at, fix: error.fix });
    return { inputs: [], outputs: [], attributes: {}, nodes: null, constants: null };
  }
}
