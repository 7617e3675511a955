import type { ByQuery } from '../metrics/index.ts';

/** Documents, queries, and how relevant documents are to queries: what retrieval is judged by. */
export interface RetrievalSet {
  /** The text of each document by its id. */
  readonly documents: ReadonlyMap<string, string>;
  /** The text of each query by its id. */
  readonly queries: ReadonlyMap<string, string>;
  /** The grades of judged documents; those above 0 are relevant. */
  readonly qrels: ByQuery;
}
