// A model as a device computes it that keeps every value in 16 bits: after each operator the result is rounded, by a Cast and one
// back. ONNX Runtime keeps such pairs at every level of optimization (test/backends/rounding.test.ts holds it): they change values.
import { encode } from '../../base/protobuf/index.js';
import { type OnnxGraph, OnnxModel, type OnnxNode } from '../../formats/encodings/onnx-model.js';
import { createInference } from './inference.js';
import type { Ort } from './ort.js';
import { castNode, SMALL_FLOATS, type SmallFloat } from './widen-small-floats.js';

const FLOAT = 1;

/**
 * The values of the main graph that are float32: inputs, initializers, results. Types follow from ONNX Runtime's own inference, for
 * which the model is opened with every value as an output, and not run.
 *
 * @throws HOST_EXECUTION
 */
export async function floatValues(ort: Ort, model: OnnxModel): Promise<ReadonlySet<string>> {
  const graph = model.graph ?? {};
  const results = (graph.node ?? []).flatMap(({ output = [] }) => output.filter((name) => name !== ''));
  const named = new Set((graph.output ?? []).map(({ name }) => name));
  const output = [...(graph.output ?? []), ...results.filter((name) => !named.has(name)).map((name) => ({ name }))];
  const probe: OnnxModel = { ...model, graph: { ...graph, output } };
  const session = await createInference(ort, encode(OnnxModel, probe).read(), { isUnoptimized: true });
  try {
    const inferred = session.outputMetadata.filter((one) => one.isTensor && one.type === 'float32').map(({ name }) => name);
    const inputs = (graph.input ?? []).filter(({ type }) => type?.tensorType?.elemType === FLOAT).map(({ name = '' }) => name);
    const initializers = (graph.initializer ?? []).filter(({ dataType }) => dataType === FLOAT).map(({ name = '' }) => name);
    return new Set([...inferred, ...inputs, ...initializers]);
  } finally {
    await session.release();
  }
}

/**
 * The same model with the values rounded where they come from: results of operators, inputs, initializers. Inputs and initializers
 * get another name in it; their order stays.
 *
 * @param values  float32 ones of the main graph; of a value that decides a shape the exact one is kept
 */
export function roundModel(model: OnnxModel, values: ReadonlySet<string>, to: SmallFloat): OnnxModel {
  const graph = model.graph ?? {};
  const shaping = shapingValues(graph);
  const isRounded = (name: string): boolean => values.has(name) && !shaping.has(name);
  const suffix = freeSuffix(graph);
  const renamed = <T extends { readonly name?: string }>(one: T): T =>
    isRounded(one.name ?? '') ? { ...one, name: `${one.name}${suffix}` } : one;
  const casts = (names: readonly string[]): OnnxNode[] => names.filter(isRounded).flatMap((name) => roundingPair(name, suffix, to));
  const given = [...(graph.input ?? []), ...(graph.initializer ?? [])].map(({ name = '' }) => name);
  const node = (graph.node ?? []).flatMap((one) => {
    const output = (one.output ?? []).map((name) => (isRounded(name) ? `${name}${suffix}` : name));
    return [{ ...one, output }, ...casts(one.output ?? [])];
  });
  return {
    ...model,
    graph: {
      ...graph,
      node: [...casts(given), ...node],
      ...(graph.input === undefined ? {} : { input: graph.input.map(renamed) }),
      ...(graph.initializer === undefined ? {} : { initializer: graph.initializer.map(renamed) }),
      // What they say of a value is no longer true of its name.
      valueInfo: [],
    },
  };
}

function roundingPair(name: string, suffix: string, to: SmallFloat): OnnxNode[] {
  const narrow = `${name}${suffix}_${to}`;
  return [
    castNode(`${name}${suffix}_round`, `${name}${suffix}`, narrow, SMALL_FLOATS[to]),
    castNode(`${name}${suffix}_widen`, narrow, name, FLOAT),
  ];
}

/** Floats that say how large a result is. A device has them as they were when it was compiled. */
const SHAPING_SLOTS: Readonly<Record<string, readonly number[]>> = { Resize: [1, 2], Upsample: [1], Range: [0, 1, 2] };

function shapingValues(graph: OnnxGraph): ReadonlySet<string> {
  return new Set(
    (graph.node ?? []).flatMap(({ opType = '', input = [] }) => (SHAPING_SLOTS[opType] ?? []).flatMap((slot) => input[slot] ?? [])),
  );
}

/** An ending that no name of the graph has. */
function freeSuffix(graph: OnnxGraph): string {
  const names = [...(graph.input ?? []), ...(graph.initializer ?? [])].map(({ name = '' }) => name);
  const all = [...names, ...(graph.node ?? []).flatMap(({ name = '', output = [] }) => [name, ...output])].join('\n');
  let suffix = '__exact';
  while (all.includes(suffix)) suffix += '_';
  return suffix;
}
