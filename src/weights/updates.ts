// All values of `--update`, or of another option for weights, on a command line → tensors with names, each remembering where it comes from.
import { AscendBundleError } from '../base/errors.js';
import { didYouMean, nearNames } from '../base/near-names.js';
import type { RefreshableWeight } from '../graph/refreshable.js';
import { type NamedTensor, type TensorSpec, tensorBytes } from '../graph/tensor.js';
import { applyMap, type WeightMap } from './apply-map.js';
import { type GivenTensor, tensorsOf } from './given.js';
import { listNames, notATensorFile, openTensorFile, pickTensor } from './read.js';
import { loadTensor } from './resolve.js';
import { shown } from './shown.js';
import { openConstants, openSource } from './sources.js';
import { type ParsedValue, parseTensorValue } from './value-syntax.js';

export interface UpdateOptions {
  /** A value as it is typed, with the option, for messages: `--update w=@w.npy`. */
  readonly write?: (value: string) => string;
  /** Gives other names to the tensors of files. */
  readonly map?: WeightMap | undefined;
}

type Write = NonNullable<UpdateOptions['write']>;

/**
 * @param given  as typed (a file of tensors, a graph, a bundle, or `name=VALUE` in the grammar of `--input`), or parsed already
 * @returns what was given, names and specs unchecked: `planUpdate` compares them with the bundle
 * @throws VALUE_SYNTAX, WEIGHT_UNKNOWN for `name=VALUE`, FILE_KIND, errors of files
 */
export async function readUpdates(
  given: readonly (string | ParsedValue)[],
  weights: readonly RefreshableWeight[],
  { write = (value) => `--update ${value}`, map }: UpdateOptions = {},
): Promise<readonly GivenTensor[]> {
  const names = weights.map((weight) => weight.constName);
  const values = given.map((one) => (typeof one === 'string' ? parseTensorValue(one, names) : one));
  const tensors: GivenTensor[] = [];
  for (const value of values) {
    const { name, content } = value;
    if (name === undefined && content.kind === 'file') tensors.push(...(await fromFile(content.path, weights, write, map)));
    else tensors.push(await fromValue(value, weights, write));
  }
  return tensors;
}

async function fromValue(value: ParsedValue, weights: readonly RefreshableWeight[], write: Write): Promise<GivenTensor> {
  const { name, content, declared, text } = value;
  const weight = name === undefined ? onlyWeight(text, weights, write) : findWeight(name, weights);
  // Another dtype may be cast, and an empty tensor says "keep": whether it fits is for the plan to say.
  const spec = declared ?? weight.spec;
  const source = content.kind === 'file' ? content.path : shown(text);
  const constants = content.kind === 'file' && name !== undefined ? await constantsAt(content.path, spec) : undefined;
  const tensor =
    constants === undefined
      ? loadTensor(value, spec, { what: `Weight "${weight.constName}"`, owner: 'the bundle' })
      : pickTensor(constants, weight.constName, source);
  return { ...tensor, name: weight.constName, source };
}

/** The constants of a graph in `name=@graph`. Raw bytes may look like a graph; those of the right size are meant as bytes. */
async function constantsAt(path: string, spec: TensorSpec): Promise<readonly NamedTensor[] | undefined> {
  if (path === '-') return undefined;
  const file = openTensorFile(path);
  if (file.kind !== 'raw' || file.bytes.length === tensorBytes(spec.dtype, spec.shape)) return undefined;
  const source = await openConstants(path, file.bytes);
  return source?.kind === 'constants' ? source.tensors : undefined;
}

async function fromFile(
  path: string,
  weights: readonly RefreshableWeight[],
  write: Write,
  map: WeightMap | undefined,
): Promise<readonly GivenTensor[]> {
  const file = await openSource(path);
  if (file.kind === 'raw') throw notATensorFile(file.path);
  if (file.kind === 'npy') return [{ ...file.tensor, name: onlyWeight(path, weights, write).constName, source: file.path }];
  const given = tensorsOf(file);
  return map === undefined ? given : applyMap(map, given);
}

function findWeight(name: string, weights: readonly RefreshableWeight[]): RefreshableWeight {
  const weight = weights.find((candidate) => candidate.constName === name);
  if (weight !== undefined) return weight;
  const names = weights.map((candidate) => candidate.constName);
  throw new AscendBundleError('WEIGHT_UNKNOWN', {
    message: `"${name}" is not an updatable weight of the bundle.`,
    fix: didYouMean(nearNames(name, names), `Its weights are: ${listNames(names)}.`),
  });
}

function onlyWeight(text: string, weights: readonly RefreshableWeight[], write: Write): RefreshableWeight {
  const [only] = weights;
  if (only !== undefined && weights.length === 1) return only;
  const names = weights.map((weight) => weight.constName);
  throw new AscendBundleError('VALUE_SYNTAX', {
    message: `${shown(text)} does not say which weight it is for; the bundle has ${names.length}: ${listNames(names)}.`,
    fix: `Write ${write(`${names[0] ?? 'name'}=${text.includes('=') || text.startsWith('@') ? shown(text) : `@${text}`}`)}`,
  });
}
