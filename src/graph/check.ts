// Parses a Graph into a CheckedGraph: what follows (select, refresh, lower) trusts it and looks at nothing twice.
import { AscendBundleError, type Problem } from '../base/errors.js';
import { didYouMean, nearNames } from '../base/near-names.js';
import { problemsError } from '../base/problems.js';
import { checkAttrs, checkConst, checkSlots, checkSubgraphs, isConst, isSource, withSlotNames } from './check-node.js';
import { contradiction, isKnownDType, mergeSpecs, outputCount, outputNames, UNKNOWN_SPEC } from './check-values.js';
import { executionOrder } from './execution-order.js';
import { constValue, type Graph, type Node, splitRef, type ValueRef, valueRef } from './graph.js';
import { describeNode, nodeProblem, opContext } from './ops/op-context.js';
import { type OpPrototype, operatorTypes, prototypeOf } from './ops/prototypes.js';
import { outputRules } from './ops/rules/index.js';
import { hasUnknownRank, type Tensor, type TensorSpec, tensorBytes } from './tensor.js';

declare const CHECKED: unique symbol;

/** A graph in execution order. Names are unique, refs lead somewhere, slots and attributes are as the prototypes say. */
export interface CheckedGraph extends Graph {
  readonly [CHECKED]: true;
  readonly subgraphs: readonly CheckedGraph[];
  /** Of any output of any node. Where nothing is known: dtype `undefined`, the unknown rank. */
  spec(ref: ValueRef): TensorSpec;
  /** The tensor, where the value is that of a Const. */
  constant(ref: ValueRef): Tensor | undefined;
  /** What the output rules object to in a graph that GE wrote, by node: GE may know better, the host cannot run such a node. */
  readonly doubts: ReadonlyMap<string, Problem>;
  /**
   * The same graph for Consts (by name) whose value may change after the build: nothing follows from it, no spec, and `constant` does
   * not give it.
   */
  withRefreshable(constNames: Iterable<string>): CheckedGraph;
}

export interface CheckOptions {
  /**
   * The graph was written by GE (an `.air`): operators and attributes that the table does not know pass, descriptors stay as they are,
   * slots may be named by number (`__input0`). What an operator's rule says of an output overrules what the file says, because GE
   * writes placeholders there; what a rule objects to is a doubt and no problem.
   */
  readonly fromGe?: boolean;
}

/** A message with near names costs a walk over all names; a file full of errors gets them for the first ones. */
const MOST_SUGGESTIONS = 20;

/**
 * @throws GRAPH_INVALID with every problem found, each with its node and its place in the file
 */
export function checkGraph(graph: Graph, options: CheckOptions = {}): CheckedGraph {
  return checkWith(graph, options, new Set());
}

function checkWith(graph: Graph, options: CheckOptions, refreshable: ReadonlySet<string>): CheckedGraph {
  const problems: Problem[] = [];
  const subgraphNames = new Set(graph.subgraphs.map(({ name }) => name));
  const check = (one: Graph) => new GraphCheck(one, subgraphNames, options, refreshable, problems).run();
  const whole = {
    ...check(graph),
    subgraphs: graph.subgraphs.map(check),
    withRefreshable: (constNames: Iterable<string>) => checkWith(graph, options, new Set(constNames)),
  };
  if (problems.length === 0) return whole as unknown as CheckedGraph;
  throw problemsError('GRAPH_INVALID', problems, `The graph "${graph.name}" has ${problems.length} problems`);
}

/** The check of one graph (or sub-graph): a walk in execution order that knows the specs of what it has passed. */
class GraphCheck {
  readonly #byName = new Map<string, Node>();
  readonly #specs = new Map<ValueRef, TensorSpec>();
  readonly #outputCounts = new Map<string, number>();
  readonly #prototypes = new Map<string, OpPrototype | undefined>();
  readonly #doubts = new Map<string, Problem>();
  readonly #fromGe: boolean;
  #suggestions = 0;

  constructor(
    readonly graph: Graph,
    readonly subgraphNames: ReadonlySet<string>,
    options: CheckOptions,
    readonly refreshable: ReadonlySet<string>,
    readonly problems: Problem[],
  ) {
    this.#fromGe = options.fromGe === true;
  }

  run(): Graph & Pick<CheckedGraph, 'spec' | 'constant' | 'doubts'> {
    for (const node of this.graph.nodes) {
      if (this.#byName.has(node.name)) this.#report(node, 'has a name that another node has too.', 'Give every node a name of its own.');
      else this.#byName.set(node.name, node);
    }
    const order = executionOrder(this.graph.nodes, this.#byName);
    for (const cycle of order.cycles) {
      const node = this.#byName.get(cycle[0] as string) as Node;
      this.#report(node, `depends on itself: ${[...cycle, cycle[0]].join(' → ')}.`, 'Break the cycle.');
    }
    const nodes = order.nodes.map((node) => this.#checkNode(node));
    this.#checkOutputs();
    const specs = this.#specs;
    const spec = (ref: ValueRef): TensorSpec => specs.get(ref) ?? UNKNOWN_SPEC;
    const constant = (ref: ValueRef): Tensor | undefined => this.#constant(ref);
    return { ...this.graph, nodes, subgraphs: [], spec, constant, doubts: this.#doubts };
  }

  #report(node: Node, message: string, fix?: string): void {
    this.problems.push({ code: 'GRAPH_INVALID', message: `${describeNode(node)} ${message}`, at: node.at, fix });
  }

  #suggest(name: string, candidates: () => Iterable<string>): string | undefined {
    return this.#suggestions++ < MOST_SUGGESTIONS ? didYouMean(nearNames(name, candidates())) : undefined;
  }

  #checkNode(given: Node): Node {
    const prototype = this.#prototypeOf(given.type);
    const node = this.#fromGe && prototype !== undefined ? withSlotNames(given, prototype) : given;
    const isSound = this.#checkRefs(node);
    if (prototype === undefined) {
      if (!this.#fromGe) this.#report(node, 'is no built-in operator of GE.', this.#suggest(node.type, operatorTypes));
      this.#learn(node, node.outputDescs, node.outputDescs.length === 0 ? undefined : node.outputDescs.length);
      return node;
    }
    const before = this.problems.length;
    const report = (message: string, fix?: string): void => this.#report(node, message, fix);
    checkSlots(node, prototype, report);
    checkAttrs(node, prototype, this.#fromGe, report);
    checkSubgraphs(node, prototype, this.subgraphNames, report);
    checkConst(node, report);
    return this.#inferOutputs(node, prototype, isSound && this.problems.length === before);
  }

  #prototypeOf(type: string): OpPrototype | undefined {
    if (!this.#prototypes.has(type)) this.#prototypes.set(type, prototypeOf(type));
    return this.#prototypes.get(type);
  }

  #checkRefs(node: Node): boolean {
    let isSound = true;
    node.inputs.forEach((ref, i) => {
      if (ref !== null && !this.#resolves(ref)) {
        isSound = false;
        this.#report(node, `gets "${ref}" as ${node.inputNames[i] ?? `input ${i}`}, ${this.#whyNot(ref)}`, this.#wayOut(ref));
      }
    });
    for (const name of node.controlInputs ?? []) {
      if (!this.#byName.has(name)) this.#report(node, `runs after "${name}", which is no node of the graph.`, this.#wayOut(`${name}:0`));
    }
    return isSound;
  }

  #resolves(ref: ValueRef): boolean {
    const { node, output } = splitRef(ref);
    if (!this.#byName.has(node) || !Number.isInteger(output) || output < 0) return false;
    // A producer without a count has not been passed (a cycle, reported) or is of an unknown operator (reported or allowed).
    return output < (this.#outputCounts.get(node) ?? Number.POSITIVE_INFINITY);
  }

  #whyNot(ref: ValueRef): string {
    const { node } = splitRef(ref);
    const count = this.#outputCounts.get(node);
    if (!this.#byName.has(node)) return `but no node is called "${node}".`;
    return `but "${node}" has ${count === 1 ? 'one output' : `${count} outputs`}.`;
  }

  #wayOut(ref: ValueRef): string | undefined {
    const { node } = splitRef(ref);
    if (!this.#byName.has(node)) return this.#suggest(node, () => this.#byName.keys());
    return `Use "${valueRef(node)}", or another output that exists.`;
  }

  #inferOutputs(node: Node, prototype: OpPrototype, isSound: boolean): Node {
    const ruled = isSound ? this.#applyRule(node, prototype) : undefined;
    const count = ruled?.length ?? outputCount(node, prototype);
    const names = outputNames(prototype.outputs, count);
    const isNamed = node.outputNames.length > 0 && node.outputNames.length !== count;
    if (isNamed || node.outputDescs.length > count) {
      this.#report(node, `has ${Math.max(node.outputNames.length, node.outputDescs.length)} outputs given; it makes ${count}.`);
    }
    const specs = Array.from({ length: count }, (_, i) => {
      const given = node.outputDescs[i] ?? UNKNOWN_SPEC;
      const rule = ruled?.[i];
      if (rule === undefined) return given;
      const merged = mergeSpecs(rule, this.#isPlaceholder(given, rule) ? UNKNOWN_SPEC : given);
      if (merged === undefined && !this.#fromGe) {
        this.#report(node, contradiction(names?.[i] ?? String(i), given, rule), 'Correct it in "outputs", or leave it out.');
      }
      return merged ?? rule;
    });
    this.#learn(node, specs, count);
    return this.#fromGe ? node : this.#complete(node, specs, names ?? node.outputNames);
  }

  /** GE writes rank 0 for a shape that it has not inferred. */
  #isPlaceholder(given: TensorSpec, rule: TensorSpec): boolean {
    return this.#fromGe && given.shape.length === 0 && hasUnknownRank(rule.shape);
  }

  #applyRule(node: Node, prototype: OpPrototype): readonly TensorSpec[] | undefined {
    const rule = Object.hasOwn(outputRules, node.type) ? outputRules[node.type] : undefined;
    if (rule === undefined) return undefined;
    const spec = (ref: ValueRef): TensorSpec => this.#specs.get(ref) ?? UNKNOWN_SPEC;
    // A rule sees only inputs whose dtype is known: from an operator without a rule nothing follows.
    if (!isSource(node) && node.inputs.some((ref) => ref !== null && !isKnownDType(spec(ref)))) return undefined;
    const constant = (ref: ValueRef): Tensor | undefined => this.#constant(ref);
    try {
      return rule(opContext(node, prototype, { spec, constant }, 'GRAPH_INVALID'));
    } catch (error) {
      if (!(error instanceof AscendBundleError)) throw error;
      const problem = nodeProblem(node, error);
      if (this.#fromGe) this.#doubts.set(node.name, problem);
      else this.problems.push(problem);
      return undefined;
    }
  }

  #constant(ref: ValueRef): Tensor | undefined {
    const node = this.#byName.get(splitRef(ref).node);
    if (node === undefined || !isConst(node) || this.refreshable.has(node.name)) return undefined;
    // A Const whose data does not fit is a problem already; nobody shall read beyond it.
    const value = constValue(node);
    return value !== undefined && value.data.length === tensorBytes(value.dtype, value.shape) ? value : undefined;
  }

  #learn(node: Node, specs: readonly TensorSpec[], count: number | undefined): void {
    specs.forEach(({ dtype, shape, format }, i) => {
      this.#specs.set(valueRef(node.name, i), { dtype, shape, ...(format === undefined ? {} : { format }) });
    });
    if (count !== undefined) this.#outputCounts.set(node.name, count);
  }

  /** A node from a graph.json says little of its values; the graph that GE gets says all that is known. */
  #complete(node: Node, specs: readonly TensorSpec[], names: readonly string[]): Node {
    const inputSpec = (ref: ValueRef | null): TensorSpec => (ref === null ? UNKNOWN_SPEC : (this.#specs.get(ref) ?? UNKNOWN_SPEC));
    return {
      ...node,
      outputNames: names,
      outputDescs: specs.map((spec, i) => ({ ...node.outputDescs[i], ...spec })),
      inputDescs: node.inputs.map((ref, i) => node.inputDescs[i] ?? inputSpec(ref)),
    };
  }

  #checkOutputs(): void {
    const names = new Set<string>();
    for (const { name, value } of this.graph.outputs) {
      const report = (message: string, fix?: string): void => {
        this.problems.push({ code: 'GRAPH_INVALID', message: `The output "${name}" of graph "${this.graph.name}" ${message}`, fix });
      };
      if (names.has(name)) report('is listed twice.', 'Give every output a name of its own.');
      else names.add(name);
      if (!this.#resolves(value)) report(`is "${value}", ${this.#whyNot(value)}`, this.#wayOut(value));
    }
  }
}
