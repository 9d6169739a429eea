// extract: a part of a bundle as a file of its own: a model, a graph, the weights.
import { extname } from 'node:path';
import { AscendBundleError, type Problem } from '../base/errors.js';
import { refuseOutput, writeFilesAtomically } from '../base/output-file.js';
import { throwProblems } from '../base/problems.js';
import { type Bundle, findSubmodel, type Role, type Submodel } from '../formats/om/index.js';
import { initialTensors } from '../weights/initial-constants.js';
import { isSingleFile, writeTensorsTo } from '../weights/write.js';
import type { PartFile } from './extract/graph-files.js';
import { openBundleAt, type WeightFields } from './shared/bundle.js';
import { chooseBundleWeights } from './shared/bundle-selection.js';
import { flag, oneOf, optionalOutput, optionValues, text } from './shared/option-values.js';
import { refuseSameFile } from './shared/refuse-same-file.js';
import { SELECTION_OPTIONS, SELECTION_VALUES, type SelectionValues } from './shared/selection-options.js';
import type { Io, Outcome, ValuesSchema, Verb } from './verb.js';

export interface ExtractValues extends SelectionValues {
  readonly bundle: string;
  readonly graph?: Role | undefined;
  readonly as?: ModelForm | undefined;
  readonly weights: boolean;
  readonly output?: string | undefined;
  readonly force: boolean;
}

const ROLES = ['infer', 'init', 'update'] as const satisfies readonly Role[];
const MODEL_FORMS = ['om', 'air', 'graph-json', 'onnx'] as const;

const values: ValuesSchema<ExtractValues> = optionValues({
  bundle: text,
  ...{ graph: oneOf(ROLES), as: oneOf(MODEL_FORMS) },
  weights: flag,
  ...SELECTION_VALUES,
  output: optionalOutput,
  force: flag,
});

type ModelForm = (typeof MODEL_FORMS)[number];
export type ExtractForm = ModelForm | 'weights';

export interface ExtractResult {
  readonly bundle: { readonly path: string };
  readonly form: ExtractForm;
  /** Of a model or a graph. */
  readonly graph: { readonly role: Role; readonly name: string } | null;
  readonly weights: readonly (Pick<WeightFields, 'name' | 'dtype' | 'shape' | 'bytes'> & {
    readonly path: string;
    /** The dtype in the file, where that format has no such dtype (bfloat16). */
    readonly writtenDtype: string | null;
  })[];
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

export const extract: Verb<ExtractValues, ExtractResult> = {
  name: 'extract',
  summary: 'write a part of a bundle to a file: the weights, a model, a graph',
  description: `Writes the initial values of a bundle's weights, or one of its models as an ordinary .om for tools that know no bundles, or the graph of a model as an .air file, a graph.json or an ONNX model.

In the graph of the inference model each weight is the constant again that it was, with the initial value that the bundle has now, so that it can be built anew. A bundle of the host backend gives an ONNX model: that of a bundle built from ONNX is the model again, and any ONNX Runtime gives what the bundle gives; that of a graph of GE's operators is what the host backend runs in their place. An .air file or a graph.json has GE's operators, so a bundle built from ONNX gives neither. Alone, a model has no values in its variables: it is for looking at and timing.`,
  arguments: [{ name: 'bundle', help: 'the bundle' }],
  options: [
    { flags: '--weights', help: 'the initial values of the weights; all of them unless some are chosen' },
    ...SELECTION_OPTIONS,
    { flags: '--graph <which>', help: 'this model or its graph; infer where only --as is given', choices: ROLES },
    {
      flags: '--as <form>',
      help: 'of a graph: what to write; told by the ending of -o (.om, .air, .json, .onnx) unless given',
      choices: MODEL_FORMS,
    },
    { flags: '-o, --output <path>', help: 'where to write; of weights .safetensors, .npz, .json, .npy (of one), or a folder of .npy' },
    { flags: '--force', help: 'replace existing files' },
  ],
  examples: [
    'ascend-bundle extract linear.om --weights -o linear.safetensors',
    "ascend-bundle extract linear.om --select 'name~lora_*' -o folder",
    'ascend-bundle extract linear.om --graph infer -o infer.om',
    'ascend-bundle extract linear.om --graph infer -o graph.json',
    'ascend-bundle extract mlp.om --graph infer -o mlp.onnx',
  ],
  values,
  run: extractPart,
};

async function extractPart(given: ExtractValues, io: Io): Promise<Outcome<ExtractResult>> {
  const output = outputOf(given);
  const form = formOf(given, output);
  refuseSameFile(output, 'the bundle', given.bundle);
  if (form !== 'weights' || isSingleFile(output)) refuseOutput(output, given);
  const bundle = openBundleAt(given.bundle);
  return { result: await (form === 'weights' ? extractWeights(bundle, given, output, io) : extractGraph(bundle, given, form, output, io)) };
}

function outputOf({ output }: ExtractValues): string {
  if (output !== undefined) return output;
  return usage('Where to write is not said.', 'Name a file with -o: weights.safetensors, infer.om, graph.air, graph.json, model.onnx.');
}

const FORMS: Readonly<Record<string, ModelForm>> = { '.om': 'om', '.air': 'air', '.json': 'graph-json', '.onnx': 'onnx' };

/** @throws USAGE when not exactly one thing is asked for */
function formOf({ graph, as, weights, consts, const: single, select, exclude }: ExtractValues, output: string): ExtractForm {
  const isOfWeights = weights || consts.length + single.length + select.length + exclude.length > 0;
  const isOfGraph = graph !== undefined || as !== undefined;
  if (isOfWeights && isOfGraph)
    usage('Weights and a graph are extracted one at a time.', 'Leave --graph and --as out, or what is about weights.');
  if (isOfWeights) return 'weights';
  if (!isOfGraph) usage('What to extract is not said.', 'Give --weights, or --graph infer, init or update.');
  const form = as ?? FORMS[extname(output).toLowerCase()];
  if (form === undefined) return usage(`The name ${output} does not say what to write.`, `Give --as ${MODEL_FORMS.join(', ')}.`);
  if (form === 'onnx' && graph !== undefined && graph !== 'infer')
    usage(`The ${graph} graph only assigns variables, which ONNX does not have.`, 'Give --as om or air, or --graph infer.');
  return form;
}

function usage(message: string, fix: string): never {
  throw new AscendBundleError('USAGE', { message, fix });
}

async function extractGraph(
  bundle: Bundle,
  { bundle: path, graph: role = 'infer', force }: ExtractValues,
  form: ModelForm,
  output: string,
  io: Io,
): Promise<ExtractResult> {
  const submodel = findSubmodel(bundle, role) ?? noSuchModel(path, bundle, role);
  const { files, warnings } = await io.step('read', async () => {
    if (form === 'om') return modelFile(submodel, output);
    if (form === 'onnx') return (await import('./extract/onnx-files.js')).onnxFiles(bundle, path, submodel, output);
    if (submodel.graph.dialect === 'onnx') notOfGe(path);
    return (await import('./extract/graph-files.js')).graphFiles(bundle, submodel, form, output);
  });
  for (const warning of warnings) io.warn(warning);
  await io.step('write', () => writeFilesAtomically(files, { force }));
  return {
    bundle: { path },
    form,
    graph: { role, name: submodel.name },
    weights: [],
    files: files.map((file) => ({ path: file.path, bytes: file.bytes.length })),
  };
}

function notOfGe(path: string): never {
  throw new AscendBundleError('GRAPH_INVALID', {
    message: `${path} was built from an ONNX model: its graph has the operators of ONNX, and .air and graph.json have those of GE.`,
    fix: 'Write it as an ONNX model: -o model.onnx, or --as onnx.',
  });
}

function noSuchModel(path: string, { submodels }: Bundle, role: Role): never {
  const roles = submodels.flatMap((submodel) => submodel.role ?? []);
  throw new AscendBundleError('INPUT_UNKNOWN', {
    message: `${path} has no ${role} graph.`,
    fix: `It has ${roles.length === 0 ? 'no graph that can be told' : roles.join(', ')}.`,
  });
}

function modelFile(submodel: Submodel, path: string): { readonly files: readonly PartFile[]; readonly warnings: readonly Problem[] } {
  const names = submodel.variables.map(({ name }) => name);
  return { files: [{ path, bytes: submodel.bytes }], warnings: names.length === 0 ? [] : [uninitialized(names)] };
}

function uninitialized(names: readonly string[]): Problem {
  const [first] = names;
  return {
    code: 'VARIABLES_UNINITIALIZED',
    message: `Alone, this model has no values for its ${names.length === 1 ? `variable "${first}"` : `${names.length} variables ("${first}", …)`}: in a bundle the models share them.`,
    fix: 'Use it to look at or to time, not for results.',
  };
}

async function extractWeights(bundle: Bundle, given: ExtractValues, output: string, io: Io): Promise<ExtractResult> {
  const tensors = await io.step('read', () => {
    const wanted = chooseBundleWeights(bundle.weights, given.bundle, given);
    // One that was asked for by its name must be there; of many, those are left out whose value a compiler has changed.
    const isNamed = given.consts.length + given.const.length > 0;
    const { tensors: found, unknown } = initialTensors(bundle, given.bundle, wanted);
    if (isNamed || found.length === 0) throwProblems(unknown, given.bundle, 'INITIAL_VALUE_UNKNOWN');
    for (const warning of unknown) io.warn(warning);
    return found;
  });
  const written = await io.step('write', () => writeTensorsTo(output, tensors, given));
  return {
    bundle: { path: given.bundle },
    form: 'weights',
    graph: null,
    weights: written.map(({ name, dtype, shape, bytes, path, writtenDtype }) => ({
      name,
      dtype: dtype.name,
      shape: [...shape],
      bytes,
      path,
      writtenDtype: writtenDtype === dtype ? null : writtenDtype.name,
    })),
    files: [],
  };
}
