// An ONNX model on its way into GE's parser: what the parser would break without a word is refused or rewritten before (cann-api §1.6,
// §10). A model that needs nothing is given as it is; the copy of another one goes into the job's folder.
import { realpathSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { AscendBundleError } from '../../../base/errors.js';
import { fileError } from '../../../base/file-error.js';
import { openInside } from '../../../base/inside-folder.js';
import { openFile } from '../../../base/open-file.js';
import { writeScratchFile } from '../../../base/output-file.js';
import { decode, encode } from '../../../base/protobuf/index.js';
import { OnnxModel, type OnnxTensor } from '../../../formats/encodings/onnx-model.js';
import type { ProgramConst } from '../../../formats/encodings/onnx-program.js';
import { isOnnxDomain } from '../../../formats/onnx/attributes.js';
import { opsetOf, upgradeModel } from '../../../formats/onnx/upgrade.js';
import { makeFolder } from './graph-file.js';
import { nameForGe } from './onnx-names.js';
import { adaptTensors, allTensors } from './onnx-tensors.js';

export interface OnnxForGe {
  /** The absolute path of the model to parse, when it can be taken as it is. */
  readonly path: string;
  /** What to write instead; undefined when nothing had to change. */
  readonly rewritten: OnnxModel | undefined;
  /** Initializers of the main graph in byte order of their names: GE numbers its Consts by it. */
  readonly initializers: readonly string[];
}

export interface OnnxToCompile {
  readonly path: string;
  /** As our reader names them. */
  readonly consts: readonly ProgramConst[];
  /** Names of those that become weights. */
  readonly weights: readonly string[];
}

/** GE's parser, like every protobuf library, takes files below 2 GiB. */
const MOST_BYTES = 2 ** 31 - 1;

/** The first opset that the ONNX plug-ins of the published operator packages (ops-math, ops-nn) are registered for; the last is 18. */
const FIRST_PLUGIN_OPSET = 8;

/**
 * @throws GRAPH_INVALID for a file of 2 GiB or more, and for two versions of one operator set (GE: E16005)
 */
export function onnxForGe({ path, consts, weights }: OnnxToCompile): OnnxForGe {
  // It stays open with the ranges that the copy takes from it.
  const file = openFile(path);
  refuseSize(file.length, path);
  const original = decode(OnnxModel, file, path);
  refuseOpsets(original, path);
  const model = raiseOpset(original, path);
  const initializers = (model.graph?.initializer ?? []).map(({ name = '' }) => name).filter((name) => name !== '');
  const sorted = [...initializers].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const named = nameForGe(model.graph ?? {}, { consts, weights, initializers: sorted });
  const adapted = adaptTensors(named ?? model.graph ?? {}, path);
  const graph = adapted ?? named ?? (model === original ? undefined : model.graph);
  return { path: resolve(path), rewritten: graph === undefined ? undefined : { ...model, graph }, initializers: sorted };
}

/**
 * Of the operators of opset 7, opset 8 changed only some, to take more than before: Max, Mean, Min and Sum broadcast, MaxPool has a
 * second output (ONNX's operator change log).
 */
function raiseOpset(model: OnnxModel, path: string): OnnxModel {
  if (opsetOf(model) >= FIRST_PLUGIN_OPSET) return model;
  const { opsetImport = [], ...raised } = upgradeModel(model, path);
  const raise = opsetImport.map((one) => (isOnnxDomain(one.domain) ? { ...one, version: FIRST_PLUGIN_OPSET } : one));
  return { ...raised, opsetImport: raise };
}

function refuseSize(bytes: number, path: string): void {
  if (bytes <= MOST_BYTES) return;
  throw new AscendBundleError('GRAPH_INVALID', {
    message: `${path} has ${bytes} bytes; GE's ONNX parser takes files below 2 GiB.`,
    fix: 'Save the model with its weights in files of their own (onnx.save_model with save_as_external_data=True): they stay updatable.',
  });
}

function refuseOpsets({ opsetImport = [] }: OnnxModel, path: string): void {
  const domains = opsetImport.map(({ domain = '' }) => (isOnnxDomain(domain) ? '' : domain));
  const twice = domains.find((domain, i) => domains.indexOf(domain) !== i);
  if (twice === undefined) return;
  const versions = opsetImport.filter((_, i) => domains[i] === twice).map(({ version }) => version ?? 0);
  throw new AscendBundleError('GRAPH_INVALID', {
    message: `${path} imports the operator set "${twice || 'ai.onnx'}" ${versions.length} times (versions ${versions.join(', ')}); GE's parser takes one (E16005).`,
    at: '/opset_import',
    fix: 'Keep the import of the version that the model was exported for, and remove the others.',
  });
}

/**
 * @param folder  of the job; the copy goes there, with links to the files of its external data
 * @returns the path for the parser
 * @throws FILE_IO, INTERRUPTED, TERMINATED; GRAPH_INVALID when the copy would be too large; PATH_ESCAPES
 */
export async function writeOnnxForGe({ path, rewritten }: OnnxForGe, folder: string): Promise<string> {
  if (rewritten === undefined) return path;
  const bytes = encode(OnnxModel, rewritten);
  refuseSize(bytes.length, path);
  const copyFolder = join(folder, 'onnx');
  makeFolder(copyFolder);
  for (const location of new Set(allTensors(rewritten.graph ?? {}).flatMap(locationOf))) linkData(path, location, copyFolder);
  const copy = join(copyFolder, 'model.onnx');
  await writeScratchFile(copy, bytes);
  return copy;
}

function locationOf({ dataLocation, externalData = [] }: OnnxTensor): readonly string[] {
  return dataLocation === 1 ? externalData.flatMap(({ key, value = '' }) => (key === 'location' ? [value] : [])) : [];
}

/** GE looks for external data beside the model. */
function linkData(model: string, location: string, folder: string): void {
  const link = join(folder, location);
  using file = openInside(dirname(model), location, `A tensor of ${model}`);
  try {
    makeFolder(dirname(link));
    symlinkSync(realpathSync(file.path), link);
  } catch (cause) {
    throw cause instanceof AscendBundleError ? cause : fileError(link, cause, 'write');
  }
}
