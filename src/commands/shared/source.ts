// Reads a graph from whichever format the file is in. The kind is told from its content, never from its name.
import type { GraphSource } from '../../backends/backend.js';
import { openFile } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { readAir } from '../../formats/air.js';
import { readGraphJson } from '../../formats/graph-json.js';
import { detectKind, type Kind } from '../../formats/kind.js';
import { readOnnx } from '../../formats/onnx/index.js';
import { type CheckOptions, checkGraph } from '../../graph/check.js';
import type { Graph } from '../../graph/graph.js';
import { loadTensorAt } from '../../weights/read.js';
import { KIND_WORDS } from './kind-words.js';

export function isGraphKind(kind: Kind): kind is GraphSource['kind'] {
  return kind === 'graph-json' || kind === 'air' || kind === 'onnx';
}

/**
 * @throws FILE_NOT_FOUND, FILE_KIND when the file is no graph, and what its reader finds
 */
export function readGraphSource(path: string): GraphSource {
  const kind = detectKind(openFile(path));
  switch (kind) {
    case 'onnx': {
      const { graph, ...program } = readOnnx(path);
      return { path, kind, graph, program };
    }
    case 'air':
      return checkedSource(path, kind, readAir(path), { fromGe: true });
    case 'graph-json':
      return checkedSource(path, kind, readGraphJson(path, loadTensorAt));
    default:
      throw new AscendBundleError('FILE_KIND', {
        message: `${path} is ${KIND_WORDS[kind]}, not a graph.`,
        fix: 'Give a graph.json, an ONNX model or an .air file.',
      });
  }
}

function checkedSource(path: string, kind: 'graph-json' | 'air', graph: Graph, options?: CheckOptions): GraphSource {
  const checked = checkGraph(graph, options);
  return { path, kind, graph: checked, checked };
}
