// The graph of one model of a bundle as files that can be built again: .air, or graph.json with its larger values beside it.
import { basename, dirname, extname, join } from 'node:path';
import { bundleBackend } from '../../backends/registry.js';
import type { Bytes } from '../../base/bytes.js';
import { AscendBundleError, type Problem } from '../../base/errors.js';
import { type AirFiles, airFiles } from '../../formats/air.js';
import { graphJsonOf } from '../../formats/graph-json.js';
import { type Bundle, graphOfModel, type Submodel } from '../../formats/om/index.js';
import { writeSafetensors } from '../../formats/safetensors.js';
import { constValue, type Graph } from '../../graph/graph.js';
import { fileNameOf } from '../../weights/file-names.js';
import { listNames } from '../../weights/read.js';

/** Forms of GE's operators. */
export type GraphForm = 'air' | 'graph-json';

export interface PartFile {
  readonly path: string;
  readonly bytes: Bytes;
}

export interface GraphFiles {
  /** The graph, then what it refers to; all in one folder. */
  readonly files: readonly PartFile[];
  readonly warnings: readonly Problem[];
}

/** GE takes graph files under 2 GiB; from this on, in total, each weight has a file of its own. */
const MOST_INLINE_BYTES = 1 << 30;

/**
 * @param path  of the graph file; what it refers to is named after it
 * @throws GRAPH_INVALID where the form cannot say the graph, USAGE
 */
export function graphFiles(
  bundle: Bundle,
  submodel: Submodel,
  form: GraphForm,
  path: string,
  mostInlineBytes = MOST_INLINE_BYTES,
): GraphFiles {
  const { graph, variables } = graphOfModel(bundle, submodel);
  const warnings = variables.length > 0 ? [variablesLeft(variables)] : [];
  if (form === 'air') return { files: filesOfAir(graph, path, mostInlineBytes), warnings };
  const weightsPath = besides(path, 'safetensors');
  const isCompiled = bundleBackend(bundle) === 'ascend';
  const { json, weights, leftOut } = graphJsonOf(graph, { weightsFile: basename(weightsPath), isCompiled });
  return {
    files: [{ path, bytes: json }, ...(weights.length === 0 ? [] : [{ path: weightsPath, bytes: writeSafetensors(weights) }])],
    warnings: [...warnings, ...(leftOut.length > 0 ? [attributesLeftOut(leftOut)] : [])],
  };
}

function filesOfAir(graph: Graph, path: string, mostInlineBytes: number): readonly PartFile[] {
  const { graph: bytes, weights } = airOf(graph, path, mostInlineBytes);
  return [{ path, bytes }, ...[...weights].map(([name, data]) => ({ path: join(dirname(path), name), bytes: data }))];
}

function airOf(graph: Graph, path: string, mostInlineBytes: number): AirFiles {
  const values = [graph, ...graph.subgraphs].flatMap(({ nodes }) => nodes.map((node) => constValue(node)?.data.length ?? 0));
  if (values.reduce((sum, length) => sum + length, 0) < mostInlineBytes) return airFiles(graph);
  return airFiles(graph, { weightFile: ({ name }) => `${basename(besides(path, fileNameOf(name)))}.bin` });
}

/** @throws USAGE where that is the path itself */
function besides(path: string, ending: string): string {
  const beside = join(dirname(path), `${basename(path, extname(path))}.${ending}`);
  if (beside !== join(path)) return beside;
  throw new AscendBundleError('USAGE', {
    message: `${path} is also the name that the larger values would get.`,
    fix: 'Give the graph another name with -o, such as graph.json.',
  });
}

function variablesLeft(names: readonly string[]): Problem {
  return {
    code: 'VARIABLES_LEFT',
    message: `In the graph, what was ${listNames(names)} is a Variable: the bundle has no initial value in the dtype and layout that it was compiled to.`,
  };
}

function attributesLeftOut(names: readonly string[]): Problem {
  return {
    code: 'ATTRIBUTES_LEFT_OUT',
    message: `Attributes that no operator declares, the compiler's own, are left out: ${listNames(names)}.`,
  };
}
