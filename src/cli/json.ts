// JSON as this tool writes it.

/** 64-bit integers beyond 2^53 as strings; infinities as JSON has none. */
export function jsonText(document: unknown, indent = 2): string {
  return JSON.stringify(document, (_, value) => (typeof value === 'bigint' ? String(value) : value), indent);
}
