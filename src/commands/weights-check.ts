// weights check: what is in files of weights, whether they are sound, and whether they are what a bundle or a graph wants.
// Of the tensors only headers are read; what knows graphs and operators is loaded only for --for.
import { statSync } from 'node:fs';
import { AscendBundleError, type Problem } from '../base/errors.js';
import { didYouMean } from '../base/near-names.js';
import { sameShape, type TensorSpec, tensorBytes } from '../graph/tensor.js';
import type { CompareRow } from '../weights/compare.js';
import { type GivenTensor, tensorsOf } from '../weights/given.js';
import { notATensorFile } from '../weights/read.js';
import { openSource, type WeightSource } from '../weights/sources.js';
import { flag, optionalText, optionValues, texts } from './shared/option-values.js';
import { SELECTION_OPTIONS, SELECTION_VALUES, type SelectionValues } from './shared/selection-options.js';
import type { Io, Outcome, ValuesSchema, Verb } from './verb.js';

export interface WeightsCheckValues extends SelectionValues {
  readonly file: readonly string[];
  readonly for?: string | undefined;
  readonly map?: string | undefined;
  readonly cast: boolean;
  readonly values: boolean;
  readonly partial: boolean;
  readonly ignoreExtra: boolean;
}

const values: ValuesSchema<WeightsCheckValues> = optionValues({
  file: texts,
  for: optionalText,
  ...SELECTION_VALUES,
  map: optionalText,
  ...{ cast: flag, values: flag, partial: flag, ignoreExtra: flag },
});

export interface CheckedFileFields {
  readonly path: string;
  /** `safetensors`, `safetensors-index`, `npz`, `npy`, `onnx`, `graph-json`, `air`, `bundle`. */
  readonly kind: string;
  /** Of the file; null for stdin. */
  readonly fileBytes: number | null;
  readonly tensors: number;
  /** Of all its tensors. */
  readonly bytes: number;
}

export interface CheckedTensorFields {
  /** Empty for the array of a .npy. */
  readonly name: string;
  readonly file: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** With --values; null without it, and for dtypes without numbers. */
  readonly values: { readonly min: number | null; readonly max: number | null; readonly nonFinite: number } | null;
}

/** `ignored`: of a weight that was not selected, or with --ignore-extra. `dtype`: the shape fits. `shape`: the dtype may differ as well. */
export type FitStatus = 'fits' | 'cast' | 'kept' | 'missing' | 'extra' | 'ignored' | 'repeated' | 'dtype' | 'shape';

export interface FitFields {
  readonly name: string;
  readonly status: FitStatus;
  readonly wanted: { readonly dtype: string; readonly shape: readonly number[] } | null;
  readonly given: {
    readonly dtype: string;
    readonly shape: readonly number[];
    readonly file: string;
    /** Its name there, where a map gave it another. */
    readonly key: string | null;
  } | null;
  readonly fix: string | null;
}

export interface WeightsCheckResult {
  readonly files: readonly CheckedFileFields[];
  readonly tensors: readonly CheckedTensorFields[];
  /** What is wrong with the files themselves. */
  readonly findings: readonly {
    readonly code: string;
    readonly message: string;
    readonly at: string | null;
    readonly fix: string | null;
  }[];
  /** Null without --for. */
  readonly for: {
    readonly path: string;
    readonly kind: string;
    /** One per weight; then what is repeated, and what is extra. */
    readonly rows: readonly FitFields[];
    readonly fitting: number;
    readonly failing: number;
  } | null;
}

export const weightsCheck: Verb<WeightsCheckValues, WeightsCheckResult> = {
  name: 'weights check',
  summary: 'look at files of weights, and whether a bundle takes them',
  description: `Lists the tensors of files of weights and checks their headers; with --for, compares them with the weights of a bundle or the constants of a graph: what is missing, extra, of another shape or dtype. Several files are one set; a bundle that comes before others is what they are for, as with --for. Ends with exit code 3 when anything is wrong.`,
  arguments: [
    {
      name: 'file',
      help: 'safetensors (also an index of shards), npz, npy, graph.json, ONNX, .air or bundle',
      repeat: true,
      stdin: 'path',
    },
  ],
  options: [
    { flags: '--for <file>', help: 'the bundle or the graph that they are for' },
    ...SELECTION_OPTIONS,
    { flags: '--map <file>', help: 'other names, and transpositions, for the tensors' },
    { flags: '--cast', help: 'another dtype is no failure where it can be converted' },
    { flags: '--partial', help: 'a missing weight is no failure' },
    { flags: '--ignore-extra', help: 'a tensor that no weight has the name of is no failure' },
    { flags: '--values', help: 'read the values too: NaN and infinity, least and greatest' },
  ],
  examples: [
    'ascend-bundle weights check new.safetensors --values',
    'ascend-bundle weights check model.om new.safetensors',
    "ascend-bundle weights check w.npz --for model.onnx --select 'op=MatMul'",
  ],
  values,
  run: checkFiles,
};

async function checkFiles(given: WeightsCheckValues, io: Io): Promise<Outcome<WeightsCheckResult>> {
  const all = await io.step('read headers', () => Promise.all(given.file.map(openNamed)));
  const isFirstWanted = given.for === undefined && all.length > 1 && isBundle(all[0]);
  const [path, sources] = isFirstWanted ? [given.file[0], all.slice(1)] : [given.for, all];
  if (path === undefined) refuseIdle(given);
  const wanted = path === undefined ? null : await io.step('compare', () => compareWith(path, sources, given, io));
  const result: WeightsCheckResult = {
    files: sources.map(fileFields),
    tensors: given.values ? await io.step('read values', () => tensorFields(sources, true)) : await tensorFields(sources, false),
    findings: sources
      .flatMap((source) => ('findings' in source ? source.findings : []))
      .map(({ code, message, at, fix }: Problem) => ({ code, message, at: at ?? null, fix: fix ?? null })),
    for: wanted,
  };
  return { result, error: failureOf(result) };
}

/** Nobody means the values of a bundle and those of other files as one set. */
function isBundle(source: NamedSource | undefined): boolean {
  return source?.kind === 'constants' && source.of === 'bundle';
}

/** Without anything that the weights are for. */
function refuseIdle({ map, cast, partial, ignoreExtra, consts, const: single, select, exclude }: WeightsCheckValues): void {
  const given = { '--map': map, '--cast': cast, '--partial': partial, '--ignore-extra': ignoreExtra };
  const lists = { '--consts': consts, '--const': single, '--select': select, '--exclude': exclude };
  const idle = [
    ...Object.entries(given).filter(([, value]) => value !== undefined && value !== false),
    ...Object.entries(lists).filter(([, list]) => list.length > 0),
  ].map(([name]) => name);
  if (idle.length === 0) return;
  throw new AscendBundleError('USAGE', {
    message: `${idle.join(', ')} ${idle.length === 1 ? 'is' : 'are'} about what the weights are for, and that is not said.`,
    fix: 'Give the bundle or the graph with --for.',
  });
}

type NamedSource = Exclude<WeightSource, { readonly kind: 'raw' }>;

async function openNamed(path: string): Promise<NamedSource> {
  const source = await openSource(path);
  if (source.kind === 'raw') throw notATensorFile(source.path);
  return source;
}

function givenOf(source: NamedSource): readonly GivenTensor[] {
  return source.kind === 'npy' ? [{ ...source.tensor, name: '', source: source.path }] : tensorsOf(source);
}

function fileFields(source: NamedSource): CheckedFileFields {
  const tensors = givenOf(source);
  return {
    path: source.path,
    kind: source.kind === 'constants' ? source.of : source.kind,
    fileBytes: statSync(source.path, { throwIfNoEntry: false })?.size ?? null,
    tensors: tensors.length,
    bytes: tensors.reduce((sum, { dtype, shape }) => sum + tensorBytes(dtype, shape), 0),
  };
}

async function tensorFields(sources: readonly NamedSource[], withValues: boolean): Promise<readonly CheckedTensorFields[]> {
  const { summarizeTensor } = withValues ? await import('../weights/preview.js') : {};
  const { hasElements } = withValues ? await import('../graph/elements.js') : {};
  return sources.flatMap(givenOf).map((tensor) => {
    const { name, source, dtype, shape } = tensor;
    const summary = hasElements?.(dtype) ? summarizeTensor?.(tensor, 0) : undefined;
    const stats = summary === undefined ? null : { min: summary.min ?? null, max: summary.max ?? null, nonFinite: summary.nonFinite };
    return { name, file: source, dtype: dtype.name, shape: [...shape], bytes: tensorBytes(dtype, shape), values: stats };
  });
}

async function compareWith(
  path: string,
  sources: readonly NamedSource[],
  { map: mapPath, cast, partial, ignoreExtra, ...selection }: WeightsCheckValues,
  io: Io,
): Promise<WeightsCheckResult['for']> {
  const { readWanted } = await import('./shared/wanted.js');
  const { compareUpdate } = await import('../weights/compare.js');
  const { kind, weights, others } = await readWanted(path, selection, io);
  const map = mapPath === undefined ? undefined : await mapOf(mapPath);
  const given = sources.flatMap((source) => namedFor(source, weights, map));
  const { rows } = compareUpdate(weights, given, {
    ...{ strict: true, ignoreExtra, others, cast },
    ...{ owner: path, names: { cast: '--cast', map: '--map' } },
  });
  const fields = rows.map(fitFields);
  const isFailing = ({ status }: FitFields): boolean => FAILING.has(status) && !(partial && status === 'missing');
  return {
    ...{ path, kind, rows: fields },
    fitting: fields.filter(({ status }) => status === 'fits' || status === 'cast').length,
    failing: fields.filter(isFailing).length,
  };
}

type Mapping = (tensors: readonly GivenTensor[]) => readonly GivenTensor[];

async function mapOf(path: string): Promise<Mapping> {
  const { readWeightMap } = await import('../weights/weight-map.js');
  const { applyMap } = await import('../weights/apply-map.js');
  const map = readWeightMap(path);
  return (tensors) => applyMap(map, tensors);
}

/** The array of a .npy has no name; for a single weight none is needed. */
function namedFor(
  source: NamedSource,
  weights: readonly { readonly constName: string }[],
  map: Mapping = (tensors) => tensors,
): readonly GivenTensor[] {
  if (source.kind !== 'npy') return map(tensorsOf(source));
  const [only] = weights;
  return [{ ...source.tensor, name: weights.length === 1 ? (only?.constName ?? '') : '', source: source.path }];
}

const FAILING: ReadonlySet<FitStatus> = new Set(['missing', 'extra', 'repeated', 'dtype', 'shape'] as const);

function fitFields(row: CompareRow): FitFields {
  const { name, wanted, given, near = [], problem } = row;
  const status = statusOf(row);
  // The remedies of a missing and of an extra name are those of an update, but for the near names.
  const fix = status === 'missing' || status === 'extra' ? didYouMean(near) : problem?.fix;
  return {
    name,
    status,
    wanted: wanted === undefined ? null : specFields(wanted),
    given: given === undefined ? null : { ...specFields(given), file: given.source, key: given.key ?? null },
    fix: fix ?? null,
  };
}

function statusOf({ status, wanted, given }: CompareRow): FitStatus {
  if (status !== 'misfit') return status;
  return wanted !== undefined && given !== undefined && sameShape(wanted.shape, given.shape) ? 'dtype' : 'shape';
}

function specFields({ dtype, shape }: TensorSpec): { readonly dtype: string; readonly shape: readonly number[] } {
  return { dtype: dtype.name, shape: [...shape] };
}

function failureOf({ files, tensors, findings, for: wanted }: WeightsCheckResult): AscendBundleError | undefined {
  const notFinite = tensors.filter(({ values: stats }) => stats !== null && stats.nonFinite > 0).length;
  const reasons = [
    ...(findings.length > 0 ? [`${findings.length} ${findings.length === 1 ? 'finding' : 'findings'} in the files`] : []),
    ...(notFinite > 0 ? [`${notFinite} ${notFinite === 1 ? 'tensor has' : 'tensors have'} NaN or infinite values`] : []),
    ...(wanted !== null && wanted.failing > 0 ? [`${wanted.failing} of ${wanted.rows.length} rows do not fit ${wanted.path}`] : []),
  ];
  if (reasons.length === 0) return undefined;
  return new AscendBundleError('CHECK_FAILED', {
    message: `${files.map(({ path }) => path).join(', ')}: ${reasons.join('; ')}.`,
    fix: wanted !== null && wanted.failing > 0 ? 'The table says what is wrong with each.' : undefined,
  });
}
