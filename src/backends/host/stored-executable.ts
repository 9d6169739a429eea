// Finds the executable in a host bundle and points it at the weights that lie in the same file.
import { realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { AscendBundleError } from '../../base/errors.js';
import { decode, encode } from '../../base/protobuf/index.js';
import { OnnxModel } from '../../formats/encodings/onnx-model.js';
import { type Bundle, findPartition, findSubmodel, PARTITION, readKernels, type Submodel } from '../../formats/om/index.js';
import { locateWeights } from './executable.js';
import { EXECUTABLE_NAME } from './mark.js';

export interface Executable {
  /** The ONNX model; its large constants are ranges of the bundle's file. */
  readonly model: Uint8Array;
  /** Where ONNX Runtime finds that file. */
  readonly folder: string;
}

/** @throws BUNDLE_INVALID */
export function inferModel(bundle: Bundle, path: string): Submodel {
  return findSubmodel(bundle, 'infer') ?? invalid(path, 'it has no inference graph');
}

/** @throws BUNDLE_INVALID, FILE_MALFORMED */
export function openExecutable(infer: Submodel, path: string): Executable {
  const weights = findPartition(infer.om.tables[0], PARTITION.weightsData);
  const start = infer.offsetBytes + (weights?.offsetBytes ?? 0);
  // ONNX Runtime follows no link that leaves the folder it is given.
  const file = realpathSync(path);
  const model = locateWeights(storedModel(infer, path), basename(file), start);
  return { model: encode(OnnxModel, model).read(), folder: dirname(file) };
}

/**
 * As it is stored: its large constants are at offsets of WEIGHTS_DATA.
 *
 * @throws BUNDLE_INVALID, FILE_MALFORMED
 */
export function storedModel(infer: Submodel, path: string): OnnxModel {
  const kernels = findPartition(infer.om.tables[0], PARTITION.tbeKernels) ?? invalid(path, 'its inference graph has no executable');
  const item = readKernels(kernels.bytes, path, infer.offsetBytes + kernels.offsetBytes).find(({ name }) => name === EXECUTABLE_NAME);
  if (item === undefined) return invalid(path, `its inference graph has no ${EXECUTABLE_NAME}`);
  return decode(OnnxModel, item.bytes, `${EXECUTABLE_NAME} of ${path}`);
}

function invalid(path: string, why: string): never {
  throw new AscendBundleError('BUNDLE_INVALID', { message: `${path} cannot run on the host backend: ${why}.`, fix: 'Build it again.' });
}
