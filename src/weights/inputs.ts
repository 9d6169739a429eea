// All `--input` values of a command line → one tensor per input of the model.
import { AscendBundleError, type Problem } from '../base/errors.js';
import { didYouMean, nearNames } from '../base/near-names.js';
import { throwProblems } from '../base/problems.js';
import { describeSpec, hasUnknownRank, isStatic, type NamedSpec, type Tensor } from '../graph/tensor.js';
import { forThe } from './context.js';
import { misfit } from './fit.js';
import { COMMAND_LINE_INPUTS, type InputNames } from './option-names.js';
import { listNames, openTensorFile, rawTensor } from './read.js';
import { resolveTensor } from './resolve.js';
import { shown } from './shown.js';
import { type ParsedValue, parseTensorValue } from './value-syntax.js';

/** What numpy.savez calls an array that was given without a name. */
const UNNAMED = 'arr_0';

/**
 * @param given  as typed (`x=@x.npy`, `2x2xf32=1,2,3,4`, `inputs.npz`, …), or parsed already
 * @param specs  the inputs of the model, in its order
 * @param owner  whose they are, for messages: `the bundle`
 * @param fill  makes the value of an input that is not given; where it makes none, that is a mistake
 * @param optionNames  for messages
 * @returns a tensor for every input, in the model's order
 * @throws VALUE_SYNTAX, INPUT_REPEATED, INPUT_UNKNOWN, INPUT_MISSING (all at once), TENSOR_MISMATCH, errors of files
 */
export function resolveInputs(
  given: readonly (string | ParsedValue)[],
  specs: readonly NamedSpec[],
  owner = 'the model',
  fill?: (spec: NamedSpec, index: number) => ParsedValue | undefined,
  optionNames: InputNames = COMMAND_LINE_INPUTS,
): ReadonlyMap<string, Tensor> {
  const names = specs.map((spec) => spec.name);
  const found = new Map<string, { readonly tensor: Tensor; readonly text: string }>();
  const problems: Problem[] = [];
  for (const value of given.map((one) => (typeof one === 'string' ? parseTensorValue(one, names) : one))) {
    for (const { spec, tensor } of tensorsOf(value, specs, { owner, optionNames }, problems)) {
      const before = found.get(spec.name);
      if (before !== undefined) throw repeated(spec.name, before.text, value.text);
      found.set(spec.name, { tensor, text: value.text });
    }
  }
  throwProblems(problems, optionNames.subject, 'TENSOR_MISMATCH');
  if (fill !== undefined) {
    for (const [i, spec] of specs.entries()) {
      const value = found.has(spec.name) ? undefined : fill(spec, i);
      if (value !== undefined) found.set(spec.name, { tensor: resolved(value, spec, owner).tensor, text: value.text });
    }
  }
  requireAll(specs, found, optionNames);
  return new Map(specs.map((spec) => [spec.name, found.get(spec.name)?.tensor as Tensor]));
}

/**
 * Random values for inputs that are not given: `rand:` of `seed` plus the place among the inputs. An open dimension is 1.
 *
 * @param seeds  is told the seed of each, by name
 */
export function seededInput(seed: number, seeds: Map<string, number>): (spec: NamedSpec, index: number) => ParsedValue {
  return ({ name, dtype, shape }, index) => {
    seeds.set(name, seed + index);
    const declared = isStatic(shape) || hasUnknownRank(shape) ? undefined : { dtype, shape: shape.map((dim) => Math.max(dim, 1)) };
    return { text: `${name}=rand:${seed + index}`, name, declared, content: { kind: 'random', seed: seed + index } };
  };
}

interface Assigned {
  readonly spec: NamedSpec;
  readonly tensor: Tensor;
}

interface Words {
  readonly owner: string;
  readonly optionNames: InputNames;
}

function tensorsOf(value: ParsedValue, specs: readonly NamedSpec[], words: Words, problems: Problem[]): readonly Assigned[] {
  const { owner, optionNames } = words;
  if (value.name !== undefined) return [resolved(value, findInput(value.name, specs), owner)];
  if (value.content.kind !== 'file') return [resolved(value, onlyInput(value.text, specs, optionNames), owner)];
  return fromFile(value.content.path, specs, words, problems);
}

function resolved(value: ParsedValue, spec: NamedSpec, owner: string): Assigned {
  return { spec, tensor: resolveTensor(value, spec, { what: `Input "${spec.name}"`, owner }) };
}

/** A file without a name before it: its own names count, and an array without a name is for a model with one input. */
function fromFile(path: string, specs: readonly NamedSpec[], { owner, optionNames }: Words, problems: Problem[]): Assigned[] {
  const file = openTensorFile(path);
  if (file.kind === 'raw') {
    const spec = onlyInput(path, specs, optionNames);
    return [
      { spec, tensor: forThe(`Input "${spec.name}"`, () => rawTensor(file.bytes, { dtype: spec.dtype, shape: spec.shape }, file.path)) },
    ];
  }
  const tensors = file.kind === 'npy' ? [{ name: UNNAMED, ...file.tensor }] : file.tensors;
  const out: Assigned[] = [];
  for (const tensor of tensors) {
    const isUnnamed = tensor.name === UNNAMED && tensors.length === 1 && !specs.some((spec) => spec.name === UNNAMED);
    const spec = isUnnamed ? onlyInput(path, specs, optionNames) : findInput(tensor.name, specs, file.path);
    const problem = misfit(`Input "${spec.name}" in ${file.path}`, tensor, spec, owner);
    if (problem === undefined) out.push({ spec, tensor: { dtype: tensor.dtype, shape: tensor.shape, data: tensor.data } });
    else problems.push(problem);
  }
  return out;
}

function findInput(name: string, specs: readonly NamedSpec[], path?: string): NamedSpec {
  const spec = specs.find((candidate) => candidate.name === name);
  if (spec !== undefined) return spec;
  const names = specs.map((candidate) => candidate.name);
  throw new AscendBundleError('INPUT_UNKNOWN', {
    message: `"${name}"${path === undefined ? '' : ` in ${path}`} is not an input of the model.`,
    fix: didYouMean(nearNames(name, names), `Its inputs are: ${listNames(names)}.`),
  });
}

function onlyInput(text: string, specs: readonly NamedSpec[], optionNames: InputNames): NamedSpec {
  const [only] = specs;
  if (only !== undefined && specs.length === 1) return only;
  throw new AscendBundleError('VALUE_SYNTAX', {
    message:
      only === undefined
        ? `The model has no inputs, but ${shown(text)} was given.`
        : `${shown(text)} does not say which input it is for; the model has ${specs.length}: ${listNames(specs.map((spec) => spec.name))}.`,
    fix:
      only === undefined
        ? `Leave ${optionNames.option} out.`
        : `Write ${optionNames.write(`${only.name}=${text.includes('=') || text.startsWith('@') ? shown(text) : `@${text}`}`)}`,
  });
}

function repeated(name: string, first: string, second: string): AscendBundleError {
  return new AscendBundleError('INPUT_REPEATED', {
    message: `Input "${name}" is given twice: ${shown(first)} and ${shown(second)}.`,
    fix: 'Leave one of them out.',
  });
}

function requireAll(specs: readonly NamedSpec[], found: ReadonlyMap<string, unknown>, { subject, add }: InputNames): void {
  const missing = specs
    .filter((spec) => !found.has(spec.name))
    .map((spec) => ({
      code: 'INPUT_MISSING',
      message: `Input "${spec.name}" (${describeSpec(spec)}) was not given.`,
      fix: add(spec.name),
    }));
  throwProblems(missing, subject, 'INPUT_MISSING');
}
