// Reads a graph from whichever format the file is in. The kind is told from its content, never from its name.
import type { GraphSource } from '../../backends/backend.js';
import { openFile } from '../../base/open-file.js';
import { readAir } from '../../formats/air.js';
import { readGraphJson } from '../../formats/graph-json.js';
import { GRAPH_KINDS, requireKind } from '../../formats/kind.js';
import { readOnnx } from '../../formats/onnx/index.js';
import { type CheckOptions, checkGraph } from '../../graph/check.js';
import type { Graph } from '../../graph/graph.js';
import { loadTensorAt } from '../../weights/read.js';

/**
 * @throws FILE_NOT_FOUND, FILE_EMPTY, FILE_TRUNCATED, FILE_KIND when the file is no graph, and what its reader finds
 */
export function readGraphSource(path: string): GraphSource {
  const kind = requireKind(openFile(path), path, GRAPH_KINDS, 'a graph (graph.json, ONNX or .air)');
  switch (kind) {
    case 'onnx': {
      const { graph, ...program } = readOnnx(path);
      return { path, kind, graph, program };
    }
    case 'air':
      return checkedSource(path, kind, readAir(path), { fromGe: true });
    case 'graph-json':
      return checkedSource(path, kind, readGraphJson(path, loadTensorAt));
  }
}

function checkedSource(path: string, kind: 'graph-json' | 'air', graph: Graph, options?: CheckOptions): GraphSource {
  const checked = checkGraph(graph, options);
  return { path, kind, graph: checked, checked };
}
