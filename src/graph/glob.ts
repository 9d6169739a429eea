// Patterns for names: `*` is any text, `?` any one character, everything else is itself. Brackets, dots and slashes are
// common in names of tensors, so they mean nothing here.

/** Whether the whole of `text` fits. Takes at most text × pattern steps, whatever the pattern. */
export function matchesGlob(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  /** Behind the last `*`, and where what it swallows ended at the last try. */
  let star = -1;
  let tried = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = ++p;
      tried = t;
    } else if (pattern[p] === '?' || (p < pattern.length && pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star;
      t = ++tried;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
