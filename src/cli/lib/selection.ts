/** How many of the nodes that were found are asked, and which. */
export interface Selection {
  /** null: all of them. */
  readonly limit: ((found: number) => number) | null;
  /** Chooses by chance, the same for the same number; null: the first by name. */
  readonly seed: number | null;
}

/** The nodes to ask, sorted by name. Pure. *Source:* `--limit` and `--limit-seed` of mco. */
export function selected(names: readonly string[], { limit, seed }: Selection): string[] {
  const sorted = [...new Set(names)].sort();
  if (limit === null) return sorted;
  const ordered = seed === null ? sorted : shuffled(sorted, seed);
  return ordered.slice(0, limit(sorted.length)).sort();
}

/** Parts of at most `size`. Pure. */
export function partsOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

function shuffled<T>(items: readonly T[], seed: number): T[] {
  const chance = randomNumbers(seed);
  return items
    .map((item) => ({ item, at: chance() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** Numbers from 0 to 1, the same for the same seed. *Source:* the mulberry32 generator. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
