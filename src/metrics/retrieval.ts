/** The scores or grades of documents, by the id of the document, for each query by its id: the form of BEIR. */
export type ByQuery = Readonly<Record<string, Readonly<Record<string, number>>>>;

export const retrievalMetricNames = ['ndcg', 'recall', 'precision', 'mrr', 'map'] as const;
type RetrievalMetricName = (typeof retrievalMetricNames)[number];

/** `ndcg@10`, `recall@100`, ... */
export type RetrievalScoreName = `${RetrievalMetricName}@${number}`;
export type RetrievalScores = Readonly<Record<RetrievalScoreName, number>>;

export interface RetrievalReport {
  /** The mean over the queries. */
  readonly mean: RetrievalScores;
  /** Of the queries with at least one relevant document. */
  readonly perQuery: Readonly<Record<string, RetrievalScores>>;
}

/**
 * The scores of a retrieval run by the conventions of trec_eval, as BEIR uses them. Documents are ordered by falling score, of equal scores
 * the larger id first, compared as UTF-8 bytes. A grade above 0 is relevant, others and documents that are not judged count as 0. At each k:
 *
 *   ndcg       Σ grade / log2(place + 1) over the first k, divided by the same sum of the judged documents in the best order
 *   recall     relevant documents among the first k / all relevant
 *   precision  relevant documents among the first k / k
 *   mrr        1 / place of the first relevant document among the first k, else 0
 *   map        Σ precision@i over the places i <= k of relevant documents / all relevant
 *
 * Queries without relevant documents are left out; one that the run lacks has 0 everywhere.
 *
 * @param run the scores of the documents that were found
 * @param qrels the grades of the documents that were judged
 * @param ks the numbers of places that count; 1, 3, 5, 10 and 100 by default
 * @throws RangeError for a score or a grade that is not finite, a k that is no whole number from 1, and no query with a relevant document
 */
export function retrievalReport(
  run: ByQuery,
  qrels: ByQuery,
  ks: readonly number[] = [1, 3, 5, 10, 100],
): RetrievalReport {
  const strange = ks.find((k) => !Number.isSafeInteger(k) || k < 1);
  if (strange !== undefined)
    throw new RangeError(`retrievalReport: k must be a whole number from 1, not ${String(strange)}.`);
  const perQuery = Object.entries(qrels).flatMap(([query, grades]): [string, RetrievalScores][] => {
    const best = gains(query, grades).sort((a, b) => b - a);
    if (best.length === 0) return [];
    const found = Object.hasOwn(run, query) ? ranking(query, run[query]) : [];
    const ranked = found.map((id) => (Object.hasOwn(grades, id) ? Math.max(0, grades[id]) : 0));
    return [[query, scoresAt(ranked, best, ks)]];
  });
  if (perQuery.length === 0)
    throw new RangeError('retrievalReport: no query has a relevant document; grades must be above 0.');
  const mean = namedScores(ks, (name) => perQuery.reduce((sum, [, scores]) => sum + scores[name], 0) / perQuery.length);
  return { mean, perQuery: Object.fromEntries(perQuery) };
}

function namedScores(
  ks: readonly number[],
  score: (name: RetrievalScoreName, metric: RetrievalMetricName, k: number) => number,
): RetrievalScores {
  return Object.fromEntries(
    ks.flatMap((k) => retrievalMetricNames.map((metric) => [`${metric}@${k}`, score(`${metric}@${k}`, metric, k)])),
  );
}

/** The grades above 0. */
function gains(query: string, grades: Readonly<Record<string, number>>): number[] {
  for (const [id, grade] of Object.entries(grades)) {
    if (!Number.isFinite(grade))
      throw new RangeError(`retrievalReport: document ${id} of query ${query} has the grade ${String(grade)}.`);
  }
  return Object.values(grades).filter((grade) => grade > 0);
}

function ranking(query: string, scores: Readonly<Record<string, number>>): string[] {
  for (const [id, score] of Object.entries(scores)) {
    if (!Number.isFinite(score))
      throw new RangeError(`retrievalReport: document ${id} of query ${query} has the score ${String(score)}.`);
  }
  return Object.keys(scores).sort((a, b) => scores[b] - scores[a] || compareBytes(b, a));
}

/** The order of the UTF-8 bytes of two texts, which is that of their code points; UTF-16 puts those above U+FFFF before U+E000. */
function compareBytes(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    if (a[i] === b[i]) continue;
    // Inside of a pair of surrogates the second halves are in the order of the code points.
    const [x, y] = [a, b].map((text) => text.codePointAt(i) as number);
    return x - y;
  }
  return a.length - b.length;
}

/**
 * @param ranked the grades of the documents that were found, in order
 * @param best those of all relevant documents, in the best order
 */
function scoresAt(ranked: readonly number[], best: readonly number[], ks: readonly number[]): RetrievalScores {
  const places = ranked.flatMap((grade, i) => (grade > 0 ? [i + 1] : []));
  const discounted = (grades: readonly number[], k: number) =>
    grades.slice(0, k).reduce((sum, grade, i) => sum + grade / Math.log2(i + 2), 0);
  return namedScores(ks, (_name, metric, k) => {
    const within = places.filter((place) => place <= k);
    const atK: Readonly<Record<RetrievalMetricName, () => number>> = {
      ndcg: () => discounted(ranked, k) / discounted(best, k),
      recall: () => within.length / best.length,
      precision: () => within.length / k,
      mrr: () => (within.length > 0 ? 1 / within[0] : 0),
      map: () => within.reduce((sum, place, i) => sum + (i + 1) / place, 0) / best.length,
    };
    return atK[metric]();
  });
}
