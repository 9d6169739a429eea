// The initial values of a bundle's weights: which Const of the init model each Assign takes its value from. The init graph keeps
// a weight's own dtype and layout even where the Variable was compiled to others (corpus: `nz`), unless a compiler folded the
// conversion away; such a Const is no initial value that can be read or replaced by name.
import type { Problem } from '../../base/errors.js';
import { describeSpec, sameShape } from '../../graph/tensor.js';
import type { OpDef } from '../encodings/ge-model.js';
import { type Bundle, type BundleWeight, findSubmodel, type Submodel } from './bundle.js';
import type { Constant } from './model.js';
import { dataEdge, Scopes } from './scopes.js';

export interface InitialValue {
  readonly weight: BundleWeight;
  /** Of the init model, in the dtype and shape of the weight. Equal weights may have one Const, or several with one place. */
  readonly constant: Constant;
}

export interface InitialValues {
  readonly init: Submodel;
  /** All of the init model. */
  readonly constants: readonly Constant[];
  /** In update order. */
  readonly values: readonly InitialValue[];
  /** Per weight whose initial value cannot be told, why; by name of the const. */
  readonly unknown: ReadonlyMap<string, Problem>;
}

/** What GE puts between an Assign and a Variable of another dtype or layout. */
const CONVERSIONS: ReadonlySet<string> = new Set('Cast TransData Identity Reshape Transpose TransposeD PartitionedCall'.split(' '));
/** What leaves a value as it is. A Const before anything else is not what the Assign writes. */
const PASSING: ReadonlySet<string> = new Set(['Identity', 'PartitionedCall']);

/**
 * Undefined for a bundle without an init model.
 *
 * @throws FILE_MALFORMED
 */
export function readInitialValues(bundle: Bundle): InitialValues | undefined {
  const init = findSubmodel(bundle, 'init');
  if (init === undefined) return undefined;
  const { constants } = init;
  const byName = new Map(constants.map((constant) => [`${constant.graph}\0${constant.name}`, constant]));
  const assigned = assignedConstants(init, byName);
  const values: InitialValue[] = [];
  const unknown = new Map<string, Problem>();
  for (const weight of bundle.weights) {
    const found = assigned.get(weight.variableName) ?? 'its init graph does not assign a constant to it';
    const constant = typeof found === 'string' ? undefined : found;
    const why = typeof found === 'string' ? found : misfit(weight, found);
    if (constant !== undefined && why === undefined) values.push({ weight, constant });
    else unknown.set(weight.constName, { code: 'INITIAL_VALUE_UNKNOWN', message: `The initial value of "${weight.constName}": ${why}.` });
  }
  return { init, constants, values, unknown };
}

/** By name of the Variable: the Const that init gives it, or why it cannot be told. */
function assignedConstants(init: Submodel, constants: ReadonlyMap<string, Constant>): ReadonlyMap<string, Constant | string> {
  const scopes = new Scopes(init.def);
  const isAny =
    (types: ReadonlySet<string>) =>
    ({ type = '' }: OpDef): boolean =>
      types.has(type);
  const found = new Map<string, Constant | string>();
  for (const { scope, op } of scopes.assigns()) {
    const variable = scopes.origin(scope, dataEdge(op, 0), isAny(CONVERSIONS));
    if (variable?.op.type !== 'Variable') continue;
    const name = variable.op.name ?? '';
    const source = scopes.origin(scope, dataEdge(op, 1), isAny(PASSING));
    const constant = source === undefined ? undefined : constants.get(`${source.scope.graph.name ?? ''}\0${source.op.name ?? ''}`);
    if (found.has(name)) found.set(name, 'its init graph assigns it more than once');
    else found.set(name, constant ?? `Assign "${op.name ?? ''}" takes a value that is computed, not a constant`);
  }
  return found;
}

function misfit({ spec }: BundleWeight, { name, tensor }: Constant): string | undefined {
  const isSame = tensor.dtype === spec.dtype && sameShape(tensor.shape, spec.shape);
  if (isSame && !(isBlocked(tensor.format) && !isBlocked(spec.format))) return undefined;
  const format = isBlocked(tensor.format) ? ` in the layout ${tensor.format}` : '';
  return `constant "${name}" of its init graph is ${describeSpec(tensor)}${format} where the weight is ${describeSpec(spec)}, so the compiler has converted it`;
}

/** Layouts that are not row-major: blocks of 16 or 32 elements for the matrix unit. */
export function isBlocked(format: string | undefined): boolean {
  return format !== undefined && /FRACTAL|C1/.test(format);
}
