// Opens a bundle for a verb, and describes one in the words that `build` and `inspect` share.
import { AscendBundleError } from '../../base/errors.js';
import { openFile } from '../../base/bytes.js';
import { type Bundle, openBundleFile } from '../../formats/om/bundle.js';
import { detectKind } from '../../formats/kind.js';
import type { NamedSpec } from '../../graph/tensor.js';
import { KIND_WORDS } from './kind-words.js';

/** @throws FILE_NOT_FOUND, FILE_KIND, and what the reader finds */
export function openBundleAt(path: string): Bundle {
  const kind = detectKind(openFile(path));
  if (kind === 'bundle') return openBundleFile(path);
  const isGraph = kind === 'graph-json' || kind === 'onnx' || kind === 'air';
  throw new AscendBundleError('FILE_KIND', {
    message: `${path} is ${KIND_WORDS[kind]}, not a weight-updatable bundle.`,
    fix: isGraph ? `Build one from it: ascend-bundle build ${path} --consts <names>.` : 'Give a bundle made by `ascend-bundle build` or by GE.',
  });
}

export interface SpecFields {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly format: string | null;
}

export function specFields({ name, dtype, shape, format }: NamedSpec): SpecFields {
  return { name, dtype: dtype.name, shape: [...shape], format: format ?? null };
}

export interface SubmodelFields {
  readonly index: number;
  readonly role: string;
  readonly name: string;
  readonly bytes: number;
  readonly inputs: readonly SpecFields[];
  readonly outputs: readonly SpecFields[];
  readonly partitions: readonly { readonly table: number; readonly type: number; readonly name: string; readonly bytes: number }[];
}

export interface WeightFields {
  readonly name: string;
  readonly variable: string;
  readonly updateIndex: number;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly variableDtype: string | null;
  readonly variableFormat: string | null;
  readonly variableOffset: number | null;
}

export interface BundleFields {
  readonly layout: 'v1' | 'v2';
  readonly varSize: number | null;
  readonly submodels: readonly SubmodelFields[];
  readonly weights: readonly WeightFields[];
}
