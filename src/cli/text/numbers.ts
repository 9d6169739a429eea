// Numbers that were measured, and inputs that were made up, as verbs that compare show them.
import type { AnyNumber } from '../../commands/shared/any-number.js';
import type { InputFields } from '../../commands/shared/input-fields.js';

/** Three digits; what has many zeros as a power of ten. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-3 && size < 1e6)) return String(Number(value.toPrecision(3)));
  const [digits, power] = value.toExponential(2).split('e') as [string, string];
  return `${Number(digits)}e${Number(power)}`;
}

/** The same of any number of a JSON document; `-` for none. */
export function short(value: AnyNumber | null): string {
  if (value === null) return '-';
  return typeof value === 'string' ? value : shortNumber(value);
}

/** With the digits that tell how far from 1 it is. */
export function cosineText(cosine: number | null): string {
  return cosine === null ? '-' : String(Number(cosine.toFixed(7)));
}

/** A line with the random inputs, as `--input` takes them; none where all were given. */
export function seededLines(inputs: readonly InputFields[]): readonly string[] {
  const seeded = inputs.filter(({ seed }) => seed !== null);
  if (seeded.length === 0) return [];
  return [`inputs: ${seeded.map(({ name, dtype, shape, seed }) => `${name}=${[...shape, dtype].join('x')}=rand:${seed}`).join(', ')}`];
}
