// All values of `--update`, or of another option for weights, on a command line → tensors with names, each remembering where it comes from.
import { AscendBundleError } from '../base/errors.js';
import { didYouMean, nearNames } from '../base/near-names.js';
import type { RefreshableWeight } from '../graph/refreshable.js';
import { isEmpty, type NamedTensor } from '../graph/tensor.js';
import { listNames, notATensorFile, openTensorFile } from './read.js';
import { loadTensor } from './resolve.js';
import { shown } from './shown.js';
import { type ParsedValue, parseTensorValue } from './value-syntax.js';

export interface GivenTensor extends NamedTensor {
  /** The file, or the text of the command line, for messages. */
  readonly source: string;
}

/**
 * @param given  as typed (a file of tensors, or `name=VALUE` in the grammar of `--input`), or parsed already
 * @param option  that they were given with, for messages
 * @returns what was given, names and specs unchecked: `planUpdate` compares them with the bundle
 * @throws VALUE_SYNTAX, WEIGHT_UNKNOWN for `name=VALUE`, FILE_KIND, errors of files
 */
export function readUpdates(
  given: readonly (string | ParsedValue)[],
  weights: readonly RefreshableWeight[],
  option = '--update',
): GivenTensor[] {
  const names = weights.map((weight) => weight.constName);
  const values = given.map((one) => (typeof one === 'string' ? parseTensorValue(one, names) : one));
  return values.flatMap((value) => tensorsOf(value, weights, option));
}

function tensorsOf(value: ParsedValue, weights: readonly RefreshableWeight[], option: string): GivenTensor[] {
  const { name, content, text } = value;
  if (name === undefined && content.kind === 'file') return fromFile(content.path, weights, option);
  const weight = name === undefined ? onlyWeight(text, weights, option) : findWeight(name, weights);
  // An empty tensor says "keep", whatever its shape.
  const { declared } = value;
  const spec = declared !== undefined && isEmpty(declared) ? declared : weight.spec;
  const tensor = loadTensor(value, spec, { what: `Weight "${weight.constName}"`, owner: 'the bundle' });
  return [{ ...tensor, name: weight.constName, source: content.kind === 'file' ? content.path : shown(text) }];
}

function fromFile(path: string, weights: readonly RefreshableWeight[], option: string): GivenTensor[] {
  const file = openTensorFile(path);
  if (file.kind === 'raw') throw notATensorFile(file.path);
  if (file.kind === 'npy') return [{ ...file.tensor, name: onlyWeight(path, weights, option).constName, source: file.path }];
  return file.tensors.map((tensor) => ({ ...tensor, source: file.path }));
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

function onlyWeight(text: string, weights: readonly RefreshableWeight[], option: string): RefreshableWeight {
  const [only] = weights;
  if (only !== undefined && weights.length === 1) return only;
  const names = weights.map((weight) => weight.constName);
  throw new AscendBundleError('VALUE_SYNTAX', {
    message: `${shown(text)} does not say which weight it is for; the bundle has ${names.length}: ${listNames(names)}.`,
    fix: `Write ${option} ${names[0] ?? 'name'}=${text.includes('=') || text.startsWith('@') ? shown(text) : `@${text}`}`,
  });
}
