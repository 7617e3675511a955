/** How often each n-gram occurs. */
export type NgramCounts = ReadonlyMap<string, number>;

/** The n-grams of a list of units, none of which holds the separator. */
export function countNgrams(units: readonly string[], n: number, separator: string): NgramCounts {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= units.length; i++) {
    const ngram = units.slice(i, i + n).join(separator);
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  return counts;
}

/** How many n-grams two lists share, each as often as both have it. */
export function sharedNgrams(a: NgramCounts, b: NgramCounts): number {
  let shared = 0;
  for (const [ngram, count] of a) shared += Math.min(count, b.get(ngram) ?? 0);
  return shared;
}

/** Of each n-gram the larger count of both. */
export function mostOf(a: NgramCounts, b: NgramCounts): NgramCounts {
  const counts = new Map(a);
  for (const [ngram, count] of b) counts.set(ngram, Math.max(count, counts.get(ngram) ?? 0));
  return counts;
}
