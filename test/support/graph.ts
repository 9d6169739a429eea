// Graphs for tests, written as graph.json is.
import { parseGraphJson } from '../../src/formats/graph-json.js';
import type { Graph } from '../../src/graph/graph.js';

interface Parts {
  readonly inputs?: readonly object[];
  readonly consts?: readonly object[];
  readonly nodes?: readonly object[];
  readonly outputs: readonly unknown[];
}

/** Unless given, the input is `x`, float32 [2, 2]. */
export function graphOf({ inputs = [{ name: 'x', dtype: 'float32', shape: [2, 2] }], consts = [], nodes = [], outputs }: Parts): Graph {
  return parseGraphJson(JSON.stringify({ name: 'net', inputs, consts, nodes, outputs }), {
    folder: '.',
    name: 'net.json',
    loadTensor: () => {
      throw new Error('this graph has no files');
    },
  });
}
