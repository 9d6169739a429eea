// A model as a device computes it that keeps every value in 16 bits: after each operator the result is rounded, by a Cast and one
// back. ONNX Runtime keeps such pairs at every level of optimization (test/backends/rounding.test.ts holds it): they change values.
import { encode } from '../../base/protobuf/index.js';
import { type OnnxGraph, OnnxModel, type OnnxNode } from '../../formats/encodings/onnx-model.js';
import { innerGraphs } from '../../formats/onnx/attributes.js';
import { createInference } from './inference.js';
import type { Ort } from './ort.js';
import { ValueTypes, withBodies } from './value-types.js';
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

export interface RoundedModel {
  readonly model: OnnxModel;
  /** Nodes that have values inside which are not rounded: their dtypes do not follow, or they call a function of the model. */
  readonly unrounded: readonly string[];
}

/**
 * The same model with the values rounded where they come from: results of operators, inputs, initializers, those inside sub-graphs
 * too. Inputs and initializers get another name in it; their order stays.
 *
 * @param values  float32 ones of the main graph; of a value that decides a shape the exact one is kept
 */
export function roundModel(model: OnnxModel, values: ReadonlySet<string>, to: SmallFloat): RoundedModel {
  const graph = model.graph ?? {};
  const types = new ValueTypes(graph);
  for (const name of values) types.set(name, 'float32');
  const functions = new Set((model.functions ?? []).map(({ domain = '', name = '' }) => `${domain}:${name}`));
  const rounding: Rounding = { to, suffix: freeSuffix(graph), functions, unrounded: new Set() };
  const isRounded = (name: string): boolean => values.has(name);
  const rounded = roundGraph(graph, types, rounding, { isRounded, given: [...(graph.input ?? []), ...(graph.initializer ?? [])] });
  const renamed = rounded.renamed;
  return {
    model: {
      ...model,
      graph: { ...rounded.graph, ...(graph.input === undefined ? {} : { input: graph.input.map(renamed) }) },
    },
    unrounded: [...rounding.unrounded],
  };
}

interface Rounding {
  readonly to: SmallFloat;
  /** Of exact values; no name of the model has it. */
  readonly suffix: string;
  /** `domain:name` */
  readonly functions: ReadonlySet<string>;
  readonly unrounded: Set<string>;
}

interface GraphRounding {
  readonly isRounded: (name: string) => boolean;
  /** What nodes do not give, and is to be rounded too. */
  readonly given: readonly { readonly name?: string }[];
  /** The node of the main graph that this graph is inside of. */
  readonly inside?: string;
}

type Rename = <T extends { readonly name?: string }>(one: T) => T;

function roundGraph(graph: OnnxGraph, types: ValueTypes, rounding: Rounding, own: GraphRounding): { graph: OnnxGraph; renamed: Rename } {
  const { to, suffix, functions, unrounded } = rounding;
  const shaping = shapingValues(graph);
  const isRounded = (name: string): boolean => own.isRounded(name) && !shaping.has(name);
  const renamed: Rename = (one) => (isRounded(one.name ?? '') ? { ...one, name: `${one.name}${suffix}` } : one);
  const casts = (names: readonly string[]): OnnxNode[] => names.filter(isRounded).flatMap((name) => roundingPair(name, suffix, to));
  const node = (graph.node ?? []).flatMap((one) => {
    const { name = '', opType = '', domain = '', output = [] } = one;
    const inside = own.inside ?? `${name || output[0]} (${opType})`;
    const { node: whole, bodies } = withBodies(one, types, (body, known) => roundBody(body, known, rounding, inside));
    types.add(one, bodies);
    const isUnknown = own.inside !== undefined && output.some((value) => value !== '' && types.dtypeOf(value) === undefined);
    if (isUnknown || functions.has(`${domain}:${opType}`)) unrounded.add(inside);
    return [{ ...whole, output: output.map((value) => (isRounded(value) ? `${value}${suffix}` : value)) }, ...casts(output)];
  });
  return {
    graph: {
      ...graph,
      node: [...casts(own.given.map(({ name = '' }) => name)), ...node],
      ...(graph.initializer === undefined ? {} : { initializer: graph.initializer.map(renamed) }),
      // What they say of a value is no longer true of its name.
      valueInfo: [],
    },
    renamed,
  };
}

/** What goes into a body has been rounded where it comes from. */
function roundBody(body: OnnxGraph, types: ValueTypes, rounding: Rounding, inside: string): OnnxGraph {
  const isRounded = (name: string): boolean => types.dtypeOf(name) === 'float32';
  return roundGraph(body, types, rounding, { isRounded, given: body.initializer ?? [], inside }).graph;
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

/** An ending that no name of the graph has, or of a graph inside it. */
function freeSuffix(graph: OnnxGraph): string {
  const all = allNames(graph).join('\n');
  let suffix = '__exact';
  while (all.includes(suffix)) suffix += '_';
  return suffix;
}

function allNames({ input = [], initializer = [], node = [] }: OnnxGraph): string[] {
  const inner = node.flatMap((one) => innerGraphs(one).flatMap(({ graph }) => allNames(graph)));
  const given = [...input, ...initializer].map(({ name = '' }) => name);
  return [...given, ...node.flatMap(({ name = '', output = [] }) => [name, ...output]), ...inner];
}
