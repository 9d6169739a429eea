// Tensors → files in a folder: one file each (npy, bin), or one for all (npz, json, safetensors). All of them appear, or none.
import { existsSync, rmdirSync, statSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import type { Bytes } from '../base/bytes.js';
import { AscendBundleError } from '../base/errors.js';
import { makeFolders } from '../base/make-folders.js';
import { type OutputFile, refuseOutput, writeFilesAtomically } from '../base/output-file.js';
import { COMMAND_LINE_OUTPUT, type OutputNames } from '../base/output-names.js';
import { writeNpy } from '../formats/npy.js';
import { writeNpz } from '../formats/npz.js';
import { writeSafetensors } from '../formats/safetensors.js';
import { widenToFloat32 } from '../graph/convert.js';
import type { DType } from '../graph/dtype.js';
import type { NamedTensor } from '../graph/tensor.js';
import { fileNameOf } from './file-names.js';
import { tensorsToJson } from './json-tensors.js';

export const OUT_FORMATS = ['npy', 'npz', 'bin', 'json', 'safetensors'] as const;
export type OutFormat = (typeof OUT_FORMATS)[number];

export interface WriteTensorsOptions {
  /** Replace what is there. */
  readonly force?: boolean;
  /** For messages. */
  readonly names?: OutputNames;
}

export interface WrittenTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Of the data as it was written. */
  readonly bytes: number;
  readonly path: string;
  /** The dtype in the file: float32 for a bfloat16 tensor where the format has no bfloat16. */
  readonly writtenDtype: DType;
}

/** Formats of one file per tensor. */
const EACH: Readonly<Record<string, (tensor: NamedTensor) => Bytes>> = { npy: writeNpy, bin: (tensor) => tensor.data };

/** Formats of one file for all. */
const ALL: Readonly<Record<string, (tensors: readonly NamedTensor[]) => Bytes>> = {
  npz: writeNpz,
  json: tensorsToJson,
  safetensors: (tensors) => writeSafetensors(tensors),
};

/** bin and safetensors keep bfloat16 as it is. */
const WIDENED: readonly OutFormat[] = ['npy', 'npz', 'json'];

/**
 * Writes `DIR/<name>.npy` or `.bin`, or `DIR/outputs.npz`, `.json`, `.safetensors`. The folder is made when it is not there.
 *
 * @returns one entry per tensor, in the given order
 * @throws FILE_EXISTS without `force`, FILE_IO, DTYPE_UNSUPPORTED, BUNDLE_INVALID for two tensors of one name
 */
export async function writeTensors(
  folder: string,
  tensors: readonly NamedTensor[],
  format: OutFormat,
  { force = false, names = COMMAND_LINE_OUTPUT }: WriteTensorsOptions = {},
): Promise<WrittenTensor[]> {
  refuseRepeated(tensors, names);
  const written = inFormat(tensors, format);
  const paths = outputPaths(folder, tensors, format);
  const files = outputFiles(folder, written, paths, format);
  const made = makeFolder(folder, names);
  try {
    await writeFilesAtomically(files, { force, names });
  } catch (error) {
    removeMade(folder, made);
    throw error;
  }
  return tensors.map((tensor, i) => described(tensor, written[i] as NamedTensor, paths[i] as string));
}

function described({ name, dtype, shape }: NamedTensor, { dtype: writtenDtype, data }: NamedTensor, path: string): WrittenTensor {
  return { name, dtype, shape, bytes: data.length, path, writtenDtype };
}

/** Formats that the ending of a name asks for. */
const BY_ENDING: Readonly<Record<string, OutFormat>> = {
  '.safetensors': 'safetensors',
  '.npz': 'npz',
  '.json': 'json',
  '.npy': 'npy',
  '.bin': 'bin',
};

/** Endings of files of tensors. */
export const TENSOR_ENDINGS: readonly string[] = Object.keys(BY_ENDING);

/** Whether `writeTensorsTo` writes one file of this name, not a folder. */
export function isSingleFile(path: string): boolean {
  return formatOf(path) !== undefined;
}

function formatOf(path: string): OutFormat | undefined {
  return BY_ENDING[extname(path).toLowerCase()];
}

/**
 * Writes one file where the path ends in .safetensors, .npz or .json, or for a single tensor in .npy or .bin; else a folder of .npy files.
 *
 * @returns as `writeTensors`
 * @throws USAGE for several tensors in a file that holds one, and as `writeTensors`
 */
export async function writeTensorsTo(
  path: string,
  tensors: readonly NamedTensor[],
  { force = false, names = COMMAND_LINE_OUTPUT }: WriteTensorsOptions = {},
): Promise<WrittenTensor[]> {
  const format = formatOf(path);
  if (format === undefined) return writeTensors(path, tensors, 'npy', { force, names });
  refuseRepeated(tensors, names);
  const written = inFormat(tensors, format);
  await writeFilesAtomically([{ path, bytes: ALL[format]?.(written) ?? onlyOne(written, format, path, names) }], { force, names });
  return tensors.map((tensor, i) => described(tensor, written[i] as NamedTensor, path));
}

function onlyOne(tensors: readonly NamedTensor[], format: OutFormat, path: string, { output }: OutputNames): Bytes {
  const [only] = tensors;
  if (only !== undefined && tensors.length === 1) return (EACH[format] as (tensor: NamedTensor) => Bytes)(only);
  throw new AscendBundleError('USAGE', {
    message: `${path} would hold one tensor, and there are ${tensors.length}.`,
    fix: `Give a folder with ${output}, or a name that ends in .safetensors or .npz.`,
  });
}

/** With float32 in place of bfloat16 where the format has none. */
function inFormat(tensors: readonly NamedTensor[], format: OutFormat): readonly NamedTensor[] {
  return WIDENED.includes(format) ? tensors.map(widenBfloat16) : tensors;
}

/**
 * What keeps `writeTensors` from writing tensors of these names, as far as it shows beforehand.
 *
 * @throws FILE_EXISTS, FILE_IO, BUNDLE_INVALID
 */
export function refuseOutputs(
  folder: string,
  tensors: readonly { readonly name: string }[],
  format: OutFormat,
  { force = false, names = COMMAND_LINE_OUTPUT }: WriteTensorsOptions = {},
): void {
  refuseRepeated(tensors, names);
  if (isFile(folder)) throw notAFolder(folder, names);
  if (!existsSync(folder)) return;
  for (const path of new Set(outputPaths(folder, tensors, format))) refuseOutput(path, { force, names });
}

/** One per tensor; the same for all where they share a file. */
function outputPaths(folder: string, tensors: readonly { readonly name: string }[], format: OutFormat): string[] {
  return tensors.map(({ name }) => join(folder, format in EACH ? `${fileNameOf(name)}.${format}` : `outputs.${format}`));
}

function outputFiles(folder: string, tensors: readonly NamedTensor[], paths: readonly string[], format: OutFormat): OutputFile[] {
  const writeAll = ALL[format];
  if (writeAll !== undefined) return [{ path: join(folder, `outputs.${format}`), bytes: writeAll(tensors) }];
  const writeOne = EACH[format] as (tensor: NamedTensor) => Bytes;
  return tensors.map((tensor, i) => ({ path: paths[i] as string, bytes: writeOne(tensor) }));
}

function widenBfloat16(tensor: NamedTensor): NamedTensor {
  return tensor.dtype.name === 'bfloat16' ? { ...tensor, ...widenToFloat32(tensor) } : tensor;
}

function refuseRepeated(tensors: readonly { readonly name: string }[], { output }: OutputNames): void {
  const seen = new Set<string>();
  for (const { name } of tensors) {
    if (seen.has(name)) {
      throw new AscendBundleError('BUNDLE_INVALID', {
        message: `Two outputs have the name "${name}", and would be written to one file.`,
        fix: `Give the outputs of the graph different names, or run without ${output}.`,
      });
    }
    seen.add(name);
  }
}

/** @returns the outermost folder that was made, if any */
function makeFolder(folder: string, names: OutputNames): string | undefined {
  try {
    return makeFolders(folder);
  } catch (cause) {
    if (isFile(folder)) throw notAFolder(folder, names);
    throw cause;
  }
}

function notAFolder(path: string, { output }: OutputNames): AscendBundleError {
  return new AscendBundleError('FILE_IO', {
    message: `${path} is a file; outputs are written into a folder.`,
    fix: `Give another name with ${output}.`,
  });
}

function removeMade(folder: string, outermost: string | undefined): void {
  if (outermost === undefined) return;
  try {
    for (let path = resolve(folder); path.startsWith(resolve(outermost)); path = dirname(path)) rmdirSync(path);
  } catch {
    // Something else has been put there meanwhile. The error that brought us here is the one to tell.
  }
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}
