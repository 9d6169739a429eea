// GE's own objects that cross the border: Graph handles and what holds them (cann-api §7.1, §7.3).
import type { Address } from '../memory.js';
import { constructMap, type LayoutParts, MAP_BYTES, makeMap, makeStringVector, makeVector, place } from './standard.js';

const GRAPH_BYTES = 16;
const GRAPH_WITH_OPTIONS = { options: GRAPH_BYTES, bytes: GRAPH_BYTES + MAP_BYTES } as const;
const MODEL_BUFFER = { data: 0, length: 16, bytes: 24 } as const;

export interface RefreshableGraphObjects {
  /** `ge::WeightRefreshableGraphs`. */
  readonly address: Address;
  readonly infer: Address;
  readonly init: Address;
  readonly update: Address;
}

export interface GraphWithOptions {
  /** A handle that is used for nothing else afterwards: it is moved. */
  readonly graph: Address;
  readonly options: Readonly<Record<string, string>>;
}

export interface ModelBuffer {
  /** `ge::ModelBufferData`. */
  readonly address: Address;
  /** After success: where the model's bytes are, and how many. */
  read(): { readonly data: Address; readonly length: bigint };
}

export interface Layouts {
  /** `ge::Graph(name)`. */
  graph(name: string): Address;
  /** A handle without a graph, for calls that put one there. */
  emptyGraph(): Address;
  /** `std::vector<ge::AscendString>`. */
  strings(texts: readonly string[]): Address;
  /** `std::map<ge::AscendString, ge::AscendString>`. */
  options(entries: Readonly<Record<string, string>>): Address;
  refreshableGraphs(): RefreshableGraphObjects;
  /** `std::vector<ge::GraphWithOptions>`. */
  graphsWithOptions(graphs: readonly GraphWithOptions[]): Address;
  modelBuffer(): ModelBuffer;
}

export function createLayouts(parts: LayoutParts): Layouts {
  const { memory, caller, names } = parts;
  const emptyGraph = (): Address => {
    const { address } = place(parts, GRAPH_BYTES);
    names.add(address, 'graph');
    return address;
  };
  return {
    emptyGraph,
    graph(name) {
      const address = emptyGraph();
      caller.call('Graph.Graph', address, name);
      return address;
    },
    strings: (texts) => makeStringVector(parts, texts),
    options: (entries) => makeMap(parts, entries),
    refreshableGraphs() {
      const { address } = place(parts, 3 * GRAPH_BYTES);
      const [infer, init, update] = [0, 1, 2].map((i) => address + BigInt(i * GRAPH_BYTES)) as [Address, Address, Address];
      names.describe(infer, 'inferGraph');
      names.describe(init, 'initGraph');
      names.describe(update, 'updateGraph');
      names.describe(address, ['inferGraph', 'initGraph', 'updateGraph'], 'weightRefreshableGraphs');
      return { address, infer, init, update };
    },
    graphsWithOptions(graphs) {
      const elements = place(parts, Math.max(graphs.length, 1) * GRAPH_WITH_OPTIONS.bytes);
      for (const [i, { graph, options }] of graphs.entries()) {
        const offset = i * GRAPH_WITH_OPTIONS.bytes;
        memory.read(graph, GRAPH_BYTES).copy(elements.bytes, offset);
        constructMap(parts, elements.bytes, offset + GRAPH_WITH_OPTIONS.options, options);
      }
      const vector = makeVector(parts, elements.address, graphs.length * GRAPH_WITH_OPTIONS.bytes);
      names.describe(
        vector,
        graphs.map(({ graph, options }) => ({ graph: names.of(graph, 'graph'), options })),
      );
      return vector;
    },
    modelBuffer() {
      const { bytes, address } = place(parts, MODEL_BUFFER.bytes);
      names.add(address, 'model');
      return {
        address,
        read: () => ({ data: bytes.readBigUInt64LE(MODEL_BUFFER.data), length: bytes.readBigUInt64LE(MODEL_BUFFER.length) }),
      };
    },
  };
}
