// A bundle against its manifest: every fact that can be told from the file again.
import { AscendBundleError } from '../../base/errors.js';
import { jsonPointer, parseJson } from '../../base/json-text.js';
import { type FileBytes, openFile } from '../../base/open-file.js';
import { throwProblems } from '../../base/problems.js';
import type { Bundle } from '../../formats/om/index.js';
import { describeShape } from '../../graph/tensor.js';
import { type BundleFacts, bundleFacts } from '../shared/manifest.js';
import { type Manifest, manifestSchema } from '../shared/manifest-schema.js';
import { type CheckFields, checkOf, count, type DifferenceFields } from './fields.js';

const MAX_BYTES = 100_000_000;

/** @throws FILE_NOT_FOUND, FILE_IO, FILE_MALFORMED with the JSON pointer of each mistake */
export function readManifest(path: string): Manifest {
  const bytes = openFile(path);
  if (bytes.length > MAX_BYTES) {
    throw new AscendBundleError('FILE_MALFORMED', {
      message: `${path} has ${bytes.length} bytes; a manifest has at most ${MAX_BYTES}.`,
      fix: 'Give the file that build --manifest has written.',
    });
  }
  const checked = manifestSchema.safeParse(parseJson(new TextDecoder().decode(bytes.read()), path));
  if (checked.success) return checked.data;
  const problems = checked.error.issues.map(({ message, path: at }) => ({
    code: 'FILE_MALFORMED',
    message: `${path} is not a manifest: ${message}.`,
    at: jsonPointer(at),
    fix: 'Give the file that build --manifest has written; ascend-bundle schema manifest has its form.',
  }));
  throwProblems(problems, path, 'FILE_MALFORMED');
  throw new Error('a manifest that is none has a problem');
}

/** @throws FILE_MALFORMED */
export function checkManifest(manifest: Manifest, path: string, file: FileBytes, bundle: Bundle): CheckFields {
  const differences = differencesOf(manifest, bundleFacts(file, bundle));
  const { inputs, outputs, weights } = manifest;
  const facts = `${count(inputs.length, 'input')}, ${count(outputs.length, 'output')}, ${count(weights.length, 'weight')}`;
  if (differences.length === 0) return checkOf({ check: 'manifest', message: `the file is the one that ${path} describes: ${facts}` });
  return checkOf({
    check: 'manifest',
    message: `the file is not as ${path} describes it`,
    differences,
    failures: [`${count(differences.length, 'fact')} of ${path} ${differences.length === 1 ? 'does' : 'do'} not hold`],
  });
}

function differencesOf(expected: BundleFacts, actual: BundleFacts): readonly DifferenceFields[] {
  const file = [...new Set([...Object.keys(expected.bundle), ...Object.keys(actual.bundle)])] as (keyof BundleFacts['bundle'])[];
  return [
    ...file.flatMap((key) => difference(key === 'attributes' ? 'compiler' : key, text(expected.bundle[key]), text(actual.bundle[key]))),
    ...listDifferences('input', expected.inputs, actual.inputs, specText),
    ...listDifferences('output', expected.outputs, actual.outputs, specText),
    ...difference('update order', orderText(expected), orderText(actual)),
    ...listDifferences('weight', expected.weights, actual.weights, specText),
    ...listDifferences('value of', sharedWeights(expected, actual), sharedWeights(actual, expected), ({ sha256 }) => sha256 ?? 'none'),
  ];
}

type Named = { readonly name: string };

/** By name; of the same name in two orders nothing is said. */
function listDifferences<T extends Named>(
  noun: string,
  expected: readonly T[],
  actual: readonly T[],
  words: (one: T) => string,
): readonly DifferenceFields[] {
  const byName = new Map(actual.map((one) => [one.name, one]));
  const names = new Set(expected.map(({ name }) => name));
  return [
    ...expected.flatMap((one) => {
      const other = byName.get(one.name);
      return difference(`${noun} ${one.name}`, words(one), other === undefined ? 'none' : words(other));
    }),
    ...actual.filter(({ name }) => !names.has(name)).flatMap((one) => difference(`${noun} ${one.name}`, 'none', words(one))),
  ];
}

/** Weights that only one of the two has are told already. */
function sharedWeights(facts: BundleFacts, others: BundleFacts): BundleFacts['weights'] {
  return facts.weights.filter(({ name }) => others.weights.some((other) => other.name === name));
}

function specText({ dtype, shape }: Manifest['inputs'][number]): string {
  return `${dtype} ${describeShape(shape)}`;
}

function orderText({ weights }: BundleFacts): string {
  return [...weights]
    .sort((a, b) => a.updateIndex - b.updateIndex)
    .map(({ name }) => name)
    .join(', ');
}

function text(value: BundleFacts['bundle'][keyof BundleFacts['bundle']]): string {
  if (value === null || typeof value !== 'object') return String(value ?? 'none');
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, one]) => `${name} ${one}`).join(', ') || 'none';
}

function difference(what: string, expected: string, actual: string): readonly DifferenceFields[] {
  return expected === actual ? [] : [{ what, expected, actual }];
}
