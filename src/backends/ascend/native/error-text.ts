// What GE and AscendCL say about a failure, taken apart. Two layouts exist (cann-api §1.7): up to 8.3 `E10001: [PID: 1] <time> text`,
// from 8.5 `[PID: 1] <time> Invalid_Argument(E10001): text`; both go on in indented lines and end in a TraceBack that only GE's
// developers can read.

export interface ErrorEntry {
  /** `E10001`; null where the text has none. */
  readonly code: string | null;
  /** Without process id, time and trace-back; several lines where the vendor wrote several. */
  readonly text: string;
}

const PREFIX = /^(?:([EW][A-Z0-9]\d{4}): )?(?:\[PID: ?\d+\] ?\S+ )?(?:\w*\(([EW][A-Z0-9]\d{4})\): *)?/;
const INNER = /^[EW][A-Z0-9]\d{4}: (?:Inner Error!|Internal error!)\s*$/i;

/**
 * The part of `text` that is new. The vendor's buffer is never cleared: a text that was read before comes back at the end of a later
 * one, or alone when nothing new was said.
 */
export function freshText(text: string, before: string): string {
  if (before === '') return text;
  if (text === before) return '';
  return text.endsWith(before) ? text.slice(0, -before.length).replace(/\n+$/, '') : text;
}

export function parseErrorText(text: string): readonly ErrorEntry[] {
  const entries: { code: string | null; lines: string[] }[] = [];
  let isTrace = false;
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '' || INNER.test(line)) continue;
    const match = PREFIX.exec(line);
    const begins = match !== null && match[0] !== '';
    if (begins) {
      isTrace = false;
      entries.push({ code: match[1] ?? match[2] ?? null, lines: [line.slice(match[0].length).trim()] });
    } else if (/^\s*TraceBack \(most recent call last\)/i.test(line)) {
      isTrace = true;
    } else if (!isTrace) {
      const last = entries.at(-1);
      if (last === undefined) entries.push({ code: null, lines: [line.trim()] });
      else last.lines.push(line.trim());
    }
  }
  return entries
    .map(({ code, lines }) => ({ code, text: lines.filter((line) => line !== '').join('\n') }))
    .filter((entry) => entry.text !== '');
}

/** One text for a person: each entry with its code, in the vendor's order. */
export function entriesText(entries: readonly ErrorEntry[]): string {
  return entries.map(({ code, text }) => (code === null || text.startsWith(code) ? text : `${code}: ${text}`)).join('\n');
}
