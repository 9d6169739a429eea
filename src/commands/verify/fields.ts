// What verify says of each check, as plain data.
import type { NamedTensor } from '../../graph/tensor.js';
import { elementIndex } from '../../weights/element-index.js';
import type { Judgement } from '../../weights/judge.js';
import { type AnyNumber, anyNumber } from '../shared/any-number.js';

export interface ComparedFields {
  readonly name: string;
  /** What it was compared with: a file, or what the command line says. */
  readonly with: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly passed: boolean;
  readonly elements: number;
  readonly maxAbs: AnyNumber | null;
  readonly meanAbs: AnyNumber | null;
  readonly maxRel: AnyNumber | null;
  /** Units in the last place; null for integers and bools. */
  readonly maxUlp: AnyNumber | null;
  /** Null where there is none. */
  readonly cosine: number | null;
  /** Rows of the last axis whose greatest element is in the same place; null for rows of one. */
  readonly argmax: { readonly rows: number; readonly equal: number } | null;
  /** Null where only the cosine counts. */
  readonly tolerance: { readonly atol: number; readonly rtol: number } | null;
  readonly minCosine: number | null;
  /** Elements beyond the tolerance. */
  readonly beyond: number;
  /** Of those the one that is farthest beyond; else the one of the greatest difference. Null where all are equal. */
  readonly worst: { readonly index: readonly number[]; readonly actual: AnyNumber; readonly expected: AnyNumber } | null;
}

export interface DifferenceFields {
  readonly what: string;
  readonly expected: string;
  readonly actual: string;
}

export type CheckName = 'manifest' | 'structure' | 'weights' | 'runs' | 'golden' | 'against' | 'predict' | 'update' | 'aba' | 'finite';

export interface CheckFields {
  readonly check: CheckName;
  readonly passed: boolean;
  /** What was found, in one line. */
  readonly message: string;
  /** Why it did not pass; empty when it did. */
  readonly failures: readonly string[];
  readonly outputs: readonly ComparedFields[];
  readonly differences: readonly DifferenceFields[];
  /** Outputs that new weights changed; null where none were given. */
  readonly moved: readonly string[] | null;
}

type CheckParts = Partial<CheckFields> & Pick<CheckFields, 'check' | 'message'>;

/** It passes when nothing speaks against it. */
export function checkOf({ failures = [], differences = [], outputs = [], ...parts }: CheckParts): CheckFields {
  return { passed: failures.length === 0, moved: null, ...parts, failures, outputs, differences };
}

export function comparedFields({ name, dtype, shape, allowance, metrics, passed }: Judgement, other: string): ComparedFields {
  const worst = metrics?.worstBeyond ?? metrics?.worst;
  return {
    name,
    with: other,
    dtype: dtype.name,
    shape: [...shape],
    passed,
    elements: metrics?.elements ?? shape.reduce((product, dim) => product * dim, 1),
    maxAbs: anyNumber(metrics?.maxAbs),
    meanAbs: anyNumber(metrics?.meanAbs),
    maxRel: anyNumber(metrics?.maxRel),
    maxUlp: anyNumber(metrics?.maxUlp),
    cosine: metrics?.cosine ?? null,
    argmax: metrics?.argmax ?? null,
    tolerance: allowance.tolerance ?? null,
    minCosine: allowance.cosine ?? null,
    beyond: allowance.tolerance === undefined ? 0 : (metrics?.beyond ?? 0),
    worst:
      worst === undefined
        ? null
        : {
            index: elementIndex(worst.place, shape),
            actual: anyNumber(worst.actual),
            expected: anyNumber(worst.expected),
          },
  };
}

/** Failures of judgements, each with the output that it is about. */
export function failuresOf(judgements: readonly Judgement[]): readonly string[] {
  return judgements.flatMap(({ name, why }) => (why === undefined ? [] : [`output "${name}": ${why}`]));
}

/** `1 output`, `2 outputs`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

export type Outputs = readonly NamedTensor[];
