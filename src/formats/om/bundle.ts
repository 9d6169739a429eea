// A weight-updatable bundle as the other layers see it: three models with their roles, and the weights by name.
// Opening reads the headers, the tables, and MODEL_DEF of the models that initialize and update; the rest when it is asked for.
import type { Bytes } from '../../base/bytes.js';
import { AscendBundleError, type Problem } from '../../base/errors.js';
import type { RefreshableWeight } from '../../graph/refreshable.js';
import { describeSpec, sameShape, type TensorSpec } from '../../graph/tensor.js';
import { paddedBytes } from '../encodings/ge-graph-write.js';
import { type BundleLayout, readBundleContainer } from './bundle-container.js';
import { readOm } from './container.js';
import { OmModel, type Variable } from './model.js';
import { assignRoles, type Role } from './roles.js';
import { type AssignedWeight, assignedWeights } from './weights.js';

/** One model of a bundle. What it holds is read when it is asked for. */
export class Submodel extends OmModel {
  readonly #role: () => Role | undefined;

  constructor(
    readonly index: number,
    /** The whole `.om`. */
    readonly bytes: Bytes,
    /** From the beginning of the bundle. */
    readonly offsetBytes: number,
    label: string,
    role: () => Role | undefined,
  ) {
    super(readOm(bytes, label, offsetBytes), label, offsetBytes);
    this.#role = role;
  }

  /** As the header has it. */
  get name(): string {
    return this.om.header.name;
  }

  /** Undefined in a bundle that is no weight-updatable one. */
  get role(): Role | undefined {
    return this.#role();
  }
}

export interface BundleWeight extends RefreshableWeight {
  /** As compiled: dtype, format and shape may differ from the weight's own. Offset and bytes are in variable memory. */
  readonly variable: TensorSpec & Pick<Variable, 'offsetBytes' | 'bytes'>;
  /** Whether an update may leave it out, as an empty tensor: not where the update graph has the static form. */
  readonly isConditional: boolean;
}

export interface Bundle {
  readonly layout: BundleLayout;
  /** Bytes of variable memory; undefined in layout v1. */
  readonly varSize: number | undefined;
  readonly submodels: readonly Submodel[];
  /** In update order; empty when no model updates. */
  readonly weights: readonly BundleWeight[];
  readonly warnings: readonly Problem[];
}

/**
 * @param what  names the file in messages
 * @throws FILE_TRUNCATED, FILE_KIND, FILE_MALFORMED, BUNDLE_INVALID
 */
export function readBundle(bytes: Bytes, what: string): Bundle {
  const { layout, varSize, members, warnings } = readBundleContainer(bytes, what);
  if (members.length === 0) {
    throw new AscendBundleError('BUNDLE_INVALID', { message: `${what} is a bundle without a model.`, fix: 'Build it again.' });
  }
  const submodels = members.map((member, i) => new Submodel(i, member.bytes, member.offsetBytes, `${what}, model ${i}`, () => roles[i]));
  const { roles, warnings: roleWarnings } = assignRoles(submodels);
  const update = submodels.find(({ role }) => role === 'update');
  const assigned = update === undefined ? { weights: [], warnings: [] } : assignedWeights(update.def, `${what}, model ${update.index}`);
  const variables = new Map(update?.variables.map((variable) => [variable.name, variable]));
  return {
    layout,
    varSize,
    submodels,
    weights: assigned.weights.map((weight) => bundleWeight(weight, variables.get(weight.variableName) as Variable)),
    warnings: [...warnings, ...submodels.flatMap(({ om }) => om.warnings), ...roleWarnings, ...assigned.warnings],
  };
}

const VARIABLE_SUFFIX = '_var';

function bundleWeight({ variableName, ...assigned }: AssignedWeight, { name: _, ...variable }: Variable): BundleWeight {
  const constName = variableName.endsWith(VARIABLE_SUFFIX) ? variableName.slice(0, -VARIABLE_SUFFIX.length) : variableName;
  return { constName, variableName, ...assigned, variable };
}

export function findSubmodel(bundle: Bundle, role: Role): Submodel | undefined {
  return bundle.submodels.find((submodel) => submodel.role === role);
}

/**
 * What GE checks of the variables, and more: the same offset, dtype and shape in every model, and room for all of them.
 * Reads MODEL_DEF of every model.
 *
 * @throws FILE_MALFORMED
 */
export function checkVariables(bundle: Bundle): readonly Problem[] {
  const problems: Problem[] = [];
  const first = new Map<string, { readonly variable: Variable; readonly index: number }>();
  for (const { index, variables } of bundle.submodels) {
    for (const variable of variables) {
      const before = first.get(variable.name);
      if (before === undefined) first.set(variable.name, { variable, index });
      else if (!isSame(before.variable, variable)) {
        problems.push({
          code: 'BUNDLE_VARIABLE',
          message: `Variable "${variable.name}" is ${describe(before.variable)} in model ${before.index}, and ${describe(variable)} in model ${index}.`,
          fix: 'Build the bundle in one go: models compiled apart cannot share variables.',
        });
      }
      const end = (variable.offsetBytes ?? 0) + paddedBytes(variable.bytes ?? 0);
      if (before === undefined && bundle.varSize !== undefined && end > bundle.varSize) {
        problems.push({
          code: 'BUNDLE_VARIABLE',
          message: `Variable "${variable.name}" ends at byte ${end} of variable memory, for which the bundle asks ${bundle.varSize} bytes.`,
        });
      }
    }
  }
  return problems;
}

function isSame(a: Variable, b: Variable): boolean {
  return a.offsetBytes === b.offsetBytes && a.dtype === b.dtype && sameShape(a.shape, b.shape);
}

function describe(variable: Variable): string {
  return `${describeSpec(variable)} at byte ${variable.offsetBytes ?? '?'}`;
}
