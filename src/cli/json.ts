// JSON as this tool writes it.

/** 64-bit integers beyond 2^53 as strings; NaN and infinity, which JSON does not have, as null. */
export function jsonText(document: unknown, indent = 2): string {
  return JSON.stringify(document, (_, value) => (typeof value === 'bigint' ? String(value) : value), indent);
}
