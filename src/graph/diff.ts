// Whether two graphs are the same, and where not: nodes by name, their operators, edges, attributes and what they compute.
// Values of constants are not looked at: they are compared as weights.
import { type Bytes, equalBytes } from '../base/bytes.js';
import type { AttrValue, Graph, Node, TensorDesc } from './graph.js';
import { prototypeOf } from './ops/prototypes.js';
import { describeShape, describeSpec } from './tensor.js';

/** What of a graph differs: that a node, a sub-graph or an output is in one only, or what a thing of both says. */
export type GraphAspect = 'subgraph' | 'node' | 'type' | 'input' | 'control inputs' | 'branches' | 'attribute' | 'output' | 'result';

export interface GraphDifference {
  readonly aspect: GraphAspect;
  /** Undefined in the root graph. */
  readonly subgraph: string | undefined;
  readonly node: string | undefined;
  /** The slot, the attribute, the number of the output. */
  readonly part: string | undefined;
  /** As text; undefined where it is not there. */
  readonly a: string | undefined;
  readonly b: string | undefined;
}

export interface GraphDiffOptions {
  /** Of attributes, look only at those that an operator declares: a compiler adds its own to every node. */
  readonly onlyDeclared?: boolean;
}

/** Nodes in the order of `a`, then those that only `b` has; the root graph first. */
export function diffGraphs(a: Graph, b: Graph, options: GraphDiffOptions = {}): readonly GraphDifference[] {
  const subgraphs = pairsOf(a.subgraphs, b.subgraphs);
  return [
    ...(a.dialect === b.dialect ? [] : [difference('type', undefined, {}, `operators of ${a.dialect}`, `operators of ${b.dialect}`)]),
    ...diffLevel(a, b, undefined, options),
    ...subgraphs.flatMap(([name, one, other]) =>
      one !== undefined && other !== undefined
        ? diffLevel(one, other, name, options)
        : [difference('subgraph', name, {}, one && countText(one), other && countText(other))],
    ),
  ];
}

const countText = ({ nodes }: Graph): string => `${nodes.length} nodes`;

interface Named {
  readonly name: string;
}

/** By name. Of equal names the last counts: a graph that was checked has none. */
function pairsOf<T extends Named>(a: readonly T[], b: readonly T[]): readonly (readonly [string, T | undefined, T | undefined])[] {
  const [ones, others] = [a, b].map((list) => new Map(list.map((one) => [one.name, one]))) as [Map<string, T>, Map<string, T>];
  return [
    ...[...ones].map(([name, one]) => [name, one, others.get(name)] as const),
    ...[...others].filter(([name]) => !ones.has(name)).map(([name, other]) => [name, undefined, other] as const),
  ];
}

function difference(
  aspect: GraphAspect,
  subgraph: string | undefined,
  { node, part }: { readonly node?: string; readonly part?: string },
  a: string | undefined,
  b: string | undefined,
): GraphDifference {
  return { aspect, subgraph, node, part, a, b };
}

function diffLevel(a: Graph, b: Graph, subgraph: string | undefined, options: GraphDiffOptions): readonly GraphDifference[] {
  const nodes = pairsOf(a.nodes, b.nodes).flatMap(([name, one, other]) =>
    one !== undefined && other !== undefined
      ? diffNodes(one, other, subgraph, options)
      : [difference('node', subgraph, { node: name }, one?.type, other?.type)],
  );
  const outputs = zip(a.outputs, b.outputs).flatMap(([one, other], i) => {
    const [was, is] = [one, other].map((output) => output && `${output.name} = ${output.value}`);
    return was === is ? [] : [difference('output', subgraph, { part: String(i) }, was, is)];
  });
  return [...nodes, ...outputs];
}

function zip<T>(a: readonly T[], b: readonly T[]): readonly (readonly [T | undefined, T | undefined])[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => [a[i], b[i]] as const);
}

function diffNodes(a: Node, b: Node, subgraph: string | undefined, { onlyDeclared = false }: GraphDiffOptions): readonly GraphDifference[] {
  const node = a.name;
  const found: GraphDifference[] = [];
  const note = (aspect: GraphAspect, part: string | undefined, one: string | undefined, other: string | undefined): void => {
    if (one !== other) found.push(difference(aspect, subgraph, part === undefined ? { node } : { node, part }, one, other));
  };
  note('type', undefined, a.type, b.type);
  for (const [i, [one, other]] of zip(a.inputs, b.inputs).entries()) {
    note('input', a.inputNames[i] ?? b.inputNames[i] ?? String(i), one ?? undefined, other ?? undefined);
  }
  if (isConstant(a) && isConstant(b)) return found;
  note('control inputs', undefined, listText(a.controlInputs), listText(b.controlInputs));
  note('branches', undefined, a.subgraphs?.join(', '), b.subgraphs?.join(', '));
  for (const name of new Set([...a.attrs.keys(), ...b.attrs.keys()])) {
    const [one, other] = [a.attrs.get(name), b.attrs.get(name)];
    if (isSerialized(name) || (onlyDeclared && !isDeclared(a, name)) || sameAttr(one, other)) continue;
    const [was, is] = [one && attrText(one), other && attrText(other)];
    found.push(difference('attribute', subgraph, { node, part: name }, was, was === is ? `${is} (another value)` : is));
  }
  for (const [i, [one, other]] of zip(a.outputDescs, b.outputDescs).entries()) note('result', String(i), specText(one), specText(other));
  return found;
}

/** What GE's serializer writes of an operator itself, or does not. */
function isSerialized(attr: string): boolean {
  return attr === '_opt_input' || attr.startsWith('_ir_');
}

function isDeclared({ type }: Node, attr: string): boolean {
  return prototypeOf(type)?.attrs.some(({ name }) => name === attr) ?? false;
}

/** Control edges have no order. */
function listText(names: readonly string[] | undefined): string | undefined {
  return names === undefined || names.length === 0 ? undefined : [...names].sort().join(', ');
}

const CONSTANTS: ReadonlySet<string> = new Set(['Const', 'Constant', 'Variable']);

/** What it is and what it says of itself is compared with its value. */
function isConstant({ type }: Node): boolean {
  return CONSTANTS.has(type);
}

/** The format only where it says more than that the elements lie in a row. */
function specText(desc: TensorDesc | undefined): string | undefined {
  if (desc === undefined) return undefined;
  return `${describeSpec(desc)}${desc.format === undefined || desc.format === 'ND' ? '' : ` ${desc.format}`}`;
}

function sameAttr(a: AttrValue | undefined, b: AttrValue | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.kind === b.kind && sameValue(a.value, b.value);
}

/** What attributes hold: numbers, texts, lists, maps, and bytes that are read on demand. */
function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (isBytes(a) || isBytes(b)) return isBytes(a) && isBytes(b) && equalBytes(a, b);
  if (a instanceof Map || b instanceof Map) return a instanceof Map && b instanceof Map && sameEntries([...a], [...b]);
  return Array.isArray(a) === Array.isArray(b) && sameEntries(Object.entries(a), Object.entries(b));
}

function sameEntries(a: readonly (readonly [unknown, unknown])[], b: readonly (readonly [unknown, unknown])[]): boolean {
  const values = new Map(b);
  return a.length === b.length && a.every(([key, value]) => values.has(key) && sameValue(value, values.get(key)));
}

function isBytes(value: object): value is Bytes {
  return 'read' in value && typeof value.read === 'function';
}

const MOST_TEXT = 60;

function attrText(attr: AttrValue): string {
  const text = fullText(attr);
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT - 1)}…` : text;
}

function fullText({ kind, value }: AttrValue): string {
  switch (kind) {
    case 'string':
      return JSON.stringify(value);
    case 'bytes':
      return `${value.length} bytes`;
    case 'dtype':
      return value.name;
    case 'dtypes':
      return `[${value.map(({ name }) => name).join(', ')}]`;
    case 'tensor':
      return `${value.dtype.name} ${describeShape(value.shape)}`;
    case 'strings':
      return JSON.stringify(value);
    case 'intLists':
      return `[${value.map((row) => `[${row.join(', ')}]`).join(', ')}]`;
    case 'ints':
    case 'floats':
    case 'bools':
      return `[${value.join(', ')}]`;
    case 'opaque':
      return 'a value of a kind of its own';
    default:
      return String(value);
  }
}
