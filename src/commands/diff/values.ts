// Which values of two files go together, and what is known of them when they have been compared.
import type { Bytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { PairedReader } from '../../base/paired-reader.js';
import { matchedNames } from '../../graph/choose.js';
import { matchesSelector, parseSelector, type Selectable } from '../../graph/selector.js';
import { diffValue, type GivenValue, type ValueDifference } from '../../weights/diff.js';
import { Allowances } from '../../weights/tolerance.js';
import { namesOperators } from '../shared/bundle-selection.js';
import type { KnownValues } from './partitions.js';
import type { Side } from './side.js';

export interface PairedValue {
  readonly name: string;
  readonly a: GivenValue | undefined;
  readonly b: GivenValue | undefined;
}

/** As typed. */
export interface Chosen {
  readonly select: readonly string[];
  readonly exclude: readonly string[];
}

/**
 * By name: in the order of A, then what only B has.
 *
 * @throws CONST_NOT_FOUND for an expression that matches nothing, VALUE_SYNTAX, USAGE for `op`
 */
export function pairValues(a: Side, b: Side, { select, exclude }: Chosen): readonly PairedValue[] {
  const [ones, others] = [a, b].map(({ values }) => new Map(values.map((value) => [value.name, value]))) as [
    Map<string, GivenValue>,
    Map<string, GivenValue>,
  ];
  const all = [...new Set([...ones.keys(), ...others.keys()])].map((name) => ({ name, a: ones.get(name), b: others.get(name) }));
  const selectors = { select: select.map(parseSelector), exclude: exclude.map(parseSelector) };
  if (namesOperators([...selectors.select, ...selectors.exclude])) {
    throw new AscendBundleError('USAGE', {
      message: 'Which operators use a weight cannot be told of every file, so diff does not choose by it.',
      fix: 'Choose by name, dtype, bytes, elements or rank.',
    });
  }
  const selectables = all.map(selectable);
  const names = select.length === 0 ? undefined : matchedNames(selectables, selectors.select);
  return all.filter((_, i) => {
    const one = selectables[i] as Selectable;
    return names?.has(one.name) !== false && !selectors.exclude.some((selector) => matchesSelector(selector, one));
  });
}

function selectable({ name, a, b }: PairedValue): Selectable {
  const { spec } = (a ?? b) as GivenValue;
  return { name, spec, users: [] };
}

export interface ComparedValues {
  readonly differences: readonly ValueDifference[];
  readonly known: KnownValues;
}

const EXACT = { atol: 0, rtol: 0 } as const;
const WORDS = { one: 'weight', unknown: 'is no weight that both files have' } as const;

/**
 * Reads every value.
 *
 * @param tolerances  as typed
 * @throws VALUE_SYNTAX, INPUT_REPEATED
 */
export async function diffValues(
  paired: readonly PairedValue[],
  tolerances: { readonly atol: readonly string[]; readonly rtol: readonly string[] },
): Promise<ComparedValues> {
  const shared = paired.flatMap(({ name, a, b }) => (a === undefined || b === undefined ? [] : [name]));
  const allowances = new Allowances({ ...tolerances, cosine: [] }, shared, WORDS);
  const reader = new PairedReader();
  const differences: ValueDifference[] = [];
  for (const { name, a, b } of paired) {
    const dtype = (a ?? b)?.spec.dtype as GivenValue['spec']['dtype'];
    differences.push(await diffValue(name, a, b, allowances.of(name, dtype, EXACT).tolerance ?? EXACT, reader));
  }
  return { differences, known: knownValues(differences) };
}

function knownValues(differences: readonly ValueDifference[]): KnownValues {
  const isFixed = ({ a, b }: ValueDifference): boolean => typeof a?.updateIndex !== 'number' || typeof b?.updateIndex !== 'number';
  return {
    equal: new Set(differences.flatMap(({ status, a }): Bytes[] => (status === 'equal' && a?.data !== undefined ? [a.data] : []))),
    hasFixedDifference: differences.some((one) => one.status !== 'equal' && isFixed(one)),
  };
}
