// Which model of a bundle infers, initializes and updates: nothing in the file says it. Source: design §3, om-format §2.1.
import type { Problem } from '../../base/errors.js';
import type { ModelDef } from '../encodings/ge-model.js';

export type Role = 'infer' | 'init' | 'update';

export interface RoleEvidence {
  /** Of the model, as its header has it. */
  readonly name: string;
  /** Read only where it is needed. */
  readonly def: ModelDef;
}

/** GE's conversion gives these names; a build may append `_<n>`. */
const NAME_PREFIX: Readonly<Record<Role, string>> = { infer: 'var_infer_graph', init: 'var_init_graph', update: 'var_update_graph' };
const ORDERS: Readonly<Record<number, readonly Role[]>> = { 1: ['infer'], 2: ['infer', 'update'], 3: ['infer', 'init', 'update'] };

export interface Roles {
  /** Per model; undefined for a bundle that is no weight-updatable one. */
  readonly roles: readonly (Role | undefined)[];
  readonly warnings: readonly Problem[];
}

/** By name, checked by inputs and outputs; then by inputs and outputs alone; then by order, as GE's documentation has it. */
export function assignRoles(models: readonly RoleEvidence[]): Roles {
  const byName = models.map(({ name }) => roleOfName(name));
  if (isComplete(byName)) {
    const contradiction = models.findIndex(({ def }, i) => contradicts(byName[i] as Role, def));
    if (contradiction < 0) return { roles: byName, warnings: [] };
  }
  const byContent = models.map(({ def }) => roleOfContent(def));
  if (isComplete(byContent))
    return { roles: byContent, warnings: byName.some((role) => role !== undefined) ? [misnamed(models, byContent)] : [] };
  const order = ORDERS[models.length];
  if (order === undefined) return { roles: models.map(() => undefined), warnings: [guessed(models, 'no role is given')] };
  return { roles: order, warnings: [guessed(models, `their order is taken: ${order.join(', ')}`)] };
}

function roleOfName(name: string): Role | undefined {
  return (Object.keys(NAME_PREFIX) as Role[]).find((role) => name.startsWith(NAME_PREFIX[role]));
}

/** One model infers, and no role is given twice. */
function isComplete(roles: readonly (Role | undefined)[]): roles is readonly Role[] {
  return roles.every((role) => role !== undefined) && new Set(roles).size === roles.length && roles.includes('infer');
}

function contradicts(role: Role, def: ModelDef): boolean {
  // The infer model may be large, and any graph can infer: its name is enough.
  if (role === 'infer') return false;
  const { hasInputs, hasOutputs, hasAssign } = contentOf(def);
  return !hasAssign || hasOutputs || hasInputs !== (role === 'update');
}

function roleOfContent(def: ModelDef): Role | undefined {
  const { hasInputs, hasOutputs, hasAssign } = contentOf(def);
  if (hasOutputs) return 'infer';
  if (!hasAssign) return undefined;
  return hasInputs ? 'update' : 'init';
}

/** Types and edges are never compressed, so this needs no more than the decoded messages. */
function contentOf(def: ModelDef): { readonly hasInputs: boolean; readonly hasOutputs: boolean; readonly hasAssign: boolean } {
  const [root] = def.graph ?? [];
  const ops = root?.op ?? [];
  const netOutput = ops.find(({ type }) => type === 'NetOutput');
  return {
    hasInputs: ops.some(({ type }) => type === 'Data' || type === 'RefData' || type === 'AippData'),
    hasOutputs: netOutput === undefined ? (root?.output?.length ?? 0) > 0 : (netOutput.input ?? []).some((edge) => !edge.endsWith(':-1')),
    hasAssign: (def.graph ?? []).some((graph) => graph.op?.some(({ type }) => type === 'Assign')),
  };
}

function misnamed(models: readonly RoleEvidence[], roles: readonly Role[]): Problem {
  return {
    code: 'BUNDLE_ROLE',
    message: `The names of the models (${names(models)}) do not fit what they do; by inputs and outputs they are ${roles.join(', ')}.`,
  };
}

function guessed(models: readonly RoleEvidence[], how: string): Problem {
  return {
    code: 'BUNDLE_ROLE',
    message: `Neither names nor inputs and outputs tell which of the models (${names(models)}) infers, initializes and updates; ${how}.`,
  };
}

function names(models: readonly RoleEvidence[]): string {
  return models.map(({ name }) => `"${name}"`).join(', ');
}
