// GE's operators: slots, attributes, sub-graphs. The table is text; an operator is parsed when it is asked for (some microseconds),
// because a graph names a handful of the 1,641.
import { dtypeOfGe, UNDEFINED_DTYPE } from '../dtype.js';
import type { AttrValue } from '../graph.js';
import { PROTOTYPE_LINES } from './prototypes.generated.js';

export type SlotKind = 'required' | 'optional' | 'dynamic';

export interface SlotPrototype {
  readonly name: string;
  /** A dynamic slot `x` takes any number of values: its elements are named `x0`, `x1`, … */
  readonly kind: SlotKind;
}

export type AttrKind = Exclude<AttrValue['kind'], 'bytes' | 'opaque'>;

export interface AttrPrototype {
  readonly name: string;
  readonly kind: AttrKind;
  readonly required: boolean;
  /** undefined for a required attribute, and for a tensor (`Tensor()`, which says nothing). */
  readonly default: AttrValue | undefined;
}

export interface SubgraphPrototype {
  readonly name: string;
  /** `branches` of Case: any number of them. */
  readonly dynamic: boolean;
}

export interface OpPrototype {
  readonly type: string;
  readonly inputs: readonly SlotPrototype[];
  readonly outputs: readonly SlotPrototype[];
  readonly attrs: readonly AttrPrototype[];
  /** Empty for all but the control flow operators. */
  readonly subgraphs: readonly SubgraphPrototype[];
}

/** The operator of that name, spelled as GE spells it; undefined for one that is not built in. */
export function prototypeOf(type: string): OpPrototype | undefined {
  if (!/^\w+$/.test(type)) return undefined;
  // The search costs at most 0.05 ms; an index of all lines would cost more than most graphs need.
  const tab = PROTOTYPE_LINES.indexOf(`\n${type}\t`) + 1;
  if (tab === 0) return undefined;
  return parseLine(PROTOTYPE_LINES.slice(tab, PROTOTYPE_LINES.indexOf('\n', tab)));
}

/** All 1,641 names, sorted. */
export function operatorTypes(): string[] {
  return PROTOTYPE_LINES.trim()
    .split('\n')
    .map((line) => line.slice(0, line.indexOf('\t')));
}

/** `Conv2D⇥x filter bias? offset_w?⇥y⇥strides:ints;groups:int=1⇥` and names of sub-graphs; `*` is dynamic, `?` optional. */
function parseLine(line: string): OpPrototype {
  const [type = '', inputs = '', outputs = '', attrs = '', subgraphs = ''] = line.split('\t');
  return {
    type,
    inputs: words(inputs).map(parseSlot),
    outputs: words(outputs).map(parseSlot),
    attrs: attrs === '' ? [] : attrs.split(';').map(parseAttr),
    subgraphs: words(subgraphs).map((word) => ({ name: word.replace(/\*$/, ''), dynamic: word.endsWith('*') })),
  };
}

function words(text: string): string[] {
  return text === '' ? [] : text.split(' ');
}

function parseSlot(word: string): SlotPrototype {
  if (word.endsWith('*')) return { name: word.slice(0, -1), kind: 'dynamic' };
  if (word.endsWith('?')) return { name: word.slice(0, -1), kind: 'optional' };
  return { name: word, kind: 'required' };
}

function parseAttr(text: string): AttrPrototype {
  const [, name = '', kind = '', literal] = /^(\w+):(\w+)(?:=(.*))?$/.exec(text) as RegExpExecArray;
  return {
    name,
    kind: kind as AttrKind,
    required: literal === undefined,
    default: literal === undefined || literal === 'null' ? undefined : attrValue(kind as AttrKind, JSON.parse(literal)),
  };
}

/** Dtypes stand in the table as numbers of ge::DataType. */
function attrValue(kind: AttrKind, value: unknown): AttrValue {
  if (kind === 'dtype') return { kind, value: dtypeOfGe(value as number) ?? UNDEFINED_DTYPE };
  return { kind, value } as AttrValue;
}
