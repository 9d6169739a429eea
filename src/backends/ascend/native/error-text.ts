// The vendor's buffer of error texts is never cleared, only its store is: what was read before comes back.

/**
 * The part of `text` that is new: an earlier text comes back at the end of a later one, after a line break, or alone when nothing new
 * was said (cann-api §1.7).
 */
export function freshText(text: string, before: string): string {
  if (before === '') return text;
  if (text === before) return '';
  return text.endsWith(`\n${before}`) ? text.slice(0, -before.length - 1).replace(/\n+$/, '') : text;
}
