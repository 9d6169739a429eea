// Every value of a model by name, those of sub-graphs too, so that new ones get names of their own.
import type { OnnxGraph } from '../encodings/onnx-model.js';

export class FreshNames {
  readonly #taken = new Set<string>();

  /** @param more  names that are taken although the graph does not have them */
  constructor(graph: OnnxGraph, more: readonly string[] = []) {
    for (const name of more) this.#taken.add(name);
    this.#collect(graph);
  }

  fresh(base: string): string {
    let name = base;
    for (let i = 1; this.#taken.has(name); i++) name = `${base}_${i}`;
    this.#taken.add(name);
    return name;
  }

  #collect(graph: OnnxGraph): void {
    for (const { name = '' } of [...(graph.input ?? []), ...(graph.initializer ?? [])]) this.#taken.add(name);
    for (const { output = [], attribute = [] } of graph.node ?? []) {
      for (const name of output) this.#taken.add(name);
      for (const { g, graphs = [] } of attribute) for (const inner of g === undefined ? graphs : [g, ...graphs]) this.#collect(inner);
    }
  }
}
