// What a diff says, as it goes into the JSON document.
import { isDeepStrictEqual } from 'node:util';
import type { GraphAspect, GraphDifference } from '../../graph/diff.js';
import type { Graph } from '../../graph/graph.js';
import { sameShape } from '../../graph/tensor.js';
import type { GivenValue, ValueDifference, ValueStatus } from '../../weights/diff.js';
import { elementIndex } from '../../weights/element-index.js';
import { type AnyNumber, anyNumber } from '../shared/any-number.js';
import { geared, type InputSpecFields } from '../shared/bundle.js';
import type { Side } from './side.js';

export interface SideFields {
  readonly path: string;
  readonly kind: string;
  readonly bytes: number;
}

export interface OptionDiff {
  readonly name: string;
  /** Null where it is not said. */
  readonly a: string | null;
  readonly b: string | null;
}

export interface SpecDiff {
  readonly side: 'input' | 'output';
  readonly index: number;
  readonly a: InputSpecFields | null;
  readonly b: InputSpecFields | null;
}

export interface GraphDiff {
  /** Nodes, those of sub-graphs included. */
  readonly nodes: { readonly a: number; readonly b: number };
  readonly differences: readonly {
    readonly aspect: GraphAspect;
    /** Null in the root graph. */
    readonly subgraph: string | null;
    readonly node: string | null;
    /** The slot, the attribute, the number of the output. */
    readonly part: string | null;
    readonly a: string | null;
    readonly b: string | null;
  }[];
}

export interface ValueSide {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Place among the inputs of the update graph; null for what cannot be updated. */
  readonly updateIndex: number | null;
}

export interface WeightDiff {
  readonly name: string;
  readonly status: ValueStatus;
  readonly a: ValueSide | null;
  readonly b: ValueSide | null;
  /** Whether both are updated in the same place, or not at all; null unless both are bundles. */
  readonly sameUpdate: boolean | null;
  /** What beside the value speaks against it: another place in the update, a value that cannot be told. */
  readonly notes: readonly string[];
  readonly atol: number;
  readonly rtol: number;
  /** Null for equal values, and where elements cannot be compared. */
  readonly metrics: {
    readonly elements: number;
    readonly different: number;
    readonly beyond: number;
    readonly maxAbs: AnyNumber;
    readonly meanAbs: AnyNumber;
    readonly maxRel: AnyNumber;
    readonly cosine: number | null;
    /** The element of the greatest difference; null where there is none. */
    readonly worst: { readonly index: readonly number[]; readonly a: AnyNumber; readonly b: AnyNumber } | null;
  } | null;
}

export function sideFields({ path, kind, bytes }: Side): SideFields {
  return { path, kind, bytes };
}

/** Options that differ; null where one of the two has none. */
export function optionDiffs({ options: a }: Side, { options: b }: Side): readonly OptionDiff[] | null {
  if (a === undefined || b === undefined) return null;
  return [...new Set([...a.keys(), ...b.keys()])]
    .map((name) => ({ name, a: a.get(name) ?? null, b: b.get(name) ?? null }))
    .filter((one) => one.a !== one.b);
}

/** Inputs and outputs that differ, by their place; null where one of the two has none. */
export function specDiffs(a: Side, b: Side): readonly SpecDiff[] | null {
  if (a.inputs === undefined || b.inputs === undefined || a.outputs === undefined || b.outputs === undefined) return null;
  const known: KnownOfBoth = {
    // A compiler chooses formats; that of a graph which is not compiled is a wish.
    formats: a.models.length > 0 === b.models.length > 0,
    gears: a.gears !== undefined && b.gears !== undefined,
  };
  const inputs = pairs('input', geared(a.inputs, a.gears), geared(b.inputs, b.gears));
  const outputs = pairs('output', geared(a.outputs), geared(b.outputs));
  return [...inputs, ...outputs].filter((one) => one.a === null || one.b === null || !isSame(one.a, one.b, known));
}

/** Whether they can be compared. */
interface KnownOfBoth {
  readonly formats: boolean;
  readonly gears: boolean;
}

type Specs = readonly InputSpecFields[];

function pairs(side: SpecDiff['side'], a: Specs, b: Specs): readonly SpecDiff[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => ({ side, index, a: a[index] ?? null, b: b[index] ?? null }));
}

function isSame(a: InputSpecFields, b: InputSpecFields, known: KnownOfBoth): boolean {
  const isFormatSame = !known.formats || a.format === null || b.format === null || a.format === b.format;
  const isGearsSame = !known.gears || isDeepStrictEqual(a.gears, b.gears);
  return a.name === b.name && a.dtype === b.dtype && sameShape(a.shape, b.shape) && isFormatSame && isGearsSame;
}

export function graphDiff(a: Graph, b: Graph, differences: readonly GraphDifference[]): GraphDiff {
  const count = ({ nodes, subgraphs }: Graph): number => subgraphs.reduce((sum, inner) => sum + inner.nodes.length, nodes.length);
  return {
    nodes: { a: count(a), b: count(b) },
    differences: differences.map(({ aspect, subgraph = null, node = null, part = null, a: one = null, b: other = null }) => ({
      aspect,
      subgraph,
      node,
      part,
      a: one,
      b: other,
    })),
  };
}

export function weightDiff({ name, status, a, b, metrics, tolerance }: ValueDifference): WeightDiff {
  const shape = b?.spec.shape ?? [];
  return {
    name,
    status,
    a: a === undefined ? null : valueSide(a),
    b: b === undefined ? null : valueSide(b),
    sameUpdate: sameUpdate(a, b),
    notes: notesOf(a, b),
    atol: tolerance.atol,
    rtol: tolerance.rtol,
    metrics:
      metrics === undefined
        ? null
        : {
            elements: metrics.elements,
            different: metrics.different,
            beyond: metrics.beyond,
            maxAbs: anyNumber(metrics.maxAbs),
            meanAbs: anyNumber(metrics.meanAbs),
            maxRel: anyNumber(metrics.maxRel),
            cosine: metrics.cosine ?? null,
            worst:
              metrics.worst === undefined
                ? null
                : {
                    index: elementIndex(metrics.worst.place, shape),
                    a: anyNumber(metrics.worst.expected),
                    b: anyNumber(metrics.worst.actual),
                  },
          },
  };
}

function valueSide({ spec, updateIndex }: GivenValue): ValueSide {
  return { dtype: spec.dtype.name, shape: [...spec.shape], updateIndex: updateIndex ?? null };
}

function sameUpdate(a: GivenValue | undefined, b: GivenValue | undefined): boolean | null {
  return a?.updateIndex === undefined || b?.updateIndex === undefined ? null : a.updateIndex === b.updateIndex;
}

function notesOf(a: GivenValue | undefined, b: GivenValue | undefined): readonly string[] {
  const notes = [a?.why, b?.why].flatMap((why) => why ?? []);
  if (sameUpdate(a, b) !== false) return notes;
  const place = (value: GivenValue | undefined): string =>
    typeof value?.updateIndex === 'number' ? `update input ${value.updateIndex}` : 'not updatable';
  return [`${place(a)} in A, ${place(b)} in B`, ...notes];
}
