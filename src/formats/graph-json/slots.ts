// The inputs of a node: a list in the order of the prototype, or an object by its names, to slots as GE counts them.
import type { JsonPath } from '../../base/json-text.js';
import type { ValueRef } from '../../graph/graph.js';
import type { OpPrototype, SlotPrototype } from '../../graph/ops/prototypes.js';
import type { Names } from './names.js';
import type { Problems } from './problems.js';
import type { NodeJson, SlotJson } from './schema.js';

export interface Slot {
  /** `x1`; an element of a dynamic slot `x` is `x0`, `x1`, … */
  readonly name: string;
  /** null for an optional slot that is left open before one that is not. */
  readonly ref: ValueRef | null;
}

/** @returns what could be read; everything else is reported */
export function readSlots(node: NodeJson, prototype: OpPrototype, path: JsonPath, names: Names, problems: Problems): Slot[] {
  const at = [...path, 'inputs'];
  const given = node.inputs ?? [];
  const byName = Array.isArray(given) ? fromList(given, node, prototype, at, problems) : fromObject(given, node, prototype, at, problems);
  const slots = prototype.inputs.flatMap((slot): Slot[] => {
    const [value, where] = byName.get(slot.name) ?? [null, at];
    return readSlot(slot, value, { node, where, names, problems });
  });
  while (slots.length > 0 && slots.at(-1)?.ref === null) slots.pop();
  return slots;
}

/** Slot name → what is given for it, and where. */
type Given = ReadonlyMap<string, readonly [SlotJson, JsonPath]>;

function fromList(list: readonly SlotJson[], { name, type }: NodeJson, { inputs }: OpPrototype, at: JsonPath, problems: Problems): Given {
  if (list.length > inputs.length) {
    const dynamic = inputs.find(({ kind }) => kind === 'dynamic');
    const fix = dynamic === undefined ? undefined : `Give the values of "${dynamic.name}" as a list of their own: ["a", ["b", "c"]].`;
    const has = inputs.length === 0 ? 'no inputs' : `the inputs ${describeSlots(inputs)}`;
    problems.add([...at, inputs.length], `Node "${name}" has ${list.length} inputs; ${type} has ${has}.`, fix);
  }
  return new Map(inputs.slice(0, list.length).map((slot, i) => [slot.name, [list[i] as SlotJson, [...at, i]]]));
}

function fromObject(
  object: Readonly<Record<string, SlotJson>>,
  { type }: NodeJson,
  { inputs }: OpPrototype,
  at: JsonPath,
  problems: Problems,
): Given {
  const given = new Map<string, readonly [SlotJson, JsonPath]>();
  for (const [name, value] of Object.entries(object)) {
    if (inputs.some((slot) => slot.name === name)) given.set(name, [value, [...at, name]]);
    else {
      const otherwise = inputs.length === 0 ? `${type} has no inputs; take it out.` : `The inputs of ${type} are ${describeSlots(inputs)}.`;
      const fix = problems.suggest(name, () => inputs.map((slot) => slot.name), otherwise);
      problems.add([...at, name], `${type} has no input "${name}".`, fix);
    }
  }
  return given;
}

interface Where {
  readonly node: NodeJson;
  readonly where: JsonPath;
  readonly names: Names;
  readonly problems: Problems;
}

function readSlot({ name, kind }: SlotPrototype, value: SlotJson, { node, where, names, problems }: Where): Slot[] {
  if (kind === 'dynamic') {
    if (value === null) return [];
    if (typeof value === 'string') {
      problems.add(where, `The input "${name}" of ${node.type} takes a list.`, `Write [${JSON.stringify(value)}, …] for it.`);
      return [];
    }
    return value.flatMap((ref, i) => {
      const resolved = names.resolve(ref, [...where, i]);
      return resolved === undefined ? [] : [{ name: `${name}${i}`, ref: resolved }];
    });
  }
  if (Array.isArray(value)) {
    problems.add(
      where,
      `The input "${name}" of ${node.type} takes one ref, not a list.`,
      value.length === 1 ? `Write ${JSON.stringify(value[0])}.` : undefined,
    );
    return [];
  }
  if (typeof value === 'string') {
    const ref = names.resolve(value, where);
    return ref === undefined ? [] : [{ name, ref }];
  }
  if (kind === 'required' && !isFedOtherwise(node)) {
    problems.add(where, `Node "${node.name}" (${node.type}) needs the input "${name}".`, `Connect it.`);
    return [];
  }
  return [{ name, ref: null }];
}

/** A Variable has its own memory; the input that it declares is left open. */
function isFedOtherwise({ type }: NodeJson): boolean {
  return type === 'Variable';
}

function describeSlots(inputs: readonly SlotPrototype[]): string {
  return inputs
    .map(({ name, kind }) => (kind === 'optional' ? `${name} (optional)` : kind === 'dynamic' ? `${name} (a list)` : name))
    .join(', ');
}
