// Expected outputs: files of tensors by name, folders as `run -o` writes them, values in the grammar of --input.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AscendBundleError, type Problem } from '../base/errors.js';
import { didYouMean, nearNames } from '../base/near-names.js';
import { throwProblems } from '../base/problems.js';
import { UNDEFINED_DTYPE } from '../graph/dtype.js';
import { describeSpec, fitsShape, type NamedSpec, type Tensor } from '../graph/tensor.js';
import { forThe } from './context.js';
import { fileNameOf } from './file-names.js';
import { isComparable } from './judge.js';
import { listNames, openTensorFile, rawTensor } from './read.js';
import { loadTensor } from './resolve.js';
import { shown } from './shown.js';
import { parseTensorValue } from './value-syntax.js';

export interface GoldenTensor extends Tensor {
  /** Where it comes from, for messages. */
  readonly source: string;
}

/**
 * @param given  as typed: a file, a folder, `name=VALUE`
 * @param specs  the outputs of the model, in its order
 * @returns what is expected, by name of the output; at least one, and not always all of them
 * @throws VALUE_SYNTAX, INPUT_REPEATED, TENSOR_NOT_FOUND for a name that no output has, TENSOR_MISMATCH, errors of files
 */
export function readGolden(given: readonly string[], specs: readonly NamedSpec[]): ReadonlyMap<string, GoldenTensor> {
  const names = specs.map(({ name }) => name);
  const golden = new Map<string, GoldenTensor>();
  const problems: Problem[] = [];
  for (const text of given) {
    for (const { spec, tensor } of tensorsOf(text, names, specs)) {
      const before = golden.get(spec.name);
      if (before !== undefined) throw repeated(spec.name, before.source, tensor.source);
      golden.set(spec.name, tensor);
      problems.push(...misfits(spec, tensor));
    }
  }
  throwProblems(problems, 'What is expected', 'TENSOR_MISMATCH');
  return golden;
}

/** The path of a value that is nothing but one file. */
export function goldenFile(text: string, specs: readonly NamedSpec[]): string | undefined {
  if (isFolder(text)) return undefined;
  const { name, content } = parseTensorValue(
    text,
    specs.map((spec) => spec.name),
  );
  return name === undefined && content.kind === 'file' && content.path !== '-' ? content.path : undefined;
}

interface Assigned {
  readonly spec: NamedSpec;
  readonly tensor: GoldenTensor;
}

function tensorsOf(text: string, names: readonly string[], specs: readonly NamedSpec[]): readonly Assigned[] {
  if (isFolder(text)) return fromFolder(text, specs);
  const value = parseTensorValue(text, names);
  if (value.name === undefined && value.content.kind === 'file') return fromFile(value.content.path, specs);
  const spec = value.name === undefined ? onlyOutput(text, specs) : findOutput(value.name, specs);
  const tensor = loadTensor(value, spec, { what: `Output "${spec.name}"`, owner: 'the bundle' });
  return [{ spec, tensor: { ...tensor, source: shown(text) } }];
}

function fromFile(path: string, specs: readonly NamedSpec[]): readonly Assigned[] {
  const file = openTensorFile(path);
  if (file.kind === 'npy' || file.kind === 'raw') {
    const spec = onlyOutput(path, specs);
    const tensor = file.kind === 'npy' ? file.tensor : forThe(`Output "${spec.name}"`, () => rawTensor(file.bytes, spec, path));
    return [{ spec, tensor: { ...tensor, source: path } }];
  }
  if (file.tensors.length === 0) throw nothingExpected(path);
  return file.tensors.map((tensor) => ({ spec: findOutput(tensor.name, specs, path), tensor: { ...tensor, source: path } }));
}

/** What `run -o DIR` writes: a file for all outputs, or one for each. Files of other names are left alone. */
const WHOLE = ['outputs.npz', 'outputs.safetensors'];
const EACH = ['npy', 'bin'];

function fromFolder(folder: string, specs: readonly NamedSpec[]): readonly Assigned[] {
  const whole = WHOLE.map((name) => join(folder, name)).filter((path) => existsSync(path));
  const each = specs.flatMap((spec) =>
    EACH.map((extension) => join(folder, `${fileNameOf(spec.name)}.${extension}`))
      .filter((path) => existsSync(path))
      .map((path) => ({ spec, path })),
  );
  if (whole.length === 0 && each.length === 0) throw nothingFound(folder, specs);
  const single = each.flatMap(({ spec, path }) => fromFile(path, [spec]));
  return [...whole.flatMap((path) => fromFile(path, specs)), ...single];
}

function misfits(spec: NamedSpec, { dtype, shape, source }: GoldenTensor): readonly Problem[] {
  const isKnown = spec.dtype !== UNDEFINED_DTYPE;
  if ((!isKnown || isComparable(dtype, spec.dtype)) && fitsShape(shape, spec.shape)) return [];
  return [
    {
      code: 'TENSOR_MISMATCH',
      message: `Output "${spec.name}" is ${describeSpec(spec)} in the bundle; ${source} expects ${describeSpec({ dtype, shape })}.`,
      fix: 'Give the outputs of the same model for an input of the same shape.',
    },
  ];
}

function findOutput(name: string, specs: readonly NamedSpec[], path?: string): NamedSpec {
  const spec = specs.find((candidate) => candidate.name === name);
  if (spec !== undefined) return spec;
  const [only] = specs;
  // numpy.savez gives a name to an array that has none.
  if (name === 'arr_0' && only !== undefined && specs.length === 1) return only;
  const names = specs.map((candidate) => candidate.name);
  throw new AscendBundleError('TENSOR_NOT_FOUND', {
    message: `"${name}"${path === undefined ? '' : ` in ${path}`} is not an output of the bundle.`,
    fix: didYouMean(nearNames(name, names), `Its outputs are: ${listNames(names)}.`),
  });
}

function onlyOutput(text: string, specs: readonly NamedSpec[]): NamedSpec {
  const [only] = specs;
  if (only !== undefined && specs.length === 1) return only;
  throw new AscendBundleError('VALUE_SYNTAX', {
    message: `${shown(text)} does not say which output it is for; the bundle has ${specs.length}: ${listNames(specs.map(({ name }) => name))}.`,
    fix: `Write --golden ${only?.name ?? 'name'}=@${text}`,
  });
}

function repeated(name: string, first: string, second: string): AscendBundleError {
  return new AscendBundleError('INPUT_REPEATED', {
    message: `Output "${name}" is expected twice: from ${first} and from ${second}.`,
    fix: 'Leave one of them out.',
  });
}

function nothingExpected(path: string): AscendBundleError {
  return new AscendBundleError('TENSOR_NOT_FOUND', {
    message: `${path} holds no tensor, so it expects nothing.`,
    fix: 'Write the file again.',
  });
}

function nothingFound(folder: string, specs: readonly NamedSpec[]): AscendBundleError {
  const wanted = specs.map(({ name }) => `${fileNameOf(name)}.npy`);
  const found = readdirSync(folder).slice(0, 5).join(', ') || 'nothing';
  return new AscendBundleError('TENSOR_NOT_FOUND', {
    message: `${folder} has no outputs of this bundle in it; ${listNames(wanted)}, ${WHOLE.join(' or ')} were looked for, and ${found} is there.`,
    fix: 'Give the folder that run -o has written, or a file.',
  });
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // Not there, or no path at all but values: read as such, which says what is wrong.
    return false;
  }
}
