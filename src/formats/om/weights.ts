// The weights of a bundle: for every Assign of the update model, which Variable it writes and which input it takes.
// Source: design §3. A Variable may have been compiled to another dtype and layout, and a Const of the init model may have been
// merged with an equal one; the Assign keeps the weight's own dtype, format and shape.
import { AscendBundleError, type Problem } from '../../base/errors.js';
import { isStatic, type TensorSpec } from '../../graph/tensor.js';
import { descriptorSpec } from '../encodings/ge-desc.js';
import type { GraphDef, ModelDef, OpDef } from '../encodings/ge-model.js';

export interface AssignedWeight {
  readonly variableName: string;
  /** Which input of the update model has the new value. */
  readonly updateIndex: number;
  /** As the weight is given at an update: before GE's conversions. Its shape is static. */
  readonly spec: TensorSpec;
  /** Whether the Assign is a branch of an If, so that an empty tensor keeps the weight: GE's form. The static form needs every weight. */
  readonly isConditional: boolean;
}

export interface AssignedWeights {
  /** In the order of the update model's inputs. An Assign that cannot be followed is a warning, and no weight. */
  readonly weights: readonly AssignedWeight[];
  readonly warnings: readonly Problem[];
}

/** @param def  of the update model, attributes in clear */
export function assignedWeights(def: ModelDef, what: string): AssignedWeights {
  const scopes = new Scopes(def);
  const weights: AssignedWeight[] = [];
  const warnings: Problem[] = [];
  for (const { scope, op } of scopes.assigns()) {
    const variable = scopes.origin(scope, dataEdge(op, 0));
    const source = scopes.origin(scope, dataEdge(op, 1));
    const updateIndex = source === undefined ? undefined : scopes.inputIndex(source.op);
    if (variable?.op.type !== 'Variable' || updateIndex === undefined) {
      warnings.push(problem(what, op, 'does not lead from an input of the model to a Variable; what it updates is not known'));
      continue;
    }
    const spec = weightSpec(op, source?.op, what);
    if (isStatic(spec.shape)) weights.push({ variableName: variable.op.name ?? '', updateIndex, spec, isConditional: isBranch(scope) });
    else warnings.push(problem(what, op, `does not say the shape of what it gives "${variable.op.name ?? ''}"`));
  }
  weights.sort((a, b) => a.updateIndex - b.updateIndex);
  return {
    weights,
    warnings: [...warnings, ...repeated(weights, what), ...(warnings.length > 0 ? [] : unused(weights, scopes.inputCount, what))],
  };
}

function problem(what: string, assign: OpDef, why: string): Problem {
  return { code: 'BUNDLE_WEIGHT', message: `In ${what}, Assign "${assign.name ?? ''}" ${why}.` };
}

function repeated(weights: readonly AssignedWeight[], what: string): readonly Problem[] {
  // Sorted by input, so that the same one follows itself.
  return weights
    .filter(({ updateIndex }, i) => weights[i - 1]?.updateIndex === updateIndex)
    .map(({ updateIndex }) => ({
      code: 'BUNDLE_WEIGHT',
      message: `In ${what}, input ${updateIndex} is assigned to more than one Variable.`,
    }));
}

function unused(weights: readonly AssignedWeight[], inputCount: number, what: string): readonly Problem[] {
  const used = new Set(weights.map(({ updateIndex }) => updateIndex));
  return Array.from({ length: inputCount }, (_, i) => i)
    .filter((i) => !used.has(i))
    .map((i) => ({ code: 'BUNDLE_WEIGHT', message: `In ${what}, input ${i} is assigned to no Variable.` }));
}

/** The Assign's `ref` side is what the Variable was before conversions; the value side is of unknown rank in GE's own graphs. */
function weightSpec(assign: OpDef, source: OpDef | undefined, what: string): TensorSpec {
  const fail = (why: string): never => {
    throw new AscendBundleError('FILE_MALFORMED', {
      message: `${what} is damaged: of Assign "${assign.name ?? ''}", ${why}.`,
      at: assign.name,
      fix: 'Copy the file again, or build the bundle again.',
    });
  };
  const descs = [assign.inputDesc?.[0], assign.outputDesc?.[0], assign.inputDesc?.[1], source?.outputDesc?.[0]];
  const specs = descs.map((desc) => descriptorSpec(desc ?? { shape: { dim: [-2] } }, fail));
  return specs.find(({ shape }) => isStatic(shape)) ?? (specs[0] as TensorSpec);
}

interface Scope {
  readonly graph: GraphDef;
  readonly ops: ReadonlyMap<string, OpDef>;
  /** The op that the graph is a branch of. */
  readonly parent: { readonly scope: Scope; readonly op: OpDef } | undefined;
}

/** At any depth: GE moves pieces of a branch into PartitionedCalls. */
function isBranch(scope: Scope): boolean {
  for (let { parent } = scope; parent !== undefined; parent = parent.scope.parent) if (parent.op.type === 'If') return true;
  return false;
}

interface Place {
  readonly scope: Scope;
  readonly op: OpDef;
}

/** Longer ways than any compiler makes; a circle of edges ends here. */
const MAX_STEPS = 1000;

/** The graphs of a model, and the ways between them. */
class Scopes {
  readonly #scopes = new Map<string, Scope>();
  readonly #root: Scope | undefined;
  /** Data ops of the root graph, with their position among each other. */
  readonly #inputs: ReadonlyMap<OpDef, number>;

  constructor(def: ModelDef) {
    const [root, ...rest] = def.graph ?? [];
    this.#inputs = new Map((root?.op ?? []).filter(({ type }) => type === 'Data').map((op, i) => [op, i]));
    if (root === undefined) return;
    const byName = new Map(rest.map((graph) => [graph.name ?? '', graph]));
    this.#root = { graph: root, ops: opsOf(root), parent: undefined };
    const waiting = [this.#root];
    for (let scope = waiting.pop(); scope !== undefined; scope = waiting.pop()) {
      for (const op of scope.graph.op ?? []) {
        for (const name of op.subgraphName ?? []) {
          const graph = byName.get(name);
          if (graph === undefined || this.#scopes.has(name)) continue;
          const inner: Scope = { graph, ops: opsOf(graph), parent: { scope, op } };
          this.#scopes.set(name, inner);
          waiting.push(inner);
        }
      }
    }
  }

  *assigns(): Generator<Place> {
    for (const scope of this.#root === undefined ? [] : [this.#root, ...this.#scopes.values()]) {
      for (const op of scope.graph.op ?? []) if (op.type === 'Assign') yield { scope, op };
    }
  }

  /** Back along first inputs, through conversions and the borders of sub-graphs, to a Variable or an input of the model. */
  origin(start: Scope, edge: string | undefined): Place | undefined {
    let scope = start;
    let next = edge;
    for (let step = 0; next !== undefined && step < MAX_STEPS; step++) {
      const { name, index } = splitEdge(next);
      const op = scope.ops.get(name);
      if (op === undefined) return undefined;
      if (op.type === 'Variable') return { scope, op };
      const slot = op.attr?.get('_parent_node_index')?.i;
      if (op.type === 'Data' && scope.parent !== undefined && slot !== undefined) {
        next = dataEdge(scope.parent.op, Number(slot));
        scope = scope.parent.scope;
      } else if (op.type === 'Data') return { scope, op };
      else {
        const inner = op.type === 'PartitionedCall' ? this.#scopes.get(op.subgraphName?.[0] ?? '') : undefined;
        next = inner === undefined ? dataEdge(op, 0) : resultEdge(inner.graph, index);
        scope = inner ?? scope;
      }
    }
    return undefined;
  }

  get inputCount(): number {
    return this.#inputs.size;
  }

  /** The place of a Data op of the root graph among the inputs of the model. */
  inputIndex(op: OpDef): number | undefined {
    const position = this.#inputs.get(op);
    if (position === undefined) return undefined;
    const index = Number(op.attr?.get('index')?.i ?? position);
    return Number.isSafeInteger(index) && index >= 0 && index < this.#inputs.size ? index : undefined;
  }
}

function opsOf(graph: GraphDef): ReadonlyMap<string, OpDef> {
  return new Map((graph.op ?? []).map((op) => [op.name ?? '', op]));
}

/** The string of a data slot; control edges come after all of them. */
function dataEdge(op: OpDef, slot: number): string | undefined {
  const edge = op.input?.[slot];
  return edge === undefined || edge === '' || edge.endsWith(':-1') ? undefined : edge;
}

/** What a sub-graph gives as output `index` of the op that it is a branch of. */
function resultEdge(graph: GraphDef, index: number): string | undefined {
  const op = graph.op?.find(({ type }) => type === 'NetOutput');
  const slot = op?.inputDesc?.findIndex((desc) => Number(desc.attr?.get('_parent_node_index')?.i) === index) ?? -1;
  return op === undefined ? undefined : dataEdge(op, slot < 0 ? index : slot);
}

function splitEdge(edge: string): { readonly name: string; readonly index: number } {
  const colon = edge.lastIndexOf(':');
  return { name: edge.slice(0, colon), index: Number(edge.slice(colon + 1)) };
}
