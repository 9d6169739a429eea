// The program of a bundle of the host backend as an ONNX model that can be run and built again, with its larger values beside it
// where it is too large for one file.
import { basename } from 'node:path';
import { bundleBackend, openProgram } from '../../backends/registry.js';
import { AscendBundleError, type Problem } from '../../base/errors.js';
import type { Bundle, Submodel } from '../../formats/om/index.js';
import { writeOnnx } from '../../formats/onnx/write.js';
import { listNames } from '../../weights/read.js';
import type { GraphFiles } from './graph-files.js';

/**
 * @param bundlePath  of the bundle, for errors
 * @param path  of the model
 * @param mostBytes  of the model, before values go into a file of their own; ONNX's limit unless given
 * @throws GRAPH_INVALID for a bundle of GE; BUNDLE_INVALID, FILE_MALFORMED
 */
export async function onnxFiles(
  bundle: Bundle,
  bundlePath: string,
  { graph }: Submodel,
  path: string,
  mostBytes?: number,
): Promise<GraphFiles> {
  if (bundleBackend(bundle) === 'ascend') {
    throw new AscendBundleError('GRAPH_INVALID', {
      message: `${bundlePath} was compiled by GE: its graph has GE's operators, and there is no ONNX model in it.`,
      fix: 'Write the graph with --as air or --as graph-json, or only the weights with --weights.',
    });
  }
  const { model, fed, isWidened } = await openProgram(bundle, bundlePath);
  const dataPath = `${path}.data`;
  const { model: bytes, data } = writeOnnx(model, basename(dataPath), mostBytes);
  return {
    files: [{ path, bytes }, ...(data === undefined ? [] : [{ path: dataPath, bytes: data }])],
    warnings: [
      ...(graph.dialect === 'ge' ? [lowered(bundlePath)] : []),
      ...(isWidened ? [WIDENED] : []),
      ...(fed.length > 0 ? [weightsLeft(fed)] : []),
    ],
  };
}

function lowered(path: string): Problem {
  return {
    code: 'GRAPH_LOWERED',
    message: `${path} was built from a graph of GE's operators; the ONNX model has what the host backend runs in their place.`,
    fix: 'Use it to run the graph elsewhere. To have the graph itself, and to compile it for an NPU, write it with --as air or --as graph-json.',
  };
}

const WIDENED: Problem = {
  code: 'PROGRAM_WIDENED',
  message:
    'The model computes in float32 what was bfloat16, as the host backend does; inputs, outputs and constants are bfloat16, with Casts.',
  fix: 'To compile it for an NPU in bfloat16, build the model that the bundle was built from, with the weights of extract --weights.',
};

function weightsLeft(names: readonly string[]): Problem {
  return {
    code: 'VARIABLES_LEFT',
    message: `In the model, what was ${listNames(names)} is an input: the bundle has no initial value of it.`,
  };
}
