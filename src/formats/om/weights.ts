// The weights of a bundle: for every Assign of the update model, which Variable it writes and which input it takes.
// Source: design §3. A Variable may have been compiled to another dtype and layout, and a Const of the init model may have been
// merged with an equal one; the Assign keeps the weight's own dtype, format and shape.
import { AscendBundleError, type Problem } from '../../base/errors.js';
import { isStatic, type TensorSpec } from '../../graph/tensor.js';
import { descriptorSpec } from '../encodings/ge-desc.js';
import type { ModelDef, OpDef } from '../encodings/ge-model.js';
import { dataEdge, type Scope, Scopes } from './scopes.js';

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

/** At any depth: GE moves pieces of a branch into PartitionedCalls. */
function isBranch(scope: Scope): boolean {
  for (let { parent } = scope; parent !== undefined; parent = parent.scope.parent) if (parent.op.type === 'If') return true;
  return false;
}
