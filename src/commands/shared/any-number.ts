// Numbers in a JSON document, where NaN and infinity have no form of their own.

export type AnyNumber = number | 'nan' | 'inf' | '-inf';

/** Null for undefined. */
export function anyNumber(value: number): AnyNumber;
export function anyNumber(value: number | undefined): AnyNumber | null;
export function anyNumber(value: number | undefined): AnyNumber | null {
  if (value === undefined || Number.isFinite(value)) return value ?? null;
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}
