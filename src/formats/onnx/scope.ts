// One graph of a model while it is projected: which node gives a value, and what is known of it. A sub-graph also sees the
// values of the graphs around it.
import { AscendBundleError } from '../../base/errors.js';
import { type Attrs, type Graph, type Node, type ValueRef, valueRef } from '../../graph/graph.js';
import type { TensorSpec } from '../../graph/tensor.js';
import type { OnnxGraph, OnnxNode } from '../encodings/onnx-model.js';
import { describedValues, UNKNOWN_SPEC } from './values.js';

export class Scope {
  readonly nodes: Node[] = [];
  /** Values of outer graphs that this one, or one inside it, reads; in order of first use. */
  readonly captures: string[] = [];
  readonly #what: string;
  readonly #graph: OnnxGraph;
  readonly #outer: Scope | undefined;
  readonly #producers = new Map<string, ValueRef>();
  readonly #specs: Map<string, TensorSpec>;
  readonly #nodeNames = new Set<string>();
  #dataCount = 0;

  /** @param what  names the file in errors */
  constructor(what: string, graph: OnnxGraph, outer?: Scope) {
    this.#what = what;
    this.#graph = graph;
    this.#outer = outer;
    this.#specs = new Map(describedValues(graph));
    for (const node of graph.node ?? []) this.#nodeNames.add(node.name ?? '');
  }

  addData(nodeName: string, value: string, spec: TensorSpec): void {
    this.addLeaf('Data', nodeName, value, spec, new Map([['index', { kind: 'int', value: this.#dataCount++ }]]));
  }

  /** A node without inputs that gives one value. */
  addLeaf(type: string, nodeName: string, value: string, spec: TensorSpec, attrs: Attrs): void {
    const { dtype, shape } = spec;
    this.#provide(value, nodeName, 0);
    this.#specs.set(value, { dtype, shape });
    this.#nodeNames.add(nodeName);
    const slots = { inputs: [], inputNames: [], inputDescs: [], outputNames: ['y'], outputDescs: [{ dtype, shape }] };
    this.nodes.push({ name: nodeName, type, ...slots, attrs });
  }

  addOutputs(node: OnnxNode): void {
    for (const [i, value] of (node.output ?? []).entries()) if (value !== '') this.#provide(value, node.name ?? '', i);
  }

  /**
   * @param reader  who reads the value, as the beginning of an error's message
   * @throws GRAPH_INVALID when nothing gives it
   */
  resolve(value: string, reader: string, at: string): ValueRef {
    const known = this.#producers.get(value);
    if (known !== undefined) return known;
    if (this.#outer === undefined) {
      throw new AscendBundleError('GRAPH_INVALID', {
        message: `${reader} of ${this.#what} reads "${value}", which no node, input or initializer gives.`,
        at,
        fix: 'Export the model again, or repair the name.',
      });
    }
    this.captures.push(value);
    this.addData(this.#freeNodeName(value), value, this.#outer.specOf(value));
    return this.#producers.get(value) as ValueRef;
  }

  specOf(value: string): TensorSpec {
    return this.#specs.get(value) ?? this.#outer?.specOf(value) ?? UNKNOWN_SPEC;
  }

  outputs(): Graph['outputs'] {
    return (this.#graph.output ?? []).map(({ name = '' }, i) => ({
      name,
      value: this.resolve(name, `Output ${i} of the graph "${this.#graph.name ?? ''}"`, `/graph/output/${i}`),
    }));
  }

  #provide(value: string, node: string, output: number): void {
    const before = this.#producers.get(value);
    if (before !== undefined) {
      throw new AscendBundleError('GRAPH_INVALID', {
        message: `The value "${value}" of ${this.#what} is given twice: by "${before}" and by "${valueRef(node, output)}".`,
        fix: 'Export the model again: each value must have one producer.',
      });
    }
    this.#producers.set(value, valueRef(node, output));
  }

  #freeNodeName(value: string): string {
    let name = value;
    for (let i = 1; this.#nodeNames.has(name); i++) name = `${value}_${i}`;
    return name;
  }
}
