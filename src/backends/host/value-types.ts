// The dtypes and shapes of the values of an ONNX graph, as far as they follow from what the model says and from one operator to the
// next. ONNX Runtime would know all dtypes, but it tells none of those inside a sub-graph, and a build does not load it.
import type { OnnxGraph, OnnxNode } from '../../formats/encodings/onnx-model.js';
import { intAttr, isOnnxDomain, mapInnerGraphs } from '../../formats/onnx/attributes.js';
import { describedValues } from '../../formats/onnx/values.js';
import { dtypeOfOnnx } from '../../graph/dtype.js';
import type { Shape } from '../../graph/tensor.js';
import { resultDType } from './lower/result-dtype.js';

/** What is known of the values of one graph, and of those around it. */
export class ValueTypes {
  readonly #dtypes = new Map<string, string>();
  readonly #shapes = new Map<string, Shape>();
  readonly #outer: ValueTypes | undefined;

  constructor(graph: OnnxGraph, outer?: ValueTypes) {
    this.#outer = outer;
    for (const [name, { dtype, shape }] of describedValues(graph)) this.set(name, dtype.bits > 0 ? dtype.name : undefined, shape);
    for (const { name = '', dataType = 0, dims = [] } of graph.initializer ?? []) {
      this.set(name, dtypeOfOnnx(dataType)?.name, dims.map(Number));
    }
  }

  /** undefined where it does not follow. */
  dtypeOf(value: string): string | undefined {
    return this.#dtypes.get(value) ?? this.#outer?.dtypeOf(value);
  }

  /** As the model describes it. */
  shapeOf(value: string): Shape | undefined {
    return this.#shapes.get(value) ?? this.#outer?.shapeOf(value);
  }

  set(value: string, dtype: string | undefined, shape?: Shape): void {
    if (dtype !== undefined) this.#dtypes.set(value, dtype);
    if (shape !== undefined) this.#shapes.set(value, shape);
  }

  /** Those of a sub-graph of `node`: what goes into a loop has the dtype of what it comes from. */
  inside({ opType, input = [] }: OnnxNode, graph: OnnxGraph): ValueTypes {
    const types = new ValueTypes(graph, this);
    for (const [i, { name = '' }] of (graph.input ?? []).entries()) {
      if (types.#dtypes.has(name)) continue;
      if (opType === 'Loop') types.set(name, i === 0 ? 'int64' : i === 1 ? 'bool' : this.dtypeOf(input[i] ?? ''));
      if (opType === 'Scan') types.set(name, this.dtypeOf(input[i] ?? ''));
    }
    return types;
  }

  /**
   * Takes note of what a node gives. Nodes must come in execution order.
   *
   * @param bodies  its sub-graphs, each with what is known of it
   */
  add(node: OnnxNode, bodies: readonly Body[] = []): void {
    const { opType = '', input = [], output = [] } = node;
    if (!isOnnxDomain(node.domain)) return;
    const inputs = input.map((name) => this.dtypeOf(name));
    for (const [i, name] of output.entries()) {
      const dtype = bodies.length > 0 ? givenBy(bodies, opType, i) : dtypeOfResult(node, i, inputs);
      if (!this.#dtypes.has(name)) this.set(name, dtype);
    }
  }
}

export interface Body {
  readonly graph: OnnxGraph;
  readonly types: ValueTypes;
}

/**
 * The node with its sub-graphs changed.
 *
 * @returns also the sub-graphs as they were, with the types that `change` was given
 */
export function withBodies(
  node: OnnxNode,
  outer: ValueTypes,
  change: (graph: OnnxGraph, types: ValueTypes) => OnnxGraph,
): { readonly node: OnnxNode; readonly bodies: readonly Body[] } {
  const bodies: Body[] = [];
  const changed = mapInnerGraphs(node, (graph) => {
    const types = outer.inside(node, graph);
    bodies.push({ graph, types });
    return change(graph, types);
  });
  return { node: changed, bodies };
}

/** A loop's body first says whether it goes on. */
const FIRST_RESULT: Readonly<Record<string, number>> = { If: 0, Loop: 1, Scan: 0 };

function givenBy(bodies: readonly Body[], opType: string, output: number): string | undefined {
  const first = FIRST_RESULT[opType];
  if (first === undefined) return undefined;
  const dtypes = bodies.map(({ graph, types }) => types.dtypeOf(graph.output?.[first + output]?.name ?? ''));
  return dtypes.find((one) => one !== undefined);
}

function dtypeOfResult(node: OnnxNode, output: number, inputs: readonly (string | undefined)[]): string | undefined {
  const { opType = '', attribute = [] } = node;
  if (opType !== 'Constant') return resultDType(opType, output, inputs, { to: intAttr(node, 'to') });
  const [one] = attribute;
  if (one?.t?.dataType !== undefined) return dtypeOfOnnx(one.t.dataType)?.name;
  return CONSTANT_FORMS[one?.name ?? ''];
}

const CONSTANT_FORMS: Readonly<Record<string, string>> = {
  value_int: 'int64',
  value_ints: 'int64',
  value_float: 'float32',
  value_floats: 'float32',
};
