// Files of tensors, known by their content: npy, npz, safetensors, the index of safetensors shards. Anything else is raw bytes.
import type { Bytes } from '../base/bytes.js';
import { AscendBundleError, type Problem } from '../base/errors.js';
import { didYouMean, nearNames } from '../base/near-names.js';
import { openFile } from '../base/open-file.js';
import { isNpy, readNpy } from '../formats/npy.js';
import { isNpz, readNpz } from '../formats/npz.js';
import { isSafetensors, isSafetensorsIndex, readSafetensors, readSafetensorsIndex } from '../formats/safetensors.js';
import { describeSpec, isStatic, type NamedTensor, type Shape, type Tensor, type TensorSpec, tensorBytes } from '../graph/tensor.js';
import { readStdin } from './stdin.js';

export type TensorFileKind = 'npy' | 'npz' | 'safetensors' | 'safetensors-index' | 'raw';

/** What lies in a file: one array without a name, or tensors with names, or bytes of which nothing is known. */
export type TensorFile =
  | { readonly kind: 'npy'; readonly path: string; readonly tensor: Tensor }
  | {
      readonly kind: 'npz' | 'safetensors' | 'safetensors-index';
      readonly path: string;
      readonly tensors: readonly NamedTensor[];
      /** What is wrong with the file although its tensors can be read. */
      readonly findings: readonly Problem[];
    }
  | { readonly kind: 'raw'; readonly path: string; readonly bytes: Bytes };

/**
 * Only headers are read.
 *
 * @param path  `-` is stdin
 * @throws FILE_NOT_FOUND, FILE_IO, FILE_EMPTY, FILE_KIND for a Git LFS pointer, and what the file's reader throws
 */
export function openTensorFile(path: string): TensorFile {
  const bytes = path === '-' ? readStdin() : openFile(path);
  const name = path === '-' ? 'stdin' : path;
  if (bytes.length === 0) {
    throw new AscendBundleError('FILE_EMPTY', { message: `${name} is empty.`, fix: 'Copy or write the file again.' });
  }
  if (isNpy(bytes)) return { kind: 'npy', path: name, tensor: readNpy(bytes, name) };
  if (isNpz(bytes)) return { kind: 'npz', path: name, tensors: readNpz(bytes, name), findings: [] };
  if (isSafetensors(bytes)) return { kind: 'safetensors', path: name, ...readSafetensors(bytes, name) };
  if (path !== '-' && isSafetensorsIndex(bytes)) {
    return { kind: 'safetensors-index', path: name, ...readSafetensorsIndex(bytes, path) };
  }
  refuseLfsPointer(bytes, name);
  return { kind: 'raw', path: name, bytes };
}

/** A clone without Git LFS has these in place of its weights; as raw bytes they would only be "of the wrong size". */
function refuseLfsPointer(bytes: Bytes, path: string): void {
  if (
    !Buffer.from(bytes.read(0, Math.min(bytes.length, 40)))
      .toString('latin1')
      .startsWith('version https://git-lfs.github.com/spec')
  )
    return;
  throw new AscendBundleError('FILE_KIND', {
    message: `${path} is a Git LFS pointer, not the file itself.`,
    fix: 'Run git lfs pull.',
  });
}

/**
 * All tensors of a file; the one of a `.npy` has the name ''.
 *
 * @throws FILE_KIND for raw bytes, which say neither dtype nor shape, and as `openTensorFile`
 */
export function readTensorFile(path: string): NamedTensor[] {
  const file = openTensorFile(path);
  if (file.kind === 'npy') return [{ name: '', ...file.tensor }];
  if (file.kind === 'raw') throw notATensorFile(file.path);
  return [...file.tensors];
}

export function notATensorFile(path: string): AscendBundleError {
  return new AscendBundleError('FILE_KIND', {
    message: `${path} is neither npy nor npz nor safetensors.`,
    fix: 'Raw bytes are given with a name, and a shape and dtype where the bundle does not say them: w=128x10xf16=@w.bin.',
  });
}

/**
 * One tensor of a file, as a const of graph.json names it.
 *
 * @param key  which tensor of an npz or safetensors; may be left out where there is only one
 * @param offset  in bytes; then the file is raw bytes from there on, of which the spec's many are taken
 * @param spec  what raw bytes are; any other file says it itself, and the caller compares
 * @throws TENSOR_NOT_FOUND, TENSOR_MISMATCH when raw bytes do not fill the spec, and as `openTensorFile`
 */
export function loadTensorAt(path: string, key: string | undefined, offset: number | undefined, spec: TensorSpec): Tensor {
  if (offset !== undefined) return rawAt(openFile(path), path, offset, spec);
  const file = openTensorFile(path);
  if (file.kind === 'raw') return rawTensor(file.bytes, spec, path);
  if (file.kind === 'npy') {
    if (key === undefined) return file.tensor;
    throw new AscendBundleError('TENSOR_NOT_FOUND', {
      message: `${path} is a .npy, which has one tensor without a name; "${key}" was asked for.`,
      fix: 'Leave the key out.',
    });
  }
  return pickTensor(file.tensors, key, path);
}

/**
 * The tensor of that name; without a name the only one.
 *
 * @throws TENSOR_NOT_FOUND
 */
export function pickTensor(tensors: readonly NamedTensor[], name: string | undefined, path: string): Tensor {
  const found = name === undefined ? undefined : tensors.find((tensor) => tensor.name === name);
  if (found !== undefined) return withoutName(found);
  const [only] = tensors;
  if (name === undefined && only !== undefined && tensors.length === 1) return withoutName(only);
  const names = tensors.map((tensor) => tensor.name);
  throw new AscendBundleError('TENSOR_NOT_FOUND', {
    message: name === undefined ? `${path} has ${names.length} tensors; one must be named.` : `${path} has no tensor "${name}".`,
    fix: didYouMean(name === undefined ? [] : nearNames(name, names), `It has ${listNames(names)}.`),
  });
}

function withoutName({ dtype, shape, data }: NamedTensor): Tensor {
  return { dtype, shape, data };
}

export function listNames(names: readonly string[], most = 8): string {
  if (names.length === 0) return 'none';
  const shown = names.slice(0, most).map((name) => `"${name}"`);
  return names.length > most ? `${shown.join(', ')} and ${names.length - most} more` : shown.join(', ');
}

/**
 * Raw little-endian bytes as a tensor of the spec. One unknown dimension is computed from the size.
 *
 * @throws TENSOR_MISMATCH
 */
export function rawTensor(bytes: Bytes, spec: TensorSpec, path: string): Tensor {
  const shape = rawShape(bytes.length, spec);
  if (shape !== undefined) return { dtype: spec.dtype, shape, data: bytes };
  throw new AscendBundleError('TENSOR_MISMATCH', {
    message: isStatic(spec.shape)
      ? `${path} has ${bytes.length} bytes; ${describeSpec(spec)} needs ${tensorBytes(spec.dtype, spec.shape)}.`
      : `${path} has ${bytes.length} bytes of raw data, which do not say which shape of ${describeSpec(spec)} they are.`,
    fix: 'Write the shape and dtype before the file, as in w=128x10xf16=@w.bin, or save the tensor as .npy.',
  });
}

function rawShape(bytes: number, { dtype, shape }: TensorSpec): Shape | undefined {
  if (isStatic(shape)) return tensorBytes(dtype, shape) === bytes ? shape : undefined;
  const known = shape.filter((dim) => dim >= 0);
  if (shape.some((dim) => dim < -1) || known.length !== shape.length - 1) return undefined;
  const size = tensorBytes(dtype, known);
  const missing = bytes / size;
  return Number.isInteger(missing) ? shape.map((dim) => (dim < 0 ? missing : dim)) : undefined;
}

function rawAt(bytes: Bytes, path: string, offset: number, spec: TensorSpec): Tensor {
  const size = tensorBytes(spec.dtype, spec.shape);
  if (offset + size <= bytes.length) return { dtype: spec.dtype, shape: spec.shape, data: bytes.slice(offset, offset + size) };
  throw new AscendBundleError('TENSOR_MISMATCH', {
    message: `${path} has ${bytes.length} bytes; ${describeSpec(spec)} from byte ${offset} on needs ${offset + size}.`,
    at: `byte ${offset}`,
    fix: 'Correct the offset, the shape or the dtype.',
  });
}
