// Opens a bundle for a verb, and describes one in the words that `build` and `inspect` share.
import { type FileBytes, openFile } from '../../base/open-file.js';
import { requireKind } from '../../formats/kind.js';
import {
  type Bundle,
  type BundleWeight,
  type InputGears,
  inputGears,
  type OmModel,
  readBundle,
  type Submodel,
} from '../../formats/om/index.js';
import type { RefreshableWeight } from '../../graph/refreshable.js';
import { type NamedSpec, tensorBytes } from '../../graph/tensor.js';

/** @throws FILE_NOT_FOUND, FILE_EMPTY, FILE_TRUNCATED, FILE_KIND, and what the reader finds */
export function openBundleAt(path: string): Bundle {
  return openBundleFile(path).bundle;
}

/** The same, with the file itself. */
export function openBundleFile(path: string): { readonly file: FileBytes; readonly bundle: Bundle } {
  const file = openFile(path);
  requireKind(file, path, ['bundle']);
  return { file, bundle: readBundle(file, path) };
}

export interface SpecFields {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly format: string | null;
}

/** An input of a compiled model. */
export interface InputSpecFields extends SpecFields {
  /** The sizes that the model was compiled for, where those are a few; else null. */
  readonly gears: InputGears | null;
}

export interface PartitionFields {
  readonly table: number;
  readonly type: number;
  readonly name: string;
  readonly bytes: number;
}

export interface SubmodelFields {
  readonly index: number;
  /** `infer`, `init` or `update`; null where the file does not tell. */
  readonly role: string | null;
  readonly name: string;
  readonly bytes: number;
  readonly inputs: readonly InputSpecFields[];
  readonly outputs: readonly SpecFields[];
  readonly partitions: readonly PartitionFields[];
}

export interface WeightFields {
  /** The name of the constant in the user's graph. */
  readonly name: string;
  readonly variable: string;
  /** Its place among the inputs of the update graph. */
  readonly updateIndex: number;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** As compiled, which may differ from the weight's own. */
  readonly variableDtype: string | null;
  readonly variableFormat: string | null;
  /** In bytes from the beginning of variable memory. */
  readonly variableOffset: number | null;
}

export interface BundleFields {
  readonly layout: 'v1' | 'v2';
  readonly varSize: number | null;
  /** `static`: the update graph takes every weight, and those that are not given are sent again; null without weights. */
  readonly updateGraph: 'ge' | 'static' | null;
  readonly submodels: readonly SubmodelFields[];
  readonly weights: readonly WeightFields[];
}

export function bundleFields(bundle: Bundle): BundleFields {
  return {
    layout: bundle.layout,
    varSize: bundle.varSize ?? null,
    updateGraph: updateGraphOf(bundle),
    submodels: bundle.submodels.map(submodelFields),
    weights: bundle.weights.map(weightFields),
  };
}

function updateGraphOf({ weights }: Bundle): BundleFields['updateGraph'] {
  if (weights.length === 0) return null;
  return weights.every(({ isConditional }) => isConditional) ? 'ge' : 'static';
}

function submodelFields(submodel: Submodel): SubmodelFields {
  return {
    index: submodel.index,
    role: submodel.role ?? null,
    name: submodel.name,
    bytes: submodel.bytes.length,
    inputs: inputSpecFields(submodel),
    outputs: submodel.outputs.map(specFields),
    partitions: partitionFields(submodel),
  };
}

/** @throws FILE_MALFORMED */
export function inputSpecFields(model: OmModel): readonly InputSpecFields[] {
  return geared(model.inputs, modelGears(model));
}

export function geared(specs: readonly NamedSpec[], gears?: ReadonlyMap<string, InputGears>): readonly InputSpecFields[] {
  return specs.map((spec) => ({ ...specFields(spec), gears: gears?.get(spec.name) ?? null }));
}

/**
 * The sizes that it was compiled for, by input; undefined where the file does not tell.
 *
 * @throws FILE_MALFORMED
 */
export function modelGears({ inoutInfo }: OmModel): ReadonlyMap<string, InputGears> | undefined {
  return inoutInfo === undefined ? undefined : inputGears(inoutInfo);
}

export function partitionFields({ om }: OmModel): readonly PartitionFields[] {
  return om.tables.flatMap(({ partitions }, table) =>
    partitions.map(({ type, typeName, bytes }) => ({ table, type, name: typeName, bytes: bytes.length })),
  );
}

export function weightFields(weight: BundleWeight): WeightFields {
  const { dtype, format, offsetBytes } = weight.variable;
  return { ...plannedWeightFields(weight), variableDtype: dtype.name, variableFormat: format ?? null, variableOffset: offsetBytes ?? null };
}

/** What can be told of a weight that is not compiled. */
export function plannedWeightFields({ constName, variableName, updateIndex, spec }: RefreshableWeight): WeightFields {
  return {
    name: constName,
    variable: variableName,
    updateIndex,
    dtype: spec.dtype.name,
    shape: [...spec.shape],
    bytes: tensorBytes(spec.dtype, spec.shape),
    variableDtype: null,
    variableFormat: null,
    variableOffset: null,
  };
}

export function specFields({ name, dtype, shape, format }: NamedSpec): SpecFields {
  return { name, dtype: dtype.name, shape: [...shape], format: format ?? null };
}
