// Names come from files that nothing is known of: what would steer a terminal is shown as an escape instead.

/** Control characters but the line feed, and those that change the direction of writing. */
const STEERING = /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

export function printable(text: string): string {
  return text.replace(STEERING, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A result with every text in it made printable, line feeds included, so that a name stays on its line. */
export function printableResult<T>(result: T): T {
  return mapTexts(result, (text) => printable(text).replaceAll('\n', '\\n')) as T;
}

function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one) => mapTexts(one, change));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [change(key), mapTexts(one, change)]));
}
