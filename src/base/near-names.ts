// Names that a mistyped one may have meant: for "did you mean" in messages.

const LONGEST = 64;

/** At most `count` of the candidates, nearest first; case does not count. Empty when nothing is near. */
export function nearNames(name: string, candidates: Iterable<string>, count = 3): string[] {
  const wanted = name.slice(0, LONGEST).toLowerCase();
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  const near: { readonly candidate: string; readonly distance: number }[] = [];
  for (const candidate of candidates) {
    const text = candidate.slice(0, LONGEST).toLowerCase();
    if (Math.abs(text.length - wanted.length) <= limit) {
      const distance = editDistance(wanted, text);
      if (distance <= limit) near.push({ candidate, distance });
    } else if (wanted.length >= 3 && text.startsWith(wanted)) {
      // `Softmax` means SoftmaxV2, however far apart they are by letters.
      near.push({ candidate, distance: limit });
    }
  }
  near.sort((a, b) => a.distance - b.distance || a.candidate.length - b.candidate.length || (a.candidate < b.candidate ? -1 : 1));
  return near.slice(0, count).map(({ candidate }) => candidate);
}

/** `Did you mean "a", "b" or "c"?`, else `otherwise`. */
export function didYouMean(names: readonly string[], otherwise?: string): string | undefined {
  const quoted = names.map((name) => `"${name}"`);
  const last = quoted.pop();
  if (last === undefined) return otherwise;
  return `Did you mean ${quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`}?`;
}

/** Levenshtein's distance, with two letters that changed places as one step: the commonest slip of typing. */
function editDistance(a: string, b: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] as number) + 1, (row[j - 1] as number) + 1, (last[j - 1] as number) + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (beforeLast[j - 2] as number) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] as number;
}
