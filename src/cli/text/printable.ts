// Names come from files that nothing is known of: what would steer a terminal is shown as an escape instead.
import { jsonText } from '../json.js';

/** Control characters but the line feed, and those that change the direction of writing. */
const STEERING = /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;
/** Nearly every text; making the expression above takes a millisecond. */
const PLAIN = /^[ -~\n]*$/;

export function printable(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(STEERING, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** JSON in which nothing is escaped, and all of it ASCII. */
const PLAIN_JSON = /^[ -[\]-~]*$/;

/** A result with every text in it made printable, line feeds included, so that a name stays on its line. */
export function printableResult<T>(result: T): T {
  // One look at all of it spares nearly every result the walk.
  return PLAIN_JSON.test(jsonText(result, 0)) ? result : (printableValue(result) as T);
}

function printableValue(value: unknown): unknown {
  if (typeof value === 'string') return printableLine(value);
  if (Array.isArray(value)) return value.map(printableValue);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [printableLine(key), printableValue(one)]));
}

function printableLine(text: string): string {
  const shown = printable(text);
  return shown.includes('\n') ? shown.replaceAll('\n', '\\n') : shown;
}
