// weights map: which tensor of a checkpoint is which weight, as a map file for `run --map` and its like.
import { utf8Bytes } from '../base/bytes.js';
import { AscendBundleError } from '../base/errors.js';
import { refuseOutput, writeFileAtomically } from '../base/output-file.js';
import type { NamedSpec, NamedTensor } from '../graph/tensor.js';
import { type Ambiguity, MATCH_METHODS, type Match, type MatchMethod, matchWeights } from '../weights/map/match.js';
import { notATensorFile } from '../weights/read.js';
import { openSource } from '../weights/sources.js';
import { flag, optionalOutput, optionalText, optionValues, someOf, text } from './shared/option-values.js';
import { refuseSameFile } from './shared/refuse-same-file.js';
import { SELECTION_OPTIONS, SELECTION_VALUES, type SelectionValues } from './shared/selection-options.js';
import { readWanted } from './shared/wanted.js';
import type { Io, Outcome, ValuesSchema, Verb } from './verb.js';

export interface WeightsMapValues extends SelectionValues {
  readonly file: string;
  readonly for?: string | undefined;
  readonly by: readonly MatchMethod[];
  readonly output?: string | undefined;
  readonly force: boolean;
}

const values: ValuesSchema<WeightsMapValues> = optionValues({
  file: text,
  for: optionalText,
  ...SELECTION_VALUES,
  by: someOf(MATCH_METHODS, MATCH_METHODS),
  output: optionalOutput,
  force: flag,
});

/** What the map file holds. */
export interface MapFields {
  readonly schema: 'ascend-bundle/map@1';
  readonly entries: readonly Match[];
  readonly ambiguous: readonly Ambiguity[];
  readonly unmatched: { readonly from: readonly string[]; readonly to: readonly string[] };
}

export interface WeightsMapResult {
  readonly file: string;
  readonly for: { readonly path: string; readonly kind: string; readonly weights: number };
  /** Null without -o. */
  readonly path: string | null;
  readonly map: MapFields;
}

export const weightsMap: Verb<WeightsMapValues, WeightsMapResult> = {
  name: 'weights map',
  summary: 'find out which tensor of a checkpoint is which weight',
  description: `Compares the tensors of a checkpoint with the weights of a bundle, or the constants of a graph: by name (the same, without prefixes and suffixes, by its end), by their values, by shape, each also transposed. The map says of every entry why; what may be several things is listed with the candidates and not used. Look it over, then give it to \`run\`, \`patch\` or \`weights check\` with --map.`,
  arguments: [{ name: 'file', help: 'the checkpoint: safetensors, npz, ONNX, graph.json, .air or bundle', stdin: 'path' }],
  options: [
    { flags: '--for <file>', help: 'the bundle or the graph whose weights are wanted' },
    ...SELECTION_OPTIONS,
    { flags: '--by <methods>', help: `how to find them: ${MATCH_METHODS.join(',')} (default: all, in this order)`, repeat: true },
    { flags: '-o, --output <file>', help: 'write the map there' },
    { flags: '--force', help: 'replace an existing output' },
  ],
  examples: [
    'ascend-bundle weights map model.safetensors --for model.om -o map.json',
    'ascend-bundle weights map model.safetensors --for model.onnx --by name',
    'ascend-bundle run model.om --input x=@x.npy \\\n  --update new.safetensors --map map.json',
  ],
  values,
  run: mapFile,
};

async function mapFile(given: WeightsMapValues, io: Io): Promise<Outcome<WeightsMapResult>> {
  const { for: target } = given;
  if (target === undefined) {
    throw new AscendBundleError('USAGE', {
      message: 'Whose weights are wanted is not said.',
      fix: 'Give the bundle or the graph with --for.',
    });
  }
  if (given.output !== undefined) {
    refuseSameFile(given.output, 'the checkpoint', given.file);
    refuseSameFile(given.output, 'what the map is for,', target);
    refuseOutput(given.output, given);
  }
  const tensors = await io.step('read checkpoint', () => readNamed(given.file));
  const { kind, weights, others, values: now } = await io.step('read weights', () => readWanted(target, given, io));
  const wanted = weights.map(({ constName, spec }): NamedSpec => ({ ...spec, name: constName }));
  const matching = await io.step('compare', () => matchWeights(wanted, tensors, { methods: given.by, others, values: now }));
  const map: MapFields = { schema: 'ascend-bundle/map@1', ...matching };
  const { output, force } = given;
  if (output !== undefined) await io.step('write', () => writeFileAtomically(output, utf8Bytes(mapText(map)), { force }));
  for (const { to, why } of matching.ambiguous) {
    io.warn({
      code: 'MAP_AMBIGUOUS',
      message: `"${to}" is not decided (${why}).`,
      fix: 'Move the right one of its candidates to the entries of the map.',
    });
  }
  return { result: { file: given.file, for: { path: target, kind, weights: weights.length }, path: output ?? null, map } };
}

async function readNamed(path: string): Promise<readonly NamedTensor[]> {
  const source = await openSource(path);
  if (source.kind === 'raw') throw notATensorFile(source.path);
  if (source.kind !== 'npy') return source.tensors;
  throw new AscendBundleError('FILE_KIND', {
    message: `${source.path} is a .npy, whose array has no name to map.`,
    fix: 'Give it to the weight that it is for: --update NAME=@FILE.',
  });
}

/** An entry a line, so that a reader and a diff see entries. */
function mapText({ schema, entries, ambiguous, unmatched }: MapFields): string {
  const list = (items: readonly object[]): string =>
    items.length === 0 ? '[]' : `[\n    ${items.map((item) => JSON.stringify(item)).join(',\n    ')}\n  ]`;
  const parts = [
    `"schema": ${JSON.stringify(schema)}`,
    `"entries": ${list(entries)}`,
    `"ambiguous": ${list(ambiguous)}`,
    `"unmatched": ${JSON.stringify(unmatched)}`,
  ];
  return `{\n  ${parts.join(',\n  ')}\n}\n`;
}
