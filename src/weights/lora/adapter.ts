// A LoRA adapter: for every layer the two factors of what is added to its weight. Only headers and the alphas are read.
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AscendBundleError, type Problem } from '../../base/errors.js';
import { throwProblems } from '../../base/problems.js';
import { decodeElements, isFloat } from '../../graph/elements.js';
import { describeSpec, elementCount, type NamedTensor } from '../../graph/tensor.js';
import { readTensorFile } from '../read.js';
import { readAdapterConfig } from './config.js';
import { type AdapterKey, OTHER_METHODS, parseAdapterKey } from './keys.js';
import type { AdapterSpec } from './spec.js';

/** scale · up · down is added to the weight of a layer. */
export interface LoraLayer extends Pick<AdapterKey, 'module' | 'isUnderscored' | 'isEmbedding'> {
  /** Of the adapter. */
  readonly path: string;
  /** [rank, in], or [rank, in, …kernel]. */
  readonly down: NamedTensor;
  /** [out, rank], or [out, rank, 1, 1]. */
  readonly up: NamedTensor;
  readonly rank: number;
  /** What was asked for, times alpha / rank. */
  readonly scale: number;
  readonly fanInFanOut: boolean;
}

export interface Adapter {
  readonly path: string;
  readonly layers: readonly LoraLayer[];
  readonly warnings: readonly Problem[];
}

/** @throws FILE_KIND for what is no LoRA, TENSOR_MISMATCH for factors that do not go together, and errors of files */
export function openAdapter({ path: given, scale }: AdapterSpec): Adapter {
  const path = adapterFile(given);
  const groups = groupKeys(readTensorFile(path), path);
  const config = readAdapterConfig(join(dirname(path), 'adapter_config.json'));
  const problems: Problem[] = [];
  const layers = [...groups.values()].flatMap((group): LoraLayer[] => {
    const { key, down, up, alpha } = group;
    const problem = pairProblem(group, path);
    if (problem !== undefined || down === undefined || up === undefined) {
      if (problem !== undefined) problems.push(problem);
      return [];
    }
    const rank = down.shape[0] as number;
    // An alpha of its own says more than the configuration of all.
    const factor = alpha === undefined ? (config?.factorOf(key.module, rank) ?? 1) : numberOf(alpha, path) / rank;
    const { module, isUnderscored, isEmbedding } = key;
    return [{ path, module, isUnderscored, isEmbedding, down, up, rank, scale: scale * factor, fanInFanOut: config?.fanInFanOut ?? false }];
  });
  throwProblems(problems, path, 'TENSOR_MISMATCH');
  const isUnscaled = config === undefined && [...groups.values()].some(({ alpha }) => alpha === undefined);
  return { path, layers, warnings: isUnscaled ? [withoutAlpha(path)] : [] };
}

/** PEFT saves a folder. */
function adapterFile(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, 'adapter_model.safetensors') : path;
}

interface Group {
  readonly key: AdapterKey;
  down?: NamedTensor;
  up?: NamedTensor;
  alpha?: NamedTensor;
}

function groupKeys(tensors: readonly NamedTensor[], path: string): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>();
  const problems: Problem[] = [];
  for (const tensor of tensors) {
    const key = parseAdapterKey(tensor.name);
    if (key === undefined || OTHER_METHODS.some(([pattern]) => pattern.test(tensor.name))) {
      problems.push(otherMethod(tensor, path));
      continue;
    }
    const group = groups.get(key.module) ?? { key };
    // The key of an alpha does not tell an embedding from another layer.
    groups.set(key.module, { ...group, key: key.role === 'alpha' ? group.key : key, [key.role]: tensor });
  }
  throwProblems(problems, path, 'FILE_KIND');
  if (groups.size > 0) return groups;
  throw new AscendBundleError('FILE_KIND', { message: `${path} has no tensors.`, fix: 'Give an adapter of PEFT or Kohya as safetensors.' });
}

function otherMethod({ name }: NamedTensor, path: string): Problem {
  const method = OTHER_METHODS.find(([pattern]) => pattern.test(name))?.[1];
  return {
    code: 'FILE_KIND',
    message:
      method === undefined ? `"${name}" in ${path} is no factor of a LoRA.` : `"${name}" in ${path} is of ${method}; it cannot be merged.`,
    fix:
      method === undefined
        ? 'Weights that are whole are given with --update.'
        : 'Merge it with the tool that made it, and give the merged weights.',
  };
}

function pairProblem({ key: { module }, down, up, alpha }: Group, path: string): Problem | undefined {
  const problem = (why: string): Problem => ({
    code: 'TENSOR_MISMATCH',
    message: `Layer "${module}" of ${path} ${why}.`,
    fix: 'Copy or save the adapter again.',
  });
  if (down === undefined || up === undefined) {
    const [there, missing] = down === undefined ? [up ?? alpha, 'down (A)'] : [down, 'up (B)'];
    return problem(`has no factor "${missing}", only "${there?.name}"`);
  }
  const [rank = 0, ...ins] = down.shape;
  const [, upRank, ...ones] = up.shape;
  const isPair = ins.length >= 1 && up.shape.length >= 2 && rank === upRank && ones.every((dim) => dim === 1) && rank > 0;
  if (!isPair) return problem(`has the factors ${describeSpec(down)} and ${describeSpec(up)}, which give no product`);
  const other = [down, up, ...(alpha === undefined ? [] : [alpha])].find(({ dtype }) => !isFloat(dtype));
  if (other !== undefined && other !== alpha) return problem(`has a factor of ${other.dtype.name}; floats are expected`);
  if (alpha !== undefined && elementCount(alpha.shape) !== 1) return problem(`has an alpha of ${describeSpec(alpha)}, not one number`);
  return undefined;
}

function numberOf(tensor: NamedTensor, path: string): number {
  const value = Number(decodeElements(tensor)[0]);
  if (Number.isFinite(value)) return value;
  throw new AscendBundleError('TENSOR_MISMATCH', { message: `"${tensor.name}" in ${path} is ${value}.`, fix: 'Save the adapter again.' });
}

function withoutAlpha(path: string): Problem {
  return {
    code: 'LORA_ALPHA_UNKNOWN',
    message: `${path} has no alpha, and there is no adapter_config.json beside it: alpha is taken to be the rank.`,
    fix: 'Put the adapter_config.json beside it, or give alpha / rank as the scale.',
  };
}
