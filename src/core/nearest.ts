/** The known word that is nearest to `word` by edit distance, or undefined when none is near enough to be meant. Pure. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: { word: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(word, candidate);
    if (best === undefined || distance < best.distance) best = { word: candidate, distance };
  }
  return best !== undefined && best.distance <= Math.max(2, Math.ceil(word.length / 3))
    ? best.word
    : undefined;
}

/** ` (did you mean 'KNOWN'?)` behind a word that is unknown, or nothing when none is near. Pure. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const near = nearest(word, known);
  return near === undefined ? '' : ` (did you mean '${near}'?)`;
}

const NAMED = 20;

/** The same, then what there is: ` (did you mean 'KNOWN'?); there are A, B`, in the order given, a long list cut short. Pure. */
export function amongKnown(word: string, known: Iterable<string>, there = 'there are'): string {
  const all = [...known];
  const more = all.length > NAMED ? ` and ${all.length - NAMED} more` : '';
  return `${didYouMean(word, all)}; ${there} ${all.slice(0, NAMED).join(', ') || 'none'}${more}`;
}

/** Letters added, left out, replaced, or two neighbours swapped. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : replaced;
      row.push(Math.min(at(i, j - 1) + 1, at(i - 1, j) + 1, replaced, swapped));
    }
  }
  return at(a.length, b.length);
}
