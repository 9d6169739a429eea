// The constants of a graph as tensors with names. Of equal names the first counts, as it does for a build.
import { readAir } from '../formats/air.js';
import { readGraphJson } from '../formats/graph-json.js';
import { readOnnx } from '../formats/onnx/index.js';
import { constContent, constsByName } from '../graph/consts.js';
import type { Graph } from '../graph/graph.js';
import type { NamedTensor } from '../graph/tensor.js';
import { loadTensorAt } from './read.js';

export function graphJsonConstants(path: string): readonly NamedTensor[] {
  return constantsOf(readGraphJson(path, loadTensorAt));
}

export function onnxConstants(path: string): readonly NamedTensor[] {
  return constantsOf(readOnnx(path).graph);
}

export function airConstants(path: string): readonly NamedTensor[] {
  return constantsOf(readAir(path));
}

function constantsOf(graph: Graph): readonly NamedTensor[] {
  return [...constsByName(graph)].flatMap(([name, { node }]) => {
    const content = constContent(node);
    return content === undefined ? [] : [{ ...content.tensor, name }];
  });
}
