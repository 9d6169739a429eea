// patch: new initial weights in a finished bundle, without a compiler. Only the bytes of the weights change.
import { realpathSync, statSync } from 'node:fs';
import { AscendBundleError } from '../base/errors.js';
import { fileIdentity } from '../base/file-system.js';
import { refuseOutput } from '../base/output-file.js';
import { tensorBytes } from '../graph/tensor.js';
import { openAdapter } from '../weights/lora/adapter.js';
import type { LoraReport } from '../weights/lora/plan.js';
import { parseAdapterSpecs } from '../weights/lora/spec.js';
import { COMMAND_LINE } from '../weights/option-names.js';
import { type PreparedPatch, preparePatch, writePatch } from '../weights/patch.js';
import { readUpdates } from '../weights/updates.js';
import type { CastReport } from '../weights/values.js';
import { openBundleFile, type WeightFields } from './shared/bundle.js';
import { flag, optionalOutput, optionalText, optionValues, text, texts } from './shared/option-values.js';
import { refuseSameFile } from './shared/refuse-same-file.js';
import { LORA_OPTION } from './shared/update-plan.js';
import type { Io, Outcome, ValuesSchema, Verb } from './verb.js';

export interface PatchValues {
  readonly bundle: string;
  readonly weights: readonly string[];
  readonly set: readonly string[];
  readonly lora: readonly string[];
  readonly map?: string | undefined;
  readonly cast: boolean;
  readonly output?: string | undefined;
  readonly inPlace: boolean;
  readonly source?: string | undefined;
  readonly strict: boolean;
  readonly ignoreExtra: boolean;
  readonly force: boolean;
}

const values: ValuesSchema<PatchValues> = optionValues({
  bundle: text,
  ...{ weights: texts, set: texts, lora: texts },
  map: optionalText,
  cast: flag,
  output: optionalOutput,
  inPlace: flag,
  source: optionalText,
  ...{ strict: flag, ignoreExtra: flag, force: flag },
});

export interface PatchResult {
  readonly bundle: { readonly path: string; readonly bytes: number; readonly inPlace: boolean };
  /** In update order. */
  readonly patched: readonly Pick<WeightFields, 'name' | 'dtype' | 'shape' | 'bytes'>[];
  readonly kept: readonly string[];
  readonly ignored: readonly string[];
  /** With --cast: what was converted. */
  readonly casts: readonly CastReport[];
  /** With --lora: what was merged into which weight. */
  readonly lora: readonly LoraReport[];
  /** Constants of the init graph that shared their bytes with equal ones and have got their own; the bundle has grown by them. */
  readonly separated: readonly string[];
  /** The graph whose values the bundle was proven to have had. */
  readonly source: { readonly path: string } | null;
}

export const patch: Verb<PatchValues, PatchResult> = {
  name: 'patch',
  summary: 'give a bundle new initial weights, without compiling',
  description: `Writes new initial values into the init graph of a bundle of either backend. Names, dtypes and shapes are compared with the bundle first; every byte that is not a weight stays. With --in-place the file is replaced at once: power loss leaves the old or the new one.

Weights are files with --weights (safetensors, npz, npy; the constants of a graph, the initial values of another bundle), or values (name=@w.npy, name=splat:0, name=1,2,3) with --set.`,
  arguments: [{ name: 'bundle', help: 'the bundle to patch' }],
  options: [
    { flags: '--weights <file>', help: 'new weights by name: safetensors, npz, npy, a graph or a bundle', repeat: true, stdin: 'tensor' },
    { flags: '--set <name=value>', help: 'one weight, in the grammar of run --input', repeat: true, stdin: 'tensor' },
    LORA_OPTION,
    { flags: '--map <file>', help: 'other names, and transpositions, for the tensors of those files' },
    { flags: '--cast', help: 'convert weights of another dtype (floats to floats, integers to integers), and say what is lost' },
    { flags: '-o, --output <path>', help: 'the bundle to write' },
    { flags: '--in-place', help: 'replace the bundle itself' },
    { flags: '--source <graph>', help: 'refuse when the bundle has not the values of this graph, which it was built from' },
    { flags: '--strict', help: 'every weight must be given' },
    { flags: '--ignore-extra', help: 'leave out tensors that no weight has the name of' },
    { flags: '--force', help: 'replace an existing output' },
  ],
  examples: [
    'ascend-bundle patch linear.om --weights new.safetensors -o linear-2.om',
    'ascend-bundle patch linear.om --weights new.safetensors --in-place',
    'ascend-bundle patch linear.om --set const_2=splat:0 \\\n  --source graph.json -o linear-2.om',
  ],
  values,
  run: patchFile,
};

async function patchFile(given: PatchValues, io: Io): Promise<Outcome<PatchResult>> {
  const target = targetOf(given);
  const identity = fileIdentity(given.bundle);
  const { file, bundle } = openBundleFile(given.bundle);
  const prepared = await io.step('check', async () => {
    const map = given.map === undefined ? undefined : (await import('../weights/weight-map.js')).readWeightMap(given.map);
    const tensors = [
      ...(await readUpdates(given.weights, bundle.weights, { write: (value) => `--weights ${value}`, map })),
      ...(await readUpdates(given.set, bundle.weights, { write: (value) => `--set ${value}` })),
    ];
    const patch = preparePatch({
      ...given,
      ...{ file, bundle, path: given.bundle, given: tensors, source: await readSource(given), names: COMMAND_LINE },
      ...{ adapters: parseAdapterSpecs(given.lora).map(openAdapter), map },
    });
    for (const warning of patch.plan.warnings) io.warn(warning);
    return patch;
  });
  const { force, inPlace } = given;
  const { casts, warnings } = await io.step('write', () =>
    writePatch(prepared, { from: given.bundle, to: target, identity, inPlace, force }),
  );
  for (const warning of warnings) io.warn(warning);
  return { result: resultOf(given, target, prepared, casts) };
}

/** Which file is to be written; checked before anything is read. */
function targetOf({ bundle, output, inPlace, weights, set, lora, map, source, force }: PatchValues): string {
  const usage = (message: string, fix: string): never => {
    throw new AscendBundleError('USAGE', { message, fix });
  };
  if (weights.length + set.length + lora.length === 0)
    usage('No new weights were given.', 'Give them with --weights new.safetensors, --set name=value or --lora adapter.safetensors.');
  if (map !== undefined && weights.length + lora.length === 0)
    usage('--map is for the tensors of files, and none is given.', 'Give it with --weights or --lora.');
  if (inPlace) {
    if (output !== undefined) usage('-o and --in-place exclude each other.', 'Leave one of them out.');
    const target = realPath(bundle);
    if (target === undefined) return bundle;
    // A link stays a link: what it leads to is replaced.
    refuseOutput(target, { force: true });
    return target;
  }
  if (output === undefined)
    return usage('Where to write is not said.', 'Give the new bundle a name with -o, or replace this one with --in-place.');
  if (realPath(output) !== undefined && realPath(output) === realPath(bundle))
    usage(`The output ${output} is the bundle itself.`, 'Use --in-place.');
  for (const file of weights) refuseSameFile(output, 'the file of weights', file);
  for (const { path } of parseAdapterSpecs(lora)) refuseSameFile(output, 'the adapter', path);
  if (map !== undefined) refuseSameFile(output, 'the map', map);
  if (source !== undefined) refuseSameFile(output, 'the graph', source);
  refuseOutput(output, { force });
  return output;
}

/** Undefined where there is nothing, or nothing that can be looked at: opening it will say why. */
function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

async function readSource({ source }: PatchValues): Promise<Parameters<typeof preparePatch>[0]['source']> {
  if (source === undefined) return undefined;
  const { readGraphSource } = await import('./shared/source.js');
  return { path: source, graph: (await readGraphSource(source)).graph };
}

function resultOf(
  { bundle, inPlace, source }: PatchValues,
  target: string,
  { plan, change }: PreparedPatch,
  casts: readonly CastReport[],
): PatchResult {
  const path = inPlace ? bundle : target;
  return {
    bundle: { path, bytes: statSync(target).size, inPlace },
    patched: [...plan.tensors].map(([name, { dtype, shape }]) => ({
      name,
      dtype: dtype.name,
      shape: [...shape],
      bytes: tensorBytes(dtype, shape),
    })),
    kept: plan.kept,
    ignored: plan.ignored,
    casts,
    lora: plan.lora,
    separated: change.kind === 'ranges' ? [] : change.moved,
    source: source === undefined ? null : { path: source },
  };
}
