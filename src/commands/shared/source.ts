// Reads a graph from whichever format the file is in. The kind is told from its content, never from its name. Each reader is loaded for
// its own files: that of graph.json takes zod along, which is a third of what reading a small ONNX model takes.
import type { GraphSource } from '../../backends/backend.js';
import { openFile } from '../../base/open-file.js';
import { GRAPH_KINDS, requireKind } from '../../formats/kind.js';
import type { CheckOptions } from '../../graph/check.js';
import type { Graph } from '../../graph/graph.js';
import { loadTensorAt } from '../../weights/read.js';

/**
 * @throws FILE_NOT_FOUND, FILE_EMPTY, FILE_TRUNCATED, FILE_KIND when the file is no graph, and what its reader finds
 */
export async function readGraphSource(path: string): Promise<GraphSource> {
  const kind = requireKind(openFile(path), path, GRAPH_KINDS, 'a graph (graph.json, ONNX or .air)');
  switch (kind) {
    case 'onnx': {
      const { readOnnx } = await import('../../formats/onnx/index.js');
      const { graph, ...program } = readOnnx(path);
      return { path, kind, graph, program };
    }
    case 'air': {
      const { readAir } = await import('../../formats/air.js');
      return checkedSource(path, kind, readAir(path), { fromGe: true });
    }
    case 'graph-json': {
      const { readGraphJson } = await import('../../formats/graph-json.js');
      return checkedSource(path, kind, readGraphJson(path, loadTensorAt));
    }
  }
}

async function checkedSource(path: string, kind: 'graph-json' | 'air', graph: Graph, options?: CheckOptions): Promise<GraphSource> {
  const { checkGraph } = await import('../../graph/check.js');
  const checked = checkGraph(graph, options);
  return { path, kind, graph: checked, checked };
}
