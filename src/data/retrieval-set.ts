import type { ByQuery } from '../metrics/index.ts';
import type { EmbeddingExample } from './read-embedding-examples.ts';

/** Documents, queries, and how relevant documents are to queries: what retrieval is judged by. */
export interface RetrievalSet {
  /** The text of each document by its id. */
  readonly documents: ReadonlyMap<string, string>;
  /** The text of each query by its id. */
  readonly queries: ReadonlyMap<string, string>;
  /** The grades of judged documents; those above 0 are relevant. */
  readonly qrels: ByQuery;
}

/** The pairs of a query and a relevant document, in the order of the judgements, without those of which a text is empty. */
export function relevantPairs({ documents, queries, qrels }: RetrievalSet): EmbeddingExample[] {
  const pairs = Object.entries(qrels).flatMap(([query, grades]) =>
    Object.entries(grades).flatMap(([document, grade]) =>
      grade > 0 ? [{ text: queries.get(query) ?? '', textPair: documents.get(document) ?? '' }] : [],
    ),
  );
  return pairs.filter(({ text, textPair }) => text !== '' && textPair !== '');
}
