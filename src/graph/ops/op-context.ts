// The context of one node for its output rule (and, extended, for its lowering): slots and attributes by prototype name.
import { AscendBundleError, type ErrorCode, type Problem } from '../../base/errors.js';
import { type DType, dtypeOfGe } from '../dtype.js';
import type { AttrValue, Node, ValueRef } from '../graph.js';
import { readIntegers } from '../integers.js';
import type { Tensor, TensorSpec } from '../tensor.js';
import type { OpContext } from './context.js';
import type { OpPrototype } from './prototypes.js';

/** What is known of the values of a graph. */
export interface KnownValues {
  spec(ref: ValueRef): TensorSpec;
  /** The tensor, where the value is that of a Const. */
  constant(ref: ValueRef): Tensor | undefined;
}

/** Which slot of a prototype an input name belongs to: `x12` is an element of the dynamic slot `x`, unless `x12` is a slot itself. */
export function slotOf(name: string, slots: OpPrototype['inputs']): OpPrototype['inputs'][number] | undefined {
  const exact = slots.find((slot) => slot.name === name && slot.kind !== 'dynamic');
  return exact ?? slots.find((slot) => slot.kind === 'dynamic' && isElementOf(name, slot.name));
}

function isElementOf(name: string, slot: string): boolean {
  return name.startsWith(slot) && /^\d+$/.test(name.slice(slot.length));
}

/** Refs of the connected elements of a dynamic slot, by their number. */
export function dynamicRefs(node: Node, slot: string): readonly ValueRef[] {
  return node.inputNames
    .map((name, i) => ({ name, ref: node.inputs[i] ?? null }))
    .filter((input): input is { name: string; ref: ValueRef } => input.ref !== null && isElementOf(input.name, slot))
    .sort((a, b) => Number(a.name.slice(slot.length)) - Number(b.name.slice(slot.length)))
    .map(({ ref }) => ref);
}

/** `Node "conv1" (Conv2D)`, the start of every message about a node. */
export function describeNode(node: Node): string {
  return `Node "${node.name}" (${node.type})`;
}

/** An error from a rule or a lowering as a problem that names the node, also where it came from something that knew no node. */
export function nodeProblem(node: Node, { code, message, at, fix }: AscendBundleError): Problem {
  const named = message.startsWith(describeNode(node)) ? message : `${describeNode(node)}: ${message}`;
  return { code, message: named, at: at ?? node.at, fix };
}

/**
 * @param code  of the error that `fail` throws
 */
export function opContext(node: Node, prototype: OpPrototype, values: KnownValues, code: ErrorCode): OpContext {
  const attrs = new Map(prototype.attrs.map((attr) => [attr.name, attr]));

  function fail(message: string, fix?: string): never {
    throw new AscendBundleError(code, { message: `${describeNode(node)} ${message}`, fix, at: node.at });
  }
  function refOf(input: string): ValueRef | undefined {
    return node.inputs[node.inputNames.indexOf(input)] ?? undefined;
  }
  function constant(input: string): Tensor | undefined {
    const ref = refOf(input);
    return ref === undefined ? undefined : values.constant(ref);
  }
  function attr<K extends AttrValue['kind']>(name: string, kinds: readonly K[]): Extract<AttrValue, { kind: K }> {
    const value = node.attrs.get(name) ?? attrs.get(name)?.default;
    if (value === undefined) fail(`needs the attribute "${name}".`, 'Add it to the node.');
    if ((kinds as readonly string[]).includes(value.kind)) return value as Extract<AttrValue, { kind: K }>;
    // GE writes an empty list without the kind of its elements.
    if ('length' in Object(value.value) && (value.value as { length: number }).length === 0 && kinds.some((kind) => kind.endsWith('s'))) {
      return { kind: kinds[0], value: [] } as unknown as Extract<AttrValue, { kind: K }>;
    }
    return fail(`has the attribute "${name}" of kind ${value.kind}, not ${kinds[0]}.`);
  }
  function exact(name: string, value: number | bigint): number {
    if (Number.isSafeInteger(Number(value))) return Number(value);
    return fail(`has ${value} in the attribute "${name}", which is out of range.`, 'Give a number within ±2^53.');
  }

  return {
    node,
    fail,
    has: (input) => refOf(input) !== undefined,
    input(name) {
      const ref = refOf(name);
      return ref === undefined ? fail(`needs the input "${name}".`, 'Connect it.') : values.spec(ref);
    },
    inputs: (name) => dynamicRefs(node, name).map((ref) => values.spec(ref)),
    constant,
    constantInts(input) {
      const tensor = constant(input);
      return tensor === undefined ? undefined : readIntegers(tensor);
    },
    int(name) {
      const { kind, value } = attr(name, ['int', 'dtype']);
      return kind === 'dtype' ? value.ge : exact(name, value);
    },
    float: (name) => attr(name, ['float']).value,
    bool: (name) => attr(name, ['bool']).value,
    string(name) {
      const { kind, value } = attr(name, ['string', 'bytes']);
      return kind === 'string' ? value : new TextDecoder().decode(value.read());
    },
    ints: (name) => attr(name, ['ints']).value.map((value) => exact(name, value)),
    floats: (name) => attr(name, ['floats']).value,
    dtype(name): DType {
      const { kind, value } = attr(name, ['dtype', 'int']);
      if (kind === 'dtype') return value;
      return dtypeOfGe(Number(value)) ?? fail(`has ${value} in the attribute "${name}", which is the number of no dtype.`);
    },
    given: (name) => node.attrs.has(name),
  };
}
