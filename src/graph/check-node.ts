// One node against the prototype of its operator: slots, attributes, sub-graphs, and the value of a Const.
import { didYouMean, nearNames } from '../base/near-names.js';
import { type AttrValue, constValue, type Node } from './graph.js';
import { slotOf } from './ops/op-context.js';
import type { AttrPrototype, OpPrototype } from './ops/prototypes.js';
import { describeSpec, tensorBytes } from './tensor.js';

export type Report = (message: string, fix?: string) => void;

/** Operators whose declared input GE leaves open: a Data is fed from outside, a Variable has its own memory. */
const SOURCES: ReadonlySet<string> = new Set(['Data', 'RefData', 'AippData', 'Variable', 'Const', 'Constant', 'FileConstant']);

export function isSource(node: Node): boolean {
  return SOURCES.has(node.type);
}

/**
 * The node with the prototype's slot names where it has GE's names by number, `__input0` and `__output0`, which GE gives when a node was
 * made without them; `x0`, `x1`, … for the elements of a dynamic slot.
 */
export function withSlotNames(node: Node, prototype: OpPrototype): Node {
  const isByNumber = (name: string): boolean => /^__(in|out)put\d+$/.test(name);
  if (!node.inputNames.some(isByNumber) && !node.outputNames.some(isByNumber)) return node;
  const rename = (names: readonly string[], slots: OpPrototype['inputs']): readonly string[] => {
    // The elements of the one dynamic slot are those that the other slots leave over.
    const elements = names.length - slots.filter(({ kind }) => kind !== 'dynamic').length;
    const expanded = slots.flatMap(({ name, kind }) => {
      return kind === 'dynamic' ? Array.from({ length: Math.max(0, elements) }, (_, i) => `${name}${i}`) : [name];
    });
    return names.map((name, i) => (isByNumber(name) ? (expanded[i] ?? name) : name));
  };
  return { ...node, inputNames: rename(node.inputNames, prototype.inputs), outputNames: rename(node.outputNames, prototype.outputs) };
}

/** Reports every unknown, repeated or unconnected input slot. */
export function checkSlots(node: Node, prototype: OpPrototype, report: Report): void {
  if (isSource(node)) return;
  if (node.inputs.length !== node.inputNames.length) {
    report(`has ${node.inputs.length} inputs and ${node.inputNames.length} names for them.`);
    return;
  }
  const connected = new Set<string>();
  node.inputNames.forEach((name, i) => {
    const slot = slotOf(name, prototype.inputs);
    if (slot === undefined) report(`has no input "${name}".`, namesOf('input', name, prototype.inputs));
    else if (connected.has(name)) report(`has the input "${name}" twice.`, 'Connect each input once.');
    else if (node.inputs[i] !== null) connected.add(name);
    else if (slot.kind === 'dynamic') report(`leaves the input "${name}" open, an element of the list "${slot.name}".`, 'Connect it.');
  });
  for (const slot of prototype.inputs) {
    if (slot.kind === 'required' && !connected.has(slot.name)) {
      report(`needs the input "${slot.name}".`, `Connect it; the inputs of ${node.type} are ${list(prototype.inputs)}.`);
    }
  }
}

/**
 * Reports attributes that are missing, of another kind than declared, or (unless `keepUnknown`) not declared at all.
 * Names with a leading underscore are GE's own and pass.
 */
export function checkAttrs(node: Node, prototype: OpPrototype, keepUnknown: boolean, report: Report): void {
  for (const attr of prototype.attrs) {
    const value = node.attrs.get(attr.name);
    if (value === undefined) {
      if (attr.required) report(`needs the attribute "${attr.name}" (${attr.kind}).`, 'Add it to the node.');
    } else if (!isOfKind(value, attr)) {
      report(`has the attribute "${attr.name}" as ${value.kind}; ${node.type} takes ${attr.kind}.`, 'Correct its value.');
    }
  }
  if (keepUnknown) return;
  for (const name of node.attrs.keys()) {
    if (!name.startsWith('_') && !prototype.attrs.some((attr) => attr.name === name)) {
      report(`has no attribute "${name}".`, namesOf('attribute', name, prototype.attrs));
    }
  }
}

/** Reports sub-graphs that are missing, too many, or not in the file. */
export function checkSubgraphs(node: Node, prototype: OpPrototype, known: ReadonlySet<string>, report: Report): void {
  const given = node.subgraphs ?? [];
  const isDynamic = prototype.subgraphs.some(({ dynamic }) => dynamic);
  if (isDynamic ? given.length === 0 : given.length !== prototype.subgraphs.length) {
    const wanted = prototype.subgraphs.map(({ name }) => name).join(', ');
    report(`has ${given.length} sub-graphs; it needs ${wanted === '' ? 'none' : wanted}.`);
  }
  for (const name of given) {
    if (!known.has(name)) report(`names the sub-graph "${name}", which the file does not have.`);
  }
}

export function isConst(node: Node): boolean {
  return node.type === 'Const' || node.type === 'Constant';
}

/** Reports a Const without a value, and one whose data does not fit its dtype and shape. */
export function checkConst(node: Node, report: Report): void {
  if (!isConst(node)) return;
  const value = constValue(node);
  if (value === undefined) {
    report('has no value.', 'Give it a tensor as attribute "value".');
  } else if (value.shape.some((dim) => !Number.isSafeInteger(dim) || dim < 0)) {
    report(`has the shape [${value.shape.join(', ')}]; the dimensions of a Const are 0 or more.`);
  } else if (value.dtype.name !== 'string' && value.data.length !== tensorBytes(value.dtype, value.shape)) {
    const wanted = tensorBytes(value.dtype, value.shape);
    report(`is ${describeSpec(value)} and has ${value.data.length} bytes of data instead of ${wanted}.`);
  }
}

function isOfKind(value: AttrValue, { kind }: AttrPrototype): boolean {
  if (value.kind === kind) return true;
  switch (value.kind) {
    case 'bytes':
      return kind === 'string';
    // Cast declares its dst_type as Int, other operators as Type; both are written.
    case 'dtype':
      return kind === 'int';
    case 'int':
      return kind === 'dtype';
    // GE may write an empty list without the kind of its elements.
    case 'ints':
    case 'floats':
    case 'strings':
    case 'bools':
    case 'dtypes':
    case 'intLists':
      return value.value.length === 0 && (kind.endsWith('s') || kind === 'intLists');
    default:
      return false;
  }
}

function namesOf(what: 'input' | 'attribute', name: string, declared: readonly { readonly name: string }[]): string {
  if (declared.length === 0) return `Take it out: this operator has no ${what}s.`;
  const near = nearNames(
    name,
    declared.map((one) => one.name),
  );
  return didYouMean(near) ?? `Its ${what}s are ${list(declared)}.`;
}

function list(declared: readonly { readonly name: string; readonly kind?: string }[]): string {
  return declared
    .map(({ name, kind }) => (kind === 'dynamic' ? `${name}0, ${name}1, …` : kind === 'optional' ? `${name} (optional)` : name))
    .join(', ');
}
