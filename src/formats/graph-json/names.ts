// What the inputs, consts and nodes of a graph.json are called, and what a ref to one of them means.
import type { JsonPath } from '../../base/json-text.js';
import { type ValueRef, valueRef } from '../../graph/graph.js';
import type { OpPrototype } from '../../graph/ops/prototypes.js';
import type { Problems } from './problems.js';

interface Declared {
  readonly path: JsonPath;
  /** undefined where it depends on the node: a dynamic output, an operator that is not known. */
  readonly outputCount: number | undefined;
}

export class Names {
  readonly #declared = new Map<string, Declared>();

  constructor(readonly problems: Problems) {}

  declareValue(name: string, path: JsonPath): void {
    this.#declare(name, { path, outputCount: 1 });
  }

  /** @param prototype  undefined for an operator that is not known */
  declareNode(name: string, prototype: OpPrototype | undefined, path: JsonPath): void {
    const outputs = prototype?.outputs;
    const isOpen = outputs?.some((slot) => slot.kind === 'dynamic') ?? true;
    this.#declare(name, { path, outputCount: isOpen ? undefined : outputs?.length });
  }

  #declare(name: string, declared: Declared): void {
    const other = this.#declared.get(name);
    if (other === undefined) this.#declared.set(name, declared);
    else {
      const [list, index] = other.path;
      this.problems.add(
        [...declared.path, 'name'],
        `The name "${name}" is taken by /${String(list)}/${String(index)}.`,
        'Give every input, const and node a name of its own.',
      );
    }
  }

  /**
   * A ref equal to a declared name is its output 0, else it is split at the last colon.
   *
   * @returns undefined, with a problem reported at `path`, where it leads nowhere
   */
  resolve(ref: string, path: JsonPath): ValueRef | undefined {
    if (this.#declared.has(ref)) return valueRef(ref);
    const colon = ref.lastIndexOf(':');
    const name = ref.slice(0, Math.max(0, colon));
    const declared = colon < 0 ? undefined : this.#declared.get(name);
    if (declared === undefined) {
      this.problems.add(
        path,
        `"${ref}" is no input, const or node of the graph.`,
        this.problems.suggest(ref, () => this.#declared.keys()),
      );
      return undefined;
    }
    const text = ref.slice(colon + 1);
    const output = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
    const count = declared.outputCount;
    if (output === undefined) {
      this.problems.add(
        path,
        `"${ref}" has "${text}" after the colon, which is not the number of an output.`,
        `Write "${name}:0", or "${name}".`,
      );
      return undefined;
    }
    if (count !== undefined && output >= count) {
      const has = count === 0 ? 'no outputs' : count === 1 ? 'one output, 0' : `${count} outputs, 0 to ${count - 1}`;
      this.problems.add(
        path,
        `"${ref}" is not there: "${name}" has ${has}.`,
        count === 0 ? undefined : `Write "${name}", or the number of an output that exists.`,
      );
      return undefined;
    }
    return valueRef(name, output);
  }
}
